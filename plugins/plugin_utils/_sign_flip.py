# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sign-flip test on paired differences. Pure.

If the two arms of a pair do not differ, the order of its blocks was random and so the sign of its
difference is: every assignment of signs is equally likely. p is the share of assignments whose sum is
at least as large as the observed one. Nothing is assumed about the shape of the distribution, nor that
one pair is independent of the next.
"""
from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from statistics import NormalDist, stdev

# All 2^20 assignments, as 2^10 sums of either half. More pairs are folded into 20 groups that flip together: that
# costs a little power, but the test stays exact, and the same answer comes out every time.
MOST_GROUPS = 20
# Assignments that tie with the observed one must count, whatever the order of the additions made of the last digits.
_ROUNDING = 1e-12
_BISECTIONS = 24
_POWER = 0.9


def p_greater(differences: Sequence[float], shift: float = 0.0) -> float:
    """One-sided p that the differences are centred above `shift`, exact."""
    moved = _folded([difference - shift for difference in differences])
    observed = sum(moved) - _ROUNDING * (1 + sum(map(abs, moved)))
    middle = len(moved) // 2
    left, right = _sums(moved[:middle]), sorted(_sums(moved[middle:]))
    # For each sum of the left half, how many of the right half bring it to the observed one.
    extreme = sum(len(right) - bisect_left(right, observed - total) for total in left)
    return extreme / 2 ** len(moved)


def _folded(values: Sequence[float]) -> list[float]:
    return [sum(values[start::MOST_GROUPS]) for start in range(min(len(values), MOST_GROUPS))]


def _sums(values: Sequence[float]) -> list[float]:
    """The sums of all assignments of signs."""
    sums = [0.0]
    for value in values:
        sums = [total + value for total in sums] + [total - value for total in sums]
    return sums


def least_pairs(alpha: float) -> int:
    """How many pairs an exact test needs before its smallest p, 2^-n, is at most alpha."""
    return math.ceil(-math.log2(alpha))


def interval(differences: Sequence[float], alpha: float) -> tuple[float, float]:
    """Shifts that the test does not reject on either side at alpha: a confidence interval of 1 - 2 alpha."""
    return _edge(differences, alpha), -_edge([-value for value in differences], alpha)


def _edge(differences: Sequence[float], alpha: float) -> float:
    """The largest shift that the differences are proven to be above, by bisection: p grows with the shift."""
    reach = 2 * max(map(abs, differences)) + 1e-9
    low, high = -reach, reach
    for _step in range(_BISECTIONS):
        middle = (low + high) / 2
        if p_greater(differences, middle) <= alpha:
            low = middle
        else:
            high = middle
    return low


def smallest_shift(differences: Sequence[float], alpha: float) -> float:
    """The shift that as many differences with this spread would usually prove at alpha.

    As for a t test: its quantile, by the first term of its expansion around the normal one, and the normal quantile of the power.
    Simulated with normal differences, the sign-flip test finds it in 83 to 87 % of trials from 12 pairs on, in 64 to 70 % with 7 or 8.
    """
    pairs = len(differences)
    normal = NormalDist().inv_cdf(1 - alpha)
    student = normal * (1 + (normal ** 2 + 1) / (4 * (pairs - 1)))
    return (student + NormalDist().inv_cdf(_POWER)) * stdev(differences) / math.sqrt(pairs)
