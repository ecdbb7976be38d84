# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sign-flip test on paired differences. Pure.

If the two arms of a pair do not differ, the order of its blocks was random and so the sign of its
difference is: every assignment of signs is equally likely. p is the share of assignments whose sum is
at least as large as the observed one. Nothing is assumed about the shape of the distribution, nor that
one pair is independent of the next.

Differences whose order one coin decided (hosts in lockstep) name the same coin and flip together.
"""
from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Hashable, Sequence
from statistics import NormalDist, fmean, stdev

# All 2^20 assignments, as 2^10 sums of either half. More pairs are folded into 20 groups that flip together: that
# costs a little power, but the test stays exact, and the same answer comes out every time.
MOST_GROUPS = 20
# Assignments that tie with the observed one must count, whatever the order of the additions made of the last digits.
_ROUNDING = 1e-12
_BISECTIONS = 24
# What smallest_shift plans for. The spread is itself estimated, from a handful of pairs: of the trials promised 9 in 10, some 8 keep it.
_POWER = 0.9

Coins = Sequence[Hashable]


def p_greater(differences: Sequence[float], shift: float = 0.0, coins: Coins | None = None) -> float:
    """One-sided p that the differences are centred above `shift`, exact."""
    moved = _folded([difference - shift for difference in differences], coins)
    observed = sum(moved) - _ROUNDING * (1 + sum(map(abs, moved)))
    middle = len(moved) // 2
    left, right = _sums(moved[:middle]), sorted(_sums(moved[middle:]))
    # For each sum of the left half, how many of the right half bring it to the observed one.
    extreme = sum(len(right) - bisect_left(right, observed - total) for total in left)
    return extreme / 2 ** len(moved)


def least_p(differences: Sequence[float], coins: Coins | None = None) -> float:
    """The p if all of these differences pointed the same way. It does not depend on how the coins fell."""
    return 0.5 ** sum(value != 0 for value in _folded(differences, coins))


def _folded(values: Sequence[float], coins: Coins | None) -> list[float]:
    sums = [sum(group) for group in _by_coin(values, coins)]
    return [sum(sums[start::MOST_GROUPS]) for start in range(min(len(sums), MOST_GROUPS))]


def _by_coin(values: Sequence[float], coins: Coins | None) -> list[list[float]]:
    groups: dict[Hashable, list[float]] = {}
    for coin, value in zip(range(len(values)) if coins is None else coins, values):
        groups.setdefault(coin, []).append(value)
    return list(groups.values())


def _sums(values: Sequence[float]) -> list[float]:
    """The sums of all assignments of signs."""
    sums = [0.0]
    for value in values:
        sums = [total + value for total in sums] + [total - value for total in sums]
    return sums


def least_pairs(alpha: float) -> int:
    """How many pairs an exact test needs before its smallest p, 2^-n, is at most alpha."""
    return math.ceil(-math.log2(alpha))


def interval(differences: Sequence[float], alpha: float, coins: Coins | None = None) -> tuple[float, float]:
    """Shifts that the test does not reject on either side at alpha: a confidence interval of 1 - 2 alpha."""
    return _edge(differences, alpha, coins), -_edge([-value for value in differences], alpha, coins)


def _edge(differences: Sequence[float], alpha: float, coins: Coins | None) -> float:
    """The largest shift that the differences are proven to be above, by bisection: p grows with the shift."""
    reach = 2 * max(map(abs, differences)) + 1e-9
    low, high = -reach, reach
    for _step in range(_BISECTIONS):
        middle = (low + high) / 2
        if p_greater(differences, middle, coins) <= alpha:
            low = middle
        else:
            high = middle
    return low


def smallest_shift(differences: Sequence[float], alpha: float, coins: Coins | None = None, least: float = 0.0) -> float:
    """The shift that as many differences with this spread prove at alpha in about four trials of five, and estimate above `least`.

    As for a t test: its quantile, by the first terms of its expansion around the normal one, and the normal quantile of the power.
    What a sign-flip test lacks to a t test is that few assignments exist: it can spend only a whole number of them, and when that
    is one, every single difference has to agree. Simulated with normal differences, the shift is proven in 77 to 90 % of trials.
    """
    means = [fmean(group) for group in _by_coin(differences, coins)]
    groups = min(len(means), MOST_GROUPS)
    allowed = max(1, math.floor(alpha * 2 ** groups))
    normal, freedom = NormalDist().inv_cdf(1 - allowed / 2 ** groups), groups - 1
    student = normal + (normal ** 3 + normal) / (4 * freedom) + (5 * normal ** 5 + 16 * normal ** 3 + 3 * normal) / (96 * freedom ** 2)
    power, error = NormalDist().inv_cdf(_POWER), stdev(means) / math.sqrt(len(means))
    return max((student + power) * (1 + 0.25 / allowed) * error, least + power * error)
