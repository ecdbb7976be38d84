"""Results as ansible-core 2.16 and 2.19 register them, of steps that worked, failed, were skipped or could not reach the host."""
from __future__ import annotations

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome import outcome_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome_record import STEPS, outcome_record

UNREACHABLE = {"changed": False, "unreachable": True, "msg": "Failed to connect to the host via ssh: Connection refused"}
UNREACHABLE_219 = dict(UNREACHABLE, msg=f"Task failed: {UNREACHABLE['msg']}", exception="(traceback unavailable)")
SKIPPED = {"changed": False, "skipped": True, "skip_reason": "Conditional result was False", "false_condition": "x"}
CRASHED_216 = {
    "failed": True, "rc": 1, "msg": "MODULE FAILURE\nSee stdout/stderr for the exact error",
    "module_stderr": "Traceback (most recent call last):\n  File \"x\", line 1\nsudo: a password is required\n",
}
FILTER_219 = (
    "Task failed: Finalization of task args for 'ansible.builtin.set_fact' failed: Error while resolving value for 'x': "
    "The filter plugin 'linuxnet.socket_buffers.diagnose' failed: diagnose: no bucket"
)
FACTS = {
    "changed": False,
    "ansible_facts": {"socket_buffers": {"version": 1, "identity": {"boot_id": "b"}, "host": {"cpus": 2}, "sysctls": {}}},
}
TRIAL = {"trial": {"status": "complete", "reason": None, "counters": {"TcpInSegs": [1, 2]}, "restored": {}}, "recovered": None}
TUNING = {"changed": True, "changes": [], "dropin": {}, "drifted": [], "left": [], "recovered": None, "originals": {}, "invocation": {}}


def test_the_record_keeps_what_the_report_needs_and_leaves_the_bulk_behind():
    record = outcome_record({
        "host": "web1", "check_mode": False, "facts": FACTS, "window": {"window": {}}, "trial": TRIAL, "tuning": TUNING,
        "findings": [{"scenario": "collapsing"}], "plan": {"changes": []}, "verdict": {"verdict": "improved"}, "failure": None,
    })
    assert record == {
        "host": "web1", "check_mode": False, "failure": None,
        "facts": {"identity": {"boot_id": "b"}, "host": {"cpus": 2}},
        "findings": [{"scenario": "collapsing"}], "plan": {"changes": []}, "verdict": {"verdict": "improved"},
        "trial": {"status": "complete", "reason": None, "restored": {}, "stalls": None},
        "tuning": {"changed": True, "changes": [], "dropin": {}, "drifted": [], "left": []},
        "recovered": False, "resumed": None, "earlier": [], "wave": None, "restarted": None,
    }


@pytest.mark.parametrize("nothing", [None, "", {}, SKIPPED], ids=["none", "text", "empty", "skipped"])
def test_a_step_that_was_not_done_leaves_nothing(nothing):
    record = outcome_record({**dict.fromkeys(STEPS, nothing), "host": "web1"})
    assert {key: value for key, value in record.items() if value} == {"host": "web1"}


@pytest.mark.parametrize("nothing", [None, "", []], ids=["none", "text", "empty"])
def test_what_was_not_decided_or_caught_is_null(nothing):
    record = outcome_record({"host": "web1", "findings": nothing, "plan": nothing, "verdict": nothing, "failure": nothing})
    assert (record["findings"], record["plan"], record["verdict"], record["failure"]) == (None, None, None, None)


def failure(step, reason, unreachable=False):
    return {"step": step, "reason": reason, "unreachable": unreachable, "refused": False}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({"facts": UNREACHABLE}, failure("reading the sizes", "Failed to connect to the host via ssh: Connection refused", True)),
        ({"facts": UNREACHABLE_219}, failure("reading the sizes", "Failed to connect to the host via ssh: Connection refused", True)),
        ({"facts": FACTS, "window_start": UNREACHABLE}, failure("starting the window", UNREACHABLE["msg"], True)),
        ({"facts": FACTS, "trial": UNREACHABLE}, failure("collecting the trial", UNREACHABLE["msg"], True)),
        # What a rescue caught after that is only a consequence.
        ({"facts": UNREACHABLE, "failure": {"step": "Diagnose", "result": {"failed": True, "msg": "no window"}}},
         failure("reading the sizes", UNREACHABLE["msg"], True)),
        ({"failure": {"step": "Diagnose", "result": {"failed": True, "msg": "no bucket"}}}, failure("Diagnose", "no bucket")),
        ({"failure": {"step": "Read", "result": UNREACHABLE}}, failure("Read", UNREACHABLE["msg"], True)),
        # The rescued task has the user's name for the step, so it wins over the registered result of the same.
        ({"tuning": {"failed": True, "msg": "read-only"}, "failure": {"step": "Enforce", "result": {"failed": True, "msg": "read-only"}}},
         failure("Enforce", "read-only")),
        ({"tuning": {"failed": True, "msg": "Task failed: Module failed: read-only"}}, failure("enforcing", "read-only")),
        ({"failure": {"step": "Diagnose", "result": {"failed": True, "msg": FILTER_219}}}, failure("Diagnose", "diagnose: no bucket")),
        ({"trial_start": CRASHED_216}, failure("starting the trial", f"{CRASHED_216['msg']}: sudo: a password is required")),
        ({"tuning": {"failed": True}}, failure("enforcing", "failed without a message")),
        (
            {"trial": {"failed": True, "ansible_job_id": "j1.2", "finished": False, "msg": "Unknown error."}},
            failure("collecting the trial", "it left no result: its process hangs or was killed, or the host started anew"),
        ),
        ({"tuning": {"failed": True, "msg": "One or more items failed", "results": [{"msg": ""}, {"failed": True, "msg": "no root"}]}},
         failure("enforcing", "no root")),
        ({"tuning": {"msg": "All items completed", "results": [UNREACHABLE]}}, failure("enforcing", UNREACHABLE["msg"], True)),
        ({"facts": dict(FACTS, failed=False)}, None),
    ],
)
def test_the_first_cause_is_the_failure(results, expected):
    assert outcome_record(dict(results, host="web1"))["failure"] == expected


def test_a_failed_trial_still_says_what_was_not_restored():
    lost = {"net.ipv4.tcp_rmem": {"value": "1", "restored": False, "reason": "gone"}}
    trial = {"status": "complete", "restored": lost}
    record = outcome_record({"host": "web1", "trial": {"failed": True, "msg": "NOT restored", "trial": trial}})
    assert record["trial"] == dict(trial, stalls=None)
    assert record["failure"]["reason"] == "NOT restored"


def test_a_failed_enforcing_is_no_tuning():
    assert outcome_record({"host": "web1", "tuning": {"failed": True, "msg": "x", "changed": False}})["tuning"] is None


def test_a_trial_and_an_enforcing_say_what_still_holds_larger_buffers():
    residual = {"rcvbuf_above_max": 3, "sndbuf_above_max": None, "flows": 9, "reason": None}
    trial, tuning = {"trial": dict(TRIAL["trial"], residual=residual)}, dict(TUNING, residual=dict(residual, flows=8))
    record = outcome_record({"host": "web1", "trial": trial, "tuning": tuning})
    assert (record["trial"]["residual"], record["tuning"]["residual"]["flows"]) == (residual, 8)


def test_what_the_plan_says_of_other_hosts_and_of_the_hour_passes_through():
    plan = {"changes": [], "joint": {"hosts": ["a", "b"], "measured_on": ["a"]}, "waits_for": "a", "seen": "seen for 30 s"}
    assert outcome_record({"host": "web1", "plan": plan})["plan"] == plan


def test_earlier_rounds_are_carried_on_without_rounds_of_their_own_and_with_the_finding_they_answered():
    findings, plan = [{"scenario": "slow_reader"}, {"scenario": "collapsing"}], {"scenario": "collapsing", "changes": []}
    records = []
    for number in range(3):
        records.append(outcome_record({"host": "web1", "findings": findings, "plan": plan, "check_mode": number == 0, "earlier": records}))
    assert records[2]["findings"] == findings
    assert [record["check_mode"] for record in records[2]["earlier"]] == [True, False]
    for record in records[2]["earlier"]:
        assert set(record) == set(records[0]) - {"earlier"}
        assert (record["findings"], record["plan"]) == ([{"scenario": "collapsing"}], plan)
    assert len(records[1]["earlier"]) == 1, "the earlier record itself is left as it was"


def test_an_earlier_round_without_findings_stays_without():
    assert outcome_record({"host": "web1", "earlier": [outcome_record({"host": "web1"})]})["earlier"][0]["findings"] is None


@pytest.mark.parametrize("nothing", [None, "", [], ()], ids=["none", "text", "list", "tuple"])
def test_without_an_earlier_round_there_is_none(nothing):
    assert outcome_record({"host": "web1", "earlier": nothing})["earlier"] == []


@pytest.mark.parametrize(
    ("earlier", "words"),
    [
        ("text", "earlier: wants a list of outcome records of web1, oldest first, got str"),
        ({"host": "web1"}, "earlier: wants a list of outcome records of web1, oldest first, got dict"),
        (["text"], "earlier: round 1 is of str; give what outcome_record returned for web1 in that round"),
        ([{"host": "web1"}, {"host": "web2"}], "earlier: round 2 is of 'web2'; give what outcome_record returned for web1 in that round"),
    ],
)
def test_earlier_rounds_of_anything_else_are_refused(earlier, words):
    with pytest.raises(ValueError, match=f"^{words}$"):
        outcome_record({"host": "web1", "earlier": earlier})


@pytest.mark.parametrize("step", ["trial", "tuning"])
def test_a_recovery_is_noted(step):
    assert outcome_record({"host": "web1", step: {"recovered": {"keys": {}}}})["recovered"] is True


@pytest.mark.parametrize("results", [{}, {"host": ""}, {"host": None}])
def test_results_of_nobody_are_refused(results):
    with pytest.raises(ValueError, match="^host: missing"):
        outcome_record(results)


def test_what_a_rule_forbids_is_no_failure_of_the_host():
    record = outcome_record({"host": "web1", "trial": {"failed": True, "refused": True, "msg": "containers could be born in it"}})
    assert record["failure"]["refused"]
    found = outcome_of(record)
    assert (found.name, found.reason, found.needs_person) == ("left", "containers could be born in it", False)


def test_what_was_restarted_after_the_change_and_what_was_not():
    rows = [{"item": "a.service", "changed": True}, {"item": "b.service", "changed": False, "msg": "Could not find it", "failed": False}]
    assert outcome_record({"host": "web1", "restarted": {"results": rows}})["restarted"] == {"a.service": None, "b.service": "Could not find it"}
