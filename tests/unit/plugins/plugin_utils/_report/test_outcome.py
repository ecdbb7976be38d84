"""Every way a host can end, and whether a person has to look."""
from __future__ import annotations

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome import Outcome, outcome_of

CHANGE = {"key": "net.ipv4.tcp_rmem", "old": "4096 131072 33554432", "new": "4096 131072 2097152"}
COLLAPSING = {"scenario": "collapsing", "summary": "Queues are collapsed.", "key": "net.ipv4.tcp_rmem", "remedy": "Read faster."}
SLOW = {"scenario": "slow_reader", "summary": "The reader is slow.", "key": None, "remedy": "Make it read."}
FINE = {"scenario": "nothing_wrong", "summary": "Nothing is wrong.", "key": None, "remedy": None}
PLAN = {"scenario": "collapsing", "changes": [CHANGE], "reason": "lower it", "blocked": False}
BLOCKED = {"scenario": "collapsing", "changes": [], "reason": "it is read-only here", "blocked": True}
AT_FLOOR = {"scenario": "collapsing", "changes": [], "reason": "at the floor already", "blocked": False}
NO_KNOB = {"scenario": "slow_reader", "changes": [], "reason": "slow_reader: no buffer size to change", "blocked": False}
WAITS = {"scenario": "collapsing", "changes": [], "reason": "web0 goes first", "blocked": False, "waits_for": "web0"}
TRIED_BEFORE = {"scenario": None, "changes": [], "reason": "tried before in this run and not better", "blocked": False}
NO_FINDING = {"scenario": None, "changes": [], "reason": "no finding: no buffer size to change", "blocked": False}
COMPLETE = {"status": "complete", "reason": None, "restored": {"net.ipv4.tcp_rmem": {"value": "x", "restored": True, "reason": None}}}
LOST = {"status": "complete", "reason": None, "restored": {"net.ipv4.tcp_rmem": {"value": "x", "restored": False, "reason": "changed"}}}
ABORTED = {"status": "aborted", "reason": "somebody else changed net.ipv4.tcp_rmem", "restored": {}}
ENFORCED = {"changed": True, "changes": [CHANGE], "left": []}
UNCHANGED = {"changed": False, "changes": [], "left": []}
UNDONE = {"started": "noon", "earlier": False}
FOREIGN = {"changed": True, "changes": [], "left": [{"name": "net.ipv4.tcp_wmem", "reason": "changed by somebody else"}]}


def verdict(name):
    return {"verdict": name, "reason": f"it is {name}"}


def stopped(unreachable):
    return {"step": "reading the sizes", "reason": "no route", "unreachable": unreachable}


TRIED = {"findings": [COLLAPSING], "plan": PLAN, "trial": COMPLETE}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"failure": stopped(True)}, ("unreachable", "reading the sizes: no route", True)),
        ({"failure": stopped(False)}, ("failed", "reading the sizes: no route", True)),
        (dict(TRIED, verdict=verdict("improved"), failure=stopped(False)), ("failed", "reading the sizes: no route", True)),
        (dict(TRIED, trial=LOST, failure=stopped(False)), ("failed", "reading the sizes: no route", True)),
        (dict(TRIED, trial=LOST, verdict=verdict("unchanged")),
         ("failed", "after the trial the originals are not back: net.ipv4.tcp_rmem (changed)", True)),
        (dict(TRIED, trial=ABORTED, verdict=verdict("inconclusive")),
         ("failed", "the trial gave up, with the originals back: somebody else changed net.ipv4.tcp_rmem", True)),
        ({"findings": [COLLAPSING], "plan": BLOCKED}, ("left", "it is read-only here. Read faster", True)),
        ({"findings": [COLLAPSING], "plan": BLOCKED, "check_mode": True}, ("left", "it is read-only here. Read faster", True)),
        ({"findings": [COLLAPSING], "plan": AT_FLOOR}, ("left", "at the floor already. Read faster", False)),
        ({"findings": [COLLAPSING], "plan": WAITS}, ("left", "web0 goes first", False)),
        ({"findings": [COLLAPSING], "plan": dict(WAITS, blocked=True), "check_mode": True}, ("left", "web0 goes first", False)),
        ({"findings": [COLLAPSING], "plan": TRIED_BEFORE}, ("left", "tried before in this run and not better. Read faster", False)),
        ({"findings": [SLOW, COLLAPSING], "plan": TRIED_BEFORE}, ("left", "The reader is slow. Make it read.", False)),
        ({"findings": [SLOW], "plan": NO_KNOB}, ("left", "The reader is slow. Make it read.", False)),
        ({"findings": [FINE], "plan": NO_KNOB}, ("left", "Nothing is wrong.", False)),
        ({"findings": [], "plan": NO_FINDING}, ("left", "no finding: no buffer size to change", False)),
        ({"findings": [COLLAPSING], "plan": PLAN, "check_mode": True}, ("would_try", "lower it", False)),
        ({"findings": [SLOW]}, ("left", "The reader is slow. Make it read.", False)),
        (dict(TRIED, verdict=verdict("unchanged")), ("reverted", "it is unchanged", False)),
        (dict(TRIED, verdict=verdict("inconclusive")), ("reverted", "it is inconclusive", False)),
        (dict(TRIED, verdict=verdict("regressed")), ("reverted", "it is regressed", False)),
        (dict(TRIED, verdict=verdict("improved"), tuning=ENFORCED), ("kept", "it is improved", False)),
        (dict(TRIED, verdict=verdict("improved"), tuning=UNCHANGED), ("kept", "it is improved", False)),
        (dict(TRIED, verdict=verdict("improved"), tuning=FOREIGN),
         ("kept", "it is improved; left alone: net.ipv4.tcp_wmem (changed by somebody else)", True)),
        (dict(TRIED, verdict=verdict("improved")), ("failed", "improved, but not enforced: it is improved", True)),
        (dict(TRIED, verdict=verdict("improved"), tuning=ENFORCED, recovered=True),
         ("kept", "it is improved. A run that had been killed was undone first", False)),
        ({"findings": [SLOW], "plan": NO_KNOB, "recovered": True},
         ("left", "The reader is slow. Make it read. A run that had been killed was undone first", False)),
        ({"findings": [COLLAPSING], "plan": PLAN}, ("failed", "the run left a plan, but no verdict for this host", True)),
        ({"tuning": ENFORCED}, ("reverted", "the originals are back", False)),
        ({"tuning": ENFORCED, "check_mode": True}, ("would_try", "the originals would be brought back", False)),
        ({"tuning": dict(ENFORCED, undone=UNDONE)}, ("reverted", "the values from before the change of noon are back", False)),
        ({"tuning": dict(ENFORCED, undone=UNDONE), "check_mode": True},
         ("would_try", "the values from before the change of noon would be brought back", False)),
        ({"tuning": dict(UNCHANGED, undone=dict(UNDONE, earlier=True))},
         ("left", "the values from before the change of noon are back since an earlier run", False)),
        ({"tuning": dict(UNCHANGED, undone=UNDONE)}, ("left", "the values from before the change of noon were there already", False)),
        ({"tuning": dict(UNCHANGED, undone=None)}, ("left", "nothing of ours to bring back", False)),
        ({"tuning": UNCHANGED}, ("left", "nothing of ours to bring back", False)),
        ({"tuning": FOREIGN}, ("reverted", "not brought back: net.ipv4.tcp_wmem (changed by somebody else)", True)),
        ({"tuning": dict(FOREIGN, changed=False)}, ("left", "not brought back: net.ipv4.tcp_wmem (changed by somebody else)", True)),
        ({}, ("failed", "the run left nothing for this host", True)),
        (dict.fromkeys(("failure", "findings", "plan", "trial", "verdict")), ("failed", "the run left nothing for this host", True)),
    ],
)
def test_how_a_host_ended(record, expected):
    assert outcome_of(dict(record, host="web1")) == Outcome(*expected)
