# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of snapshots into columns: what each counter did in each step. Pure.

A window passes consecutive snapshots, a trial the start and end of each block. Only what moved is
kept: 60 buckets of some 300 counters of hundreds of hosts have to fit a controller's memory.
"""
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.counter_table import (
    SOFTNET_CPUS,
    is_counter_32,
    may_restart,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import Snapshot

Step = Tuple[Snapshot, Snapshot]
Column = List[Optional[int]]

WRAP_32 = 2 ** 32


class WindowRefused(ValueError):
    """The snapshots do not belong together, so nothing may be subtracted."""


def columns(steps: Iterable[Step]) -> Dict[str, Any]:
    """The table of all steps; at least one."""
    growing = Columns()
    for before, after in steps:
        growing.add(before, after)
    return growing.table()


class Columns:
    """Takes the steps one by one and keeps no snapshot but the first and the last."""

    def __init__(self) -> None:
        self._first = self._last = None  # type: Any
        self._seconds = []  # type: List[float]
        self._counters = {}  # type: Dict[str, Column]
        self._gauges = {}  # type: Dict[str, Column]

    def add(self, before: Snapshot, after: Snapshot) -> None:
        _refuse_mixed(self._first or before, before, after)
        deltas, rows_before = _deltas(before, after), len(self._seconds)
        self._first, self._last = self._first or before, after
        _append(self._counters, deltas, rows_before)
        _append(self._gauges, after.gauges, rows_before)
        self._seconds.append(round(after.boottime_seconds - before.boottime_seconds, 6))

    def table(self) -> Dict[str, Any]:
        """{seconds, counters, gauges, first, last, still, absent} as in docs/data_shapes.md, a column per step."""
        first, last, counters, gauges = self._first, self._last, self._counters, self._gauges
        absent = [name for name, column in counters.items() if _never_there(name, column, first.counters, last.counters)]
        absent += [name for name, column in gauges.items() if _never_there(name, column, first.gauges, last.gauges)]
        moved = {name: column for name, column in sorted(counters.items()) if any(column) or None in column and name not in absent}
        moved_gauges = {name: column for name, column in sorted(gauges.items()) if set(column) != {first.gauges.get(name)}}
        return {
            "seconds": self._seconds,
            "counters": moved,
            "gauges": moved_gauges,
            "first": _raw(first, moved, moved_gauges),
            "last": _raw(last, moved, moved_gauges),
            "still": {name: column[0] for name, column in sorted(gauges.items()) if name not in moved_gauges and name not in absent},
            "absent": sorted(absent),
        }


def _refuse_mixed(*snapshots: Snapshot) -> None:
    for field, meaning in (("boot_id", "boot"), ("netns", "network namespace"), ("kernel_release", "kernel")):
        seen = [snapshot.identity[field] for snapshot in snapshots]
        if any(value != seen[0] for value in seen):
            raise WindowRefused(f"the {meaning} changed while the counters were watched: {sorted(set(map(str, seen)))}")
    times = [snapshot.boottime_seconds for snapshot in snapshots]
    if times != sorted(times):
        raise WindowRefused(f"the time since boot went backwards while the counters were watched: {times}")


def _deltas(before: Snapshot, after: Snapshot) -> Dict[str, Optional[int]]:
    same_cpus = before.gauges.get(SOFTNET_CPUS) == after.gauges.get(SOFTNET_CPUS)
    names = set(before.counters) | set(after.counters)
    deltas = {name: _delta(name, before.counters.get(name), after.counters.get(name), same_cpus) for name in names}
    # One that fell is a kernel's quirk; several at once mean that they were reset.
    fallen = sorted(name for name in names if not may_restart(name) and _fell(before.counters.get(name), after.counters.get(name)))
    if len(fallen) > 1:
        raise WindowRefused(f"{len(fallen)} counters went backwards at once, as if reset: {', '.join(fallen[:5])}")
    return deltas


def _delta(name: str, old: Optional[int], new: Optional[int], same_cpus: bool) -> Optional[int]:
    if old is None or new is None:
        return None
    if is_counter_32(name):
        # A sum over CPUs, each modulo 2^32. A CPU that comes or goes takes its share along: that is no event.
        return (new - old) % WRAP_32 if same_cpus else None
    return None if _fell(old, new) else new - old


def _fell(old: Optional[int], new: Optional[int]) -> bool:
    return old is not None and new is not None and new < old


def _append(table: Dict[str, Column], row: Mapping[str, Optional[int]], rows_before: int) -> None:
    for name in row:
        table.setdefault(name, [None] * rows_before)
    for name, column in table.items():
        column.append(row.get(name))


def _never_there(name: str, column: Column, first: Mapping[str, Optional[int]], last: Mapping[str, Optional[int]]) -> bool:
    return first.get(name) is None and last.get(name) is None and not any(value is not None for value in column)


def _raw(snapshot: Snapshot, counters: Dict[str, Any], gauges: Dict[str, Any]) -> Dict[str, Optional[int]]:
    raw = {name: snapshot.counters.get(name) for name in counters}
    raw.update((name, snapshot.gauges.get(name)) for name in gauges)
    return raw
