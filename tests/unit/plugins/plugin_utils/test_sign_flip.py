"""The sign-flip test against a plain enumeration, and the numbers that are read from it."""
import random
from itertools import product

import pytest

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._sign_flip import (
    MOST_GROUPS,
    interval,
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


def test_the_interval_of_equal_differences_is_a_point():
    assert interval([0.25] * 8, 0.01) == pytest.approx((0.25, 0.25), abs=1e-6)


@pytest.mark.parametrize("pairs, least, most", [(7, 0.55, 0.80), (12, 0.75, 0.92), (20, 0.78, 0.95)])
def test_the_smallest_shift_is_usually_proven(pairs, least, most):
    shift = sorted(smallest_shift(normal(pairs, seed=seed), 0.01) for seed in range(300))[150]
    proven = sum(p_greater(normal(pairs, shift, seed=1000 + seed)) <= 0.01 for seed in range(300)) / 300
    assert least < proven < most
