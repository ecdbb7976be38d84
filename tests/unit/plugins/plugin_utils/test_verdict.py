"""Verdicts over made trials: their error rate, their power, and every reason for not deciding."""
import random

import pytest

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan import ANSWERS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._guards import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict import verdict

PLAN = {
    "changes": [{"key": "net.ipv4.tcp_rmem", "old": "4096 131072 6291456", "new": "4096 131072 1048576"}],
    "metric": {"name": ANSWERS["collapsing"].metric, "direction": "lower"},
    "guards": [{"name": guard.name, "direction": guard.direction} for guard in GUARDS],
}
STEADY = {"TcpInSegs": 5000, "TcpPassiveOpens": 50, "IpExtInOctets": 10_000_000, "IpExtOutOctets": 400_000, "TcpOutSegs": 4000}


def made_trial(pairs=8, a=40_000, b=40_000, spread=0.1, seed=1, **counters):
    """A trial whose metric has these mean events per block; other counters as (A, B) events per block."""
    source = random.Random(seed)
    arms = [arm for _pair in range(pairs) for arm in source.sample(["A", "B"], 2)]
    both = {name: (value, value) for name, value in STEADY.items()}
    both.update(counters, TcpExtTCPRcvCollapsed=(a, b))
    return {
        "status": "complete", "reason": None, "absent": [],
        "seconds": [5.0] * len(arms),
        "blocks": {"pair": [index // 2 for index in range(len(arms))], "arm": arms},
        "counters": {
            name: [round(values[arm == "B"] * source.lognormvariate(0, spread)) for arm in arms] for name, values in both.items()
        },
    }


def test_a_clear_improvement_is_found():
    judged = verdict(made_trial(b=8_000), PLAN)
    assert judged["verdict"] == "improved"
    assert -0.85 < judged["effect"] < -0.75
    assert judged["interval"][0] < -0.8 < judged["interval"][1] < 0
    assert judged["before"] == pytest.approx(8000, rel=0.2) and judged["after"] == pytest.approx(1600, rel=0.2)


def test_worse_is_regressed():
    assert verdict(made_trial(b=80_000), PLAN)["verdict"] == "regressed"


def test_false_improved_and_regressed_are_rare():
    verdicts = [verdict(made_trial(seed=seed, spread=0.4), PLAN)["verdict"] for seed in range(1500)]
    # One in a hundred, and what 1,500 throws may add by chance.
    assert verdicts.count("improved") <= 25
    assert verdicts.count("regressed") <= 25


@pytest.mark.parametrize("broken, reason", [
    ({"TcpExtTCPRcvQDrop": (0, 30)}, "in-order data dropped"),
    ({"IpExtInOctets": (10_000_000, 5_000_000)}, "received octets"),
    ({"TcpRetransSegs": (10, 200)}, "retransmits"),
])
def test_a_broken_guard_is_never_improved(broken, reason):
    judged = verdict(made_trial(pairs=12, b=8_000, **broken), PLAN)
    assert judged["verdict"] == "regressed"
    assert reason in judged["reason"]


def test_a_guard_in_doubt_keeps_nothing():
    # Eight pairs cannot blame one guard of many, but they can doubt it.
    judged = verdict(made_trial(b=8_000, TcpExtTCPTimeouts=(20, 40)), PLAN)
    assert judged["verdict"] == "inconclusive"
    assert "timeouts" in judged["reason"]


def without(trial, **changed):
    return dict(trial, **changed)


@pytest.mark.parametrize("trial, reason", [
    (made_trial(pairs=6, b=8_000), "needs at least 7"),
    (made_trial(b=8_000, TcpInSegs=(50, 50)), "hardly any TCP traffic"),
    (made_trial(a=0, b=0), "did not move in either arm"),
    (made_trial(b=8_000, TcpPassiveOpens=(50, 20)), "demand differed"),
    (without(made_trial(b=8_000), status="aborted", reason="somebody changed it"), "somebody changed it"),
    (without(made_trial(b=8_000), absent=["TcpExtTCPRcvCollapsed"]), "no counter"),
])
def test_what_cannot_be_judged_is_inconclusive_and_says_why(trial, reason):
    judged = verdict(trial, PLAN)
    assert judged["verdict"] == "inconclusive"
    assert reason in judged["reason"]


def test_a_block_without_a_value_takes_its_pair_with_it():
    trial = made_trial(b=8_000)
    trial["counters"]["TcpExtTCPRcvCollapsed"][3] = None
    judged = verdict(trial, PLAN)
    assert judged["pairs"] == 7 and judged["verdict"] == "improved"


def test_no_difference_with_little_spread_is_unchanged():
    assert verdict(made_trial(pairs=16, spread=0.01), PLAN)["verdict"] == "unchanged"


def test_a_tiny_improvement_is_not_worth_keeping():
    assert verdict(made_trial(pairs=16, b=38_800, spread=0.005), PLAN)["verdict"] == "unchanged"


def test_the_smallest_effect_shrinks_with_more_pairs():
    few, many = (verdict(made_trial(pairs=pairs, spread=0.3), PLAN)["smallest_effect"] for pairs in (8, 24))
    assert -1 < -few < -many < 0 or 0 < many < few < 1


@pytest.mark.parametrize("arguments, named", [({"alpha": 0}, "alpha"), ({"min_effect": 2}, "min_effect")])
def test_arguments_are_checked(arguments, named):
    with pytest.raises(ValueError, match=named):
        verdict(made_trial(), PLAN, **arguments)
