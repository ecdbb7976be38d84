"""Several rounds of a run on one host, and two ends of the same flows, to what a person reads."""
from __future__ import annotations

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome import outcome_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome_record import outcome_record
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report import report_document
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report_text import report_markdown, report_table
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.rounds import rounds_of, tried_before

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
LOWERED = {"key": RMEM, "old": "4096 131072 33554432", "new": "4096 131072 2097152"}
RAISED = {"key": WMEM, "old": "4096 16384 4194304", "new": "4096 16384 33554432"}
WINDOW = {"key": RMEM, "old": "4096 131072 6291456", "new": "4096 131072 50331648"}
JOINT = {"hosts": ["both_bound", "both_bound_far"], "measured_on": ["both_bound"]}


def finding(scenario, summary, key=None):
    return {"scenario": scenario, "summary": summary, "key": key, "remedy": None, "evidence": []}


COLLAPSING = finding("collapsing", "Queues are collapsed.", RMEM)
SENDER = finding("sender_buffer_too_small", "The send buffer binds.", WMEM)
BOTH = finding("both_buffers_bound", "Both ends bind.", WMEM)
FINE = finding("nothing_wrong", "Nothing is wrong.")


def plan(scenario, *changes, **more):
    return dict({"scenario": scenario, "changes": list(changes), "reason": f"{scenario}: try it", "blocked": False}, **more)


def verdict(name, reason, metric="flows_bulk_out_bytes", before=12.5e6, after=118e6):
    return {"verdict": name, "reason": reason, "metric": metric, "before": before, "after": after, "effect": 8.4, "pairs": 16}


def tuning(*changes, **more):
    return dict({"changed": True, "changes": list(changes), "left": []}, **more)


TRIAL = {"trial": {"status": "complete", "reason": None, "restored": {}}}
KEPT = {
    "findings": [COLLAPSING, SENDER], "plan": plan("collapsing", LOWERED), "trial": TRIAL,
    "verdict": verdict("improved", "stalls are shorter", "stall_longest_us", 11_500.0, 580.0), "tuning": tuning(LOWERED),
}
REVERTED = {
    "findings": [COLLAPSING, SENDER], "plan": plan("sender_buffer_too_small", RAISED), "trial": TRIAL,
    "verdict": verdict("unchanged", "no proven difference"),
}
AGAIN = {
    "findings": [COLLAPSING, SENDER],
    "plan": plan("sender_buffer_too_small", reason="tried before in this run and not better: no proven difference"),
}
NOTHING = {"findings": [FINE], "plan": plan(None, reason="nothing_wrong: no buffer size to change")}
GONE = {"window": {"unreachable": True, "msg": "no route"}}
FAILED = {"failure": {"step": "Plan", "result": {"failed": True, "msg": "no window"}}}
BLOCKED = {"findings": [COLLAPSING], "plan": plan("collapsing", blocked=True, reason="it is read-only here")}
FOREIGN = dict(KEPT, tuning=tuning(LOWERED, left=[{"name": WMEM, "reason": "changed by somebody else"}]))
NOT_ENFORCED = dict(KEPT, tuning=None)
WAITS = {"findings": [BOTH], "plan": plan("both_buffers_bound", waits_for="web0", reason="web0 goes first")}
TOGETHER = {
    "findings": [BOTH], "plan": plan("both_buffers_bound", RAISED, WINDOW, joint=JOINT), "trial": TRIAL,
    "verdict": dict(verdict("improved", "more was sent"), hosts=JOINT["hosts"]), "tuning": tuning(RAISED, WINDOW),
}


def run(host, *rounds):
    """The final record, each round handed on to the next as the playbook does."""
    records = []
    for results in rounds:
        records.append(outcome_record(dict(results, host=host, earlier=records)))
    return records[-1]


def rows_of(*rounds):
    return report_document([run("web1", *rounds)], "now")["rows"]


def test_every_round_has_its_row_in_order_and_the_last_one_its_other_findings():
    rows = rows_of(KEPT, REVERTED, AGAIN)
    assert [(row["round"], row["finding"], row["outcome"], row["verdict"], row["reason"]) for row in rows] == [
        (1, "collapsing", "kept", "improved", "stalls are shorter"),
        (2, "sender_buffer_too_small", "reverted", "unchanged", "no proven difference"),
        (3, "sender_buffer_too_small", "left", None, "tried before in this run and not better: no proven difference"),
        (3, "collapsing", "left", None, "Tried before in this run (round 1) and kept. Queues are collapsed."),
    ]
    assert [(row["before"], row["after"]) for row in rows[:3]] == [
        ("11.5 ms longest stall", "580 us longest stall"), ("12.5 MB/s bulk sent", "118 MB/s bulk sent"), (None, None),
    ]
    assert rows[1]["measured"]["metric"] == "flows_bulk_out_bytes"
    assert rows[0]["change"].startswith(RMEM) and rows[1]["change"].startswith(WMEM) and rows[2]["change"] is None


def test_what_no_round_tried_is_left_with_its_advice():
    rows = rows_of(NOTHING, KEPT)
    assert [(row["round"], row["finding"], row["reason"]) for row in rows] == [
        (1, "nothing_wrong", "Nothing is wrong."), (2, "collapsing", "stalls are shorter"),
        (2, "sender_buffer_too_small", "The send buffer binds."),
    ]


def test_what_was_tried_before_does_not_name_the_last_round():
    rounds = rounds_of(run("web1", KEPT, WAITS, REVERTED))
    assert tried_before(rounds, list(map(outcome_of, rounds))) == {"collapsing": "Tried before in this run (round 1) and kept."}


def test_a_last_look_that_found_nothing_more_stays():
    assert [(row["round"], row["finding"], row["outcome"]) for row in rows_of(KEPT, NOTHING)] == [
        (1, "collapsing", "kept"), (2, "nothing_wrong", "left"),
    ]


@pytest.mark.parametrize(
    ("rounds", "outcome", "needs_person"),
    [
        ((KEPT, NOTHING), "kept", []),
        ((KEPT, REVERTED), "kept", []),
        ((REVERTED, KEPT), "kept", []),
        ((REVERTED, NOTHING), "reverted", []),
        ((WAITS, NOTHING), "left", []),
        ((WAITS, KEPT), "kept", []),
        ((KEPT, GONE), "unreachable", [2]),
        ((KEPT, FAILED), "failed", [2]),
        ((NOT_ENFORCED, NOTHING), "failed", [1]),
        ((NOT_ENFORCED, GONE), "unreachable", [1, 2]),
        ((FOREIGN, REVERTED, NOTHING), "kept", [1]),
        ((KEPT, BLOCKED), "kept", [2]),
        ((REVERTED, dict(KEPT, check_mode=True, trial=None, verdict=None, tuning=None)), "reverted", []),
        ((NOTHING, dict(KEPT, check_mode=True, trial=None, verdict=None, tuning=None)), "would_try", []),
    ],
)
def test_a_host_counts_once_with_what_its_rounds_come_to(rounds, outcome, needs_person):
    document = report_document([run("web1", *rounds)], "now")
    expected = {**dict.fromkeys(document["summary"], 0), "hosts": 1, outcome: 1, "needs_person": int(bool(needs_person))}
    assert document["summary"] == expected
    assert [row["round"] for row in document["rows"] if row["needs_person"]] == needs_person


def test_a_host_whose_earlier_round_needs_a_person_comes_first():
    document = report_document([run("a", KEPT, NOTHING), run("z", FOREIGN, NOTHING)], "now")
    assert [row["host"] for row in document["rows"]] == ["z", "z", "a", "a"]


FLEET = [
    run("both_bound", TOGETHER, NOTHING), run("both_bound_far", TOGETHER, NOTHING), run("web0", NOTHING), run("web1", WAITS),
    run("web2", KEPT, GONE), run("web3", KEPT, REVERTED, AGAIN),
]


def test_the_terminal_names_the_round_where_there_were_several():
    assert report_table(report_document(FLEET, "now")) == """\
   Host            Finding               Change                   Before          After           Verdict    Outcome
-  --------------  --------------------  -----------------------  --------------  --------------  ---------  -----------
   web2            collapsing            net.ipv4.tcp_rmem        11.5 ms         580 us          improved   kept
   round 1                               4096 131072 33554432     longest stall   longest stall
                                         -> 4096 131072 2097152
!  web2            -                     -                        -               -               -          unreachable
   round 2
   both_bound      both buffers bound    net.ipv4.tcp_wmem        12.5            118             improved   kept
   round 1                               4096 16384 4194304       MB/s bulk sent  MB/s bulk sent
                                         -> 4096 16384 33554432
                                         net.ipv4.tcp_rmem
                                         4096 131072 6291456
                                         -> 4096 131072 50331648
   both_bound      nothing wrong         -                        -               -               -          left
   round 2
   both_bound_far  both buffers bound    net.ipv4.tcp_wmem        12.5            118             improved   kept
   round 1                               4096 16384 4194304       MB/s bulk sent  MB/s bulk sent
                                         -> 4096 16384 33554432
                                         net.ipv4.tcp_rmem
                                         4096 131072 6291456
                                         -> 4096 131072 50331648
   both_bound_far  nothing wrong         -                        -               -               -          left
   round 2
   web0            nothing wrong         -                        -               -               -          left
   web1            both buffers bound    -                        -               -               -          left
   web3            collapsing            net.ipv4.tcp_rmem        11.5 ms         580 us          improved   kept
   round 1                               4096 131072 33554432     longest stall   longest stall
                                         -> 4096 131072 2097152
   web3            sender buffer too     net.ipv4.tcp_wmem        12.5            118             unchanged  reverted
   round 2         small                 4096 16384 4194304       MB/s bulk sent  MB/s bulk sent
                                         -> 4096 16384 33554432
   web3            sender buffer too     -                        -               -               -          left
   round 3         small
   web3            collapsing            -                        -               -               -          left
   round 3

web2 (round 1), web3 (round 1): stalls are shorter
web2 (round 2): collecting the window: no route
both_bound (round 1): more was sent. Tried together with both_bound_far
both_bound (round 2), both_bound_far (round 2), web0: Nothing is wrong.
both_bound_far (round 1): more was sent. Tried together with both_bound
web1: web0 goes first
web3 (round 2): no proven difference
web3 (round 3): tried before in this run and not better: no proven difference
web3 (round 3): Tried before in this run (round 1) and kept. Queues are collapsed.

6 hosts: 3 kept, 2 left, 1 unreachable. Needs a person: 1.
Exit status: 0 when no host needs a person, 2 when one does (marked !)."""


def test_markdown_names_the_round_where_there_were_several():
    text = report_markdown(report_document(FLEET, "now"))
    assert "| web2 (round 2) | - | - | - | - | - | unreachable | yes |\n" in text
    assert "| web0 | nothing wrong | - | - | - | - | left | no |\n" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## web2", "## both_bound", "## both_bound_far", "## web0", "## web1", "## web3",
    ]
    assert "## web0\n\n**nothing wrong**, left: Nothing is wrong.\n" in text
    assert """\
## web3

**collapsing**, round 1, kept: stalls are shorter

**sender buffer too small**, round 2, reverted: no proven difference

**sender buffer too small**, round 3, left: tried before in this run and not better: no proven difference

**collapsing**, round 3, left: Tried before in this run (round 1) and kept. Queues are collapsed.
""" in text
