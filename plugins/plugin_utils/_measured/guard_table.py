# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kept change must not make worse. Pure. A new guard is one row."""
from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import OCTETS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import LONGEST, STALLED

# Per second: what bulk flows carry the other way is no bulk. And a quarter more of so short a round trip harms nobody.
LEAST_BULK_BYTES, LEAST_RTT_US = 125_000, 500
# A connection that fills its path loses a few segments at the top of each swing (cubic, on a line of 1 Gb/s: 0.18 %).
LEAST_RETRANSMITTED_SHARE = 0.003
# So short a stall, or so little of a second in stalls, is what any interrupt does.
LEAST_STALL_US = 1000


class Told(NamedTuple):
    """Connections that were seen tell of these octets, where they brought so much of the payload."""

    octets: tuple[str, ...]
    segments: str
    by: str
    share: float
    members: str | None = None  # the number of connections that say so: it has to be as large in both arms


# What comes in is not always read: a larger buffer takes in more, and throws it away when its connection ends. So half is enough to know better.
RECEIVED = Told(OCTETS["octets_in"], "TcpInSegs", "flows_in_bytes", 0.5)
SENT = Told(OCTETS["octets_out"], "TcpOutSegs", "flows_bulk_out_bytes", 0.7, members="flows_bulk_count")


class Guard(NamedTuple):
    """A rate, its good direction, and the relative worsening that is still put up with."""

    name: str
    counters: tuple[str, ...]
    direction: str  # the good one
    margin: float
    per: tuple[str, ...] = ()  # divided by these counters instead of by time
    counts_events: bool = True
    # What is said of a class of connections is of others once a change has moved some into it or out of it: then it guards nothing.
    members: str | None = None  # the number of them
    least: float = 0.0  # that one of the arms has to have before it is judged, per second or as a level
    segments: str | None = None  # octets count as work only if there is payload in these
    unless: Told | None = None  # where it holds, there is a guard that knows more of the same payload
    where: Told | None = None  # else what it counts is of those few connections that a look happened to meet


def of_class(members: str, least: float) -> dict[str, Any]:
    return {"counts_events": False, "members": members, "least": least}


GUARDS = (
    # Losses and their repair.
    Guard("retransmits per segment sent", ("TcpRetransSegs",), "lower", 0.10, ("TcpOutSegs",), least=LEAST_RETRANSMITTED_SHARE),
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
    # What others wait for. A chance of the machine (a hypervisor's) can make one long run: the margin is wide, and size alone says nothing.
    Guard("longest stall", (LONGEST,), "lower", 0.25, counts_events=False, least=LEAST_STALL_US),
    Guard("time in stalls", (STALLED,), "lower", 0.25, counts_events=False, least=LEAST_STALL_US),
    Guard("round trip of requests", ("flows_request_rtt_us",), "lower", 0.25, **of_class("flows_request_count", LEAST_RTT_US)),
    # Work and throughput: the change must not pay for itself with either. Zero windows are no guard: closing the
    # window earlier is how a smaller buffer works, and what it costs shows in the octets.
    Guard("softirq squeezes", ("softnet_time_squeeze",), "lower", 0.25),
    Guard("received octets", RECEIVED.octets, "higher", 0.05, segments=RECEIVED.segments, unless=RECEIVED),
    # What a larger buffer puts into a queue of the path has not arrived: what was acknowledged has.
    Guard("sent octets", SENT.octets, "higher", 0.05, segments=SENT.segments, unless=SENT),
    # What a larger buffer takes in while its reader is away is no work: what programs have read is.
    Guard("read by programs", ("flows_read_bytes",), "higher", 0.05, counts_events=False, least=LEAST_BULK_BYTES, where=RECEIVED),
    Guard("bulk read", ("flows_bulk_read_bytes",), "higher", 0.05, **of_class("flows_bulk_count", LEAST_BULK_BYTES)),
    Guard("bulk sent", ("flows_bulk_out_bytes",), "higher", 0.05, **of_class("flows_bulk_count", LEAST_BULK_BYTES)),
)
