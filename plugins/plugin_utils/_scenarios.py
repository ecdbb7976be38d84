# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be found on a host, most urgent first.

A new scenario is one row; one that argues for a sysctl also needs its answer in _plan.py.
Thresholds are events per second. They say when something is worth looking at; whether a change
helps is for the trial to prove.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

RMEM = "net.ipv4.tcp_rmem"

COLLAPSED = "TcpExtTCPRcvCollapsed"
PRUNE_CALLED = "TcpExtPruneCalled"
RCV_PRUNED = "TcpExtRcvPruned"  # calls that could not make room
RCVQ_DROP = "TcpExtTCPRcvQDrop"  # segments dropped for it (Linux 4.19)
TO_ZERO_WINDOW = "TcpExtTCPToZeroWindowAdv"
WANT_ZERO_WINDOW = "TcpExtTCPWantZeroWindowAdv"
PRESSURES = "TcpExtTCPMemoryPressures"
PRESSURES_MS = "TcpExtTCPMemoryPressuresChrono"  # added when a pressure ends
ABORT_ON_MEMORY = "TcpExtTCPAbortOnMemory"
SEGMENTS = "TcpInSegs"
PRESSURE_NOW = "protocols_TCP_pressure"

# Ansible's own connection makes some segments: fewer than this carry nobody's load.
LEAST_SEGMENTS_PER_SECOND = 20


class Signal(NamedTuple):
    """Where a number comes from and what it counts."""

    source: str
    unit: str


_NETSTAT = Signal("/proc/net/netstat", "per second")
COUNTERS: dict[str, Signal] = {
    COLLAPSED: _NETSTAT,
    PRUNE_CALLED: _NETSTAT,
    RCV_PRUNED: _NETSTAT,
    RCVQ_DROP: _NETSTAT,
    TO_ZERO_WINDOW: _NETSTAT,
    WANT_ZERO_WINDOW: _NETSTAT,
    PRESSURES: _NETSTAT,
    PRESSURES_MS: Signal("/proc/net/netstat", "milliseconds per second"),
    ABORT_ON_MEMORY: _NETSTAT,
    SEGMENTS: Signal("/proc/net/snmp", "per second"),
}
GAUGES: dict[str, Signal] = {
    PRESSURE_NOW: Signal("/proc/net/protocols", "1 while under pressure"),
}

Rates = Mapping[str, "float | None"]


def _above(rates: Rates, name: str, threshold: float) -> bool:
    """A counter that the kernel lacks is above nothing."""
    rate = rates[name]
    return rate is not None and rate > threshold


def _collapsing(rates: Rates) -> bool:
    # One call may free thousands of buffers, so their number alone is no reason: it has to go on all the time.
    return _above(rates, COLLAPSED, 1000) and _above(rates, PRUNE_CALLED, 1)


def _pruning(rates: Rates) -> bool:
    # Data that had arrived in order was thrown away. One event in ten seconds is worth a look.
    return _above(rates, RCV_PRUNED, 0.1) or _above(rates, RCVQ_DROP, 0.1)


def _pressure(rates: Rates) -> bool:
    # Any at all: it slows down every connection of the machine. TCPAbortOnMemory is evidence only, too many orphans raise it too.
    return any(_above(rates, name, 0) for name in (PRESSURES, PRESSURES_MS, PRESSURE_NOW))


def _slow_reader(rates: Rates) -> bool:
    # A window that closes now and then is ordinary; every few seconds, the application is what everybody waits for.
    # Where buffers collapse too, that is what costs: the zero windows are evidence of it.
    return (_above(rates, TO_ZERO_WINDOW, 0.2) or _above(rates, WANT_ZERO_WINDOW, 1)) and not _collapsing(rates)


def _growth_only(rates: Rates) -> bool:
    # Under pressure the kernel does not grow buffers: then a call has another cause.
    return _above(rates, PRUNE_CALLED, 1) and not (_above(rates, COLLAPSED, 0) or _pruning(rates) or _pressure(rates))


def _no_traffic(rates: Rates) -> bool:
    return not _above(rates, SEGMENTS, LEAST_SEGMENTS_PER_SECOND)


def _otherwise(rates: Rates) -> bool:
    return True


class Scenario(NamedTuple):
    """A finding that may hold: when, on what evidence, what it means, which way it argues, and what helps besides."""

    name: str
    holds: Callable[[Rates], bool]
    evidence: tuple[str, ...]
    summary: str
    key: str | None = None
    direction: str | None = None
    remedy: str | None = None
    wants_stalls: bool = False  # only the length of stalls can tell what it costs


SCENARIOS = (
    Scenario(
        "memory_pressure", _pressure, (PRESSURES, PRESSURES_MS, PRESSURE_NOW, ABORT_ON_MEMORY),
        "The kernel is short of memory for TCP, so it stops growing windows and may abort connections.",
        RMEM, "lower", "Look for sockets with large queues (ss -tm) and for orphans; raise tcp_mem only with RAM to spare.",
    ),
    Scenario(
        "collapsing", _collapsing, (COLLAPSED, PRUNE_CALLED, RCV_PRUNED, TO_ZERO_WINDOW, WANT_ZERO_WINDOW),
        "Full receive buffers are collapsed all the time: packets are copied together while everything else on that CPU waits.",
        RMEM, "lower",
        "A reader that keeps up, or fewer and larger messages, cure it at its root; zero windows in the evidence speak of a slow reader.",
        wants_stalls=True,
    ),
    Scenario(
        "pruning_with_loss", _pruning, (RCV_PRUNED, RCVQ_DROP, PRUNE_CALLED, COLLAPSED),
        "Receive buffers overflow and data that had already arrived is dropped, to be sent again.",
        RMEM, "raise", "Check that the application reads, and that it does not set SO_RCVBUF.",
    ),
    Scenario(
        "slow_reader", _slow_reader, (TO_ZERO_WINDOW, WANT_ZERO_WINDOW, COLLAPSED),
        "Receive windows close because the application reads too slowly; a larger buffer only fills later.",
        remedy="Find the process whose receive queue stays full (ss -tnp, Recv-Q) and make it read faster, or on more threads.",
    ),
    Scenario(
        "growth_only", _growth_only, (PRUNE_CALLED, COLLAPSED, RCV_PRUNED),
        "PruneCalled rises only because the kernel is growing receive buffers: nothing is collapsed, nothing is lost.",
        remedy="Nothing to do.",
    ),
)
# When no scenario holds, the first of these that does.
REMAINING = (
    Scenario(
        "no_traffic", _no_traffic, (SEGMENTS,),
        "There was hardly any TCP traffic in this window, so it says nothing about the buffers.",
        remedy="Measure again when the host is busy, or for longer.",
    ),
    Scenario(
        "nothing_wrong", _otherwise, (SEGMENTS, COLLAPSED, RCV_PRUNED, TO_ZERO_WINDOW),
        "There was traffic, and no counter of the receive buffers rose enough to be a finding.",
    ),
)
# Linux releases whose stricter admission test drops received data without need; no buffer size cures that.
REGRESSED_RELEASES = ((6, 17), (6, 18), (6, 19))
