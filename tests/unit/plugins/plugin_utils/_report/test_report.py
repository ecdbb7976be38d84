"""Records of a fleet, to rows, to what a person reads."""
from __future__ import annotations

import json
import re
import unicodedata

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report import report_document
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report_text import EMPTY, report_markdown, report_table

CHANGE = {"key": "net.ipv4.tcp_rmem", "old": "4096 131072 33554432", "new": "4096 131072 2097152"}
EVIDENCE = [
    {"metric": "TcpExtTCPRcvCollapsed", "value": 12300.0, "unit": "per second", "source": "/proc/net/netstat"},
    {"metric": "TcpExtTCPRcvQDrop", "value": None, "unit": "per second", "source": "/proc/net/netstat"},
    {"metric": "TcpExtPruneCalled", "value": 40.25, "unit": "per second", "source": "/proc/net/netstat"},
    {"metric": "net.ipv4.tcp_rmem", "value": "4096 131072 33554432", "unit": "bytes", "source": "/proc/sys/net/ipv4/tcp_rmem"},
]
SLOW = {"scenario": "slow_reader", "summary": "The reader is slow.", "key": None, "remedy": "Make it read.", "evidence": []}
COLLAPSING = {
    "scenario": "collapsing", "summary": "Queues are collapsed.", "key": "net.ipv4.tcp_rmem", "remedy": None, "evidence": EVIDENCE,
}
IDLE = {"scenario": "no_traffic", "summary": "Hardly any traffic.", "key": None, "remedy": None, "evidence": []}
GUARD = {"name": "round trip of requests", "before": 41_000.0, "after": 45_000.0, "effect": 0.1, "p_value": 0.3, "ok": True}
VERDICT = {
    "verdict": "improved", "reason": "much better", "metric": "TcpExtTCPRcvCollapsed", "before": 12345.4, "after": 7.4321, "effect": -0.99,
    "interval": [-1.0, -0.98], "p_value": 1e-5, "pairs": 16,
    "guards": [GUARD, {"name": "backlog drops", "before": None, "after": None, "effect": None, "p_value": None, "ok": True}],
}
MANAGERS = [{"name": "tuned", "active": True}, {"name": "bpftune", "active": False}]
KEPT = {
    "host": "b-kept", "findings": [SLOW, COLLAPSING],
    "plan": {"scenario": "collapsing", "changes": [CHANGE], "reason": "lower it", "blocked": False},
    "verdict": VERDICT, "tuning": {"changed": True, "changes": [CHANGE], "left": []},
    "facts": {"identity": {"kernel_release": "6.1.0-18-amd64"}, "host": {"managers": MANAGERS}},
}
GONE = {"host": "z-gone", "failure": {"step": "reading the sizes", "reason": "no route | to host", "unreachable": True}}


def idle(host):
    return {"host": host, "findings": [IDLE], "plan": {"scenario": "no_traffic", "changes": [], "reason": "none", "blocked": False}}


FLEET = [KEPT, idle("a-idle"), GONE, idle("c-idle")]


def columns_of(line):
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def test_the_finding_that_was_acted_on_carries_the_change_and_the_verdict():
    first, second = report_document([KEPT], "now")["rows"]
    assert first == {
        "host": "b-kept", "round": 1, "finding": "collapsing", "change": "net.ipv4.tcp_rmem 4096 131072 33554432 -> 4096 131072 2097152",
        "before": "12,345 TCPRcvCollapsed/s", "after": "7.43 TCPRcvCollapsed/s", "verdict": "improved", "outcome": "kept",
        "reason": "much better", "needs_person": False, "evidence": EVIDENCE, "kernel_release": "6.1.0-18-amd64", "managers": ["tuned"],
        "measured": {
            "metric": "TcpExtTCPRcvCollapsed", "before": 12345.4, "after": 7.4321, "effect": -0.99, "interval": [-1.0, -0.98],
            "p_value": 1e-5, "pairs": 16, "guards": [GUARD],
        },
        "stalls": None, "wave": None,
    }
    assert (second["finding"], second["outcome"], second["reason"]) == ("slow_reader", "left", "The reader is slow. Make it read.")
    assert (second["change"], second["before"], second["verdict"], second["measured"]) == (None, None, None, None)


@pytest.mark.parametrize(("rate", "shown"), [(0.0, "0"), (0.004, "0.004"), (12.34, "12.3"), (99.99, "100"), (1234567.8, "1,234,568")])
def test_a_rate_is_readable(rate, shown):
    row = report_document([dict(KEPT, verdict=dict(VERDICT, before=rate))], "now")["rows"][0]
    assert row["before"] == f"{shown} TCPRcvCollapsed/s"


def test_who_needs_a_person_comes_first_and_then_the_host():
    assert [row["host"] for row in report_document(FLEET, "now")["rows"]] == ["z-gone", "a-idle", "b-kept", "b-kept", "c-idle"]


def test_the_summary_counts_hosts_not_rows():
    assert report_document(FLEET, "2026-01-31T12:00:00", ["a-idle", "silent"])["summary"] == {
        "hosts": 5, "kept": 1, "reverted": 0, "left": 2, "would_try": 0, "failed": 1, "unreachable": 1, "needs_person": 2,
    }


def test_a_host_without_a_record_does_not_vanish():
    rows = report_document([idle("a")], "now", ["a", "b"])["rows"]
    assert [(row["host"], row["outcome"], row["needs_person"]) for row in rows] == [("b", "failed", True), ("a", "left", False)]


def test_the_document_is_json():
    document = report_document(FLEET, "now")
    assert json.loads(json.dumps(document)) == document
    assert (document["version"], document["generated"]) == (1, "now")


def test_the_terminal_shows_the_table_every_reason_once_and_the_exit_status():
    assert report_table(report_document(FLEET, "now")) == """\
   Host    Finding      Change                  Before             After              Verdict   Outcome
-  ------  -----------  ----------------------  -----------------  -----------------  --------  -----------
!  z-gone  -            -                       -                  -                  -         unreachable
   a-idle  no traffic   -                       -                  -                  -         left
   b-kept  collapsing   net.ipv4.tcp_rmem       12,345             7.43               improved  kept
                        4096 131072 33554432    TCPRcvCollapsed/s  TCPRcvCollapsed/s
                        -> 4096 131072 2097152
   b-kept  slow reader  -                       -                  -                  -         left
   c-idle  no traffic   -                       -                  -                  -         left

z-gone: reading the sizes: no route | to host
a-idle, c-idle: Hardly any traffic.
b-kept: much better
b-kept: The reader is slow. Make it read.

4 hosts: 1 kept, 2 left, 1 unreachable. Needs a person: 1.
Exit status: 0 when no host needs a person, 2 when one does (marked !)."""


@pytest.mark.parametrize("host", ["日本語のホスト" * 10, "h" * 253, "hôte-é"])
def test_odd_hosts_and_long_reasons_stay_within_the_terminal(host):
    record = dict(GONE, host=host, failure=dict(GONE["failure"], reason="because " * 500 + "x" * 500))
    lines = report_table(report_document([record, KEPT], "now")).splitlines()
    assert max(map(columns_of, lines)) <= 120


def test_markdown_has_the_table_and_a_section_for_each_host():
    text = report_markdown(report_document(FLEET, "2026-01-31T12:00:00"))
    assert text.startswith("# Socket buffers: what happened\n\nGenerated 2026-01-31T12:00:00.\n\n4 hosts: 1 kept, 2 left, 1 unreachable.")
    assert "| z-gone | - | - | - | - | - | unreachable | yes |\n" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## z-gone", "## a-idle", "## b-kept", "## c-idle"]
    assert "**no finding**, unreachable: reading the sizes: no route \\| to host\n" in text
    assert """\
## b-kept

Linux 6.1.0-18-amd64; sysctls also managed by tuned

**collapsing**, kept: much better

- TcpExtTCPRcvCollapsed: 12,300 per second (/proc/net/netstat)
- TcpExtTCPRcvQDrop: not on this kernel (/proc/net/netstat)
- TcpExtPruneCalled: 40.25 per second (/proc/net/netstat)
- net.ipv4.tcp_rmem: 4096 131072 33554432 bytes (/proc/sys/net/ipv4/tcp_rmem)

**slow reader**, left: The reader is slow. Make it read.

## c-idle
""" in text


def test_a_run_over_no_host_says_so():
    document = report_document([], "now")
    assert document["summary"]["hosts"] == 0
    assert report_table(document) == EMPTY
    assert EMPTY in report_markdown(document)


STALLS = {
    "available": True, "reason": None, "span": "tcp_collapse", "means": "kernel_histogram", "upper_us": [2048, 32768],
    "before": {"seconds": 120.0, "counts": [1200, 64], "longest_us": 24_015.0, "stalled_us": 1_200_000.0, "stalls": 64, "lost_events": 0},
    "after": {"seconds": 120.0, "counts": [1500, 0], "longest_us": 1_900.0, "stalled_us": 12_000.0, "stalls": 0, "lost_events": 0},
}


def test_both_arms_histograms_stand_side_by_side():
    text = report_markdown(report_document([dict(KEPT, trial={"stalls": STALLS})], "now"))
    assert """Durations of tcp_collapse during the trial (kernel_histogram); a row holds what is longer than the row above:

| Duration | Present values | Candidate |
| --- | --- | --- |
| up to 2.05 ms | 1,200 | 1,500 |
| up to 32.8 ms | 64 | - |
| longest | 24 ms | 1.9 ms |
| stalled per second | 10 ms | 100 us |
""" in text


def test_a_trial_without_stalls_says_why():
    record = dict(KEPT, trial={"stalls": {"available": False, "reason": "tracefs is not mounted"}})
    assert "Stalls were not timed: tracefs is not mounted" in report_markdown(report_document([record], "now"))


def test_a_duration_and_its_unit_stay_together():
    verdict = dict(KEPT["verdict"], metric="stall_longest_us", before=21_400.0, after=580.0)
    row = report_document([dict(KEPT, verdict=verdict)], "now")["rows"][0]
    assert (row["before"], row["after"]) == ("21.4 ms longest stall", "580 us longest stall")
    table = report_table(report_document([dict(KEPT, verdict=verdict)], "now"))
    assert re.search(r"21\.4 ms +580 us", table) and re.search(r"longest stall +longest stall", table)
