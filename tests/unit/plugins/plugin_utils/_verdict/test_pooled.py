"""One verdict over several hosts: what flips together, who is left out, and how often it is wrong when a load is shared."""
import json
import math
import random

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import schedule
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.pooled import pooled_units, pooled_verdict
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict

METRIC = "TcpExtTCPRcvCollapsed"
PLAN = {
    "changes": [{"key": "net.ipv4.tcp_rmem", "old": "4096 131072 33554432", "new": "4096 131072 2097152"}],
    "metric": {"name": METRIC, "direction": "lower"},
    "guards": [{"name": guard.name, "direction": guard.direction} for guard in GUARDS],
}
STEADY = {"TcpInSegs": 75_000, "TcpOutSegs": 60_000, "TcpPassiveOpens": 750, "IpExtInOctets": 150_000_000}


def a_trial(source, seed, pairs=8, b=1.0, spread=0.1, load=None, **changed):
    """A host whose every counter follows `load`, one factor for each block."""
    arms = [block.arm for block in schedule(pairs, seed)]
    means = dict(STEADY, **{METRIC: 600_000})
    means.update(changed.pop("means", {}))
    made = {
        "status": "complete", "reason": None, "seed": seed, "pairs": pairs, "absent": [], "gauges": {},
        "blocks": {"pair": [index // 2 for index in range(2 * pairs)], "arm": arms}, "seconds": [15.0] * (2 * pairs),
        "counters": {
            name: [
                round(mean * factor * (b if arm == "B" and name == METRIC else 1) * source.lognormvariate(0, spread))
                for arm, factor in zip(arms, load or [1.0] * (2 * pairs))
            ]
            for name, mean in means.items()
        },
    }
    made.update(changed)
    return made


def hosts(number=4, seeds=None, seed=1, **changed):
    source = random.Random(seed)
    return {f"host{index}": a_trial(source, seeds[index] if seeds else 9, **changed) for index in range(number)}


def test_one_host_is_judged_as_by_itself():
    trial = a_trial(random.Random(1), 9, b=0.5)
    pooled, alone = pooled_verdict({"one": trial}, PLAN), verdict(trial, PLAN)
    assert {name: pooled[name] for name in alone if name != "reason"} == {name: alone[name] for name in alone if name != "reason"}
    assert alone["reason"] in pooled["reason"] and "1 of 1 hosts" in pooled["reason"]


def test_in_lockstep_only_as_many_coins_as_pairs_count():
    judged = pooled_verdict(hosts(b=0.2), PLAN)
    assert judged["verdict"] == "improved" and judged["pairs"] == 32 and judged["p_value"] == 2 ** -8
    json.dumps(judged, allow_nan=False)


def test_with_seeds_of_their_own_every_pair_has_its_coin():
    judged = pooled_verdict(hosts(b=0.2, seeds=[1, 2, 3, 4]), PLAN)
    assert judged["verdict"] == "improved" and judged["pairs"] == 32 and judged["p_value"] == 2 ** -20


def test_a_mixture_has_the_coins_of_its_seeds():
    assert pooled_verdict(hosts(number=3, seeds=[1, 1, 2], b=0.2), PLAN)["p_value"] == 2 ** -16


def test_too_few_pairs_stay_too_few_however_many_hosts_share_their_coins():
    judged = pooled_verdict(hosts(number=20, pairs=6, b=0.2), PLAN)
    assert judged["verdict"] == "inconclusive" and "6 usable pairs" in judged["reason"]


def test_short_trials_with_seeds_of_their_own_add_up():
    assert pooled_verdict(hosts(number=4, pairs=3, b=0.2, seeds=[1, 2, 3, 4]), PLAN)["verdict"] == "improved"


def test_hosts_that_prove_nothing_alone_prove_it_together():
    trials = hosts(number=8, b=0.8, spread=0.2, seeds=range(1, 9))
    assert sum(verdict(trial, PLAN)["verdict"] == "improved" for trial in trials.values()) <= 4
    together = pooled_verdict(trials, PLAN)
    assert together["verdict"] == "improved" and together["effect"] == pytest.approx(-0.2, abs=0.08)


def test_a_guard_is_judged_over_all_hosts():
    trials = hosts(b=0.2, seeds=[1, 2, 3, 4])
    for trial in trials.values():
        trial["counters"]["TcpExtTCPRcvQDrop"] = [30 if arm == "B" else 5 for arm in trial["blocks"]["arm"]]
    judged = pooled_verdict(trials, PLAN)
    assert judged["verdict"] == "regressed" and "in-order data dropped" in judged["reason"]


@pytest.mark.parametrize("changed, reason", [
    ({"status": "aborted", "reason": "somebody else changed it"}, "aborted: somebody else changed it"),
    ({"absent": [METRIC]}, "no counter"),
    ({"means": {METRIC: 0}}, "did not move"),
    ({"means": {"TcpInSegs": 150}}, "hardly any TCP traffic"),
])
def test_a_host_that_says_nothing_is_left_out_with_its_reason(changed, reason):
    trials = dict(hosts(b=0.2), odd=a_trial(random.Random(2), 9, b=5.0, **changed))
    judged = pooled_verdict(trials, PLAN)
    assert judged["verdict"] == "improved" and judged["hosts"] == ["host0", "host1", "host2", "host3"]
    assert list(judged["left_out"]) == ["odd"] and reason in judged["left_out"]["odd"]
    assert "4 of 5 hosts" in judged["reason"]


@pytest.mark.parametrize("trials", [{}, hosts(number=2, status="aborted", reason="guardian died")])
def test_no_host_is_inconclusive(trials):
    judged = pooled_verdict(trials, PLAN)
    assert judged["verdict"] == "inconclusive" and judged["hosts"] == [] and "no host" in judged["reason"]
    assert judged["metric"] == METRIC and judged["p_value"] is None


def test_a_trial_without_its_seed_is_refused_by_its_host():
    trials = hosts()
    del trials["host2"]["seed"]
    with pytest.raises(ValueError, match="trials: host2: lacks seed"):
        pooled_verdict(trials, PLAN)


@pytest.mark.parametrize("own", [False, True])
def test_a_load_that_all_hosts_share_fools_nobody(own):
    """As if each host were independent of the others, the shared load would be counted six times and be called an effect."""
    source, words = random.Random(3), []
    for number in range(200):
        shared, step = [], 0.0
        for _block in range(16):
            step = 0.5 * step + source.gauss(0, 0.4)
            shared.append(math.exp(step))
        trials = {
            str(host): a_trial(source, 1000 * number + (host if own else 0) + 1, spread=0.05, load=shared) for host in range(6)
        }
        words.append(pooled_verdict(trials, PLAN)["verdict"])
    # 1 % of 200 is 2; chance adds 5 to that less than once in a hundred times.
    assert words.count("improved") <= 7 and words.count("regressed") <= 7


def pair(source, seed, sender=0.2, **changed):
    """Two ends of one candidate, in step; the metric is of the first."""
    step = {"block_seconds": 15.0, "washout_seconds": 3.0, "began_epoch_seconds": 1e9}
    joint = {"hosts": [f"near{seed}", f"far{seed}"], "measured_on": [f"near{seed}"]}
    made = {}
    for host, factor in zip(joint["hosts"], (sender, 5.0)):
        trial = a_trial(source, seed, b=factor, **step)
        trial["blocks"]["started"] = [18.0 * at for at in range(16)]
        made[host] = {"trial": trial, "plan": dict(PLAN, joint=joint)}
    made[f"far{seed}"].update(changed)
    return made


def test_pairs_of_hosts_are_pooled_by_the_end_that_measures():
    source = random.Random(4)
    judged = pooled_units([pair(source, seed) for seed in (1, 2, 3)])
    assert judged["verdict"] == "improved" and judged["pairs"] == 24 and judged["p_value"] == pytest.approx(2 ** -20, abs=1e-6)
    assert judged["hosts"] == ["near1", "far1", "near2", "far2", "near3", "far3"] and "6 of 6 hosts" in judged["reason"]


@pytest.mark.parametrize("changed, reason", [
    ({"trial": None}, "no trial came back"), ({"trial": dict(pair(random.Random(5), 3)["far3"]["trial"], seed=4)}, "ran other blocks"),
])
def test_a_pair_counts_as_a_whole_or_not_at_all(changed, reason):
    source = random.Random(4)
    judged = pooled_units([pair(source, 1), pair(source, 2), pair(source, 3, **changed)])
    assert judged["hosts"] == ["near1", "far1", "near2", "far2"] and set(judged["left_out"]) == {"near3", "far3"}
    assert all(reason in why for why in judged["left_out"].values())


def test_single_hosts_are_pooled_as_by_themselves():
    trials = hosts(b=0.5, seeds=[1, 2, 3, 4])
    assert pooled_units([{host: {"trial": trial, "plan": PLAN}} for host, trial in trials.items()]) == pooled_verdict(trials, PLAN)
