# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sign-flip test on paired differences. Pure.

If the two arms of a pair do not differ, the order of its blocks was random and so the sign of its
difference is: every assignment of signs is equally likely. p is the share of assignments whose sum is
at least as large as the observed one. Nothing is assumed about the shape of the distribution.
"""
from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import product

# 2^16 sums for each half: exact within a tenth of a second.
MOST_PAIRS = 32
_ROUNDING = 1e-12


def p_greater(differences: Sequence[float], shift: float = 0.0) -> float:
    """One-sided p that the differences are centred above `shift`, exact."""
    moved = _grouped([difference - shift for difference in differences])
    observed = math.fsum(moved) - _ROUNDING * (1 + math.fsum(map(abs, moved)))
    middle = len(moved) // 2
    left, right = _sums(moved[:middle]), sorted(_sums(moved[middle:]))
    # For each sum of the left half, how many of the right half reach the observed one.
    extreme = sum(len(right) - bisect_left(right, observed - total) for total in left)
    return extreme / 2 ** len(moved)


def _grouped(values: Sequence[float]) -> list[float]:
    """At most MOST_PAIRS values: neighbours beyond that flip together, which costs power but keeps the test exact."""
    size = math.ceil(len(values) / MOST_PAIRS) or 1
    return [math.fsum(values[start:start + size]) for start in range(0, len(values), size)]


def _sums(values: Sequence[float]) -> list[float]:
    """The sums of all assignments of signs."""
    return [math.fsum(sign * value for sign, value in zip(signs, values)) for signs in product((1, -1), repeat=len(values))]


def least_pairs(alpha: float) -> int:
    """How many pairs an exact test needs before its smallest p, 2^-n, is at most alpha."""
    return math.ceil(-math.log2(alpha))


def interval(differences: Sequence[float], alpha: float) -> tuple[float, float]:
    """Shifts that the test does not reject on either side at alpha: a confidence interval of 1 - 2 alpha."""
    spread = max(map(abs, differences)) + 1e-9
    return (_edge(differences, alpha, -2 * spread, 2 * spread), -_edge([-value for value in differences], alpha, -2 * spread, 2 * spread))


def _edge(differences: Sequence[float], alpha: float, low: float, high: float) -> float:
    """The largest shift that is still rejected from above, by bisection: p grows with the shift."""
    for _step in range(24):
        middle = (low + high) / 2
        if p_greater(differences, middle) <= alpha:
            low = middle
        else:
            high = middle
    return low
