"""Blocks as pairs: of one host, of a gauge, and of several hosts together."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.pairs import paired, paired_gauge, together


def a_trial(seed, arms, events, **changed):
    made = {
        "seed": seed, "blocks": {"pair": [index // 2 for index in range(len(arms))], "arm": list(arms)},
        "seconds": [10.0] * len(arms), "counters": {"Events": events}, "gauges": {}, "absent": [],
    }
    made.update(changed)
    return made


def test_each_pair_knows_its_arms_and_its_coin():
    arms = paired(a_trial(5, "ABBA", [1, 2, 3, 4]), ("Events",))
    assert arms == ([1, 4], [2, 3], [10.0, 10.0], [10.0, 10.0], [(5, 0), (5, 1)])
    assert arms.rates() == (0.25, 0.25)


def test_an_unknown_block_takes_its_pair_and_its_coin():
    assert paired(a_trial(5, "ABBA", [1, None, 3, 4]), ("Events",)) == ([4], [3], [10.0], [10.0], [(5, 1)])


def test_a_pair_without_exposure_is_compared_with_nothing():
    trial = a_trial(5, "ABBA", [1, 2, 3, 4])
    trial["counters"]["Segments"] = [0, 10, 10, 10]
    arms = paired(trial, ("Events",), ("Segments",))
    assert len(arms.log_ratios()) == 1 and arms.coins_compared() == [(5, 1)]


def test_a_gauge_is_compared_as_it_stands():
    arms = paired_gauge(a_trial(5, "ABBA", [], gauges={"TcpCurrEstab": [10, 20, 40, 30]}), "TcpCurrEstab")
    assert arms.rates() == (20.0, 30.0)


@pytest.mark.parametrize("changed", [{}, {"gauges": {"Other": [1, 2, 3, 4]}}])
def test_a_gauge_that_never_moved_is_no_difference(changed):
    assert paired_gauge(a_trial(5, "ABBA", [], **changed), "TcpCurrEstab") is None


def test_hosts_together_keep_their_coins():
    first, second = paired(a_trial(5, "ABBA", [1, 2, 3, 4]), ("Events",)), paired(a_trial(6, "BAAB", [5, 6, 7, 8]), ("Events",))
    assert together([first, None, second]) == ([1, 4, 6, 7], [2, 3, 5, 8], [10.0] * 4, [10.0] * 4, [(5, 0), (5, 1), (6, 0), (6, 1)])
    assert together([None, None]) is None
