"""What is said behind a reason: of other hosts, other hours, and connections that hold on to what they have."""
from __future__ import annotations

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome import outcome_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.remarks import with_remarks

LOWERED = {"key": "net.ipv4.tcp_rmem", "old": "4096 131072 33554432", "new": "4096 131072 2097152"}
RAISED = {"key": "net.ipv4.tcp_wmem", "old": "4096 16384 4194304", "new": "4096 16384 33554432"}
NAMED = {"key": "net.ipv4.tcp_congestion_control", "old": "reno", "new": "cubic"}
TUESDAY = "seen for 30 s on Tuesday at 14:05 UTC"
OTHER_HOURS = "Lowered on what was seen for 30 s on Tuesday at 14:05 UTC and in the trial: other hours were not seen"
THREE = "3 connections hold larger buffers than the maximum in force, from before or as their programs asked, until they close"
ONE = "1 connection holds a larger buffer than the maximum in force, from before or as its program asked, until it closes"
COMPLETE = {"status": "complete", "reason": None, "restored": {}}
JOINT = {"hosts": ["near", "far", "third"], "measured_on": ["near"]}


def plan(*changes, **more):
    return dict({"scenario": "collapsing", "changes": list(changes), "reason": "try it", "blocked": False}, **more)


def held(rcvbuf, sndbuf=None):
    return {"residual": {"rcvbuf_above_max": rcvbuf, "sndbuf_above_max": sndbuf, "flows": 20, "reason": None}}


def said(name, **record):
    return with_remarks(dict(record, host="near"), name, "because")


@pytest.mark.parametrize(
    ("name", "record", "expected"),
    [
        ("kept", {"plan": plan(LOWERED, seen=TUESDAY)}, f"because. {OTHER_HOURS}"),
        ("kept", {"plan": plan(RAISED, LOWERED, seen=TUESDAY)}, f"because. {OTHER_HOURS}"),
        ("kept", {"plan": plan(RAISED, seen=TUESDAY)}, "because"),
        ("kept", {"plan": plan(NAMED, seen=TUESDAY)}, "because"),
        ("kept", {"plan": plan(LOWERED, seen=None)}, "because"),
        ("kept", {"plan": plan(LOWERED)}, "because"),
        ("reverted", {"plan": plan(LOWERED, seen=TUESDAY)}, "because"),
        ("would_try", {"plan": plan(LOWERED, seen=TUESDAY)}, f"because. It would be lowered on what was {TUESDAY}: other hours were not seen"),
        ("would_try", {"plan": plan(RAISED, seen=TUESDAY)}, "because"),
    ],
)
def test_what_was_lowered_is_proven_for_the_hour_it_was_seen_in(name, record, expected):
    assert said(name, **record) == expected


@pytest.mark.parametrize(
    ("name", "record", "expected"),
    [
        ("reverted", {"plan": plan(RAISED), "trial": held(0, 3)}, f"because. {THREE}"),
        ("reverted", {"plan": plan(RAISED), "trial": held(1)}, f"because. {ONE}"),
        ("reverted", {"plan": plan(RAISED), "trial": held(1234)}, f"because. {THREE.replace('3', '1,234', 1)}"),
        # Both may be the same connections.
        ("reverted", {"plan": plan(RAISED), "trial": held(3, 2)}, f"because. {THREE}"),
        ("reverted", {"tuning": {"residual": dict(held(3)["residual"], ports=[443])}},
         f"because. {THREE.replace(' in force', ' in force (some to port 443 of this host)')}"),
        ("reverted", {"tuning": {"residual": dict(held(3)["residual"], ports=[25, 443])}},
         f"because. {THREE.replace(' in force', ' in force (some to ports 25, 443 of this host)')}"),
        ("reverted", {"plan": plan(RAISED), "trial": held(0, 0)}, "because"),
        ("reverted", {"plan": plan(RAISED), "trial": held(None)}, "because"),
        ("reverted", {"plan": plan(RAISED), "trial": {"residual": None}}, "because"),
        ("reverted", {"plan": plan(RAISED), "trial": {}}, "because"),
        ("kept", {"plan": plan(LOWERED), "trial": held(1), "tuning": held(3)}, f"because. {THREE}"),
        ("kept", {"plan": plan(LOWERED), "trial": held(3), "tuning": held(0)}, "because"),
        ("kept", {"plan": plan(LOWERED), "trial": held(3), "tuning": {}}, f"because. {THREE}"),
        # The trial counted at the originals, and the maximum in force is larger now.
        ("kept", {"plan": plan(RAISED), "trial": held(3), "tuning": {"residual": None}}, "because"),
        ("kept", {"plan": plan(RAISED), "trial": held(3), "tuning": held(1)}, f"because. {ONE}"),
        ("reverted", {"tuning": held(3)}, f"because. {THREE}"),
        ("failed", {"plan": plan(LOWERED), "trial": held(3)}, "because"),
        ("left", {"tuning": held(3)}, "because"),
    ],
)
def test_who_still_holds_a_larger_buffer_is_counted(name, record, expected):
    assert said(name, **record) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"plan": plan(RAISED, joint=JOINT), "trial": COMPLETE}, "because. Tried together with far, third"),
        ({"plan": plan(RAISED, joint=JOINT), "verdict": {"verdict": "improved"}}, "because. Tried together with far, third"),
        ({"plan": plan(RAISED, joint=JOINT)}, "because. Planned together with far, third"),
        ({"plan": plan(joint=JOINT)}, "because"),
        ({"plan": plan(RAISED, joint=dict(JOINT, hosts=["near"])), "trial": COMPLETE}, "because"),
        ({"plan": plan(RAISED, joint=None), "trial": COMPLETE}, "because"),
    ],
)
def test_a_joint_candidate_names_the_other_hosts(record, expected):
    assert said("kept", **record) == expected


def test_remarks_stand_in_one_order_and_a_full_stop_is_not_doubled():
    record = {
        "host": "near", "plan": plan(LOWERED, joint=JOINT, seen=TUESDAY), "trial": dict(COMPLETE, **held(3)), "recovered": True,
        "verdict": {"verdict": "improved", "reason": "it is better."}, "tuning": {"changed": True, "changes": [LOWERED], "left": []},
    }
    outcome = outcome_of(record)
    assert outcome.name == "kept"
    assert outcome.reason == (
        f"it is better. Tried together with far, third. {OTHER_HOURS}. {THREE}. A run that had been killed was undone first"
    )


OLDER = "Other services and connections that are older hold what they were started with"


@pytest.mark.parametrize("name, design, restarted, expected", [
    ("kept", "step", None, f"because. {OLDER}"),
    ("kept", "step", {"web.service": None}, f"because. Restarted since: web.service. {OLDER}"),
    ("kept", "step", {"a": None, "b": "no such unit"}, f"because. Restarted since: a. NOT restarted: b (no such unit). {OLDER}"),
    ("kept", "pairs", None, "because"),
    ("reverted", "step", None, "because"),
])
def test_what_was_kept_by_a_step_reaches_only_what_is_started_anew(name, design, restarted, expected):
    assert said(name, plan=plan(RAISED, design=design), restarted=restarted) == expected


def test_what_was_put_back_reaches_no_more():
    assert said("reverted", plan=plan(RAISED, design="step"), wave={"put_back": "a later wave regressed"}) == f"because. {OLDER}"


@pytest.mark.parametrize("reason, needs_person", [(None, False), ("Job for web.service failed", True)])
@pytest.mark.parametrize("wave", [None, {"kept": True, "put_back": "a later wave regressed", "reason": "harm"}])
def test_a_service_that_did_not_start_again_needs_a_person(reason, needs_person, wave):
    outcome = outcome_of({
        "host": "near", "plan": plan(RAISED, design="step"), "trial": COMPLETE, "wave": wave, "restarted": {"web.service": reason},
        "verdict": {"verdict": "improved", "reason": "it is better."}, "tuning": {"changed": True, "changes": [RAISED], "left": [], "undone": {"started": "x"}},
    })
    assert (outcome.name, outcome.needs_person) == ("reverted" if wave else "kept", needs_person)
