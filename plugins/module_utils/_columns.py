# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of snapshots into columns: what each counter did in each step. Pure.

A window passes consecutive snapshots, a trial the start and end of each block. Only what moved is
kept: 60 buckets of some 300 counters of hundreds of hosts have to fit a controller's memory.
"""
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counter_table import is_counter_32
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._snapshot import Snapshot

Step = Tuple[Snapshot, Snapshot]

WRAP_32 = 2 ** 32
# One counter that fell is a kernel's quirk; several mean that something was reset.
MOST_FALLEN_COUNTERS = 2


class WindowRefused(ValueError):
    """The snapshots do not belong together, so nothing may be subtracted."""


def columns(steps: Sequence[Step]) -> Dict[str, Any]:
    """{seconds, counters, gauges, first, last, still, absent} as in docs/data_shapes.md, a column per step."""
    _refuse_mixed([snapshot for step in steps for snapshot in step])
    first, last = steps[0][0], steps[-1][1]
    deltas = {name: [_delta(name, before, after) for before, after in steps] for name in sorted(last.counters)}
    _refuse_resets(deltas, steps)
    gauges = {name: [after.gauges.get(name) for _before, after in steps] for name in sorted(last.gauges)}
    moved = {name: column for name, column in deltas.items() if any(column) or _broken(name, column, steps)}
    moved_gauges = {name: column for name, column in gauges.items() if set(column) != {first.gauges.get(name)}}
    return {
        "seconds": [round(after.boottime_seconds - before.boottime_seconds, 6) for before, after in steps],
        "counters": moved,
        "gauges": moved_gauges,
        "first": _raw(first, moved, moved_gauges),
        "last": _raw(last, moved, moved_gauges),
        "still": {name: value for name, value in last.gauges.items() if name not in moved_gauges and value is not None},
        "absent": sorted(name for name, value in list(last.counters.items()) + list(last.gauges.items()) if value is None),
    }


def _refuse_mixed(snapshots: Sequence[Snapshot]) -> None:
    for field, meaning in (("boot_id", "boot"), ("netns", "network namespace"), ("kernel_release", "kernel")):
        seen = [snapshot.identity[field] for snapshot in snapshots]
        if any(value != seen[0] for value in seen):
            raise WindowRefused(f"the {meaning} changed while the counters were watched: {sorted(set(map(str, seen)))}")


def _delta(name: str, before: Snapshot, after: Snapshot) -> Optional[int]:
    old, new = before.counters.get(name), after.counters.get(name)
    if old is None or new is None:
        return None
    if new >= old:
        return new - old
    wrapped = new - old + WRAP_32
    # A CPU that went offline takes its share of the sum with it: that is no wrap, which is small.
    return wrapped if is_counter_32(name) and wrapped < WRAP_32 // 2 else None


def _broken(name: str, column: List[Optional[int]], steps: Sequence[Step]) -> bool:
    """Null in some step although the kernel has the counter: it fell, or came or went."""
    return None in column and any(snapshot.counters.get(name) is not None for step in steps for snapshot in step)


def _refuse_resets(deltas: Dict[str, List[Optional[int]]], steps: Sequence[Step]) -> None:
    fallen = sorted(name for name, column in deltas.items() if _fell(name, column, steps))
    if len(fallen) > MOST_FALLEN_COUNTERS:
        raise WindowRefused(f"{len(fallen)} counters went backwards, as if reset: {', '.join(fallen[:5])} ...")


def _fell(name: str, column: List[Optional[int]], steps: Sequence[Step]) -> bool:
    return any(
        delta is None and before.counters.get(name) is not None and after.counters.get(name) is not None
        for delta, (before, after) in zip(column, steps)
    )


def _raw(snapshot: Snapshot, counters: Dict[str, Any], gauges: Dict[str, Any]) -> Dict[str, Optional[int]]:
    raw = {name: snapshot.counters.get(name) for name in counters}
    raw.update((name, snapshot.gauges.get(name)) for name in gauges)
    return raw
