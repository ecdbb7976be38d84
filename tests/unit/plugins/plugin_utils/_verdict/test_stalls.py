"""Stalls of a trial: as a metric, as guards, and both arms side by side."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.metric_words import shown_value
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import (
    LONGEST,
    STALLED,
    compared,
    duration,
    stall_column,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict

PAIRS = 8
ARMS = ["A", "B", "B", "A"] * 4


def stalls(a_longest=24_000.0, b_longest=2_400.0, a_total=240_000.0, b_total=24_000.0, **changed):
    return dict({
        "available": True, "reason": None, "span": "tcp_collapse", "means": "kernel_histogram", "skipped": [], "ordinary_us": 0,
        "longest_us": [(a_longest if arm == "A" else b_longest) + index for index, arm in enumerate(ARMS)],
        "stalled_us": [(a_total if arm == "A" else b_total) + index for index, arm in enumerate(ARMS)],
        "stalls": [10 if arm == "A" else 9 for arm in ARMS],
        "lost_events": [0] * 16,
        "upper_us": [4096, 32768],
        "counts": [[2, 8] if arm == "A" else [9, 0] for arm in ARMS],
    }, **changed)


def trial(found, **counters):
    columns = {"TcpInSegs": [75_000] * 16, "TcpExtTCPRcvCollapsed": [600_000 + index for index in range(16)]}
    return {
        "status": "complete", "reason": None, "seed": 1, "pairs": PAIRS, "seconds": [15.0] * 16,
        "blocks": {"pair": [index // 2 for index in range(16)], "arm": ARMS, "started": list(range(16))},
        "counters": dict(columns, **counters), "gauges": {}, "absent": [], "stalls": found,
    }


def a_plan(metric, direction="lower"):
    return {
        "changes": [{"key": "net.ipv4.tcp_rmem", "old": "4096 131072 33554432", "new": "4096 131072 2097152"}],
        "metric": {"name": metric, "direction": direction},
        "guards": [{"name": guard.name} for guard in GUARDS if metric not in guard.counters],
    }


def test_a_shorter_longest_stall_is_an_improvement():
    judged = verdict(trial(stalls()), a_plan(LONGEST))
    assert judged["verdict"] == "improved"
    assert (round(judged["before"]), round(judged["after"])) == (24_008, 2_408)  # the mean of the blocks' longest, not per second
    assert judged["reason"].startswith("longest stall -90.0%")


def test_fewer_collapsed_packets_do_not_make_up_for_longer_stalls():
    """What counters alone get wrong: a larger buffer is collapsed less often, and for longer."""
    collapsed = [60_000 if arm == "B" else 600_000 for arm in ARMS]
    judged = verdict(trial(stalls(a_longest=2_400, b_longest=24_000), TcpExtTCPRcvCollapsed=collapsed), a_plan("TcpExtTCPRcvCollapsed"))
    assert judged["verdict"] != "improved"
    assert next(guard for guard in judged["guards"] if guard["name"] == "longest stall")["ok"] is not True


def test_more_time_in_stalls_is_not_waved_through():
    judged = verdict(trial(stalls(b_total=2_400_000)), a_plan(LONGEST))
    assert judged["verdict"] != "improved"
    assert next(guard for guard in judged["guards"] if guard["name"] == "time in stalls")["ok"] is not True


@pytest.mark.parametrize("found, why", [
    ({"available": False, "reason": "tracefs is not mounted"}, "tracefs is not mounted"),
    (None, "the trial did not try"),
])
def test_without_stalls_a_change_against_collapsing_is_never_kept(found, why):
    judged = verdict(trial(found), a_plan(LONGEST))
    assert judged["verdict"] == "inconclusive"
    assert why in judged["reason"] and "without them no change against collapsing is kept" in judged["reason"]


def test_a_block_that_lost_events_takes_its_pair_with_it():
    lost = [0] * 16
    lost[5] = 3
    judged = verdict(trial(stalls(lost_events=lost)), a_plan(LONGEST))
    assert judged["pairs"] == 7 and "1 of 8 pairs left out" in judged["reason"]


def test_a_few_lost_of_many_events_are_put_up_with():
    found = stalls(lost_events=[1] * 16, counts=[[50, 50]] * 16)
    assert None not in stall_column(trial(found), STALLED)


def test_both_arms_side_by_side():
    shown = compared(trial(stalls()))
    assert shown["upper_us"] == [4096, 32768]
    assert shown["before"] == {
        "seconds": 120.0, "counts": [16, 64], "longest_us": 24_015.0, "stalled_us": 1_920_060.0, "stalls": 80, "lost_events": 0,
    }
    assert shown["after"]["counts"] == [72, 0] and shown["after"]["longest_us"] == 2_414.0


def test_nothing_to_compare():
    assert compared(trial(None)) is None
    assert compared(trial({"available": False, "reason": "no root"})) == {"available": False, "reason": "no root"}


def test_an_aborted_trial_without_a_block():
    empty = dict(trial(stalls(longest_us=[], stalled_us=[], stalls=[], lost_events=[], counts=[], upper_us=[])), seconds=[])
    empty["blocks"] = {"pair": [], "arm": [], "started": []}
    assert compared(empty)["before"]["longest_us"] is None


@pytest.mark.parametrize("microseconds, text", [(0, "0 us"), (12.3456, "12.3 us"), (999, "999 us"), (21_400, "21.4 ms"), (1_500_000, "1.5 s")])
def test_durations_as_a_person_reads_them(microseconds, text):
    assert duration(microseconds) == text


@pytest.mark.parametrize("metric, value, text", [
    (LONGEST, 21_400, "21.4 ms longest stall"), (STALLED, 3_000, "3 ms stalled/s"), ("TcpExtTCPRcvCollapsed", 12_345.4, "12,345 TCPRcvCollapsed/s"),
    ("TcpExtRcvPruned", 0.1234, "0.123 RcvPruned/s"),
])
def test_values_as_a_person_reads_them(metric, value, text):
    assert shown_value(metric, value) == text
