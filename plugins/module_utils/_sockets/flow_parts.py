# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of one flow: parts, and how each is made of a socket and what it did. Pure.

Where nothing moves and nothing waits, as in most of very many flows, a part is one and the same object for all of them, computed once and
counted (flow_summary.py). None: this kernel does not tell, it was never measured, or there is no window to measure it in.
"""
import functools
from typing import Any, NamedTuple, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import (
    RCVBUF_AT_MAX,
    SNDBUF_AT_MAX,
    BufferSizes,
    rcvbuf_probably_locked,
    standing,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_signs import NEVER_MEASURED, Signs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import APP_LIMITED
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.occupancy import Fill


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
        _ratio(now.wmem_queued, now.sndbuf), _ratio(now.send_queue, now.wmem_queued), now.notsent_bytes,
        fill.half_full_share, fill.mean_receive_queue_bytes, fill.mean_notsent_bytes,
    )


@functools.lru_cache(maxsize=64)
def _nothing_waits(notsent_bytes: Optional[int], fill: Fill) -> Queues:
    return Queues(0, 0, 0.0, 0, 0, 0.0, None, notsent_bytes, fill.half_full_share, fill.mean_receive_queue_bytes, fill.mean_notsent_bytes)


def what_moved(changes: Any, seconds: Optional[float], born: Optional[bool], newer: Optional[bool], more_unread: int) -> Moved:
    return Moved(
        _ratio(changes.bytes_received, seconds), _ratio(changes.bytes_acked, seconds), _ratio(changes.total_retrans, changes.data_segs_out),
        _ratio(changes.rwnd_limited_us, changes.busy_us), _ratio(changes.sndbuf_limited_us, changes.busy_us),
        changes.bytes_received, changes.bytes_acked, _of_old(changes.bytes_received, newer), _of_old(changes.bytes_acked, newer),
        _read(changes.bytes_received, more_unread), changes.data_segs_out, changes.total_retrans,
        changes.busy_us, changes.rwnd_limited_us, changes.sndbuf_limited_us, changes.drops, born,
    )


def _bdp(bytes_per_second: Optional[float], min_rtt_us: Optional[int]) -> Optional[float]:
    return None if bytes_per_second is None or min_rtt_us is None else bytes_per_second * min_rtt_us / 1e6


def _of_old(moved: Optional[int], newer: Optional[bool]) -> Optional[int]:
    return 0 if newer and moved is not None else moved


def _read(received: Optional[int], more_unread: int) -> Optional[int]:
    """What a larger buffer takes in is no work done before the program reads it. A FIN waits as a byte that was never received."""
    return None if received is None else max(0, received - more_unread)


def _ratio(part: Optional[float], whole: Optional[float]) -> Optional[float]:
    return part / whole if whole and part is not None else None
