# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a scenario holds that counters alone can tell. Pure.

Thresholds are events per second. They say when something is worth looking at; whether a change helps is for the trial to prove.
"""
from __future__ import annotations

import re

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Signals, above
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.signals import (
    BACKLOG_DROP,
    COLLAPSED,
    INITIAL_NETNS,
    LISTEN_OVERFLOWS,
    LOST,
    LOST_SHARE,
    PRESSURE_NOW,
    PRESSURES,
    PRESSURES_MS,
    PRUNE_CALLED,
    RCV_PRUNED,
    RCVQ_DROP,
    RELEASE,
    RING_DROPS,
    SEGMENTS,
    SOFTNET_DROPPED,
    SQUEEZED_SHARE,
    SQUEEZES_PER_CPU,
    SYN_QUEUE_FULL,
    TO_ZERO_WINDOW,
    UDP_BUFFER_BOTH,
    UDP_MEMORY_BOTH,
    WANT_ZERO_WINDOW,
)

# Ansible's own connection makes some segments: fewer than this carry nobody's load.
LEAST_SEGMENTS_PER_SECOND = 20
# What had arrived was thrown away: one such event in ten seconds is worth a look.
LEAST_DROPS = 0.1
# Linux releases whose stricter admission test drops received data without need; no buffer size cures that.
REGRESSED_RELEASES = ((6, 17), (6, 18), (6, 19))


def collapsing(signals: Signals) -> bool:
    # One call may free thousands of buffers, so their number alone is no reason: it has to go on all the time.
    return above(signals, COLLAPSED, 1000) and above(signals, PRUNE_CALLED, 1)


def pruning(signals: Signals) -> bool:
    return above(signals, RCV_PRUNED, LEAST_DROPS) or above(signals, RCVQ_DROP, LEAST_DROPS)


def pressure(signals: Signals) -> bool:
    # Any at all: it slows down every connection of the machine. TCPAbortOnMemory is evidence only, too many orphans raise it too.
    return any(above(signals, name, 0) for name in (PRESSURES, PRESSURES_MS, PRESSURE_NOW))


def zero_windows(signals: Signals) -> bool:
    # A window that closes now and then is ordinary; every few seconds, the application is what everybody waits for.
    return above(signals, TO_ZERO_WINDOW, 0.2) or above(signals, WANT_ZERO_WINDOW, 1)


def slow_reader(signals: Signals) -> bool:
    # Where buffers collapse too, that is what costs: the zero windows are evidence of it.
    return zero_windows(signals) and not collapsing(signals)


def growth_only(signals: Signals) -> bool:
    # Under pressure the kernel does not grow buffers: then a call has another cause.
    return above(signals, PRUNE_CALLED, 1) and not (above(signals, COLLAPSED, 0) or pruning(signals) or pressure(signals))


def regressed_kernel(signals: Signals) -> bool:
    # A queue that collapses is full indeed: then the drops are no fault of the test.
    return version(signals[RELEASE].value) in REGRESSED_RELEASES and above(signals, RCVQ_DROP, LEAST_DROPS) and not collapsing(signals)


def ring_drops(signals: Signals) -> bool:
    # A frame a second: below that, a link that came up or a driver that was reset explains it as well.
    return above(signals, RING_DROPS, 1)


def _own_machine(signals: Signals) -> bool:
    # Softnet counts for the whole machine: its containers would all report the same, and none could do anything about it.
    return signals[INITIAL_NETNS].value is not False


def softnet_drops(signals: Signals) -> bool:
    # As the rings: one burst in a window is no state of the host.
    return _own_machine(signals) and above(signals, SOFTNET_DROPPED, 1)


def softnet_squeezes(signals: Signals) -> bool:
    # Each ends a round of up to 2 ms (netdev_budget_usecs): ten a second are 2 % of a CPU's time spent in rounds that did not suffice. All
    # the time: a burst now and then is what the budget is for.
    return _own_machine(signals) and above(signals, SQUEEZES_PER_CPU, 10) and above(signals, SQUEEZED_SHARE, 0.5)


def backlog_drops(signals: Signals) -> bool:
    return above(signals, BACKLOG_DROP, LEAST_DROPS)


def listener_overflow(signals: Signals) -> bool:
    # Not ListenDrops: it also counts connections that were refused for other reasons.
    return above(signals, LISTEN_OVERFLOWS, LEAST_DROPS) or above(signals, SYN_QUEUE_FULL, LEAST_DROPS)


def udp_buffer_errors(signals: Signals) -> bool:
    # Nobody sends a datagram again.
    return above(signals, UDP_BUFFER_BOTH, LEAST_DROPS)


def udp_memory_errors(signals: Signals) -> bool:
    # Any at all: the limit is that of all UDP sockets of the machine together.
    return above(signals, UDP_MEMORY_BOTH, 0)


def path_loss(signals: Signals) -> bool:
    # At 0.3 % a cubic flow was held at a window of 46 KB, whatever the buffers. And once a second: a few lost segments of little traffic
    # make a large share, too.
    return above(signals, LOST_SHARE, 0.002) and above(signals, LOST, 1)


def no_traffic(signals: Signals) -> bool:
    return not above(signals, SEGMENTS, LEAST_SEGMENTS_PER_SECOND)


def otherwise(_signals: Signals) -> bool:
    return True


def version(release: str | None) -> tuple[int, int] | None:
    """(6, 18) of '6.18.44-generic'."""
    found = re.match(r"(\d+)\.(\d+)", release or "")
    return (int(found[1]), int(found[2])) if found else None
