# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kept change must not make worse. A new guard is one row."""
from __future__ import annotations

from typing import NamedTuple


class Guard(NamedTuple):
    """A rate, its good direction, and the relative worsening that is still put up with."""

    name: str
    counters: tuple[str, ...]
    direction: str  # the good one
    margin: float
    per: tuple[str, ...] = ()  # divided by these counters instead of by time


GUARDS = (
    # Losses and their repair.
    Guard("retransmits per segment sent", ("TcpRetransSegs",), "lower", 0.10, ("TcpOutSegs",)),
    Guard("retransmission timeouts", ("TcpExtTCPTimeouts",), "lower", 0.10),
    Guard("in-order data dropped", ("TcpExtTCPRcvQDrop",), "lower", 0.10),
    Guard("receive queues pruned with loss", ("TcpExtRcvPruned",), "lower", 0.10),
    Guard("out-of-order data dropped", ("TcpExtTCPOFODrop",), "lower", 0.10),
    Guard("backlog drops", ("TcpExtTCPBacklogDrop",), "lower", 0.10),
    Guard("UDP receive errors", ("UdpRcvbufErrors", "Udp6RcvbufErrors"), "lower", 0.10),
    Guard("listener overflows", ("TcpExtListenOverflows",), "lower", 0.10),
    Guard("softnet drops", ("softnet_dropped",), "lower", 0.10),
    # Memory.
    Guard("memory pressure", ("TcpExtTCPMemoryPressures",), "lower", 0.10),
    Guard("time under memory pressure", ("TcpExtTCPMemoryPressuresChrono",), "lower", 0.10),
    # Work and throughput: the change must not pay for itself with either. Zero windows are no guard: closing the
    # window earlier is how a smaller buffer works, and what it costs shows in the octets.
    Guard("softirq squeezes", ("softnet_time_squeeze",), "lower", 0.25),
    Guard("received octets", ("IpExtInOctets", "Ip6InOctets"), "higher", 0.05),
    Guard("sent octets", ("IpExtOutOctets", "Ip6OutOctets"), "higher", 0.05),
)
# Demand, to tell whether the arms can be compared at all: what others asked of this host, never octets.
DEMAND = ("TcpPassiveOpens", "TcpActiveOpens")
