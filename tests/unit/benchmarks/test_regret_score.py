"""The scoring of bench-regret: which profile can be the best, and how much worse the others are."""
import pytest
import regret_score
from workloads import Felt

LATENCY = Felt("probe", "latency_p50_ms", False)
GOODPUT = Felt("stream", "goodput_mbit", True)
P50, MBIT = ("probe", "latency_p50_ms"), ("stream", "goodput_mbit")


def run(latency=None, goodput=None):
    return {"probe": {"latency_p50_ms": latency, "latency_count": 3}, "stream": {"goodput_mbit": goodput}}


@pytest.mark.parametrize("latencies, goodputs, expected", [
    ((3, 1, 2), (10, 30, 20), (2, 20)),
    ((1, 2, None), (10, 20, None), (2, 10)),  # a run in which nothing was felt is the worst
    ((1, None, None), (10, None, None), (None, None)),
    ((None,), (0,), (None, None)),
])
def test_medians(latencies, goodputs, expected):
    runs = [run(*pair) for pair in zip(latencies, goodputs)]
    assert regret_score.medians((LATENCY, GOODPUT), runs) == {P50: expected[0], MBIT: expected[1]}


def test_a_number_that_is_not_reported_is_named():
    with pytest.raises(ValueError, match="stream does not report age_p50_ms; it has goodput_mbit"):
        regret_score.medians((Felt("stream", "age_p50_ms", False),), [run(1, 2)])


@pytest.mark.parametrize("felt, values, expected, candidates", [
    # Throughput alone: the best is 1, the others how many times less.
    ((GOODPUT,), {"a": (None, 100), "b": (None, 50), "c": (None, 95)}, {"a": 1, "b": 2, "c": pytest.approx(100 / 95)}, ["a", "c"]),
    # The lowest latency was bought with throughput, so it is not the best choice, and as bad as what it lost.
    ((LATENCY, GOODPUT), {"big": (300, 100), "fit": (60, 92), "tiny": (30, 50)}, {"big": 5, "fit": 1, "tiny": 2}, ["big", "fit"]),
    # What loses throughput and is slow too counts by the worse of the two.
    ((LATENCY, GOODPUT), {"fit": (60, 100), "bad": (600, 50)}, {"fit": 1, "bad": 10}, ["fit"]),
    # No throughput among what is felt: everybody is a candidate.
    ((LATENCY,), {"a": (10, None), "b": (25, None)}, {"a": 1, "b": 2.5}, ["a", "b"]),
    # Nothing got through.
    ((LATENCY, GOODPUT), {"a": (10, 100), "dead": (None, None)}, {"a": 1, "dead": None}, ["a"]),
    ((LATENCY,), {"a": (10, None), "dead": (None, None)}, {"a": 1, "dead": None}, ["a", "dead"]),
])
def test_ratios(felt, values, expected, candidates):
    found = {name: {P50: latency, MBIT: goodput} for name, (latency, goodput) in values.items()}
    assert regret_score.ratios(felt, found) == (expected, candidates)


def test_ninety_percent_of_the_best_throughput_are_kept():
    found = {name: {P50: latency, MBIT: goodput} for name, latency, goodput in (("a", 50, 100), ("b", 10, 90), ("c", 5, 89.9))}
    assert regret_score.ratios((LATENCY, GOODPUT), found)[1] == ["a", "b"]


def test_regret_is_the_worst_ratio():
    by_workload = {"bulk": {"a": 1.0, "b": 3.0, "c": 1.0}, "bloat": {"a": 9.0, "b": 1.0, "c": None}}
    assert regret_score.regrets(by_workload) == {"a": (9.0, "bloat"), "b": (3.0, "bulk"), "c": (None, "bloat")}


@pytest.mark.parametrize("start, own, flagged", [
    ([100, 101, 99], [95, 95, 95], False),  # within 10 %
    ([100, 101, 99], [80, 80, 80], True),
    ([100, 101, 75], [80, 80, 80], False),  # start was as bad itself once
    ([100, 101, 99], [120, 120, 120], False),
    ([100, 101, 99], [None, None, None], True),
    ([None, None, None], [None, None, None], False),
    ([100, 101, None], [80, 80, 80], False),
])
def test_what_is_worse_than_before_is_flagged(start, own, flagged):
    row, = regret_score.against_start((GOODPUT,), [run(None, value) for value in start], [run(None, value) for value in own])
    assert row["flagged"] is flagged


def test_against_start_says_how_many_times_worse():
    row, = regret_score.against_start((LATENCY,), [run(50.0)], [run(75.0)])
    assert row == {"program": "probe", "name": "latency_p50_ms", "start": 50.0, "own": 75.0, "worse": 1.5, "flagged": True}
