# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics and their values as a person reads them. Pure."""
from __future__ import annotations

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._stalls import LONGEST, STALLED, duration

WORDS = {LONGEST: "longest stall", STALLED: "time in stalls"}


def metric_words(metric: str) -> str:
    return WORDS.get(metric, metric)


def shown_value(metric: str, value: float) -> str:
    """12,345 TCPRcvCollapsed/s; 21.4 ms longest stall."""
    if metric == LONGEST:
        return f"{duration(value)} longest stall"
    if metric == STALLED:
        return f"{duration(value)} stalled/s"
    return f"{value:,.0f} {metric.removeprefix('TcpExt')}/s" if value >= 100 else f"{value:.3g} {metric.removeprefix('TcpExt')}/s"
