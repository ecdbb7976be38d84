# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the table of scenarios: what connections tell. Pure."""
from __future__ import annotations

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis import socket_predicates as seen
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.round_signals import (
    GAIN,
    OVERSIZED,
    RAISED,
    sender_buffer_oversized,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import (
    CORE_RMEM,
    CORE_WMEM,
    LOWAT,
    RMEM,
    WMEM,
    Knob,
    Metric,
    Rank,
    Scenario,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.signals import (
    CLOSED_PER_CONNECTION,
    COLLAPSED,
    TO_ZERO_WINDOW,
    WANT_ZERO_WINDOW,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import LISTENERS_NOT_DEFAULT

SEEN = (
    Scenario(
        "both_ends_too_small", Rank.LIMIT, seen.both_buffers, (),
        "Connections fill both their send buffer, at the largest it may get, and their peer's receive window: each would bound them alone.",
        "Raise the maximum of tcp_wmem here and that of tcp_rmem at the peer together; after only one of them, the other is the next bound."
        " They are tried as one candidate where the peer is part of the same run.",
        Knob(WMEM, "max", "raise"), Metric("flows_bulk_out_bytes", "higher"), tried=True,
        sign="both_buffers_bound", medians=("sndbuf_bytes", "rwnd_limited_share", "rtt_us", "rtt_over_min", "goodput_out_bytes_per_second"),
    ),
    Scenario(
        "sender_buffer_too_small", Rank.LIMIT, seen.sender_buffer, (),
        "Connections fill their send buffer, which is as large as it may get, while the path and the peer would take more.",
        "A larger maximum of tcp_wmem, which open connections follow at once. If it does not help, the next bound is the peer's window or the"
        " path.",
        Knob(WMEM, "max", "raise"), Metric("flows_bulk_out_bytes", "higher"), tried=True,
        sign="sender_buffer_bound", medians=("sndbuf_bytes", "send_memory_share", "cwnd_bytes", "notsent_bytes", "rtt_us", "rtt_over_min"),
    ),
    Scenario(
        "receiver_window_too_small", Rank.LIMIT, seen.receive_window, (),
        "Connections use up the window that this host grants them in every round trip, though their reader keeps up.",
        "A larger maximum of tcp_rmem: open connections follow within seconds, some never, because their window scale is that of the"
        " handshake.",
        Knob(RMEM, "max", "raise"), Metric("flows_bulk_read_bytes", "higher"), tried=True,
        sign="receive_window_bound", medians=("rcvbuf_bytes", "receive_memory_share", "receiver_rtt_us", "goodput_in_bytes_per_second"),
    ),
    Scenario(
        "peer_window_too_small", Rank.LIMIT, seen.peer_window, (),
        "Connections use up the window that their peer grants in every round trip; the path and the buffers here would take more.",
        "The knob is at the peer: the maximum of its tcp_rmem, if its receive queues are empty, else its reader. No buffer of this host"
        " changes it.",
        sign="peer_window_bound", medians=("rwnd_limited_share", "rtt_us", "rtt_over_min", "goodput_out_bytes_per_second", "sndbuf_bytes"),
    ),
    Scenario(
        "send_buffer_cut_off", Rank.LIMIT, seen.so_sndbuf, (),
        "Connections fill a send buffer that a program set, probably larger: it is exactly what net.core.wmem_max leaves of SO_SNDBUF.",
        "Take SO_SNDBUF out of the program, so that the kernel sizes its buffers by tcp_wmem; else a larger net.core.wmem_max, which reaches"
        " sockets that ask after it.",
        Knob(CORE_WMEM, None, "raise"), Metric("flows_bulk_out_bytes", "higher"), tried=True,
        sign="so_sndbuf_bound", medians=("sndbuf_bytes", "send_memory_share", "cwnd_bytes", "notsent_bytes", "rtt_us", "rtt_over_min"),
    ),
    Scenario(
        "receive_buffer_cut_off", Rank.LIMIT, seen.so_rcvbuf, ("rcvbuf_probably_locked",),
        "Connections use up their window in every round trip, in a receive buffer that a program set, probably larger: it is exactly what"
        " net.core.rmem_max leaves of SO_RCVBUF.",
        "Take SO_RCVBUF out of the program, so that the kernel sizes its buffers by tcp_rmem; else a larger net.core.rmem_max, which reaches"
        " sockets that ask after it.",
        Knob(CORE_RMEM, None, "raise"), Metric("flows_bulk_read_bytes", "higher"), tried=True,
        sign="so_rcvbuf_bound", medians=("rcvbuf_bytes", "receive_memory_share", "receiver_rtt_us", "goodput_in_bytes_per_second"),
    ),
    Scenario(
        "pausing_reader", Rank.LIMIT, seen.pausing_reader,
        (TO_ZERO_WINDOW, CLOSED_PER_CONNECTION, COLLAPSED, LISTENERS_NOT_DEFAULT),
        "Young connections fill their receive buffer while its reader pauses: it still has the size of the start.",
        "A larger default of tcp_rmem: the maximum is of no use here, because a buffer only grows when its reader reads. It reaches"
        " new connections, and those of a server after its restart.",
        Knob(RMEM, "default", "raise"), Metric(TO_ZERO_WINDOW, "lower"), tried=True,
        sign="reader_pausing", medians=("rcvbuf_bytes", "receive_memory_share", "half_full_share", "receive_queue_bytes"),
    ),
    Scenario(
        "queue_bloat", Rank.DELAY, seen.queue_bloat, (),
        "What this host sends waits in a queue of the path: its buffers hold more than the path carries, and whoever shares it waits, too.",
        "A smaller maximum of tcp_wmem, sized for the largest flow that was seen; or give the narrow link a queue that is managed (fq_codel,"
        " cake), which helps whoever else sends through it. A peer that is farther or faster than any seen would need a larger one.",
        Knob(WMEM, "max", "lower"), Metric("flows_bulk_rtt_us", "lower"), tried=True,
        sign="path_queue_bloated", medians=("rtt_us", "min_rtt_us", "rtt_over_min", "send_queue_bytes", "sndbuf_bytes"),
    ),
    Scenario(
        "sender_buffer_oversized", Rank.DELAY, sender_buffer_oversized, (RAISED, GAIN, OVERSIZED),
        "A step of this run made the send buffer larger than what it gained takes; the rest of it fills with data that waits.",
        "A maximum of tcp_wmem as many times that of before as more was moved.",
        Knob(WMEM, "max", "lower"), Metric("flows_bulk_queue_bytes", "lower"), tried=True,
    ),
    Scenario(
        "stale_send_queue", Rank.NOTE, seen.stale_queue, (),
        "What programs write waits in the send queue before it is sent: data is old when it leaves.",
        "Harmless for files, and what any sender shows that writes faster than its path carries. For what has to be fresh, a lower"
        " net.ipv4.tcp_notsent_lowat lets a program write its newest data when it can leave.",
        Knob(LOWAT, None, "lower"), Metric("flows_notsent_bytes", "lower"), tried=True,
        sign="send_queue_stale", medians=("mean_notsent_bytes", "cwnd_bytes", "goodput_out_bytes_per_second", "sndbuf_bytes", "rtt_us"),
    ),
    Scenario(
        "slow_reader", Rank.DELAY, seen.slow_reader, (TO_ZERO_WINDOW, WANT_ZERO_WINDOW, COLLAPSED),
        "Receive windows close because the application reads too slowly; a larger buffer only fills later.",
        "Find the process whose receive queue stays full (ss -tnp, Recv-Q) and make it read faster, or on more threads.",
    ),
    Scenario(
        "locked_buffers", Rank.NOTE, seen.locked_buffers, ("rcvbuf_probably_locked", "rcvbuf_above_max", "sndbuf_above_max"),
        "Most connections have a buffer of a size that a program chose (SO_RCVBUF, SO_SNDBUF), or that an earlier maximum allowed.",
        "The sysctls of TCP do not reach such connections, now or when they are changed. Take the setting out of the program, so that the"
        " kernel can size its buffers; or restart it, if the maximum was lowered since it began.",
        sign="rcvbuf_probably_locked", medians=("rcvbuf_bytes", "sndbuf_bytes"),
    ),
)
