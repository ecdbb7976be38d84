# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The randomisation test of a step at a random moment (Edgington 1975; Bulte and Onghena 2008). Pure.

One host is switched once, before a block that was drawn uniformly from some. If the switch does nothing, every block would have been what it was
at whichever moment it came: the observed moment is then one of equally likely ones. The statistic of a moment is the mean of the blocks from it on
minus that of the blocks before, over what the standard error of that would be with blocks of one spread: else a moment near either end would win
by its few blocks. p is the share of moments whose statistic is at least that of the one drawn. A trend, and neighbours that resemble each other,
are part of what is given.

Several hosts with moments of their own add their statistics: every combination of moments is equally likely. Hosts that one draw switched (they
ran one seed) are switched together in every combination.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean
from typing import NamedTuple

# Statistics are rounded to so many cells of all that they span. The rounded statistic is a statistic too, so the test stays exact, and
# combinations that tie do so whatever was added up in which order.
CELLS = 2048
_BISECTIONS = 24
_DOUBLINGS = 24
# What smallest_shift plans for: the share of moments at which such a step would be proven.
_POWER = 0.8

Values = Sequence["float | None"]  # of the blocks, None where one is not known


class Series(NamedTuple):
    """One host's blocks; `before[m]` is how many of them are known before block m, `sums[m]` their sum."""

    before: list[int]
    sums: list[float]

    def splits(self, moment: int) -> bool:
        return 0 < self.before[moment] < self.before[-1]

    def difference(self, moment: int) -> float:
        """Mean from this block on, minus the mean before it."""
        before, known = self.before[moment], self.before[-1]
        return (self.sums[-1] - self.sums[moment]) / (known - before) - self.sums[moment] / before

    def weight(self, moment: int) -> float:
        """One over the standard error of the difference."""
        before, known = self.before[moment], self.before[-1]
        return math.sqrt(before * (known - before) / known)

    def of_step(self, step: int, moment: int) -> float:
        """The difference at `moment` that a step by 1 at `step` makes: 1 there, less elsewhere."""
        at, there, known = self.before[step], self.before[moment], self.before[-1]
        return at / there if there >= at else (known - at) / (known - there)


class Draw:
    """What one draw decided: the possible moments, which of them it is, and the blocks of the hosts that were switched there."""

    def __init__(self, moments: Sequence[int], at: int, hosts: Sequence[Series]) -> None:
        self.moments, self.at, self.hosts = moments, at, hosts
        self.statistics = self._of([[host.difference(moment) for moment in moments] for host in hosts])
        self._own_step = self.of_step(at)

    def of_step(self, at: int) -> list[float]:
        """What a step by 1 of every host at one of the moments adds to the statistics."""
        return self._of([[host.of_step(self.moments[at], moment) for moment in self.moments] for host in self.hosts])

    def _of(self, differences: Sequence[Sequence[float]]) -> list[float]:
        """Statistics of one list of differences for each host."""
        weighed = [[value * host.weight(moment) for value, moment in zip(row, self.moments)] for row, host in zip(differences, self.hosts)]
        return [sum(cells) for cells in zip(*weighed)]

    def estimates(self) -> list[float]:
        return [host.difference(self.moments[self.at]) for host in self.hosts]

    def shifted(self, shift: float) -> list[float]:
        """The statistics without a step by `shift` at the moment drawn."""
        return [value - shift * part for value, part in zip(self.statistics, self._own_step)]


def series(values: Values) -> Series:
    before, sums = [0], [0.0]
    for value in values:
        before.append(before[-1] + (value is not None))
        sums.append(sums[-1] + (value or 0.0))
    return Series(before, sums)


def draw(moments: Sequence[int], drawn: int, hosts: Sequence[Series]) -> Draw | None:
    """Without the moments that leave a host no known block on one side; None when the one drawn is such. No draw has a say in which these are."""
    possible = [moment for moment in moments if all(host.splits(moment) for host in hosts)]
    return Draw(possible, possible.index(drawn), hosts) if drawn in possible else None


def estimate(draws: Sequence[Draw]) -> float:
    """The mean difference of all hosts."""
    return fmean(value for one in draws for value in one.estimates())


def p_greater(draws: Sequence[Draw], shift: float = 0.0, sign: int = 1) -> float:
    """One-sided p that the hosts stepped by more than `shift` (with `sign` -1: by less), exact.

    Each draw is a polynomial with one term for each moment, whose exponent is the rounded statistic; their product counts the combinations by the
    sum. Coefficients are digits of one whole number, so the product is a multiplication, and the sum of digits a remainder.
    """
    moved = [[sign * value for value in one.shifted(shift)] for one in draws]
    cell = sum(max(values) - min(values) for values in moved) / CELLS
    total = math.prod(map(len, moved))
    if not cell:
        return 1.0
    bits, observed, product = total.bit_length() + 1, 0, 1
    for one, values in zip(draws, moved):
        places = [round((value - min(values)) / cell) for value in values]
        product *= sum(1 << bits * place for place in places)
        observed += places[one.at]
    return ((product >> bits * observed) % ((1 << bits) - 1)) / total


def least_p(draws: Sequence[Draw]) -> float:
    """The p of the most extreme combination. It does not depend on which was drawn."""
    return math.prod(1 / len(one.moments) for one in draws)


def interval(draws: Sequence[Draw], alpha: float) -> tuple[float, float] | None:
    """Steps that the test does not reject on either side at alpha; None when so few moments reject nothing."""
    if least_p(draws) > alpha:
        return None
    low, high = _edge(draws, alpha, 1), _edge(draws, alpha, -1)
    return None if low is None or high is None else (low, high)


def _edge(draws: Sequence[Draw], alpha: float, sign: int) -> float | None:
    """The step farthest to one side that is proven to be exceeded, by bisection: p grows towards the estimate."""
    middle = estimate(draws)
    reach = max(abs(value) for one in draws for value in one.estimates()) + 1e-9
    for _doubling in range(_DOUBLINGS):
        if p_greater(draws, middle - sign * reach, sign) <= alpha:
            break
        reach *= 2
    else:
        return None
    near, far = 0.0, reach
    for _step in range(_BISECTIONS):
        half = (near + far) / 2
        near, far = (near, half) if p_greater(draws, middle - sign * half, sign) <= alpha else (half, far)
    return middle - sign * far


def smallest_shift(draws: Sequence[Draw], alpha: float, least: float = 0.0, sign: int = 1) -> float:
    """The step upwards (downwards with `sign` -1) that four moments in five of each draw prove at alpha and estimate above `least`, on such blocks.

    Of several draws each is asked by itself, and the answers are added up as standard deviations are.
    """
    middle, hosts = estimate(draws), sum(len(one.hosts) for one in draws)
    found = [_proven(one, middle, alpha, sign) for one in draws]
    proven, error = (math.sqrt(math.fsum(part * part for part in parts)) / hosts for parts in zip(*found))
    return max(proven, least + NormalDist().inv_cdf(_POWER) * error)


def _proven(one: Draw, shift: float, alpha: float, sign: int) -> tuple[float, float]:
    """For one draw, on its blocks without a step by `shift`: the step of all its hosts together, and the standard error of that."""
    noise = [sign * value for value in one.shifted(shift)]
    allowed, needed = max(1, math.floor(alpha * len(noise))), []
    for at, value in enumerate(noise):
        parts = one.of_step(at)
        rivals = sorted((other - value) / (parts[at] - part) for other, part in zip(noise, parts) if part < parts[at])
        needed.append(max(0.0, rivals[-min(allowed, len(rivals))]) if rivals else 0.0)
    spread = math.sqrt(fmean(value * value for value in noise)) / one.hosts[0].weight(one.moments[one.at])
    return len(one.hosts) * sorted(needed)[math.ceil(_POWER * len(needed)) - 1], spread
