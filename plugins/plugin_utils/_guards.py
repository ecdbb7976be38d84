# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kept change must not make worse, and whether it did. Pure. A new guard is one row."""
from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._pairs import paired
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._sign_flip import least_pairs, p_greater

# Sign of a log ratio that is bad, by the direction that is good.
WORSE = {"lower": 1.0, "higher": -1.0}
# Drops that at least triple, and are more than a handful, are not waved through for lack of pairs.
LARGE_RATIO, LARGE_EVENTS = 3.0, 20


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


def judge(guard: Guard, trial: Mapping[str, Any], alpha: float) -> dict[str, Any]:
    """ok: true in order, false worse, null in doubt.

    A doubt needs alpha, so that letting a change through stays strict without a correction for many guards. Blame needs
    alpha shared among them, else one trial in seven without any effect would be called a regression.
    """
    judged: dict[str, Any] = {"name": guard.name, "before": None, "after": None, "effect": None, "p_value": None, "ok": True}
    arms = paired(trial, guard.counters, guard.per)
    if arms is None:
        return judged  # this kernel does not count it
    if len(arms.a_events) < least_pairs(alpha):
        return dict(judged, ok=None)  # too many blocks whose value is unknown
    if not arms.moved() or not arms.log_ratios():
        return judged
    worsening = [WORSE[guard.direction] * difference for difference in arms.log_ratios()]
    before, after = arms.rates()
    p_value, mean = p_greater(worsening), fmean(worsening)
    judged.update(before=before, after=after, effect=math.expm1(WORSE[guard.direction] * mean), p_value=p_value)
    beyond = mean > math.log1p(guard.margin)
    large = guard.direction == "lower" and sum(arms.b_events) >= LARGE_EVENTS and after >= LARGE_RATIO * before
    if beyond and p_value <= (alpha if large else alpha / len(GUARDS)):
        judged["ok"] = False
    elif (beyond and p_value <= alpha) or large:
        judged["ok"] = None
    return judged
