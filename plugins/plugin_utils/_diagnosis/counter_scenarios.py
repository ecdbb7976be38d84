# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the table of scenarios: what counters tell, most of it beyond the reach of any socket buffer. Pure."""
from __future__ import annotations

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis import counter_predicates as counted
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import (
    CORE_RMEM,
    RMEM,
    Advice,
    Knob,
    Metric,
    Rank,
    Scenario,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.signals import (
    ABORT_ON_MEMORY,
    BACKLOG_DROP,
    COLLAPSED,
    DUPLICATES_TOLD,
    FLOW_LIMITED,
    LISTEN_DROPS,
    LISTEN_OVERFLOWS,
    LOST,
    LOST_SHARE,
    OUT_OF_ORDER,
    PRESSURE_NOW,
    PRESSURES,
    PRESSURES_MS,
    PRUNE_CALLED,
    RCV_PRUNED,
    RCVQ_DROP,
    RELEASE,
    RETRANSMITTED,
    RING_DROPS,
    SOFTNET_CPUS,
    SOFTNET_DROPPED,
    SOFTNET_PROCESSED,
    SOFTNET_SQUEEZED,
    SQUEEZED_SHARE,
    SQUEEZES_PER_CPU,
    SYN_COOKIES,
    SYN_QUEUE_FULL,
    TIMEOUTS,
    TO_ZERO_WINDOW,
    UDP6_BUFFER,
    UDP6_ERRORS,
    UDP6_MEMORY,
    UDP_BUFFER,
    UDP_ERRORS,
    UDP_MEMORY,
    WANT_ZERO_WINDOW,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import ACCEPT_QUEUES_FULL

CORE_RMEM_DEFAULT = "net.core.rmem_default"

COUNTED = (
    Scenario(
        "memory_pressure", Rank.WHOLE_HOST, counted.pressure, (PRESSURES, PRESSURES_MS, PRESSURE_NOW, ABORT_ON_MEMORY),
        "The kernel is short of memory for TCP, so it stops growing windows and may abort connections.",
        "Look for sockets with large queues (ss -tm) and for orphans; raise tcp_mem only with RAM to spare.",
        Knob(RMEM, "max", "lower"), Metric(PRESSURES_MS, "lower"), tried=True,
    ),
    Scenario(
        "collapsing", Rank.WHOLE_HOST, counted.collapsing, (COLLAPSED, PRUNE_CALLED, RCV_PRUNED, TO_ZERO_WINDOW, WANT_ZERO_WINDOW),
        "Full receive buffers are collapsed all the time: packets are copied together while everything else on that CPU waits.",
        "A reader that keeps up, or fewer and larger messages, cure it at its root; zero windows in the evidence speak of a slow reader.",
        Knob(RMEM, "max", "lower"), Metric("stall_longest_us", "lower"), tried=True, wants_stalls=True,
    ),
    Scenario(
        "nic_ring_drops", Rank.LOSS_HERE, counted.ring_drops, (RING_DROPS,),
        "A network interface drops frames because no receive buffer is free for them: the host does not empty the ring fast enough.",
        "No socket buffer reaches this. Make the receive ring larger (ethtool -g shows it, ethtool -G sets it; the link may go down for a"
        " moment), or spread interrupts and queues over more CPUs.",
    ),
    Scenario(
        "softnet_drops", Rank.LOSS_HERE, counted.softnet_drops, (SOFTNET_DROPPED, FLOW_LIMITED, SOFTNET_SQUEEZED, SOFTNET_PROCESSED),
        "Packets are dropped before any socket sees them: the queue of a CPU between driver and protocol is full.",
        "No socket buffer reaches this. Spread the packets over more CPUs (queues, RPS), then raise net.core.netdev_max_backlog, which is"
        " not tried by itself. Where softnet_flow_limit_count explains the drops, one flow is held back for the others: that is meant so.",
        Knob("net.core.netdev_max_backlog", None, "raise"), Metric(SOFTNET_DROPPED, "lower"),
    ),
    Scenario(
        "listener_overflow", Rank.LOSS_HERE, counted.listener_overflow,
        (LISTEN_OVERFLOWS, SYN_QUEUE_FULL, SYN_COOKIES, LISTEN_DROPS, ACCEPT_QUEUES_FULL),
        "New connections are dropped because a listener's queue is full: clients wait a second or more and try again.",
        "Have the application accept faster, or listen with a larger backlog; net.core.somaxconn (and tcp_max_syn_backlog for"
        " TCPReqQFullDrop) bound it. No buffer size matters here.",
        Knob("net.core.somaxconn", None, "raise"), Metric(LISTEN_OVERFLOWS, "lower"),
    ),
    Scenario(
        "backlog_drops", Rank.LOSS_HERE, counted.backlog_drops, (BACKLOG_DROP, PRUNE_CALLED, RCV_PRUNED),
        "Packets are dropped because their socket is busy: its owner holds it for longer than the backlog has room for.",
        "Find the process that is starved of CPU, or works on the socket in very large calls. A larger receive buffer also widens the"
        " backlog, but that only waits for longer.",
    ),
    Scenario(
        "kernel_regression", Rank.LOSS_HERE, counted.regressed_kernel, (RELEASE, RCVQ_DROP, RCV_PRUNED, COLLAPSED, TO_ZERO_WINDOW),
        "This kernel may drop received data without need: 6.17 to 6.19 test too strictly whether a packet still fits.",
        "No buffer size cures it: update the kernel, then measure again. Distributions carry the repair back under the same number, so"
        " ask theirs for it (tcp_can_ingest).",
    ),
    Scenario(
        "pruning_with_loss", Rank.LOSS_HERE, counted.pruning, (RCV_PRUNED, RCVQ_DROP, PRUNE_CALLED, COLLAPSED),
        "Receive buffers overflow and data that had already arrived is dropped, to be sent again.",
        "Check that the application reads, and that it does not set SO_RCVBUF.",
        Knob(RMEM, "max", "raise"), Metric(RCV_PRUNED, "lower"), tried=True,
    ),
    Scenario(
        "udp_memory", Rank.LOSS_HERE, counted.udp_memory_errors, (UDP_MEMORY, UDP6_MEMORY, UDP_ERRORS, UDP6_ERRORS),
        "Datagrams are dropped because all UDP sockets together hold as much memory as they may.",
        "Find the sockets with large queues (ss -uam); raise net.ipv4.udp_mem only with RAM to spare. Larger buffers make it worse.",
        Knob("net.ipv4.udp_mem", "max", "raise"), Metric(UDP_MEMORY, "lower"),
    ),
    Scenario(
        "udp_receive_errors", Rank.LOSS_HERE, counted.udp_buffer_errors, (UDP_BUFFER, UDP6_BUFFER, UDP_ERRORS, UDP6_ERRORS),
        "Datagrams are dropped because the receive buffer of a UDP socket is full; nobody sends them again.",
        "The last column of /proc/net/udp and udp6 says which socket, ss -uam its size (rb). UDP buffers do not grow, and"
        " a socket keeps the size that it was made with. So nothing is tried: restart its service after a change, and compare. A reader that is"
        " always too slow fills any size.",
        Knob(CORE_RMEM_DEFAULT, None, "raise"), Metric(UDP_BUFFER, "lower"),
        advice=(
            Advice(
                CORE_RMEM_DEFAULT, 2,
                "for programs that do not ask for a size (rb is the present value): what comes while a reader is away cannot be seen, so one step",
            ),
            Advice(CORE_RMEM, 2, "for those that ask (SO_RCVBUF; rb is twice the present value where it was cut off)"),
        ),
    ),
    Scenario(
        "path_loss", Rank.LOSS_ELSEWHERE, counted.path_loss, (LOST_SHARE, LOST, RETRANSMITTED, DUPLICATES_TOLD, TIMEOUTS, OUT_OF_ORDER),
        "What this host sends gets lost on the way, so that congestion control, not a buffer, sets the pace.",
        "No buffer size cures it. Look for the link, the policer or the receiver that drops; a congestion control that tells loss from"
        " congestion (BBR) may help on a path that loses at random.",
    ),
    Scenario(
        "softnet_squeezes", Rank.DELAY, counted.softnet_squeezes, (SQUEEZES_PER_CPU, SQUEEZED_SHARE, SOFTNET_CPUS, SOFTNET_PROCESSED),
        "Receiving runs out of its time slice all the time: packets that have arrived wait for the next one.",
        "No socket buffer reaches this. Spread queues and interrupts over more CPUs; net.core.netdev_budget and netdev_budget_usecs may be"
        " raised in small steps, at the expense of what else runs on those CPUs. They are not tried by themselves.",
        Knob("net.core.netdev_budget", None, "raise"), Metric(SOFTNET_SQUEEZED, "lower"),
    ),
    Scenario(
        "growth_only", Rank.NOTE, counted.growth_only, (PRUNE_CALLED, COLLAPSED, RCV_PRUNED),
        "PruneCalled rises only because the kernel is growing receive buffers: nothing is collapsed, nothing is lost.",
        "Nothing to do.",
    ),
)
