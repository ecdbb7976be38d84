# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of trials in pairs: what each arm counted, and how much more one did than the other. Pure. A `Comparison`, see comparison.py."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import Column, exposure_of, log_rate, ratio, summed
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict import sign_flip


class Arms(NamedTuple):
    """One number per pair for A and for B: events, and the seconds (or whatever they are counted per).

    The coin decided the order of the pair: the trial's seed and the pair's number name it, for every host that used this seed.
    """

    a_events: list[float]
    b_events: list[float]
    a_exposure: list[float]
    b_exposure: list[float]
    coins: list[tuple[Any, int]]

    def rates(self) -> tuple[float, float]:
        return ratio(sum(self.a_events), sum(self.a_exposure)), ratio(sum(self.b_events), sum(self.b_exposure))

    def rate_of_both(self) -> float:
        return ratio(sum(self.a_events) + sum(self.b_events), sum(self.a_exposure) + sum(self.b_exposure))

    def events_after(self) -> float:
        return sum(self.b_events)

    def moved(self) -> bool:
        return any(self.a_events) or any(self.b_events)

    def log_ratios(self) -> list[float]:
        """Logarithm of B's rate over A's, pair by pair.

        The variance of a busy counter grows with the square of its mean, and the logarithm takes that out: halving and doubling weigh
        the same, and one huge burst (TCPRcvCollapsed comes in thousands) weighs as one block, not as its events.
        """
        return [
            log_rate(b, b_exposure) - log_rate(a, a_exposure)
            for a, b, a_exposure, b_exposure, _coin in zip(*self) if a_exposure > 0 and b_exposure > 0
        ]

    def coins_compared(self) -> list[tuple[Any, int]]:
        """The coin of each of log_ratios()."""
        return [coin for _a, _b, a_exposure, b_exposure, coin in zip(*self) if a_exposure > 0 and b_exposure > 0]

    def compared(self) -> int:
        return len(self.log_ratios())

    def why_too_few(self, alpha: float) -> str | None:
        usable, needed = len(set(self.coins)), sign_flip.least_pairs(alpha)
        return f"{usable} usable pairs of blocks; an exact test at {alpha:g} needs at least {needed}" if usable < needed else None

    def left_out(self, trials: Sequence[Mapping[str, Any]]) -> str | None:
        pairs = sum(trial["pairs"] for trial in trials)
        missing = pairs - self.compared()
        return f"{missing} of {pairs} pairs left out: the metric is not known in one of their blocks" if missing else None

    def estimate(self) -> float:
        return fmean(self.log_ratios() or [0.0])

    def p_greater(self, sign: int) -> float:
        return sign_flip.p_greater([sign * difference for difference in self.log_ratios()], coins=self.coins_compared())

    def least_p(self) -> float:
        return sign_flip.least_p(self.log_ratios(), self.coins_compared())

    def interval(self, alpha: float) -> tuple[float, float] | None:
        return sign_flip.interval(self.log_ratios(), alpha, self.coins_compared())

    def smallest_shift(self, alpha: float, least: float, sign: int) -> float | None:
        return sign_flip.smallest_shift(self.log_ratios(), alpha, self.coins_compared(), least)


def paired(trial: Mapping[str, Any], counters: Sequence[str], per: Sequence[str] = ()) -> Arms | None:
    """Events of each complete pair, by arm; None when the kernel has no such counter. An unknown block takes its pair with it."""
    return _by_arm(trial, summed(trial, counters), exposure_of(trial, counters, per))


def paired_gauge(trial: Mapping[str, Any], gauge: str) -> Arms | None:
    """What a gauge stood at when each block ended; None when it never moved, which is no difference."""
    column = trial.get("gauges", {}).get(gauge)
    return _by_arm(trial, column, [1.0] * len(column or ()))


def together(found: Iterable[Arms | None]) -> Arms | None:
    """The pairs of several hosts, those left out whose kernel has no such counter; None when none has it."""
    hosts = [arms for arms in found if arms is not None]
    return Arms(*([cell for column in columns for cell in column] for columns in zip(*hosts))) if hosts else None


def _by_arm(trial: Mapping[str, Any], events: Column | None, exposure: Sequence[float | None] | None) -> Arms | None:
    if events is None or exposure is None:
        return None
    blocks = zip(trial["blocks"]["pair"], trial["blocks"]["arm"], events, exposure)
    cells: dict[tuple[int, str], list[Any]] = {(pair, arm): cell for pair, arm, *cell in blocks}
    numbers = sorted(pair for pair, arm in cells if arm == "A" and (pair, "B") in cells)
    known = [
        ((trial.get("seed"), pair), cells[pair, "A"], cells[pair, "B"])
        for pair in numbers if None not in (*cells[pair, "A"], *cells[pair, "B"])
    ]
    return Arms(
        [a[0] for _coin, a, _b in known], [b[0] for _coin, _a, b in known],
        [a[1] for _coin, a, _b in known], [b[1] for _coin, _a, b in known],
        [coin for coin, _a, _b in known],
    )
