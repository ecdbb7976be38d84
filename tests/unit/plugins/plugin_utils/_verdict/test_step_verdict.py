"""Verdicts on trials in one step: of one host, beside controls, of hosts together; and every reason for none."""
import json
import math
import random
import re

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import STEP, schedule
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.joint import verdicts
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.pooled import pooled_units
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict

METRIC = "TcpExtTCPRcvCollapsed"
STEADY = {"TcpInSegs": 75_000, "TcpOutSegs": 60_000, "TcpPassiveOpens": 750, "IpExtInOctets": 105_000_000, "IpExtOutOctets": 45_000_000}
PLAN = {
    "design": "step", "metric": {"name": METRIC, "direction": "lower"}, "guards": [{"name": guard.name} for guard in GUARDS],
    "changes": [{"key": "net.ipv4.tcp_rmem", "old": "4096 131072 33554432", "new": "4096 131072 2097152"}],
}
RISING = [1.0 + at / 60 for at in range(168)]


def a_trial(b=1.0, seed=7, pairs=84, load=None, tried=True, harm=None, **changed):
    """A host whose metric is `b` times as much with the candidate; every number follows `load`."""
    source, blocks = random.Random(f"{seed} {b}"), 2 * pairs
    arms = [block.arm for block in schedule(pairs, seed, STEP)]
    load = load or [1.0] * blocks

    def counted(mean, factor=1.0):
        return [
            round(mean * its * (factor if arm == "B" and tried else 1) * source.lognormvariate(0, 0.02)) for arm, its in zip(arms, load)
        ]
    made = {
        "status": "complete", "reason": None, "design": "step", "seed": seed, "pairs": pairs, "block_seconds": 15.0, "washout_seconds": 3.0,
        "blocks": {"pair": list(range(blocks)), "arm": arms, "started": [18.0 * at for at in range(blocks)]}, "absent": [], "gauges": {},
        "began_epoch_seconds": 1_800_000_000.0, "seconds": [15.0] * blocks, "candidate": {"net.ipv4.tcp_rmem": "x"} if tried else {},
        "counters": {METRIC: counted(3000, b), **{name: counted(mean, (harm or {}).get(name, 1.0)) for name, mean in STEADY.items()}},
    }
    return dict(made, **changed)


def judged(trial, controls=None, **options):
    return verdicts({"web": {"trial": trial, "plan": PLAN, "controls": controls or {}}}, **options)["web"]


def test_a_step_that_helps_is_improved():
    found = judged(a_trial(0.5))
    assert found["verdict"] == "improved", found["reason"]
    assert (found["design"], found["pairs"], found["p_value"]) == ("step", 168, 1 / 101)
    assert found["effect"] == pytest.approx(-0.5, abs=0.01) and found["interval"][1] < -0.4
    assert found["before"] == pytest.approx(200, rel=0.02) and found["after"] == pytest.approx(100, rel=0.02)
    assert found["controls"] == {"hosts": [], "left_out": {}}
    json.dumps(found, allow_nan=False)


def test_a_step_that_harms_is_regressed():
    assert judged(a_trial(2.0))["verdict"] == "regressed"


def test_a_step_that_does_nothing_is_not_improved():
    words = [judged(a_trial(seed=seed))["verdict"] for seed in range(40)]
    assert words.count("improved") <= 2 and words.count("unchanged") + words.count("inconclusive") >= 37


def test_a_trend_alone_is_no_improvement():
    falling = [1 / its for its in RISING]
    assert judged(a_trial(load=falling))["verdict"] == "inconclusive"


def test_controls_take_out_what_happened_to_all():
    """The load trebles over the trial: by itself the host seems to be hardly any better, beside others it is."""
    control = a_trial(seed=8, load=RISING, tried=False)
    alone, beside = judged(a_trial(0.6, load=RISING)), judged(a_trial(0.6, load=RISING), {"db": control})
    assert alone["verdict"] == "inconclusive"
    assert beside["verdict"] == "improved" and beside["effect"] == pytest.approx(-0.4, abs=0.02)
    assert beside["controls"]["hosts"] == ["db"] and beside["reason"].endswith("; beside db, which changed nothing")


def test_controls_that_do_not_count_are_named():
    late = a_trial(seed=8, tried=False, began_epoch_seconds=1_800_000_060.0)
    found = judged(a_trial(0.5), {"late": late, "gone": None})
    assert found["controls"] == {"hosts": [], "left_out": {"late": "its blocks began 60 s apart", "gone": "no trial came back"}}
    assert found["reason"].endswith("; not beside late (its blocks began 60 s apart), gone (no trial came back)")


def test_a_guard_that_is_worse_from_the_step_on_takes_the_improvement_away():
    found = judged(a_trial(0.5, harm={"IpExtInOctets": 0.5}))
    assert found["verdict"] == "inconclusive" and re.search(r"received octets -\d+.\d% may be worse", found["reason"])


def test_a_guard_that_nothing_is_counted_for_is_no_doubt():
    trial = a_trial(0.5)
    del trial["counters"]["TcpOutSegs"]
    assert judged(trial)["verdict"] == "improved"


def test_another_demand_from_the_step_on_is_no_comparison():
    found = judged(a_trial(0.5, harm={"TcpPassiveOpens": 0.5}))
    assert found["verdict"] == "inconclusive" and "demand differed" in found["reason"]


@pytest.mark.parametrize("pairs, reason", [(16, "19 possible moments"), (83, "99 possible moments"), (84, "every guard in order")])
def test_the_reason_says_how_many_blocks_a_proof_needs(pairs, reason):
    found = judged(a_trial(0.5, pairs=pairs))
    assert reason in found["reason"]
    assert ("a trial of 168 blocks" in found["reason"]) == (pairs < 84)


def test_a_step_has_one_look_with_all_of_alpha():
    found = judged(a_trial(0.5), extend=True)
    assert found["verdict"] == "improved" and not found["extend"]
    assert not judged(a_trial(0.98), extend=True)["extend"]


def test_hosts_with_moments_of_their_own_prove_what_none_does_alone():
    """Few moments each, many combinations."""
    trials = {f"web{seed}": a_trial(0.6, seed=seed, pairs=16) for seed in range(1, 5)}
    alone = [judged(trial)["verdict"] for trial in trials.values()]
    pooled = pooled_units([{host: {"trial": trial, "plan": PLAN, "controls": {}}} for host, trial in trials.items()])
    assert set(alone) == {"inconclusive"}
    assert pooled["verdict"] == "improved" and pooled["p_value"] <= 19 ** -3 and pooled["hosts"] == list(trials)
    assert pooled["effect"] == pytest.approx(-0.4, abs=0.02)


def test_a_pool_takes_out_what_its_controls_did():
    """The load trebles meanwhile."""
    control = {"db": a_trial(seed=9, pairs=16, load=RISING[::6][:32], tried=False)}
    members = [{f"web{seed}": {"trial": a_trial(0.6, seed=seed, pairs=16, load=RISING[::6][:32]), "plan": PLAN}} for seed in range(1, 5)]
    beside = [{host: dict(its, controls=control) for host, its in unit.items()} for unit in members]
    alone, together = pooled_units(members), pooled_units(beside)
    assert together["verdict"] == "improved" and together["effect"] == pytest.approx(-0.4, abs=0.02)
    assert alone["verdict"] == "inconclusive" and alone["effect"] > -0.2


def test_a_pool_leaves_out_who_ran_another_design():
    pairs = a_trial(0.5, design="pairs", blocks={
        "pair": [at // 2 for at in range(168)], "arm": ["A", "B"] * 84, "started": [18.0 * at for at in range(168)],
    })
    members = [{"web": {"trial": a_trial(0.5), "plan": PLAN}}, {"db": {"trial": pairs, "plan": PLAN}}]
    assert pooled_units(members)["left_out"] == {"db": "the trial was of the design pairs, not step as the first one"}


def test_both_ends_step_together():
    joint = {"hosts": ["db", "web"], "measured_on": ["web"]}
    plan = dict(PLAN, joint=joint)
    found = verdicts({"web": {"trial": a_trial(0.5), "plan": plan}, "db": {"trial": a_trial(), "plan": plan}})
    assert found["web"]["verdict"] == "improved" and found["web"]["p_value"] == 1 / 101


@pytest.mark.parametrize("old, share, word", [(0.4, 0.6, "improved"), (0.99, 0.01, "inconclusive")])
def test_a_step_that_hardly_reached_a_byte_proves_nothing(old, share, word):
    octets = [105_000_000] * 168
    trial = a_trial(0.5, flows={
        "available": True, "reason": None, "columns": {"flows_old_in_bytes": [math.floor(old * count) for count in octets]},
    })
    trial["counters"]["IpExtInOctets"] = octets
    found = verdict(trial, PLAN)
    assert (found["reach"]["share"], found["verdict"]) == (share, word)
    assert f"{100 * share:.0f} % of the bytes" in found["reason"]


@pytest.mark.parametrize("design", ["step", "step_back"])
def test_one_step_has_all_of_alpha_as_it_has_one_look(design):
    """A share of it is less than one of so many moments."""
    trial = a_trial(0.5)
    if design == "step_back":
        trial = dict(
            trial, design=design, blocks={name: column[::-1] for name, column in trial["blocks"].items()},
            counters={name: column[::-1] for name, column in trial["counters"].items()},
        )
    found = verdicts({"web": {"trial": trial, "plan": dict(PLAN, design=design)}}, extend=True)["web"]
    assert (found["verdict"], found["design"], found["extend"]) == ("improved", design, False), found["reason"]
