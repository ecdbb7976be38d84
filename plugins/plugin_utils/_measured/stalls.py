# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stalls: how long receiving kept a CPU from everything else, by block of a trial. Pure.

Counters cannot tell: a larger buffer is collapsed less often and for longer each time, so they improve while users suffer.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MIB = 1048576
LONGEST, STALLED = "stall_longest_us", "stalled_us"
# What is timed, best first: a collapse itself, or else the receive softirq in which it happens.
SPANS = ("tcp_collapse", "net_rx_softirq")
# Names of metrics, and the columns of a trial's `stalls` behind them.
COLUMNS = {LONGEST: "longest_us", STALLED: "stalled_us"}
# A block of which more events than this share were lost is unknown.
LOST_SHARE = 0.01


def stall_column(trial: Mapping[str, Any], name: str) -> Sequence[float | None] | None:
    """A value for each block, None where too many events were lost; None when stalls were not timed."""
    stalls = trial.get("stalls") or {}
    if not stalls.get("available"):
        return None
    seen = [sum(counts) for counts in stalls["counts"]]
    lost = stalls["lost_events"]
    return [None if gone > LOST_SHARE * count else value for value, gone, count in zip(stalls[COLUMNS[name]], lost, seen)]


def compared(trial: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `stalls` of an outcome record: both arms side by side; None when the trial has none."""
    stalls = trial.get("stalls")
    if not stalls or not stalls["available"]:
        return {"available": False, "reason": stalls["reason"]} if stalls else None
    arms = trial["blocks"]["arm"]
    return {
        "available": True,
        "reason": None,
        "span": stalls["span"],
        "means": stalls["means"],
        "upper_us": stalls["upper_us"],
        "before": _arm(trial, stalls, [arm == "A" for arm in arms]),
        "after": _arm(trial, stalls, [arm == "B" for arm in arms]),
    }


def _arm(trial: Mapping[str, Any], stalls: Mapping[str, Any], chosen: Sequence[bool]) -> dict[str, Any]:
    def of(column: Sequence[Any]) -> list[Any]:
        return [cell for cell, wanted in zip(column, chosen) if wanted]

    counts = of(stalls["counts"])
    return {
        "seconds": round(sum(of(trial["seconds"])), 3),
        "counts": [sum(cells) for cells in zip(*counts)],
        "longest_us": max(of(stalls["longest_us"]), default=None),
        "stalled_us": round(sum(of(stalls["stalled_us"])), 3),
        "stalls": sum(of(stalls["stalls"])),
        "lost_events": sum(of(stalls["lost_events"])),
    }


def duration(microseconds: float) -> str:
    """As a person reads it: 21.4 ms."""
    for unit, scale in (("s", 1e6), ("ms", 1e3)):
        if microseconds >= scale:
            return f"{microseconds / scale:.3g} {unit}"
    return f"{microseconds:.3g} us"
