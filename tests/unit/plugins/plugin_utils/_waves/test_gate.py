"""Whether the waves go on."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.gate import Tally, chance_of, gate


def pool(word):
    return {"verdict": word, "reason": f"the pool {word}"}


@pytest.mark.parametrize("pooled, tried, failed, now, on_inconclusive, expected", [
    ("improved", 1, 0, 0, "end", ("go_on", False, "the pool improved")),
    ("improved", 5, 0, 0, "go_on", ("go_on", False, "the pool improved")),
    ("regressed", 5, 0, 0, "go_on", ("end", True, "the pool regressed")),
    ("unchanged", 5, 0, 0, "go_on", ("go_on", False, "the pool unchanged")),
    ("unchanged", 5, 0, 0, "end", ("end", False, "the pool unchanged")),
    ("inconclusive", 5, 0, 0, "end", ("end", False, "the pool inconclusive")),
    # One canary that fails is 1 % by chance, one of five is 5 %, two of five are 0.1 %.
    (None, 1, 1, 1, "go_on", ("end", True, "1 of 1 regressed or failed, more than chance allows")),
    ("improved", 5, 1, 1, "go_on", ("go_on", False, "the pool improved")),
    ("improved", 5, 2, 1, "go_on", ("end", True, "2 of 5 regressed or failed, more than chance allows")),
    ("improved", 15, 2, 2, "go_on", ("end", True, "2 of 15 regressed or failed, more than chance allows")),
    ("improved", 16, 2, 2, "go_on", ("go_on", False, "the pool improved")),
    # What failed in earlier waves was judged there.
    ("improved", 5, 2, 0, "go_on", ("go_on", False, "the pool improved")),
    (None, 0, 0, 0, "end", ("go_on", False, "nobody in this wave could try it")),
])
def test_decisions(pooled, tried, failed, now, on_inconclusive, expected):
    assert gate(Tally(pool(pooled) if pooled else None, tried, failed, now), 0.01, on_inconclusive) == expected


@pytest.mark.parametrize("failed, tried, rate, chance", [(0, 5, 0.01, 1.0), (1, 1, 0.01, 0.01), (1, 2, 0.1, 0.19), (2, 2, 0.1, 0.01), (1, 5, 0.01, 0.0490)])
def test_the_upper_tail_of_the_binomial_distribution(failed, tried, rate, chance):
    assert chance_of(failed, tried, rate) == pytest.approx(chance, abs=1e-4)


def test_a_smaller_alpha_takes_more_failures():
    assert gate(Tally(pool("improved"), 100, 4, 4), 0.01).decision == "go_on"
    assert gate(Tally(pool("improved"), 100, 4, 4), 0.001).decision == "end"
