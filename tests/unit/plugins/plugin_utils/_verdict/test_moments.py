"""The test of a step at a random moment: exact, whatever the blocks are like."""
import itertools
import math
import random

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import step_moments
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict import moments

BLOCKS = 20
POSSIBLE = step_moments(BLOCKS)


def noise(seed, blocks=BLOCKS, trend=0.0):
    source = random.Random(seed)
    return [source.gauss(0, 1) + trend * at for at in range(blocks)]


def stepped(values, at, size):
    return [None if value is None else value + size * (block >= at) for block, value in enumerate(values)]


def one(values, at, possible=POSSIBLE):
    return moments.draw(possible, at, [moments.series(values)])


def statistic(values, at):
    """By its definition: the difference of the means, over its standard error with blocks of spread 1."""
    sides = [[value for value in side if value is not None] for side in (values[:at], values[at:])]
    before, after = (sum(side) / len(side) for side in sides)
    return (after - before) / math.sqrt(sum(1 / len(side) for side in sides))


def by_enumeration(hosts):
    """[(values, at)]: the share of all combinations of moments whose sum is at least the observed one."""
    observed = sum(statistic(values, at) for values, at in hosts)
    sums = [
        sum(statistic(values, at) for (values, _at), at in zip(hosts, combination))
        for combination in itertools.product(POSSIBLE, repeat=len(hosts))
    ]
    return sum(value >= observed - 1e-9 for value in sums) / len(sums)


@pytest.mark.parametrize("hosts", [1, 2, 3])
@pytest.mark.parametrize("seed", range(8))
def test_p_is_the_share_of_combinations(hosts, seed):
    made = [(stepped(noise((seed * 9) + host), at, 0.8), at) for host, at in zip(range(hosts), random.Random(seed).choices(POSSIBLE, k=hosts))]
    draws = [one(values, at) for values, at in made]
    mirrored = [([-value for value in values], at) for values, at in made]
    # Rounding lets neighbours of the observed sum tie with it: as many as lie in a cell or two of 2048.
    for sign, given in ((1, made), (-1, mirrored)):
        assert moments.p_greater(draws, sign=sign) == pytest.approx(by_enumeration(given), abs=0 if hosts == 1 else 0.008)


@pytest.mark.parametrize("trend", [0.0, 0.3])
def test_each_p_is_as_frequent_as_it_says_over_the_moments(trend):
    """The blocks are given, only the moment is random: over all moments p is uniform, trend or not."""
    values = noise(3, trend=trend)
    found = sorted(moments.p_greater([one(values, at)]) for at in POSSIBLE)
    assert found == pytest.approx([(rank + 1) / len(POSSIBLE) for rank in range(len(POSSIBLE))])


def test_over_all_combinations_of_two_hosts_no_p_is_too_frequent():
    first, second = noise(1), noise(2, trend=0.2)
    found = [moments.p_greater([one(first, at), one(second, other)]) for at in POSSIBLE for other in POSSIBLE]
    assert all(sum(p_value <= level for p_value in found) <= level * len(found) for level in (0.01, 0.05, 0.2, 0.5))


def test_hosts_of_one_draw_are_switched_together():
    values, other = noise(1), noise(2)
    both = moments.draw(POSSIBLE, 7, [moments.series(values), moments.series(other)])
    sums = [statistic(values, at) + statistic(other, at) for at in POSSIBLE]
    assert moments.p_greater([both]) == sum(value >= sums[POSSIBLE.index(7)] for value in sums) / len(sums)
    assert moments.least_p([both]) == 1 / len(POSSIBLE)


def test_the_estimate_is_the_difference_of_the_means():
    assert moments.estimate([one(stepped([1.0] * BLOCKS, 6, 0.5), 6)]) == pytest.approx(0.5)
    two = [one(stepped([1.0] * BLOCKS, at, size), at) for at, size in ((6, 0.5), (9, 0.1))]
    assert moments.estimate(two) == pytest.approx(0.3)


def test_an_unknown_block_takes_no_other_along():
    values = stepped(noise(5), 8, 2.0)
    known = [None if at in (2, 15) else value for at, value in enumerate(values)]
    assert moments.estimate([one(known, 8)]) == pytest.approx(
        sum(value for value in known[8:] if value is not None) / 11 - sum(value for value in known[:8] if value is not None) / 7,
    )
    assert moments.p_greater([one(known, 8)]) == by_enumeration([(known, 8)])


def test_a_moment_with_nothing_known_on_one_side_is_none():
    values = [None] * 6 + noise(1)[6:]
    assert one(values, 5) is None
    assert one(values, 8).moments == [7, 8, 9, 10, 11, 12, 13, 14, 15, 16]


@pytest.mark.parametrize("values", [[0.0] * BLOCKS, [3.25] * BLOCKS])
def test_blocks_that_never_differ_prove_nothing(values):
    assert moments.p_greater([one(values, 6)]) == 1.0 == moments.p_greater([one(values, 6)], sign=-1)


def test_so_few_moments_bound_no_interval():
    draws = [one(noise(1), 8)]
    assert moments.interval(draws, 0.01) is None
    low, high = moments.interval(draws, 0.2)
    assert low < moments.estimate(draws) < high


@pytest.mark.parametrize("hosts", [1, 3])
def test_the_interval_holds_what_is_not_rejected(hosts):
    draws = [one(stepped(noise(host), 8 + host, 1.0), 8 + host) for host in range(hosts)]
    low, high = moments.interval(draws, 0.1)
    for edge, sign in ((low, 1), (high, -1)):
        assert moments.p_greater(draws, edge - sign * 0.02, sign) <= 0.1 < moments.p_greater(draws, edge + sign * 0.02, sign)


def test_the_interval_moves_along_with_the_step():
    found = [moments.interval([one(stepped(noise(4), 9, size), 9)], 0.1) for size in (0.0, 1.0)]
    assert found[1] == pytest.approx([edge + 1.0 for edge in found[0]], abs=0.01)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_smallest_step_is_proven_at_four_moments_in_five(sign):
    blocks, alpha = 60, 0.05
    possible, values = step_moments(blocks), noise(11, blocks)
    size = moments.smallest_shift([one(values, 30, possible)], alpha, sign=sign)
    proven = [moments.p_greater([one(stepped(values, at, sign * size), at, possible)], sign=sign) <= alpha for at in possible]
    assert 0.7 <= sum(proven) / len(proven) <= 0.9


def test_more_hosts_see_a_smaller_step():
    alone, four = ([one(noise(host), 6 + host) for host in range(hosts)] for hosts in (1, 4))
    assert moments.smallest_shift(four, 0.1) < moments.smallest_shift(alone, 0.1)


def test_many_hosts_are_no_trouble():
    draws = [one(stepped(noise(host, 168), 40 + host, 0.1), 40 + host, step_moments(168)) for host in range(12)]
    assert 0 < moments.p_greater(draws) < 0.5
