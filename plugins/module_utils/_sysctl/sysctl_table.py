# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sysctl this collection knows. A new one is added here, as one row."""
from typing import Dict, NamedTuple, Optional, Tuple

INT_MAX = 2147483647
UINT_MAX = 4294967295
# tcp_min_rcvbuf: newer kernels refuse less, older ones take it and misbehave.
BUFFER_MIN = 4096


class Sysctl(NamedTuple):
    """One sysctl: how many integers it holds (0: text), whose it is, and what we may write."""

    key: str
    integers: int
    scope: str  # "namespace": one value per network namespace; "host": one for the machine
    unit: str
    writable_range: Optional[Tuple[int, int]]  # None: the writers refuse this key
    about: str


_ROWS = (
    Sysctl("net.ipv4.tcp_rmem", 3, "namespace", "bytes", (BUFFER_MIN, INT_MAX),
           "receive buffer of a TCP socket: min, default, autotuning maximum"),
    Sysctl("net.ipv4.tcp_wmem", 3, "namespace", "bytes", (BUFFER_MIN, INT_MAX),
           "send buffer of a TCP socket: min, default, autotuning maximum"),
    Sysctl("net.ipv4.tcp_notsent_lowat", 1, "namespace", "bytes", (0, UINT_MAX),
           "unsent bytes a TCP socket may queue before it stops being writable"),
    Sysctl("net.ipv4.tcp_limit_output_bytes", 1, "namespace", "bytes", (BUFFER_MIN, INT_MAX),
           "bytes a TCP socket may have below it in qdisc and driver (TSQ)"),
    Sysctl("net.core.rmem_default", 1, "host", "bytes", (BUFFER_MIN, INT_MAX), "receive buffer of a non-TCP socket"),
    Sysctl("net.core.rmem_max", 1, "host", "bytes", (BUFFER_MIN, INT_MAX), "largest SO_RCVBUF; also feeds the TCP window scale"),
    Sysctl("net.core.wmem_default", 1, "host", "bytes", (BUFFER_MIN, INT_MAX), "send buffer of a non-TCP socket"),
    Sysctl("net.core.wmem_max", 1, "host", "bytes", (BUFFER_MIN, INT_MAX), "largest SO_SNDBUF"),
    Sysctl("net.ipv4.tcp_mem", 3, "host", "pages", None, "memory of all TCP sockets: low, pressure, limit"),
    Sysctl("net.ipv4.udp_mem", 3, "host", "pages", None, "memory of all UDP sockets: low, pressure, limit"),
    Sysctl("net.ipv4.udp_rmem_min", 1, "namespace", "bytes", None, "receive buffer a UDP socket keeps under memory pressure"),
    Sysctl("net.ipv4.udp_wmem_min", 1, "namespace", "bytes", None, "without effect: UDP does not account what it sends"),
    Sysctl("net.ipv4.tcp_moderate_rcvbuf", 1, "namespace", "flag", None, "1: the kernel grows receive buffers up to tcp_rmem max"),
    Sysctl("net.ipv4.tcp_rcvbuf_low_rtt", 1, "namespace", "microseconds", None,
           "below this rtt the kernel grows receive buffers more slowly (6.19)"),
    Sysctl("net.ipv4.tcp_window_scaling", 1, "namespace", "flag", None, "0 caps every window at 64 KiB"),
    Sysctl("net.ipv4.tcp_adv_win_scale", 1, "namespace", "shift", None, "window share of a buffer; without effect since 6.6"),
    Sysctl("net.ipv4.tcp_app_win", 1, "namespace", "shift", None, "share of the window reserved for the application"),
    Sysctl("net.ipv4.tcp_shrink_window", 1, "namespace", "flag", None, "1: an advertised window may be taken back (6.5)"),
    Sysctl("net.ipv4.tcp_autocorking", 1, "namespace", "flag", None, "1: small writes wait for a packet in flight"),
    Sysctl("net.ipv4.tcp_max_orphans", 1, "host", "sockets", None, "TCP sockets without an owner before the kernel resets them"),
    Sysctl("net.ipv4.tcp_collapse_max_bytes", 1, "namespace", "bytes", None,
           "not in any mainline kernel: a vendor patch that skips large collapses"),
    Sysctl("net.ipv4.tcp_congestion_control", 0, "namespace", "name", None, "congestion control of new connections"),
    Sysctl("net.ipv4.tcp_max_syn_backlog", 1, "namespace", "connections", None, "half-open connections a listener remembers"),
    Sysctl("net.core.somaxconn", 1, "namespace", "connections", None, "largest accept queue of a listener"),
    Sysctl("net.core.default_qdisc", 0, "host", "name", None, "queueing discipline of new interfaces"),
    Sysctl("net.core.netdev_max_backlog", 1, "host", "packets", None, "packets a CPU may queue between driver and protocol"),
    Sysctl("net.core.netdev_budget", 1, "host", "packets", None, "packets one receive softirq may handle"),
    Sysctl("net.core.netdev_budget_usecs", 1, "host", "microseconds", None, "time one receive softirq may take"),
    Sysctl("net.core.optmem_max", 1, "namespace", "bytes", None, "ancillary buffer of a socket (host-wide before 6.8)"),
)

SYSCTLS: Dict[str, Sysctl] = {row.key: row for row in _ROWS}
WRITABLE_KEYS: Tuple[str, ...] = tuple(row.key for row in _ROWS if row.writable_range)
