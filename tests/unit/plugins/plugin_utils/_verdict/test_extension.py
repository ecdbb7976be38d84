"""Two looks at most, by a rule that is fixed beforehand, with one error rate for both."""
import random

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.extension import first_alpha, is_worth_another, second_alpha
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.joint import verdicts
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict

PLAN = {
    "changes": [{"key": "net.ipv4.tcp_wmem", "old": "4096 16384 4194304", "new": "4096 16384 33554432"}],
    "metric": {"name": "octets_out", "direction": "higher"}, "guards": [],
}


def trial(b, seed, pairs=10, spread=0.2, status="complete"):
    """`b` times as many octets with the candidate."""
    source = random.Random(seed)
    arms = [arm for _pair in range(pairs) for arm in source.sample(["A", "B"], 2)]
    return {
        "status": status, "reason": None if status == "complete" else "somebody else", "seed": seed, "pairs": pairs, "absent": [], "gauges": {},
        "block_seconds": 15.0, "washout_seconds": 3.0, "seconds": [15.0] * 2 * pairs, "began_epoch_seconds": 0.0,
        "blocks": {"pair": [index // 2 for index in range(2 * pairs)], "arm": arms, "started": [18.0 * index for index in range(2 * pairs)]},
        "counters": {
            "TcpInSegs": [9_000] * 2 * pairs,
            "IpExtOutOctets": [int(1e8 * (b if arm == "B" else 1) * source.lognormvariate(0, spread)) for arm in arms],
        },
    }


def judged(**host):
    return verdicts({"a": {"plan": PLAN, **host}}, extend=True)["a"]


def test_both_looks_share_alpha():
    assert first_alpha(0.01) + second_alpha(0.01) == pytest.approx(0.01)
    assert 0 < second_alpha(0.01) < first_alpha(0.01)


@pytest.mark.parametrize("word, p_value, effect, oks, another", [
    ("inconclusive", 0.1, 0.2, [True, None], True),
    ("inconclusive", 0.001, 0.2, [None], True),  # a guard in doubt
    ("inconclusive", 0.3, 0.2, [], False),
    ("inconclusive", 0.1, 0.02, [], False),  # not worth it
    ("inconclusive", None, None, [], False),  # no traffic
    ("inconclusive", 0.001, 0.2, [False], False),
    ("improved", 0.001, 0.2, [], False), ("unchanged", 0.1, 0.2, [], False), ("regressed", 0.1, 0.2, [], False),
])
def test_what_is_worth_a_second_look(word, p_value, effect, oks, another):
    guards = [{"ok": ok} for ok in oks]
    assert is_worth_another({"verdict": word, "p_value": p_value, "effect": effect, "guards": guards, "pairs": 16}, 0.01, 0.05) is another


@pytest.mark.parametrize("pairs, another", [(0, False), (4, False), (5, True), (6, True), (7, False)])
def test_too_few_usable_pairs_are_worth_as_many_again_if_that_is_enough(pairs, another):
    """The exact test needs 7 pairs for the first look's share of 1 %, and 9 for the second's."""
    short = {"verdict": "inconclusive", "p_value": None, "effect": None, "guards": [], "pairs": pairs}
    assert is_worth_another(short, 0.01, 0.05) is another


def test_what_the_first_does_not_prove_both_may():
    first, second = trial(1.1, 3, spread=0.15), trial(1.25, 5, spread=0.15)
    once = judged(trial=first)
    assert once["verdict"] == "inconclusive" and once["extend"] is True
    twice = judged(trial=second, first=first)
    assert twice["verdict"] == "improved" and twice["pairs"] == 20 and twice["extend"] is False


def test_the_second_look_has_the_smaller_part():
    first, second = trial(1.1, 3, spread=0.15), trial(1.25, 5, spread=0.15)
    p_value = judged(trial=second, first=first)["p_value"]
    assert p_value <= second_alpha(0.01)
    assert verdicts({"a": {"plan": PLAN, "trial": second, "first": first}}, alpha=p_value * 4)["a"]["verdict"] == "inconclusive"
    assert verdict(second, PLAN, p_value * 4, first=first)["verdict"] == "improved"


def test_a_second_trial_that_gave_up_proves_nothing():
    gave_up = judged(trial=trial(1.2, 5, status="aborted"), first=trial(1.2, 3))
    assert gave_up["verdict"] == "inconclusive" and "somebody else" in gave_up["reason"] and gave_up["extend"] is False


def test_nobody_is_asked_for_more_without_the_wish():
    assert verdicts({"a": {"plan": PLAN, "trial": trial(1.1, 3, spread=0.15)}})["a"]["extend"] is False


def test_both_ends_are_tried_once_more_together():
    plan = dict(PLAN, joint={"hosts": ["a", "b"], "measured_on": ["a"]})
    firsts, seconds = ([trial(1.1, seed, spread=0.15) for _end in "ab"] for seed in (3, 5))
    once = verdicts({end: {"plan": plan, "trial": one} for end, one in zip("ab", firsts)}, extend=True)
    assert once["a"]["extend"] is once["b"]["extend"] is True
    twice = verdicts({end: {"plan": plan, "trial": two, "first": one} for end, one, two in zip("ab", firsts, seconds)}, extend=True)
    assert twice["a"] == twice["b"] and twice["a"]["pairs"] == 20
    missing = verdicts({"a": {"plan": plan, "trial": seconds[0], "first": firsts[0]}, "b": {"plan": plan, "trial": seconds[1]}}, extend=True)
    assert missing["a"]["verdict"] == "inconclusive" and "no such trial" in missing["a"]["reason"]
