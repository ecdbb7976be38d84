"""The benchmark of the verdict: that its trials are what it says, and that its exit status can be believed."""
import json
import statistics
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import simulated_trials  # noqa: E402
import verdict_errors  # noqa: E402
from simulated_trials import FLOWS, METRIC, Design, Traffic, trials  # noqa: E402

BURSTY = Traffic(
    host_sd=0.4, host_tau=30.0, shared_sd=0.2, shared_tau=300.0, trend=0.5, metric_rate=200.0, dispersion=20.0,
    loss_dispersion=0.5, loss_exponent=1.5, flows=200.0, candidates=10, window_seconds=30,
)
QUIET = BURSTY._replace(host_sd=0.0, shared_sd=0.0, trend=0.0, dispersion=1e6)


def made(repetitions=1, design=Design(8, 5, 3), traffic=BURSTY, effects=None, rates=None, seed=1):
    return list(trials(np.random.default_rng(seed), repetitions, design, traffic, effects or {}, rates or {}))


def correlation(first, second):
    return float(np.corrcoef(np.log(np.array(first) + 0.5), np.log(np.array(second) + 0.5))[0, 1])


def test_a_trial_has_the_documented_shape():
    trial = made()[0]["host0"]
    text = Path(simulated_trials.__file__).parents[2].joinpath("docs", "data_shapes.md").read_text(encoding="utf-8")
    section = text.split("\n## trial ")[1].split("\n## ")[0]
    assert all(name in section for name in trial)
    assert len(trial["seconds"]) == 16 and set(trial["seconds"]) == {5.0}
    assert all(len(column) == 16 for column in (*trial["counters"].values(), *trial["gauges"].values(), *trial["blocks"].values()))
    assert all(len(column) == 16 for column in trial["flows"]["columns"].values())
    assert sorted(trial["blocks"]["arm"][:2]) == ["A", "B"] and trial["blocks"]["pair"][:4] == [0, 0, 1, 1]
    json.dumps(trial, allow_nan=False)


def test_the_same_seed_makes_the_same_trials():
    assert made(3) == made(3) != made(3, seed=2)


def test_all_counters_follow_one_load():
    trial = made(design=Design(100, 15, 3))[0]["host0"]
    columns = trial["counters"]
    for name in ("TcpPassiveOpens", "IpExtInOctets", "TcpOutSegs"):
        assert correlation(columns[METRIC], columns[name]) > 0.9
    assert correlation(columns[METRIC], trial["gauges"][FLOWS]) > 0.6
    assert correlation(columns[METRIC], columns["TcpRetransSegs"]) > 0.5


def test_the_effect_is_on_the_metric_in_b_only():
    trial = made(traffic=QUIET, effects={METRIC: 1.5})[0]["host0"]
    by_arm = {
        arm: [value for value, its in zip(trial["counters"][METRIC], trial["blocks"]["arm"]) if its == arm] for arm in "AB"
    }
    assert statistics.fmean(by_arm["B"]) / statistics.fmean(by_arm["A"]) == pytest.approx(1.5, rel=0.05)
    assert statistics.fmean(by_arm["A"]) == pytest.approx(1000, rel=0.05)  # 200 a second, for 5 seconds
    octets = trial["counters"]["IpExtInOctets"]
    assert max(octets) / min(octets) < 1.01


@pytest.mark.parametrize("candidates, low, high", [(1, 0.87, 1.13), (10, 1.15, 1.60)])
def test_hosts_are_those_that_looked_worst(candidates, low, high):
    """So that they start above what is usual, and come back to it."""
    traffic = BURSTY._replace(trend=0.0, shared_sd=0.0, candidates=candidates)
    columns = [hosts["host0"]["counters"][METRIC] for hosts in made(400, Design(8, 15, 3), traffic)]
    first, last = (statistics.fmean(column[block] for column in columns) for block in (0, -1))
    assert low < first / last < high


def test_a_pool_shares_its_load_and_in_lockstep_its_order():
    together = BURSTY._replace(host_sd=0.0, shared_sd=0.5, shared_tau=30.0)
    lockstep = made(design=Design(16, 15, 3, hosts=3), traffic=together)[0]
    assert len({tuple(trial["blocks"]["arm"]) for trial in lockstep.values()}) == 1 == len({trial["seed"] for trial in lockstep.values()})
    assert correlation(lockstep["host0"]["counters"][METRIC], lockstep["host1"]["counters"][METRIC]) > 0.9
    own = made(design=Design(16, 15, 3, hosts=3, lockstep=False), traffic=together)[0]
    assert len({tuple(trial["blocks"]["arm"]) for trial in own.values()}) == 3 == len({trial["seed"] for trial in own.values()})


@pytest.mark.parametrize("hits, total, low, high", [
    (0, 100, 0.0, 0.0370), (10, 1000, 0.0054, 0.0183), (50, 100, 0.4038, 0.5962), (9, 9, 0.7009, 1.0),
])
def test_the_interval_is_wilsons(hits, total, low, high):
    assert verdict_errors.wilson(hits, total) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("hits, limit, least, within_chance, strictly", [
    (10, 0.01, False, True, True),
    (12, 0.01, False, True, False),
    (30, 0.01, False, False, False),
    (960, 0.95, True, True, True),
    (945, 0.95, True, True, False),
    (900, 0.95, True, False, False),
    (900, None, True, True, True),
])
def test_a_limit_holds(hits, limit, least, within_chance, strictly):
    cell = verdict_errors.Cell(hits, 1000, limit, least)
    assert (cell.holds(strict=False), cell.holds(strict=True)) == (within_chance, strictly)


SHORT = [
    "--designs", "2 minutes", "8 hosts, lockstep", "both ends", "--traffic", "steady", "--repetitions", "30", "--power-repetitions", "10",
]


@pytest.mark.parametrize("arguments, status", [([], 0), (["--strict", "--most-false", "-1"], 1)])
def test_the_exit_status_tells_whether_the_limits_hold(arguments, status, capsys):
    assert verdict_errors.main(SHORT + arguments) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("| 2 minutes | steady | ") and lines[3].startswith("| 8 hosts, lockstep | steady | ")
    assert lines[4].startswith("| both ends | steady | ")
    assert ("all limits hold" in lines[-1]) == (status == 0) and ("!" in lines[2]) == (status == 1)


@pytest.mark.parametrize("name", ["flows_read_bytes", "flows_bulk_out_bytes"])
def test_harm_is_done_to_another_counter(name, capsys):
    """A change that loses half of what is moved is never kept, however good it is for the metric."""
    arguments = ["--designs", "10 minutes", "--traffic", "steady", "--repetitions", "1", "--power-repetitions", "20"]
    verdict_errors.main(arguments + ["--harm", f"{name}=0.5"])
    assert "| 0.0 (0.0-16.1)" in capsys.readouterr().out
