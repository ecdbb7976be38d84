# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which counters are read, from where, and what kind of number each is. A new source is one row."""
from typing import Callable, Dict, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import (
    parse_mib_pairs,
    parse_name_values,
    parse_protocols,
    parse_sockstat,
    parse_softnet,
)

Values = Dict[str, Optional[int]]

# Prefix of a line of /proc/net/{snmp,netstat,snmp6}: the subset it belongs to. Other prefixes (Icmp, ...) are not read.
MIB_SUBSETS = {
    "Tcp": "tcp",
    "TcpExt": "tcp",
    "Ip": "ip",
    "IpExt": "ip",
    "Udp": "udp",
    "UdpLite": "udp",
    "MPTcpExt": "mptcp",
}
SNMP6_SUBSETS = {"Ip6": "ip", "Udp6": "udp", "UdpLite6": "udp"}
PROTOCOLS = ("TCP", "TCPv6", "UDP", "UDPv6", "MPTCP")
PROTOCOL_FIELDS = ("sockets", "memory_pages", "pressure")
SOFTNET_COUNTERS = ("processed", "dropped", "time_squeeze", "received_rps", "flow_limit_count")
SOFTNET_CPUS = "softnet_cpus"  # how many CPUs the softnet counters are the sum of

# Numbers that may fall, or never change: not events.
GAUGES = frozenset((
    "TcpRtoAlgorithm", "TcpRtoMin", "TcpRtoMax", "TcpMaxConn", "TcpCurrEstab",
    "IpForwarding", "IpDefaultTTL", "MPTcpExtMPCurrEstab", SOFTNET_CPUS,
))
GAUGE_PREFIXES = ("sockstat_", "protocols_")
# Kept in 32 bits by the kernel (struct softnet_data), per CPU: each wraps.
COUNTER_32_PREFIX = "softnet_"
# These start again when a CPU or a driver does. All others only do in another boot or namespace.
RESTARTING_PREFIXES = ("softnet_", "nic_")
_UNITS = {"mem": "mem_pages", "memory": "memory_bytes"}

# What a diagnosis may ask for. A kernel that lacks one says null, so that "not there" is never read as "none happened".
ASKED_FOR: Dict[str, Tuple[str, ...]] = {
    "tcp": (
        "TcpExtPruneCalled", "TcpExtRcvPruned", "TcpExtOfoPruned", "TcpExtTCPRcvCollapsed", "TcpExtTCPRcvCoalesce",
        "TcpExtTCPBacklogDrop", "TcpExtTCPBacklogCoalesce", "TcpExtTCPRcvQDrop", "TcpExtTCPZeroWindowDrop",
        "TcpExtTCPToZeroWindowAdv", "TcpExtTCPFromZeroWindowAdv", "TcpExtTCPWantZeroWindowAdv", "TcpExtTCPOFOQueue",
        "TcpExtTCPOFODrop", "TcpExtTCPOFOMerge", "TcpExtTCPMemoryPressures", "TcpExtTCPMemoryPressuresChrono",
        "TcpExtTCPAbortOnMemory", "TcpExtListenOverflows", "TcpExtListenDrops", "TcpExtTCPReqQFullDrop",
        "TcpExtTCPReqQFullDoCookies", "TcpExtPFMemallocDrop", "TcpExtTCPAutoCorking", "TcpExtTCPWinProbe",
        "TcpExtTCPAckCompressed", "TcpExtTCPWqueueTooBig", "TcpExtTCPSpuriousRtxHostQueues", "TcpExtTCPTimeouts",
        "TcpExtTCPSynRetrans", "TcpExtTCPDSACKRecv", "TcpExtLockDroppedIcmps", "TcpExtIPReversePathFilter",
        "TcpInSegs", "TcpOutSegs", "TcpRetransSegs", "TcpActiveOpens", "TcpPassiveOpens", "TcpCurrEstab",
    ),
    "ip": ("IpInDiscards", "IpExtInOctets", "IpExtOutOctets", "Ip6InDiscards", "Ip6InOctets", "Ip6OutOctets"),
    "udp": (
        "UdpRcvbufErrors", "UdpSndbufErrors", "UdpInErrors", "UdpInCsumErrors", "UdpIgnoredMulti", "UdpMemErrors",
        "Udp6RcvbufErrors", "Udp6SndbufErrors", "Udp6InErrors", "Udp6InCsumErrors", "Udp6MemErrors",
    ),
    "mptcp": ("MPTcpExtRcvPruned",),
    "softnet": tuple("softnet_" + name for name in SOFTNET_COUNTERS),
    "sockstat": (
        "sockstat_TCP_inuse", "sockstat_TCP_orphan", "sockstat_TCP_tw", "sockstat_TCP_alloc", "sockstat_TCP_mem_pages",
        "sockstat_UDP_inuse", "sockstat_UDP_mem_pages", "sockstat_TCP6_inuse", "sockstat_UDP6_inuse",
    ),
    "protocols": tuple(f"protocols_{protocol}_{field}" for protocol in PROTOCOLS for field in PROTOCOL_FIELDS),
}


class Source(NamedTuple):
    """One file of the kernel: the subsets it serves and how its text becomes flat, prefixed names."""

    path: str
    subsets: Tuple[str, ...]
    values: Callable[[str, frozenset], Values]


def is_gauge(name: str) -> bool:
    return name in GAUGES or name.startswith(GAUGE_PREFIXES)


def is_counter_32(name: str) -> bool:
    return name.startswith(COUNTER_32_PREFIX)


def may_restart(name: str) -> bool:
    return name.startswith(RESTARTING_PREFIXES)


def _mib(text: str, subsets: frozenset) -> Values:
    values: Values = {}
    for prefix, line in parse_mib_pairs(text).items():
        if MIB_SUBSETS.get(prefix) in subsets:
            values.update(line)
    return values


def _snmp6(text: str, subsets: frozenset) -> Values:
    wanted = tuple(prefix for prefix, subset in SNMP6_SUBSETS.items() if subset in subsets)
    return {name: value for name, value in parse_name_values(text).items() if name.startswith(wanted)}


def _softnet(text: str, subsets: frozenset) -> Values:
    rows = parse_softnet(text)
    columns = {name: [row[name] for row in rows] for name in SOFTNET_COUNTERS}
    totals = {"softnet_" + name: None if None in cells else sum(cells) for name, cells in columns.items()}
    return dict(totals, **{SOFTNET_CPUS: len(rows)})


def _sockstat(text: str, subsets: frozenset) -> Values:
    return {"sockstat_" + _with_unit(name): value for name, value in parse_sockstat(text).items()}


def _with_unit(name: str) -> str:
    family, _underscore, field = name.rpartition("_")
    return f"{family}_{_UNITS.get(field, field)}"


def _protocols(text: str, subsets: frozenset) -> Values:
    rows = parse_protocols(text)
    return {
        f"protocols_{protocol}_{name}": value
        for protocol in PROTOCOLS if protocol in rows
        for name, value in rows[protocol].items()
    }


SOURCES = (
    Source("/proc/net/snmp", ("tcp", "ip", "udp"), _mib),
    Source("/proc/net/netstat", ("tcp", "ip", "mptcp"), _mib),
    Source("/proc/net/snmp6", ("ip", "udp"), _snmp6),
    Source("/proc/net/softnet_stat", ("softnet",), _softnet),
    Source("/proc/net/sockstat", ("sockstat",), _sockstat),
    Source("/proc/net/sockstat6", ("sockstat",), _sockstat),
    Source("/proc/net/protocols", ("protocols",), _protocols),
)
# `sockets` are no counters: _socket_watch has them.
ALL_SUBSETS = frozenset(("tcp", "ip", "udp", "mptcp", "softnet", "sockstat", "protocols", "nic", "sizes", "sockets"))
