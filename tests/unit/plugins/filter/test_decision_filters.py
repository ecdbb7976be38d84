"""diagnose, plan, verdict, verdicts and pooled_verdict through a real ansible-playbook, on what this very host reports."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.filter import diagnose, plan, pooled_verdict, verdict, verdicts

MODULES = (diagnose, plan, pooled_verdict, verdict, verdicts)
FILTERS = {name: function for module in MODULES for name, function in module.FilterModule().filters().items()}
COLLECTIONS = str(Path(plan.__file__).parents[5])

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    trial: "{{ lookup('ansible.builtin.file', inputs ~ '/trial.json') | from_json }}"
    omitted: null
    collapsing:
      - {scenario: collapsing, key: net.ipv4.tcp_rmem, direction: lower, summary: "", remedy: null, evidence: []}
    known: "{{ ansible_facts.socket_buffers | combine({'tcp_rmem': {'min': 4096, 'default': 131072, 'max': 33554432}}) }}"
    writable: "{{ known | combine({'sysctls': {'net.ipv4.tcp_rmem': {'present': true, 'writable': true}}}) }}"
  tasks:
    - linuxnet.socket_buffers.socket_buffer_facts:
    - linuxnet.socket_buffers.socket_counter_facts: {duration: 0.4, interval: 0.2}
      register: watched
    - ansible.builtin.set_fact:
        findings: "{{ watched.window | linuxnet.socket_buffers.diagnose(ansible_facts.socket_buffers) }}"
        without_facts: "{{ watched.window | linuxnet.socket_buffers.diagnose }}"
        planned: "{{ collapsing | linuxnet.socket_buffers.plan(writable, {'collapse_divisor': divisor}) }}"
    - ansible.builtin.set_fact:
        no_plan: "{{ findings | linuxnet.socket_buffers.plan(ansible_facts.socket_buffers, policy) }}"
        judged: "{{ trial | linuxnet.socket_buffers.verdict(planned, alpha=alpha) }}"
        round: "{{ {'one': {'trial': trial, 'plan': planned}, 'two': {'trial': omitted, 'plan': planned}}
          | linuxnet.socket_buffers.verdicts(alpha=alpha) }}"
        pooled: "{{ {'one': trial, 'two': trial | combine({'seed': 2})} | linuxnet.socket_buffers.pooled_verdict(planned, alpha=alpha) }}"
    - ansible.builtin.copy:
        dest: "{{ inputs }}/results.json"
        mode: "0600"
        content: >-
          {{ {'findings': findings, 'without_facts': without_facts, 'planned': planned, 'no_plan': no_plan, 'judged': judged,
             'round': round, 'pooled': pooled} | to_json }}
    - ansible.builtin.set_fact:
        refused: "{{ findings | linuxnet.socket_buffers.plan(ansible_facts.socket_buffers, {'colapse_divisor': 4}) }}"
"""


def made_trial():
    arms = ["A", "B", "B", "A"] * 4
    return {
        "version": 1, "identity": {}, "status": "complete", "reason": None, "seed": 1, "pairs": 8,
        "blocks": {"pair": [index // 2 for index in range(16)], "arm": arms, "started": list(range(16))}, "seconds": [15.0] * 16,
        "counters": {
            "TcpExtTCPRcvCollapsed": [600_000 + index if arm == "A" else 60_000 + index for index, arm in enumerate(arms)],
            "TcpInSegs": [75_000] * 16,
        },
        "gauges": {}, "absent": [],
        "stalls": {
            "available": True, "reason": None, "span": "tcp_collapse", "means": "kernel_histogram",
            "longest_us": [24_000.0 + index if arm == "A" else 2_400.0 + index for index, arm in enumerate(arms)],
            "stalled_us": [240_000.0 if arm == "A" else 24_000.0 for arm in arms],
            "counts": [[10]] * 16, "upper_us": [32_768], "stalls": [10] * 16, "lost_events": [0] * 16,
        },
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The playbook's results and what it printed."""
    folder = tmp_path_factory.mktemp("filters")
    (folder / "trial.json").write_text(json.dumps(made_trial()))
    (folder / "play.yml").write_text(PLAYBOOK)
    # As people give them: with -e every value is text.
    given = {"inputs": str(folder), "divisor": "8", "alpha": "0.02", "policy": {}, "ansible_python_interpreter": sys.executable}
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=COLLECTIONS, ANSIBLE_HOME=str(folder), ANSIBLE_LOCALHOST_WARNING="false")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    finished = subprocess.run(
        [program, "-i", "localhost,", "-e", json.dumps(given), str(folder / "play.yml")],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    results = folder / "results.json"
    assert results.exists(), finished.stdout
    return json.loads(results.read_text()), finished.stdout


def test_findings_of_this_host(run):
    findings = run[0]["findings"]
    assert findings
    for finding in findings:
        assert set(finding) == {"scenario", "summary", "evidence", "key", "direction", "argues_for", "conflicts_with", "metric", "remedy", "wants_stalls"}
        assert all(set(row) == {"metric", "value", "unit", "source"} for row in finding["evidence"])
    assert [finding["scenario"] for finding in run[0]["without_facts"]] == [finding["scenario"] for finding in findings]


def test_a_plan_with_text_for_numbers(run):
    assert run[0]["planned"]["changes"][0]["new"] == "4096 131072 4194304"


def test_a_plan_of_this_host(run):
    assert set(run[0]["no_plan"]) == set(run[0]["planned"])


def test_a_verdict_with_text_for_numbers(run):
    assert run[0]["judged"]["verdict"] == "improved"
    assert run[0]["judged"]["effect"] == pytest.approx(-0.9, abs=0.01)


def test_a_round_of_trials_with_text_for_numbers(run):
    assert run[0]["round"]["one"] == run[0]["judged"]
    assert "no trial" in run[0]["round"]["two"]["reason"]


def test_hosts_together_with_text_for_numbers(run):
    assert run[0]["pooled"]["verdict"] == "improved"
    assert run[0]["pooled"]["hosts"] == ["one", "two"] and run[0]["pooled"]["p_value"] == 2 ** -16


def test_a_wrong_policy_ends_the_task_with_its_name(run):
    assert "policy: colapse_divisor is unknown; it takes goal, stall_budget_us" in re.sub(r"\s+", " ", run[1])


@pytest.mark.parametrize("name, arguments, words", [
    ("diagnose", ("text",), "diagnose: window: wants a dictionary, got str"),
    ("diagnose", ({}, []), "diagnose: facts: wants a dictionary or none, got list"),
    ("diagnose", ({"skipped": True},), "diagnose: window: lacks identity, seconds"),
    ("plan", ({}, {}), "plan: findings: wants the list of dictionaries that diagnose returned, got dict"),
    ("plan", (["collapsing"], {}), "plan: findings: wants the list of dictionaries"),
    ("plan", ([], None), "plan: facts: wants a dictionary, got NoneType"),
    ("plan", ([], {}), "plan: facts: lacks host, tcp_rmem, sysctls"),
    ("plan", ([], {}, "16"), "plan: policy: wants a dictionary or none, got int"),
    ("plan", ([], {}, "floor=1"), "plan: policy: is text but not JSON"),
    ("verdict", (None, {}), "verdict: trial: wants a dictionary, got NoneType"),
    ("verdict", ({}, []), "verdict: plan: wants a dictionary, got list"),
    ("verdict", ({}, {}), "verdict: trial: lacks status"),
    ("verdict", ({}, {}, "1 %"), "verdict: alpha: wants a number, got '1 %'"),
    ("verdict", ({}, {}, 0.01, None), "verdict: min_effect: wants a number, got None"),
    ("verdicts", ([],), "verdicts: wants a dictionary by host, got list"),
    ("verdicts", ({"web1": None},), "verdicts: web1: wants a dictionary with a trial and the plan"),
    ("verdicts", ({"web1": {"plan": None}},), "verdicts: web1: wants a dictionary with a trial and the plan"),
    ("verdicts", ({"web1": {"trial": [1], "plan": {}}},), "verdicts: web1: trial: wants a dictionary or none, got list"),
    ("verdicts", ({"web1": {"plan": {}}},), "verdicts: web1: plan: lacks changes, metric, guards"),
    ("verdicts", ({}, "1 %"), "verdicts: alpha: wants a number, got '1 %'"),
    ("pooled_verdict", ([], {}), "pooled_verdict: trials: wants a dictionary, got list"),
    ("pooled_verdict", ({"web1": None}, {}), "pooled_verdict: trials: web1: wants a dictionary, got NoneType"),
    ("pooled_verdict", ({}, None), "pooled_verdict: plan: wants a dictionary, got NoneType"),
    ("pooled_verdict", ({}, {}), "pooled_verdict: plan: lacks changes, metric, guards"),
    ("pooled_verdict", ({}, {}, "1 %"), "pooled_verdict: alpha: wants a number, got '1 %'"),
])
def test_wrong_arguments_are_refused_by_name(name, arguments, words):
    with pytest.raises(AnsibleFilterError, match=re.escape(words)):
        FILTERS[name](*arguments)
