# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the error rate of a verdict is shared among its tests. Pure.

`improved` is one test at alpha, so it needs no share: the guards can only take the word away.

`regressed` has many ways to be wrong, the metric and every guard that moved, and all together may be wrong in alpha of the trials
that have no effect. By Bonferroni's inequality that holds, however the tests depend on each other, when their levels add up to
alpha. The guards get half of it, the metric three tenths, and the rest is kept in reserve: to miss a regression costs nothing, the
originals are back by then. A guard that so few pairs cannot blame at its level leaves its share to the metric; when none is left,
the metric has all of alpha. That is allowed because which guards moved, and the smallest p each could reach, do not depend on how
the coins fell.

A doubt cannot make a wrong claim, but it takes a good change away. All guards together may do so in DOUBTS x alpha of the trials
without harm. With few pairs that is less than an exact test can reach; then a guard that is worse in every single pair is in doubt.

Finding that the arms had different demand only takes a verdict away too: two kinds of demand, each more or less, share alpha.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

GUARDS_SHARE = 0.5
RESERVE = 0.2
DOUBTS = 3
DEMAND_TESTS = 4


class Levels(NamedTuple):
    """The p at which the metric is proven worse, a guard is proven worse, and a guard is in doubt."""

    metric: float
    blame: float
    doubt: float

    def doubt_of(self, least: float, alpha: float) -> float:
        """For a guard whose smallest possible p is `least`."""
        return _within_reach(self.doubt, least, alpha)


def levels(alpha: float, least: Sequence[float]) -> Levels:
    """`least` holds the smallest possible p of each guard that moved."""
    moved = max(1, len(least))
    blame = GUARDS_SHARE * alpha / moved
    able = sum(p_value <= blame for p_value in least)
    metric = (1 - RESERVE) * alpha - able * blame if able else alpha
    return Levels(metric, blame, min(alpha, DOUBTS * alpha / moved))


def demand_level(alpha: float, least: float) -> float:
    """The p at which one kind of demand differs in one direction, when its smallest possible p is `least`."""
    return _within_reach(alpha / DEMAND_TESTS, least, alpha)


def _within_reach(level: float, least: float, alpha: float) -> float:
    return min(alpha, max(level, least))
