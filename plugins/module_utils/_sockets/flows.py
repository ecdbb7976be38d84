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

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import (
    RCVBUF_AT_MAX,
    SNDBUF_AT_MAX,
    BufferSizes,
    rcvbuf_probably_locked,
    standing,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_signs import NEVER_MEASURED, Signs, signs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import (
    APP_LIMITED,
    ESTABLISHED,
    INFO_FIELDS,
    local_port,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.occupancy import UNKNOWN_FILL, Fill, Occupancy

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


# The measures of one flow come in parts. Where nothing moves and nothing waits, as in most of very many flows, a part is one and the same
# object for all of them, computed once and counted (flow_summary.py).
# None: this kernel does not tell, it was never measured, or there is no window to measure it in.
class Path(NamedTuple):
    """What differs from flow to flow, even where nothing moves."""

    delivery_rate_bytes_per_second: Optional[int]
    rtt_us: Optional[int]
    min_rtt_us: Optional[int]
    rtt_over_min: Optional[float]
    receiver_rtt_us: Optional[int]
    cwnd_bytes: int
    # What the path itself holds of it, sending and receiving.
    bdp_bytes: Optional[float]
    receive_bdp_bytes: Optional[float]
    window_share: Optional[float]  # our window in the receive buffer
    app_limited: bool
    rcvbuf_probably_locked: Optional[bool]


class Buffers(NamedTuple):
    rcvbuf_bytes: int
    rcvbuf_at_default: Optional[bool]
    rcvbuf_at_max: Optional[bool]
    rcvbuf_above_max: Optional[bool]
    sndbuf_bytes: int
    sndbuf_at_default: Optional[bool]
    sndbuf_at_max: Optional[bool]
    sndbuf_above_max: Optional[bool]


class Queues(NamedTuple):
    """What is in the buffers: payload, memory, and that against the buffer."""

    receive_queue_bytes: int
    receive_memory_bytes: int
    receive_memory_share: Optional[float]
    send_queue_bytes: int
    send_memory_bytes: int
    send_memory_share: Optional[float]
    send_payload_share: Optional[float]  # payload in the send memory
    notsent_bytes: Optional[int]
    # Over several looks.
    half_full_share: Optional[float]
    mean_receive_queue_bytes: Optional[float]
    mean_notsent_bytes: Optional[float]


class Moved(NamedTuple):
    """What changed in the window."""

    goodput_in_bytes_per_second: Optional[float]
    goodput_out_bytes_per_second: Optional[float]
    retransmitted_share: Optional[float]
    # Of the time it was busy sending: limited by the peer's window, by our send buffer.
    rwnd_limited_share: Optional[float]
    sndbuf_limited_share: Optional[float]
    bytes_in: Optional[int]
    bytes_out: Optional[int]
    # Without what newer connections moved.
    old_bytes_in: Optional[int]
    old_bytes_out: Optional[int]
    bytes_read: Optional[int]  # by the program
    data_segments_out: Optional[int]
    retransmitted_segments: Optional[int]
    busy_us: Optional[int]
    rwnd_limited_us: Optional[int]
    sndbuf_limited_us: Optional[int]
    drops: Optional[int]
    born: Optional[bool]


PARTS = (Path, Buffers, Queues, Moved, Signs)
Measures = NamedTuple("Measures", [(name, Any) for part in PARTS for name in part._fields])  # type: ignore[misc]


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
        changes, seconds, born, fill = Changes._make(_cumulative(now)), None, True, UNKNOWN_FILL
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


def path_of(now: Any, moved: Moved, rcvbuf_before: Optional[int], sizes: BufferSizes) -> Path:
    rtt, delivery_rate, goodput_out = now.rtt_us or None, now.delivery_rate or None, moved.goodput_out_bytes_per_second
    min_rtt = None if now.min_rtt_us == NEVER_MEASURED else now.min_rtt_us or None
    return Path(
        delivery_rate, rtt, min_rtt, _ratio(rtt, min_rtt), now.rcv_rtt_us or None, now.snd_cwnd * now.snd_mss,
        _bdp(delivery_rate if goodput_out is None else goodput_out, min_rtt), _bdp(moved.goodput_in_bytes_per_second, min_rtt),
        _ratio(now.rcv_wnd, now.rcvbuf), bool(now.rate_flags & APP_LIMITED), rcvbuf_probably_locked(now, rcvbuf_before, sizes),
    )


@functools.lru_cache(maxsize=4096)
def buffers_of(rcvbuf: int, sndbuf: int, sizes: BufferSizes) -> Buffers:
    return Buffers(
        rcvbuf, *standing(rcvbuf, sizes.rcvbuf_default, sizes.rcvbuf_max, RCVBUF_AT_MAX),
        sndbuf, *standing(sndbuf, sizes.sndbuf_default, sizes.sndbuf_max, SNDBUF_AT_MAX)
    )


def queues_of(now: Any, fill: Fill) -> Queues:
    if not (now.receive_queue or now.send_queue or now.rmem_alloc or now.wmem_queued or now.notsent_bytes):
        return _nothing_waits(now.notsent_bytes, fill)
    return Queues(
        now.receive_queue, now.rmem_alloc, _ratio(now.rmem_alloc, now.rcvbuf), now.send_queue, now.wmem_queued,
        _ratio(now.wmem_queued, now.sndbuf), _ratio(now.send_queue, now.wmem_queued), now.notsent_bytes, *fill
    )


@functools.lru_cache(maxsize=64)
def _nothing_waits(notsent_bytes: Optional[int], fill: Fill) -> Queues:
    return Queues(0, 0, 0.0, 0, 0, 0.0, None, notsent_bytes, *fill)


def what_moved(changes: Any, seconds: Optional[float], born: Optional[bool], newer: Optional[bool], more_unread: int) -> Moved:
    return Moved(
        _ratio(changes.bytes_received, seconds), _ratio(changes.bytes_acked, seconds), _ratio(changes.total_retrans, changes.data_segs_out),
        _ratio(changes.rwnd_limited_us, changes.busy_us), _ratio(changes.sndbuf_limited_us, changes.busy_us),
        changes.bytes_received, changes.bytes_acked, _of_old(changes.bytes_received, newer), _of_old(changes.bytes_acked, newer),
        _read(changes.bytes_received, more_unread), changes.data_segs_out, changes.total_retrans,
        changes.busy_us, changes.rwnd_limited_us, changes.sndbuf_limited_us, changes.drops, born,
    )


@functools.lru_cache(maxsize=64)
def _nothing_moved(seconds: float, newer: bool) -> Moved:
    return what_moved(STILL, seconds, False, newer, 0)


def _bdp(bytes_per_second: Optional[float], min_rtt_us: Optional[int]) -> Optional[float]:
    return None if bytes_per_second is None or min_rtt_us is None else bytes_per_second * min_rtt_us / 1e6


def _of_old(moved: Optional[int], newer: Optional[bool]) -> Optional[int]:
    return 0 if newer and moved is not None else moved


def _read(received: Optional[int], more_unread: int) -> Optional[int]:
    """What a larger buffer takes in is no work done before the program reads it. A FIN waits as a byte that was never received."""
    return None if received is None else max(0, received - more_unread)


def _ratio(part: Optional[float], whole: Optional[float]) -> Optional[float]:
    return part / whole if whole and part is not None else None


NOT_MOVED = what_moved(NO_CHANGES, None, None, None, 0)
