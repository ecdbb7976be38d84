"""The sign-flip test against a plain enumeration, and the numbers that are read from it."""
import random
from itertools import product

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.sign_flip import (
    MOST_GROUPS,
    interval,
    least_p,
    least_pairs,
    p_greater,
    smallest_shift,
)


def enumerated(differences):
    """The definition, without halves and without folding."""
    sums = [sum(sign * value for sign, value in zip(signs, differences)) for signs in product((1, -1), repeat=len(differences))]
    return sum(total >= sum(differences) - 1e-9 for total in sums) / len(sums)


def normal(pairs, centre=0.0, seed=1):
    source = random.Random(seed)
    return [source.gauss(centre, 1) for _pair in range(pairs)]


@pytest.mark.parametrize("differences", [
    [1.0] * 7, [-1.0] * 7, [0.0] * 5, [3.0], [1, 2, 3, -4], [0.1, 0.2, 0.3, -0.6], normal(9), normal(11, 0.8), normal(12, -0.5, seed=3),
])
def test_p_is_the_share_of_sign_assignments(differences):
    assert p_greater(differences) == enumerated(differences)


@pytest.mark.parametrize("pairs, groups", [
    (7, 7), (16, 16), (MOST_GROUPS, MOST_GROUPS), (MOST_GROUPS + 1, MOST_GROUPS), (1000, MOST_GROUPS),
])
def test_differences_that_all_agree_have_the_smallest_p(pairs, groups):
    assert p_greater([0.5] * pairs) == 2 ** -groups


def test_pairs_beyond_the_groups_count_too():
    assert p_greater([0.0] * MOST_GROUPS + [1.0] * MOST_GROUPS) == 2 ** -MOST_GROUPS


def test_differences_of_one_coin_flip_together():
    values = [0.1, 0.2, 0.3, -0.6, 0.4, 0.5]
    sums = [0.1 - 0.6, 0.2 + 0.4, 0.3 + 0.5]
    assert p_greater(values, coins=["x", "y", "z", "x", "y", "z"]) == enumerated(sums)
    assert p_greater(values, 0.1, ["x", "y", "z", "x", "y", "z"]) == enumerated([value - 0.2 for value in sums])
    assert p_greater([1.0] * 12, coins=[index % 3 for index in range(12)]) == 2 ** -3


@pytest.mark.parametrize("differences, coins, least", [
    ([1.0, -2.0, 3.0], None, 2 ** -3), ([1.0, 0.0, -3.0], None, 2 ** -2), ([], None, 1), ([1.0, -2.0, 3.0], [1, 1, 2], 2 ** -2),
    ([-1.0] * 50, None, 2 ** -MOST_GROUPS),
])
def test_the_least_p_does_not_depend_on_the_signs(differences, coins, least):
    assert least_p(differences, coins) == least
    assert p_greater([abs(value) for value in differences]) <= least or coins


def test_a_shift_moves_the_question():
    assert p_greater(normal(12, 3), 3) > 0.2
    assert p_greater(normal(12, 3), 1) < 0.01


@pytest.mark.parametrize("pairs", [8, MOST_GROUPS + 6])
def test_p_is_at_most_alpha_as_rarely_as_alpha_says(pairs):
    source = random.Random(pairs)
    trials = [[source.choice((-1, 1)) * source.lognormvariate(0, 2) for _pair in range(pairs)] for _trial in range(600)]  # heavy-tailed
    assert 10 <= sum(p_greater(trial) <= 0.05 for trial in trials) <= 48  # 600 x 5 % = 30


@pytest.mark.parametrize("alpha, pairs", [(0.01, 7), (0.05, 5), (0.001, 10), (0.25, 2)])
def test_the_least_pairs_are_the_first_that_can_reach_alpha(alpha, pairs):
    assert least_pairs(alpha) == pairs
    assert p_greater([1.0] * pairs) <= alpha < p_greater([1.0] * (pairs - 1))


def test_the_interval_is_what_the_test_does_not_reject():
    differences = normal(10, 2)
    low, high = interval(differences, 0.01)
    assert low < sum(differences) / 10 < high
    for edge, mirrored in ((low, 1), (-high, -1)):
        moved = [mirrored * value for value in differences]
        assert p_greater(moved, edge - 1e-6) <= 0.01 < p_greater(moved, edge + 1e-6)


def test_the_interval_knows_the_coins():
    values, coins = normal(10, 2), [index % 2 for index in range(10)]
    low, high = interval(values, 0.3, coins)
    assert p_greater(values, low - 1e-6, coins) <= 0.3 < p_greater(values, low + 1e-6, coins)
    assert (low, high) != interval(values, 0.3)


def test_the_interval_of_equal_differences_is_a_point():
    assert interval([0.25] * 8, 0.01) == pytest.approx((0.25, 0.25), abs=1e-6)


@pytest.mark.parametrize("alpha, pairs", [
    (0.01, 7), (0.01, 8), (0.01, 9), (0.01, 12), (0.01, 16), (0.05, 5), (0.05, 8), (0.001, 10), (0.001, 12),
])
def test_the_smallest_shift_is_proven_in_four_trials_of_five(alpha, pairs):
    """By fresh trials, since the spread it was computed from is chance too."""
    proven = 0
    for seed in range(1000):
        shift = smallest_shift(normal(pairs, seed=seed), alpha)
        proven += p_greater(normal(pairs, shift, seed=5000 + seed)) <= alpha
    assert 0.75 < proven / 1000 < 0.88


@pytest.mark.parametrize("pairs", [30, 60])
def test_the_smallest_shift_knows_the_groups(pairs):
    shifts = [(smallest_shift(normal(pairs, seed=seed), 0.01), seed) for seed in range(120)]
    proven = sum(p_greater(normal(pairs, shift, seed=5000 + seed)) <= 0.01 for shift, seed in shifts)
    assert 0.72 < proven / 120 < 0.97


def test_the_smallest_shift_is_above_the_least_that_counts():
    narrow = [0.01, -0.01] * 10
    assert smallest_shift(narrow, 0.01) < 0.1 < smallest_shift(narrow, 0.01, least=0.1) < 0.11


def test_hosts_in_lockstep_see_no_more_than_their_coins():
    alone = normal(12)
    copies, coins = alone * 3, list(range(12)) * 3
    assert smallest_shift(copies, 0.01, coins) == pytest.approx(smallest_shift(alone, 0.01))
    assert smallest_shift(copies, 0.01) < smallest_shift(alone, 0.01)
