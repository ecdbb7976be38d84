"""Trials of nothing: one verdict for each, and which one is a lot's choice."""
import aa_trials


def row(host, metric, improved=0, regressed=0, throws=1):
    return {"host": host, "metric": metric, "throws": throws, "false_improved": improved, "false_regressed": regressed}


ROWS = [row("web1", "octets", regressed=1), row("web1", "stalls"), row("web2", "octets", improved=1), row("web3", None, throws=0)]


def test_every_verdict_is_counted_and_those_that_were_none_are_not():
    assert aa_trials.counted(ROWS) == {"judged": 3, "improved": 1, "regressed": 1}


def test_a_trial_has_one_verdict_by_any_metric_that_moved():
    chosen = [aa_trials.one_of_each_host(ROWS, seed) for seed in range(40)]
    assert all([one["host"] for one in found] == ["web1", "web2"] for found in chosen)
    assert {found[0]["metric"] for found in chosen} == {"octets", "stalls"}
    assert chosen[0] == aa_trials.one_of_each_host(ROWS, 0)


def test_two_in_a_hundred_are_false_by_chance_and_six_are_not():
    held = [aa_trials.false_share({"judged": 100, "improved": 1, "regressed": regressed}).holds(strict=False) for regressed in (1, 5)]
    assert held == [True, False]
