# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a window says, as one flat mapping: name -> value, unit and source. Pure.

Counters are events per second over the window, gauges their highest value, and what is computed from several of them has a name of its own.
A value is None when this kernel, or this window, does not tell.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Reading
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import read_sockets
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import column, highest, mean_rate

COLLAPSED = "TcpExtTCPRcvCollapsed"
PRUNE_CALLED = "TcpExtPruneCalled"
RCV_PRUNED = "TcpExtRcvPruned"  # calls that could not make room
RCVQ_DROP = "TcpExtTCPRcvQDrop"  # segments dropped for it (Linux 4.19)
TO_ZERO_WINDOW = "TcpExtTCPToZeroWindowAdv"
WANT_ZERO_WINDOW = "TcpExtTCPWantZeroWindowAdv"
PRESSURES = "TcpExtTCPMemoryPressures"
PRESSURES_MS = "TcpExtTCPMemoryPressuresChrono"  # added when a pressure ends
ABORT_ON_MEMORY = "TcpExtTCPAbortOnMemory"
ACCEPTED, CONNECTED = "TcpPassiveOpens", "TcpActiveOpens"
SEGMENTS = "TcpInSegs"
SEGMENTS_OUT = "TcpOutSegs"
RETRANSMITTED = "TcpRetransSegs"  # SYNs included
SYN_RETRANSMITTED = "TcpExtTCPSynRetrans"
DUPLICATES_TOLD = "TcpExtTCPDSACKRecv"  # the peer had it already
TIMEOUTS = "TcpExtTCPTimeouts"
OUT_OF_ORDER = "TcpExtTCPOFOQueue"
BACKLOG_DROP = "TcpExtTCPBacklogDrop"
LISTEN_OVERFLOWS = "TcpExtListenOverflows"
LISTEN_DROPS = "TcpExtListenDrops"  # for any reason, overflows included
SYN_QUEUE_FULL = "TcpExtTCPReqQFullDrop"
SYN_COOKIES = "TcpExtTCPReqQFullDoCookies"
UDP_BUFFER, UDP6_BUFFER = "UdpRcvbufErrors", "Udp6RcvbufErrors"
UDP_MEMORY, UDP6_MEMORY = "UdpMemErrors", "Udp6MemErrors"  # Linux 5.11
UDP_ERRORS, UDP6_ERRORS = "UdpInErrors", "Udp6InErrors"  # both of these, and wrong checksums
SOFTNET_DROPPED = "softnet_dropped"
SOFTNET_SQUEEZED = "softnet_time_squeeze"
SOFTNET_PROCESSED = "softnet_processed"
FLOW_LIMITED = "softnet_flow_limit_count"

PRESSURE_NOW = "protocols_TCP_pressure"
SOFTNET_CPUS = "softnet_cpus"

CLOSED_PER_CONNECTION = "zero_windows_per_new_connection"
LOST_SHARE = "lost_share"
LOST = "lost_segments"
UDP_BUFFER_BOTH = "udp_receive_buffer_errors"
UDP_MEMORY_BOTH = "udp_memory_errors"
SQUEEZES_PER_CPU = "softnet_time_squeeze_per_cpu"
SQUEEZED_SHARE = "softnet_squeezed_share"
RING_DROPS = "nic_ring_drops"
RELEASE = "kernel_release"
INITIAL_NETNS = "netns_is_initial"

# Names for "there was no descriptor, or no buffer, to receive into": the kernel's own (Documentation/networking/statistics.rst), and
# those of drivers, with the queue before or behind. rx_dropped is none: the kernel adds to it what it drops itself.
RING_NAMES = re.compile(
    r"^nic_.+("
    r"_rx_(missed|fifo|over)_errors$"
    r"|[_ ]rx_\w*?(out_of_buf|no_?(p?buf|(erx_|tpre_)?desc|dma|frags)|fw_discards)"  # mlx5; e1000e, igb, gve, be2net, ixgbe; bnx2
    r"|\]: rx_discards$"  # of a queue: bnx2x, bnxt
    r"|rx OOB$"  # out of buffers: vmxnet3
    r")",
)


class Origin(NamedTuple):
    """Where a number comes from and what it counts."""

    source: str
    unit: str


_SNMP, _NETSTAT, _SNMP6, _SOFTNET = (Origin(f"/proc/net/{name}", "per second") for name in ("snmp", "netstat", "snmp6", "softnet_stat"))
COUNTERS: dict[str, Origin] = {
    **dict.fromkeys((ACCEPTED, CONNECTED, SEGMENTS, SEGMENTS_OUT, RETRANSMITTED, UDP_BUFFER, UDP_MEMORY, UDP_ERRORS), _SNMP),
    **dict.fromkeys((UDP6_BUFFER, UDP6_MEMORY, UDP6_ERRORS), _SNMP6),
    **dict.fromkeys((SOFTNET_DROPPED, SOFTNET_SQUEEZED, SOFTNET_PROCESSED, FLOW_LIMITED), _SOFTNET),
    **dict.fromkeys((
        COLLAPSED, PRUNE_CALLED, RCV_PRUNED, RCVQ_DROP, TO_ZERO_WINDOW, WANT_ZERO_WINDOW, PRESSURES, ABORT_ON_MEMORY, SYN_RETRANSMITTED,
        DUPLICATES_TOLD, TIMEOUTS, OUT_OF_ORDER, BACKLOG_DROP, LISTEN_OVERFLOWS, LISTEN_DROPS, SYN_QUEUE_FULL, SYN_COOKIES,
    ), _NETSTAT),
    PRESSURES_MS: Origin("/proc/net/netstat", "milliseconds per second"),
}
GAUGES: dict[str, Origin] = {
    PRESSURE_NOW: Origin("/proc/net/protocols", "1 while under pressure"),
    SOFTNET_CPUS: Origin("/proc/net/softnet_stat", "CPUs"),
}


def read_signals(window: Mapping[str, Any]) -> dict[str, Reading]:
    """Everything that a scenario may ask for."""
    found = {name: Reading(mean_rate(window, name), origin.unit, origin.source) for name, origin in COUNTERS.items()}
    found.update((name, Reading(highest(window, name), origin.unit, origin.source)) for name, origin in GAUGES.items())
    found[INITIAL_NETNS] = Reading(window["identity"].get("netns_is_initial"), "flag", "identity")
    found[RELEASE] = Reading(window["identity"]["kernel_release"], "release", "/proc/sys/kernel/osrelease")
    found.update(_ring_drops(window))
    found.update(read_sockets(window))
    found.update(_computed(window, {name: reading.value for name, reading in found.items()}))
    return found


def _ring_drops(window: Mapping[str, Any]) -> dict[str, Reading]:
    """One drop may be counted under several names: the largest of them is what is known to be lost."""
    source = "/sys/class/net/*/statistics, ethtool -S"
    rings = {name: mean_rate(window, name) for name in window["counters"] if RING_NAMES.match(name)}
    known = {name: Reading(rate, "per second", source) for name, rate in rings.items() if rate is not None}
    largest = max((reading.value for reading in known.values()), default=0.0)
    return {**known, RING_DROPS: Reading(largest, "per second", source)}


def _computed(window: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Reading]:
    lost = _lost(values)
    sent, squeezed, cpus = values[SEGMENTS_OUT], values[SOFTNET_SQUEEZED], values[SOFTNET_CPUS]
    opened, closed = _sum(values, ACCEPTED, CONNECTED), values[TO_ZERO_WINDOW]
    return {
        CLOSED_PER_CONNECTION: Reading(
            closed / opened if opened and closed is not None else None, "times", f"{TO_ZERO_WINDOW} / ({ACCEPTED} + {CONNECTED})"),
        LOST: Reading(lost, "per second", f"{RETRANSMITTED} - {SYN_RETRANSMITTED} - {DUPLICATES_TOLD}"),
        LOST_SHARE: Reading(lost / sent if lost is not None and sent else None, "share", f"{LOST} / {SEGMENTS_OUT}"),
        UDP_BUFFER_BOTH: Reading(_sum(values, UDP_BUFFER, UDP6_BUFFER), "per second", f"{UDP_BUFFER} + {UDP6_BUFFER}"),
        UDP_MEMORY_BOTH: Reading(_sum(values, UDP_MEMORY, UDP6_MEMORY), "per second", f"{UDP_MEMORY} + {UDP6_MEMORY}"),
        SQUEEZES_PER_CPU: Reading(squeezed / (cpus or 1) if squeezed is not None else None, "per second", "/proc/net/softnet_stat"),
        SQUEEZED_SHARE: Reading(_busy_share(window, SOFTNET_SQUEEZED), "share of the buckets", "/proc/net/softnet_stat"),
    }


def _lost(values: Mapping[str, Any]) -> float | None:
    """What was sent again, but for connections that nobody answered, and for what had arrived after all."""
    if values[RETRANSMITTED] is None:
        return None
    return max(0.0, values[RETRANSMITTED] - (values[SYN_RETRANSMITTED] or 0) - (values[DUPLICATES_TOLD] or 0))


def _sum(values: Mapping[str, Any], *names: str) -> float | None:
    known = [values[name] for name in names if values[name] is not None]
    return sum(known) if known else None


def _busy_share(window: Mapping[str, Any], name: str) -> float | None:
    """Share of the buckets in which it moved."""
    known = [value for value in column(window, name) or () if value is not None]
    return sum(value > 0 for value in known) / len(known) if known else None
