# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be found on a host, most urgent first. A new scenario is one row.

Thresholds are events per second. They say when something is worth looking at; whether a change
helps is for the trial to prove.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

NETSTAT = "/proc/net/netstat"
SNMP = "/proc/net/snmp"
PROTOCOLS = "/proc/net/protocols"
RMEM = "net.ipv4.tcp_rmem"


class Signal(NamedTuple):
    """A counter, or a sum of counters, that a scenario rests on."""

    name: str
    counters: tuple[str, ...]
    source: str


SIGNALS = (
    Signal("TCPRcvCollapsed", ("TcpExtTCPRcvCollapsed",), NETSTAT),
    Signal("PruneCalled", ("TcpExtPruneCalled",), NETSTAT),
    # RcvPruned counts calls that could not make room, TCPRcvQDrop (4.19) the segments dropped for it.
    Signal("RcvPruned", ("TcpExtRcvPruned",), NETSTAT),
    Signal("TCPRcvQDrop", ("TcpExtTCPRcvQDrop",), NETSTAT),
    Signal("ToZeroWindowAdv", ("TcpExtTCPToZeroWindowAdv",), NETSTAT),
    Signal("WantZeroWindowAdv", ("TcpExtTCPWantZeroWindowAdv",), NETSTAT),
    Signal("MemoryPressures", ("TcpExtTCPMemoryPressures",), NETSTAT),
    Signal("AbortOnMemory", ("TcpExtTCPAbortOnMemory",), NETSTAT),
    Signal("InSegs", ("TcpInSegs",), SNMP),
)
# The gauge among them: 1 while the kernel is short of memory for TCP.
PRESSURE = "protocols_TCP_pressure"

Rates = Mapping[str, "float | None"]


def _above(rates: Rates, name: str, threshold: float) -> bool:
    rate = rates.get(name)
    return rate is not None and rate > threshold


def _collapsing(rates: Rates) -> bool:
    # One call may free thousands of buffers, so their number alone is no reason: it has to go on all the time.
    return _above(rates, "TCPRcvCollapsed", 1000) and _above(rates, "PruneCalled", 1)


def _pruning(rates: Rates) -> bool:
    # Data that had arrived in order was thrown away. One event in ten seconds is worth a look.
    return _above(rates, "RcvPruned", 0.1) or _above(rates, "TCPRcvQDrop", 0.1)


def _pressure(rates: Rates) -> bool:
    return _above(rates, "MemoryPressures", 0) or _above(rates, "AbortOnMemory", 0) or _above(rates, PRESSURE, 0)


def _slow_reader(rates: Rates) -> bool:
    # A window that closes now and then is ordinary; every few seconds, the application is what everybody waits for.
    return _above(rates, "ToZeroWindowAdv", 0.2) or _above(rates, "WantZeroWindowAdv", 1)


def _growth_only(rates: Rates) -> bool:
    return _above(rates, "PruneCalled", 1) and not _above(rates, "TCPRcvCollapsed", 0) and not _pruning(rates)


def _no_traffic(rates: Rates) -> bool:
    # Ansible's own connection makes some segments: fewer than this carry no load of anybody's.
    return not _above(rates, "InSegs", 20)


class Scenario(NamedTuple):
    """A finding that may hold: when, what it means, which way it argues, and what helps if no buffer does."""

    name: str
    holds: Any  # Callable[[Rates], bool]
    evidence: tuple[str, ...]
    summary: str
    key: str | None = None
    direction: str | None = None
    remedy: str | None = None


SCENARIOS = (
    Scenario(
        "memory_pressure", _pressure, ("MemoryPressures", "AbortOnMemory", PRESSURE),
        "The kernel is short of memory for TCP, so it stops growing windows and may abort connections.",
        RMEM, "lower", "Look for sockets with large queues (ss -tm) and for orphans; raise tcp_mem only with RAM to spare.",
    ),
    Scenario(
        "collapsing", _collapsing, ("TCPRcvCollapsed", "PruneCalled", "RcvPruned", "WantZeroWindowAdv"),
        "Full receive buffers are collapsed all the time: packets are copied together while everything else on that CPU waits.",
        RMEM, "lower", "A reader that keeps up, or fewer and larger messages, cure it at its root.",
    ),
    Scenario(
        "pruning_with_loss", _pruning, ("RcvPruned", "TCPRcvQDrop", "PruneCalled", "TCPRcvCollapsed"),
        "Receive buffers overflow and data that had already arrived is dropped, to be sent again.",
        RMEM, "raise", "Check that the application reads, and that it does not set SO_RCVBUF.",
    ),
    Scenario(
        "slow_reader", _slow_reader, ("ToZeroWindowAdv", "WantZeroWindowAdv", "TCPRcvCollapsed"),
        "Receive windows close because the application reads too slowly; a larger buffer only fills later.",
        remedy="Find the process whose receive queue stays full (ss -tnp, Recv-Q) and make it read faster, or on more threads.",
    ),
    Scenario(
        "growth_only", _growth_only, ("PruneCalled", "TCPRcvCollapsed", "RcvPruned"),
        "PruneCalled rises only because the kernel is growing receive buffers: nothing is collapsed, nothing is lost.",
        remedy="Nothing to do.",
    ),
)
NO_TRAFFIC = Scenario(
    "no_traffic", _no_traffic, ("InSegs",),
    "There was hardly any TCP traffic in this window, so it says nothing about the buffers.",
    remedy="Measure again when the host is busy, or for longer.",
)
NOTHING_WRONG = Scenario(
    "nothing_wrong", None, ("InSegs", "TCPRcvCollapsed", "RcvPruned", "ToZeroWindowAdv"),
    "There was traffic, and no counter of the receive buffers says that anything is wrong.",
)
# Kernels whose stricter admission test drops data without need; no buffer size cures that.
REGRESSED_RELEASES = ("6.17.", "6.18.", "6.19.")
