# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The candidate's blocks against those of the present values: what a verdict asks, whatever the design of the trial. Pure.

A new design is one row of DESIGNS.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS, STEP, STEP_BACK
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict import pairs, step

Trial = Mapping[str, Any]


class Comparison(Protocol):
    """One metric of one host, or of several together. Estimates and shifts are of the logarithm of its rate."""

    def rates(self) -> tuple[float, float]:
        """Before (the present values) and after (the candidate)."""

    def rate_of_both(self) -> float:
        """No coin and no moment has a say in it, nor in the next three."""

    def moved(self) -> bool:
        """Whether anything was counted."""

    def least_p(self) -> float:
        """The smallest p that this trial could have had."""

    def why_too_few(self, alpha: float) -> str | None:
        """Why no test at alpha is possible, or None."""

    def events_after(self) -> float:
        """What was counted with the candidate."""

    def compared(self) -> int:
        """How many pairs, or blocks, count."""

    def left_out(self, trials: Sequence[Trial]) -> str | None:
        """What of these trials does not count and why, or None."""

    def estimate(self) -> float:
        """After over before."""

    def p_greater(self, sign: int) -> float:
        """One-sided p of a rise (1) or a fall (-1), exact."""

    def interval(self, alpha: float) -> tuple[float, float] | None:
        """What is not rejected on either side at alpha; None when so few blocks reject nothing."""

    def smallest_shift(self, alpha: float, least: float, sign: int) -> float | None:
        """What such a trial proves about four times in five, and estimates above `least`."""


class Design(NamedTuple):
    """How the blocks of one trial are read, of a counter and of a gauge, and how those of several hosts are put together."""

    of_counters: Callable[[Trial, Sequence[str], Sequence[str]], Any]
    of_gauge: Callable[[Trial, str], Any]
    together: Callable[[Iterable[Any]], Comparison | None]


DESIGNS = {
    PAIRS: Design(pairs.paired, pairs.paired_gauge, pairs.together),
    **dict.fromkeys((STEP, STEP_BACK), Design(step.stepped, step.stepped_gauge, step.together)),
}


def design_of(trial: Trial) -> str:
    """Trials of before there were several say nothing of it."""
    design = trial.get("design") or PAIRS
    if design not in DESIGNS:
        raise ValueError(f"trial: design wants {', '.join(DESIGNS)}, got {design!r}")
    return str(design)


def compared(trials: Sequence[Trial], counters: Sequence[str], per: Sequence[str] = ()) -> Comparison | None:
    """These trials together, those left out whose kernel has no such counter; None when none has it."""
    design = _one_design(trials)
    return design.together(design.of_counters(trial, counters, per) for trial in trials)


def compared_gauge(trials: Sequence[Trial], gauge: str) -> Comparison | None:
    """The same of what a gauge stood at."""
    design = _one_design(trials)
    return design.together(design.of_gauge(trial, gauge) for trial in trials)


def _one_design(trials: Sequence[Trial]) -> Design:
    found = sorted({design_of(trial) for trial in trials})
    if len(found) > 1:
        raise ValueError(f"trials: are of different designs ({', '.join(found)}), which no one test is for")
    return DESIGNS[found[0] if found else PAIRS]
