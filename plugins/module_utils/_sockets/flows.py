# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket now, and what it was when the window began, as a classed flow with measures. Pure.

Without a window nothing can be subtracted: what would be a change is None, and the class rests on the socket's whole life.
"""
import functools
import operator
import struct
from typing import Any, Dict, FrozenSet, Iterable, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import BufferSizes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_parts import (
    PARTS,
    Buffers,
    Measures,
    Moved,
    Path,
    Queues,
    buffers_of,
    path_of,
    queues_of,
    what_moved,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_signs import Signs, signs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import (
    ESTABLISHED,
    INFO_FIELDS,
    local_port,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.occupancy import UNKNOWN_FILL, Occupancy

BULK, EXCHANGE, IDLE, UNKNOWN = "bulk", "request_response", "idle", "unknown"
INBOUND, OUTBOUND = "inbound", "outbound"

# Less than this is over before the size of a buffer matters.
BULK_LEAST_BYTES = 65536
# Payload one way between two segments with payload the other way. More than an initial window (10 x 1460) takes more than one round
# trip, so that windows matter; protocols that answer a stream now and then (HTTP/2 window updates, every 32 KiB) still are bulk.
BULK_LEAST_RUN_BYTES = 16384
IDLE_MILLISECONDS = 1000  # of a snapshot: no payload either way for so long
CUMULATIVE = (
    "total_retrans", "bytes_acked", "bytes_received", "data_segs_in", "data_segs_out", "busy_us", "rwnd_limited_us", "sndbuf_limited_us",
    "drops",
)
_WIDE = {field.name for field in INFO_FIELDS if field.code == "Q"}
WRAPS = tuple(None if name in _WIDE else 2 ** 32 for name in CUMULATIVE)
Changes = NamedTuple("Changes", [(name, Optional[int]) for name in CUMULATIVE])  # type: ignore[misc]

# What is kept of a socket from the start of a window to its end: a few bytes, as there may be very many.
MARK = struct.Struct(f"={len(CUMULATIVE) + 2}Q")
_marked = operator.attrgetter(*CUMULATIVE, "receive_queue", "rcvbuf")
_cumulative = operator.attrgetter(*CUMULATIVE)


class Flow(NamedTuple):
    kind: str
    direction: str
    port: Optional[int]  # the listening port of an inbound flow
    socket: Any
    path: Path
    buffers: Buffers
    queues: Queues
    moved: Moved
    signs: Signs

    @property
    def parts(self) -> Tuple[Any, ...]:
        return self[-len(PARTS):]

    @property
    def measures(self) -> Any:
        return Measures(*[value for part in self.parts for value in part])


class Context(NamedTuple):
    """What all flows of a sample share."""

    seconds: Optional[float]  # of the window; None for a snapshot
    marks: Dict[int, bytes]  # by cookie
    ports: FrozenSet[int]  # that somebody listens on
    sizes: BufferSizes
    occupancy: Occupancy
    older: Optional[FrozenSet[int]] = None  # whose bytes count as old, by cookie; those of `marks` when not told


def mark(found: Any) -> bytes:
    """What a later look at this socket has to know of now."""
    values = _marked(found)
    return MARK.pack(*(values if None not in values else [value or 0 for value in values]))


def flow(now: Any, context: Context) -> Flow:
    port = local_port(now)
    inbound = port in context.ports
    known = context.marks.get(now.cookie)
    rcvbuf_before = None
    if context.seconds is None:
        kind, changes, seconds, born, fill = kind_by_life(now), NO_CHANGES, None, None, UNKNOWN_FILL
        moved = NOT_MOVED
    elif known is None:  # opened in the window: all that it ever did was in it, but in less time
        changes, seconds, born, fill = Changes._make(_cumulative(now)), None, True, context.occupancy.passing_fill(now)
        kind, moved = kind_by_changes(now, changes), what_moved(changes, None, True, _newer(now, context), now.receive_queue)
    else:
        before, seconds, born, fill = MARK.unpack(known), context.seconds, False, context.occupancy.fill(now)
        *numbers, unread_before, rcvbuf_before = before
        if before == _marked(now):
            changes, moved = STILL, _nothing_moved(seconds, _newer(now, context))
        else:
            changes = subtract(_cumulative(now), numbers)
            moved = what_moved(changes, seconds, False, _newer(now, context), now.receive_queue - unread_before)
        kind = kind_by_changes(now, changes)
    sizes = context.sizes
    return Flow(
        kind, INBOUND if inbound else OUTBOUND, port if inbound else None, now,
        path_of(now, moved, rcvbuf_before, sizes), buffers_of(now.rcvbuf, now.sndbuf, sizes), queues_of(now, fill), moved,
        signs(now, changes, seconds, born, sizes, fill),
    )


def _newer(now: Any, context: Context) -> bool:
    return now.cookie not in (context.marks if context.older is None else context.older)


def subtract(now: Iterable[Optional[int]], before: Iterable[int]) -> Changes:
    """Some are counted in 32 bits, and wrap. The others cannot: one that fell is not known."""
    changes = [None if new is None else new - old for new, old in zip(now, before)]
    return Changes(*[change if change is None or change >= 0 else wrap and change + wrap for change, wrap in zip(changes, WRAPS)])


NO_CHANGES = Changes(*[None] * len(CUMULATIVE))
STILL = Changes(*[0] * len(CUMULATIVE))
NOT_MOVED = what_moved(NO_CHANGES, None, None, None, 0)


@functools.lru_cache(maxsize=64)
def _nothing_moved(seconds: float, newer: bool) -> Moved:
    return what_moved(STILL, seconds, False, newer, 0)


def kind_by_changes(now: Any, changes: Any) -> str:
    """By what it did in the window."""
    if changes.bytes_acked is None or changes.bytes_received is None:
        return UNKNOWN
    # A SYN and a FIN count as a byte, but not as a segment with data.
    moved = changes.bytes_received > 1 or changes.bytes_acked > 1 or changes.data_segs_in or changes.data_segs_out
    return _kind(now, changes) if moved or _waits(now) else IDLE


def kind_by_life(now: Any) -> str:
    """By all that it did since it was opened, and how long ago."""
    if now.bytes_acked is None or now.bytes_received is None:
        return UNKNOWN
    recent = min(now.last_data_sent_ms, now.last_data_recv_ms) < IDLE_MILLISECONDS
    return _kind(now, now) if recent or _waits(now) else IDLE


def _waits(now: Any) -> bool:
    """Whether payload is queued. A FIN that was not read, or not acknowledged, looks like a byte of it."""
    return now.receive_queue + now.send_queue > (0 if now.state == ESTABLISHED else 2)


def _kind(now: Any, moved: Any) -> str:
    if now.receive_queue >= BULK_LEAST_BYTES or now.send_queue >= BULK_LEAST_BYTES:
        return BULK
    outward = moved.bytes_acked > moved.bytes_received
    most, answers = (moved.bytes_acked, moved.data_segs_in) if outward else (moved.bytes_received, moved.data_segs_out)
    if answers is None:  # Linux before 4.6: at least so many
        answers = (moved.bytes_received if outward else moved.bytes_acked) // max(1, now.snd_mss)
    return BULK if most >= BULK_LEAST_BYTES and most >= BULK_LEAST_RUN_BYTES * (answers + 1) else EXCHANGE
