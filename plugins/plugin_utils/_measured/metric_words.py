# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics and their values as a person reads them. Pure."""
from __future__ import annotations

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.block_columns import LEVELS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import OCTETS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import LONGEST, STALLED, duration

TENFOLD = 9.0  # as a relative change

WORDS = {
    LONGEST: "longest stall",
    STALLED: "time in stalls",
    "octets_in": "octets received",
    "octets_out": "octets sent",
    "flows_bulk_read_bytes": "bulk read",
    "flows_bulk_out_bytes": "bulk sent",
    "flows_old_in_bytes": "received by older connections",
    "flows_old_out_bytes": "sent by older connections",
    "flows_rwnd_limited_us": "time limited by the receiver's window",
    "flows_sndbuf_limited_us": "time limited by the send buffer",
    "flows_bulk_rtt_us": "round trip of bulk flows",
    "flows_bulk_queue_bytes": "data queued by a bulk flow",
    "flows_request_rtt_us": "round trip of requests",
    "flows_request_rtt_p90_us": "slow round trips of requests",
    "flows_notsent_bytes": "unsent data",
    "flows_bulk_count": "bulk flows",
    "flows_request_count": "request flows",
    "TcpExtTCPToZeroWindowAdv": "windows closed",
}


def metric_words(metric: str) -> str:
    return WORDS.get(metric, metric)


def shown_value(metric: str, value: float) -> str:
    """12,345 TCPRcvCollapsed/s; 21.4 ms longest stall."""
    if metric == STALLED:
        return f"{duration(value)} stalled/s"
    if metric in LEVELS:
        return f"{duration(value) if metric.endswith('_us') else f'{value:,.0f} bytes'} {WORDS[metric]}"
    if metric.endswith("_bytes") or metric in OCTETS:
        return f"{value / 1e6:,.3g} MB/s {metric_words(metric)}"
    return f"{value:,.0f} {metric.removeprefix('TcpExt')}/s" if value >= 100 else f"{value:.3g} {metric.removeprefix('TcpExt')}/s"


def shown_effect(effect: float | None) -> str:
    """The size of a relative change; of what is tenfold or more, or not known for being so large, no figure means anything."""
    return "only a tenfold change" if effect is None or effect >= TENFOLD else f"{effect:.0%}"
