"""Nothing refuted is tried again, and nothing goes up that went down."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import RMEM, WMEM, Knob
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.history import (
    FellShort,
    Overshot,
    fell_short,
    overshot,
    size_refuted,
    tried_before,
)

RAISE, LOWER = Knob(WMEM, "max", "raise"), Knob(WMEM, "max", "lower")


def record(scenario, verdict, old="4096 16384 4194304", new="4096 16384 33554432", key=WMEM):
    return {"plan": {"scenario": scenario, "changes": [{"key": key, "old": old, "new": new}]}, "verdict": {"verdict": verdict, "reason": "why"}}


LOWERED = record("queue_bloat", "improved", old="4096 16384 33554432", new="4096 16384 65536")


LEFT = {"plan": {"scenario": "sender_buffer_too_small", "changes": [], "reason": "wave 1 ended it", "wave": {"number": 2, "left": True}}}


def in_wave(verdict, kept, put_back=None):
    return dict(record("sender_buffer_too_small", verdict), wave={"kept": kept, "put_back": put_back, "reason": "the wave ended"})


@pytest.mark.parametrize("scenario, knob, earlier, tried", [
    ("sender_buffer_too_small", RAISE, [], None),
    ("sender_buffer_too_small", RAISE, [record("sender_buffer_too_small", "unchanged")], "was tried in round 1 of this run and not kept: why"),
    ("sender_buffer_too_small", RAISE, [record("x", "improved"), record("sender_buffer_too_small", "regressed")], "was tried in round 2"),
    ("sender_buffer_too_small", RAISE, [record("sender_buffer_too_small", "improved")], None),  # one more step of the same
    ("queue_bloat", LOWER, [record("sender_buffer_too_small", "improved")], None),  # too far, then back to what is needed
    ("sender_buffer_too_small", RAISE, [LOWERED], "which round 1 of this run lowered"),
    ("receiver_window_too_small", Knob(RMEM, "max", "raise"), [LOWERED], None),  # another key
    ("queue_bloat", LOWER, [LOWERED], None),
    ("queue_bloat", LOWER, [{"plan": {"scenario": "queue_bloat", "changes": []}}, {"plan": None}, {}], None),  # it waited, or failed before
    ("queue_bloat", LOWER, [dict(record("queue_bloat", "improved"), verdict=None)], "it left no verdict"),
    # In waves: what was kept may take one more step; what was not, what was put back, and what never had its wave is not begun again.
    ("sender_buffer_too_small", RAISE, [in_wave("improved", True)], None),
    ("sender_buffer_too_small", RAISE, [in_wave("inconclusive", True)], None),
    ("sender_buffer_too_small", RAISE, [in_wave("improved", False)], "not kept: the wave ended"),
    ("sender_buffer_too_small", RAISE, [in_wave("improved", True, "a later one ended")], "not kept: a later one ended"),
    ("sender_buffer_too_small", RAISE, [in_wave("inconclusive", False)], "not kept: why"),
    ("sender_buffer_too_small", RAISE, [LEFT], "is left since round 1 of this run: wave 1 ended it"),
    ("queue_bloat", LOWER, [LEFT], None),
])
def test_what_was_tried(scenario, knob, earlier, tried):
    found = tried_before(scenario, knob, earlier)
    assert (found is None) if tried is None else (tried in found)


@pytest.mark.parametrize("verdict, key, new, metric, told", [
    ("unchanged", WMEM, "4096 16384 65536", "flows_bulk_rtt_us", "queue_bloat tried it in round 2 of this run, by the same metric, and it was not kept: why"),
    ("improved", WMEM, "4096 16384 65536", "flows_bulk_rtt_us", None),
    ("unchanged", RMEM, "4096 16384 65536", "flows_bulk_rtt_us", None),
    ("unchanged", WMEM, "4096 16384 69632", "flows_bulk_rtt_us", None),
    ("unchanged", WMEM, "4096 16384 65536", "flows_bulk_out_bytes", None),
])
def test_a_refuted_size_is_not_tried_by_another_name(verdict, key, new, metric, told):
    tried = record("queue_bloat", verdict, new="4096 16384 65536")
    tried["plan"]["metric"] = {"name": "flows_bulk_rtt_us", "direction": "lower"}
    assert size_refuted(key, new, metric, [{}, tried, {"plan": None}]) == told


COSTLY = ({"name": "round trip of requests", "ok": False}, {"name": "longest stall", "ok": None}, {"name": "backlog drops", "ok": True})


def gained(after, before=90.0, guards=COSTLY, verdict="regressed", **plan):
    """Twice the maximum: what moved before and after, and what it cost."""
    tried = record("sender_buffer_too_small", verdict, old="4096 16384 8388608", new="4096 16384 16777216")
    tried["plan"].update(plan)
    tried["verdict"].update(before=before, after=after, guards=guards)
    return tried


@pytest.mark.parametrize("earlier, gain", [
    ([gained(120.0)], 4 / 3),
    ([gained(120.0, verdict="inconclusive", guards=COSTLY[1:])], 4 / 3),  # in doubt
    ([record("sender_buffer_too_small", "improved"), gained(120.0)], 4 / 3),
    ([gained(120.0, guards=COSTLY[2:])], None),  # nothing was wrong with it but that it proved nothing
    ([gained(94.0)], None),  # and little to gain
    ([gained(175.0)], None),  # a narrower step would be the same one
    ([gained(120.0), gained(120.0)], None),  # once
    ([gained(120.0), gained(115.0, verdict="improved")], None),  # the narrower one was kept
    ([gained(120.0, joint={"hosts": ["a", "b"]})], None),
    ([gained(120.0, verdict="improved")], None),
    ([gained(None, before=None)], None),
    ([dict(gained(120.0), verdict=None)], None),
    ([dict(gained(120.0), plan={"scenario": "sender_buffer_too_small", "changes": []})], None),
    ([{"plan": None}, {}], None),
])
def test_a_step_that_went_too_far(earlier, gain):
    found = overshot("sender_buffer_too_small", RAISE, earlier)
    cost = ", ".join(guard["name"] for guard in earlier[-1]["verdict"]["guards"] if guard["ok"] is not True) if gain else None
    assert found == (gain and Overshot(len(earlier), 16_777_216, gain, cost))
    assert overshot("queue_bloat", LOWER, earlier) is None


RAISE_DEFAULT = Knob(RMEM, "default", "raise")
IN_ORDER = ({"name": "longest stall", "ok": True},)


def no_proof(verdict="inconclusive", p_value=0.3, guards=IN_ORDER, **plan):
    tried = record("pausing_reader", verdict, old="4096 131072 33554432", new="4096 1048576 33554432", key=RMEM)
    tried["plan"].update(plan)
    tried["verdict"].update(p_value=p_value, guards=guards)
    return tried


@pytest.mark.parametrize("earlier, round_", [
    ([no_proof()], 1),
    ([no_proof("unchanged", guards=())], 1),
    ([{"plan": None}, no_proof()], 2),
    ([no_proof("regressed")], None),
    ([no_proof(guards=COSTLY[1:])], None),  # in doubt
    ([no_proof(p_value=None)], None),  # could not be compared
    ([no_proof(joint={"hosts": ["a", "b"]})], None),
    ([no_proof(), no_proof()], None),  # once
    ([no_proof(), no_proof("improved")], None),
    ([dict(no_proof(), verdict=None)], None),
    ([{"plan": None}, {}], None),
    ([], None),
])
def test_a_step_that_was_not_enough(earlier, round_):
    found = fell_short("pausing_reader", RAISE_DEFAULT, earlier)
    assert found == (round_ and FellShort(round_, "4096 1048576 33554432", "why"))
    assert fell_short("queue_bloat", LOWER, earlier) is None
