# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one flow shows of the buffers that bound it. Pure.

Each sign is a conjunction that has to hold for one and the same flow, so it is decided here: from quantiles over many flows nobody could
tell. Where no source is named, the numbers are those with which true cases were told from others on a delay line (Linux 6.18).
"""
from typing import Any, NamedTuple, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import (
    RCVBUF_AT_MAX,
    SNDBUF_AT_MAX,
    BufferSizes,
    cut_off,
)

NEVER_MEASURED = 2 ** 32 - 1  # tcpi_min_rtt before the first sample
RWND_LIMITED = 0.2  # of the time it was busy sending: from here on the peer sets the pace. True cases 0.28 to 0.44, others at most 0.07
# Time in queues on the path. A minimum of a few microseconds makes a ratio of thousands out of nothing: hence both bounds.
CALM_RATIO, CALM_US = 0.25, 1000  # above both, the path already holds more than it can carry
BLOATED_RATIO, BLOATED_US = 1.5, 8000  # rtt over its minimum, and in excess of it
BLOATED_LEAST_BYTES = 16384  # the least maximum that the planner gives: what is less cannot be made shorter
RECEIVER_BLOATED_RATIO = 2  # as a receiver measures it, which is coarser: what comes in one round trip, and when
# A window that is used: what moves in a round trip, against the window. True cases 0.60 to 0.85, others at most 0.25.
WINDOW_USED = 0.6
WINDOW_LEAST_BYTES = 65536  # of the peer: one that stays smaller is mostly closed, by a reader
EMPTY_SHARE = 0.3  # of rcvbuf, when the reader keeps up
# So many round trips of a calm path pass before it even leaves. The kernel itself makes room for one congestion window of unsent data, which is one;
# but where the path is bloated, so is that window.
STALE_ROUND_TRIPS = 3
STALE_SECONDS = 0.02  # four times what is left of it when unsent data is kept to 5 ms
STALE_LEAST_BYTES = 16384
# A reader that pauses fills its buffer in a share of the looks; one that never empties it is a slow one.
PAUSING_LEAST, PAUSING_MOST = 0.2, 0.95
PAUSING_LEAST_SEGMENT = 500  # smaller ones fill a buffer with what is not payload: that is for collapsing
LESS_THAN_WINDOW = 0.8  # send memory against the congestion window
SNDBUF_LIMITED = 0.05  # of the time it was busy sending: all was sent, and the program waited for room. Often 0 in true cases, too
UNSENT_SHARE = 0.25  # of the congestion window: hardly anything waits, so there is not enough to send
# Nothing waits. A congestion window that slow start left early ends just above what the buffer holds, as it grows only while it is used up
# (tcp_is_cwnd_limited, include/net/tcp.h), and then its room tells nothing.
ALL_SENT_SHARE = 0.02
# A send buffer follows the maximum, up or down, only where it is less than this many times the congestion window, a segment in what is booked
# for one, and the window is not full (tcp_sndbuf_expand and tcp_should_expand_sndbuf, net/ipv4/tcp_input.c; BBR wants 3, but fills no queue). One
# below the maximum is that of the largest window so far. Seen on a line of 100 Mb/s: 20 and 100 flows of cubic came to a larger one, and so to a lower
# maximum, within 8 to 22 s; but the last of them had the whole queue to itself by then, and back and forth half of them did not follow in 20 s.
SNDBUF_WINDOWS, LEAST_WINDOW_SEGMENTS = 2, 10
HEADERS_BYTES, SKB_BYTES = 652, 256  # beside the payload of a segment, and of its sk_buff: as on x86-64


class Signs(NamedTuple):
    """None: this kernel does not tell (before 5.4), or there is no window to see it in."""

    sender_buffer_bound: Optional[bool]  # the send buffer is full and at its maximum, while path and peer would take more
    both_buffers_bound: Optional[bool]  # so is the peer's window, and the send buffer would be the next bound
    peer_window_bound: Optional[bool]  # only the peer's window is full, and used up in every round trip
    path_queue_bloated: Optional[bool]  # what is sent waits in a queue of the path
    send_queue_stale: Optional[bool]  # what is written waits here before it is sent
    so_sndbuf_bound: Optional[bool]  # as sender_buffer_bound, but what is full is all that the core maximum leaves of SO_SNDBUF
    sndbuf_stays: Optional[bool]  # the send buffer would stay as it is under a lower maximum
    receive_window_bound: Optional[bool]  # our own window, in the same way: seen by the receiver
    reader_pausing: Optional[bool]  # a small receive buffer is full now and then
    so_rcvbuf_bound: Optional[bool]  # as receive_window_bound, of all that the core maximum leaves of SO_RCVBUF


UNKNOWN_SIGNS = Signs(*[None] * len(Signs._fields))
NO_SIGNS = Signs(*[False] * len(Signs._fields))


def signs(now: Any, changes: Any, seconds: Optional[float], born: Optional[bool], sizes: BufferSizes, fill: Any) -> Signs:
    if changes.rwnd_limited_us is None or now.snd_wnd is None or None in (sizes.sndbuf_max, sizes.rcvbuf_max, sizes.rcvbuf_default):
        return UNKNOWN_SIGNS
    if not (changes.bytes_acked or changes.bytes_received):
        return NO_SIGNS  # as most connections of most hosts; what hangs is no matter of sizes either
    min_rtt = 0 if now.min_rtt_us == NEVER_MEASURED else now.min_rtt_us
    return Signs(*_sending(now, changes, seconds, min_rtt, sizes, fill), *_receiving(now, changes, seconds, min_rtt, born, sizes, fill))


def _sending(now: Any, changes: Any, seconds: Optional[float], min_rtt: int, sizes: BufferSizes, fill: Any) -> Any:
    if not (changes.bytes_acked and changes.busy_us and now.send_queue and now.rtt_us and min_rtt):
        return (False,) * 7
    window, queueing = now.snd_cwnd * now.snd_mss, now.rtt_us - min_rtt
    calm = queueing <= max(CALM_RATIO * min_rtt, CALM_US)
    waits_for_peer = changes.rwnd_limited_us >= RWND_LIMITED * changes.busy_us
    full = 2 * now.wmem_queued >= now.sndbuf
    cut = cut_off(now.sndbuf, sizes.so_sndbuf_max, sizes.sndbuf_default, sizes.sndbuf_max)
    buffer_full = full and SNDBUF_AT_MAX * sizes.sndbuf_max <= now.sndbuf <= sizes.sndbuf_max and not cut
    # Nobody knows how long a flow was there that was opened in the window, but the kernel does know its rate.
    goodput = changes.bytes_acked / seconds if seconds else now.delivery_rate or 0.0
    path_holds = goodput * min_rtt / 1e6 if goodput else window  # of a young one the kernel may know no rate yet
    window_full = now.snd_wnd >= WINDOW_LEAST_BYTES and goodput * now.rtt_us / 1e6 >= WINDOW_USED * now.snd_wnd
    # Over all looks, as it goes up and down with every round trip.
    unsent = now.notsent_bytes if fill.mean_notsent_bytes is None else fill.mean_notsent_bytes
    # If the peer doubled its window, what is queued here would not fill it.
    bound_next = buffer_full and unsent < now.snd_wnd
    window_open = unsent < UNSENT_SHARE * window and now.wmem_queued < LESS_THAN_WINDOW * window or unsent < ALL_SENT_SHARE * window
    # A congestion window that goes up and down, as with losses, does not tell in one look; the kernel's own clock may.
    ran_dry = (changes.sndbuf_limited_us or 0) >= SNDBUF_LIMITED * changes.busy_us
    waits_for_room = calm and not waits_for_peer and (window_open or ran_dry)
    return (
        buffer_full and waits_for_room,
        bound_next and calm and waits_for_peer and window_full,
        not bound_next and calm and waits_for_peer and window_full,
        not waits_for_peer and _bloated(now.rtt_us, min_rtt) and now.send_queue >= BLOATED_LEAST_BYTES,
        not waits_for_peer and unsent >= max(STALE_LEAST_BYTES, STALE_ROUND_TRIPS * path_holds, STALE_SECONDS * goodput),
        cut and full and waits_for_room,
        now.sndbuf < SNDBUF_AT_MAX * sizes.sndbuf_max or now.sndbuf > sndbuf_wanted(now.snd_cwnd, now.snd_mss) or unsent >= window,
    )


def _receiving(
    now: Any, changes: Any, seconds: Optional[float], min_rtt: int, born: Optional[bool], sizes: BufferSizes, fill: Any,
) -> Any:
    if not changes.bytes_received or not changes.data_segs_in:
        return (False,) * 3
    cut = cut_off(now.rcvbuf, sizes.so_rcvbuf_max, sizes.rcvbuf_default, sizes.rcvbuf_max)
    at_max = RCVBUF_AT_MAX * sizes.rcvbuf_max <= now.rcvbuf <= sizes.rcvbuf_max
    window = now.rcv_wnd if now.rcv_wnd is not None else now.rcvbuf // 2  # before 6.2, with tcp_adv_win_scale as it is by default
    # What the reader takes in a round trip; of a flow that was opened in the window, as the kernel counts it for its autotuning.
    in_round_trip = changes.bytes_received / seconds * now.rcv_rtt_us / 1e6 if seconds else now.rcv_space
    used = bool(window) and in_round_trip >= WINDOW_USED * window
    used_up = used and now.rmem_alloc < EMPTY_SHARE * now.rcvbuf and not _bloated(now.rcv_rtt_us, min_rtt, RECEIVER_BLOATED_RATIO)
    # One that was opened in the window grows once its reader is back: what counts is how large it was when it was full.
    rcvbuf = fill.full_rcvbuf or 0 if born else now.rcvbuf
    half_full = born or PAUSING_LEAST <= (fill.half_full_share or 0.0) < PAUSING_MOST
    young = sizes.rcvbuf_default <= rcvbuf <= 2 * sizes.rcvbuf_default  # a smaller one is no work of the default
    return (
        at_max and not cut and used_up,
        half_full and young and changes.bytes_received >= PAUSING_LEAST_SEGMENT * changes.data_segs_in,
        cut and used_up,
    )


def sndbuf_wanted(cwnd: int, mss: int) -> int:
    """Bytes of send memory that the kernel lets a connection have, if tcp_wmem allows."""
    booked = (1 << (mss + HEADERS_BYTES - 1).bit_length()) + SKB_BYTES
    return SNDBUF_WINDOWS * max(LEAST_WINDOW_SEGMENTS, cwnd) * booked


def _bloated(rtt_us: int, min_rtt_us: int, ratio: float = BLOATED_RATIO) -> bool:
    return bool(min_rtt_us) and rtt_us >= ratio * min_rtt_us and rtt_us - min_rtt_us >= BLOATED_US
