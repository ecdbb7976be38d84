# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window: snapshots at fixed times, handed on as columns."""
import math
import time
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.columns import columns
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import (
    Snapshot,
    read_boottime,
    read_sizes,
    take_snapshot,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.socket_watch import SocketWatch

LONGEST_SECONDS = 86400
SHORTEST_INTERVAL_SECONDS = 0.05  # a pass over all counters costs a few milliseconds
POLL_SECONDS = 0.1  # whether it is time to look at the sockets again
MOST_BUCKETS = 3600  # a window of a busy host stays within a few MB


def check_lengths(duration: float, interval: float) -> None:
    """ValueError, naming the option, for a window that cannot be recorded."""
    if not 0 < duration <= LONGEST_SECONDS:
        raise ValueError(f"duration: wants more than 0 and at most {LONGEST_SECONDS} seconds, got {duration:g}")
    if not SHORTEST_INTERVAL_SECONDS <= interval <= duration:
        raise ValueError(f"interval: wants {SHORTEST_INTERVAL_SECONDS} seconds up to the duration of {duration:g}, got {interval:g}")
    if duration / interval > MOST_BUCKETS:
        shortest = duration / MOST_BUCKETS
        raise ValueError(f"interval: {duration / interval:.0f} buckets are more than {MOST_BUCKETS}; take at least {shortest:g} seconds")


def bucket_ends(duration: float, interval: float) -> List[float]:
    """When each bucket ends, in seconds from the start. A last, shorter bucket makes up the duration. Pure."""
    whole = int(duration / interval + 1e-9)
    ends = [interval * (index + 1) for index in range(whole)]
    return ends if duration - ends[-1] < SHORTEST_INTERVAL_SECONDS else ends + [duration]


def record_window(files: HostFiles, subsets: Iterable[str], duration: float, interval: float, top: int = 0) -> Dict[str, Any]:
    """The `window` of docs/data_shapes.md. Its sockets are seen just before the first bucket, just after the last, and at times between."""
    wanted = frozenset(subsets)
    watch = SocketWatch(files, top, duration) if "sockets" in wanted else None
    start = take_snapshot(files, wanted)
    table = columns(_steps(files, wanted, start, bucket_ends(duration, interval), watch))
    window = {
        "version": 1,
        "identity": start.identity,
        "interval_seconds": interval,
        "started": start.boottime_seconds,
        "ended": round(start.boottime_seconds + sum(table["seconds"]), 6),
        "sizes": read_sizes(files),
    }
    window.update(table)
    if watch:
        window["sockets"] = watch.end()
    return window


def _steps(
    files: HostFiles, subsets: Iterable[str], start: Snapshot, ends: List[float], watch: Optional[SocketWatch],
) -> Iterator[Tuple[Snapshot, Snapshot]]:
    """One step per bucket. Sleeps to absolute times, so that buckets do not drift."""
    before = start
    for end in ends:
        _sleep(start.boottime_seconds + end, watch)
        after = take_snapshot(files, subsets, start.identity)
        yield before, after
        before = after


def _sleep(until: float, watch: Optional[SocketWatch]) -> None:
    while read_boottime() < until:
        time.sleep(max(0.0, min(POLL_SECONDS if watch else math.inf, until - read_boottime())))
        if watch:
            watch.look()
