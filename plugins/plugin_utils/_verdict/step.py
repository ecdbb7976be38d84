# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of trials in one step: those before it, and those after it. Pure. A `Comparison`, see comparison.py.

A step back is read backwards: as every moment of it has its counterpart from the end, the test is the same.

What the controls of a trial did in the same blocks is taken out of every block first (controls.py).
"""
from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import STEP_BACK, step_moments
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import Column, exposure_of, log_rate, ratio, summed
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict import moments
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.controls import drift

LARGEST_SHIFT = math.log(10)
Columns = tuple[Column | None, Column | None]  # events of each block, and what they are counted per


class Host(NamedTuple):
    """One host's blocks; a block that is not known has None for events. Hosts that ran one seed share their `drawn`."""

    drawn: Hashable
    step: int
    events: list[float | None]
    exposure: list[float]

    def part(self, after: bool) -> tuple[float, float]:
        """Events and exposure of one side of the step."""
        chosen = slice(self.step, None) if after else slice(self.step)
        known = [(count, length) for count, length in zip(self.events[chosen], self.exposure[chosen]) if count is not None]
        return sum(count for count, _length in known), sum(length for _count, length in known)

    def log_rates(self) -> list[float | None]:
        return [log_rate(count, length) if count is not None and length else None for count, length in zip(self.events, self.exposure)]


class Steps:
    """Hosts that were each switched once, compared with themselves before it."""

    def __init__(self, hosts: Sequence[Host]) -> None:
        self.hosts = hosts
        self.draws = self._drawn([host.log_rates() for host in hosts])

    def _drawn(self, values: Sequence[moments.Values]) -> list[moments.Draw]:
        """From one value of each block of each host."""
        together: dict[Any, list[moments.Series]] = {}
        for host, its in zip(self.hosts, values):
            series = moments.series(its)
            if series.before[-1]:
                together.setdefault((host.drawn, len(host.events), host.step), []).append(series)
        found = [
            moments.draw(step_moments(blocks), step, members)
            for (_drawn, blocks, step), members in together.items()
        ]
        return [one for one in found if one is not None]

    def rates(self) -> tuple[float, float]:
        before, after = ([sum(cells) for cells in zip(*(host.part(side) for host in self.hosts))] for side in (False, True))
        return ratio(*before), ratio(*after)

    def rate_of_both(self) -> float:
        return ratio(*(sum(cells) for cells in zip(*(host.part(side) for host in self.hosts for side in (False, True)))))

    def events_after(self) -> float:
        return sum(host.part(True)[0] for host in self.hosts)

    def moved(self) -> bool:
        return any(any(host.events) for host in self.hosts)

    def compared(self) -> int:
        return sum(one.before[-1] for draw in self.draws for one in draw.hosts)

    def why_too_few(self, alpha: float) -> str | None:
        # What is known counts, also where nothing happened that it could be counted per.
        known = self._drawn([[None if count is None else 0.0 for count in host.events] for host in self.hosts])
        if known and moments.least_p(known) <= alpha:
            return None
        usable = math.prod(len(draw.moments) for draw in known) if known else 0
        return (
            f"{usable} possible moments of the step; an exact test at {alpha:g} needs at least {math.ceil(1 / alpha)},"
            f" a trial of {least_blocks(alpha)} blocks"
        )

    def left_out(self, trials: Sequence[Mapping[str, Any]]) -> str | None:
        blocks = sum(len(trial["seconds"]) for trial in trials)
        missing = blocks - self.compared()
        return f"{missing} of {blocks} blocks left out: the metric is not known in them" if missing else None

    def estimate(self) -> float:
        return moments.estimate(self.draws) if self.draws else 0.0

    def p_greater(self, sign: int) -> float:
        return moments.p_greater(self.draws, sign=sign)

    def least_p(self) -> float:
        return moments.least_p(self.draws)

    def interval(self, alpha: float) -> tuple[float, float] | None:
        return moments.interval(self.draws, alpha)

    def smallest_shift(self, alpha: float, least: float, sign: int) -> float | None:
        """None where it would take more than anybody would try for."""
        shift = moments.smallest_shift(self.draws, alpha, least, sign)
        return shift if shift <= LARGEST_SHIFT else None


def least_blocks(alpha: float) -> int:
    """How many blocks (two for each of `pairs`) a trial needs before its smallest p, one of so many moments, is at most alpha."""
    blocks = 2
    while len(step_moments(blocks)) * alpha < 1:
        blocks += 2
    return blocks


def stepped(trial: Mapping[str, Any], counters: Sequence[str], per: Sequence[str] = ()) -> Host | None:
    """Events of each block; None when the kernel has no such counter."""
    return _host(trial, lambda one: (summed(one, counters), exposure_of(one, counters, per)))


def stepped_gauge(trial: Mapping[str, Any], gauge: str) -> Host | None:
    """What a gauge stood at when each block ended; None when it never moved."""
    def columns(one: Mapping[str, Any]) -> Columns:
        found = one.get("gauges", {}).get(gauge)
        return found, [1.0] * len(found or ())
    return _host(trial, columns)


def together(found: Iterable[Host | None]) -> Steps | None:
    """Several hosts, those left out whose kernel has no such counter; None when none has it."""
    hosts = [host for host in found if host is not None]
    return Steps(hosts) if hosts else None


def _host(trial: Mapping[str, Any], columns: Callable[[Mapping[str, Any]], Columns]) -> Host | None:
    events, exposure = columns(trial)
    if events is None or exposure is None:
        return None
    drifts = drift([columns(control) for control in trial.get("controls") or ()], len(events))
    cells = _forwards(trial, [None if None in cell else cell for cell in zip(events, exposure, drifts)])
    return Host(
        trial.get("seed"), step_of(trial),
        [None if cell is None else cell[0] * math.exp(-cell[2]) for cell in cells],
        [0.0 if cell is None else cell[1] for cell in cells],
    )


def _forwards(trial: Mapping[str, Any], blocks: Sequence[Any]) -> list[Any]:
    """Those of the present values first."""
    return list(reversed(blocks) if trial.get("design") == STEP_BACK else blocks)


def step_of(trial: Mapping[str, Any]) -> int:
    """The first block of the candidate. ValueError for blocks that nobody drew so."""
    arms = _forwards(trial, trial["blocks"]["arm"])
    step = arms.index("B") if "B" in arms else len(arms)
    if step not in step_moments(len(arms)) or "A" in arms[step:]:
        raise ValueError(f"trial: its design is {trial.get('design')}, but its blocks ({''.join(arms)}) are not of one step in their middle three fifths")
    return step
