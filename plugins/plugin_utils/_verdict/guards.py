# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kept change must not make worse, and whether it did. Pure. A new guard is one row."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.comparison import Comparison, compared
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.error_budget import Levels, levels
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.rates import summed
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.stalls import LONGEST, STALLED

# Sign of a log ratio that is bad, by the direction that is good.
WORSE = {"lower": 1, "higher": -1}
# Drops that at least triple, and are more than a handful, are not waved through for lack of proof: they are in doubt.
LARGE_RATIO, LARGE_EVENTS = 3.0, 20
# A class of connections may differ in size by this much between the arms, and its numbers still are of the same connections.
CLASS_MARGIN = 0.10
# Per second: what bulk flows carry the other way is no bulk. And a quarter more of so short a round trip harms nobody.
LEAST_BULK_BYTES, LEAST_RTT_US = 125_000, 500
# A connection that fills its path loses a few segments at the top of each swing (cubic, on a line of 1 Gb/s: 0.18 %); as path_loss has it.
LEAST_RETRANSMITTED_SHARE = 0.002
# So short a stall, or so little of a second in stalls, is what any interrupt does.
LEAST_STALL_US = 1000
# An acknowledgement takes 40 to 88 bytes: octets that are hardly more than that are no work done, and how many a peer sends is its own affair.
LEAST_OCTETS_PER_SEGMENT = 120
# Of the payload: what the connections that were seen moved. The rest of the octets is headers, as long as these are without options but time stamps.
TOLD_SHARE, HEADER_OCTETS = 0.7, 52


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
    least: float = 0.0  # that both arms together have to have before it is judged, per second or as a level
    segments: str | None = None  # octets count as work only if there is payload in these
    told_by: str | None = None  # where this is most of the same bytes, there is a guard that knows more of them


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
    Guard("received octets", ("IpExtInOctets", "Ip6InOctets"), "higher", 0.05, segments="TcpInSegs", told_by="flows_in_bytes"),
    Guard("sent octets", ("IpExtOutOctets", "Ip6OutOctets"), "higher", 0.05, segments="TcpOutSegs"),
    # What a larger buffer takes in while its reader is away is no work: what programs have read is.
    Guard("read by programs", ("flows_read_bytes",), "higher", 0.05, counts_events=False, least=LEAST_BULK_BYTES),
    Guard("bulk read", ("flows_bulk_read_bytes",), "higher", 0.05, **of_class("flows_bulk_count", LEAST_BULK_BYTES)),
    Guard("bulk sent", ("flows_bulk_out_bytes",), "higher", 0.05, **of_class("flows_bulk_count", LEAST_BULK_BYTES)),
)


def judge_all(guards: Sequence[Guard], trials: Sequence[Mapping[str, Any]], alpha: float) -> tuple[list[dict[str, Any]], Levels]:
    """Each guard over these hosts together, and the levels that they and the metric were left with.

    A guard whose class changed size takes its share of the levels all the same: the coins had a say in that.
    """
    found = [(guard, of_guard(guard, trials)) for guard in guards]
    shares = levels(alpha, [arms.least_p() for guard, arms in found if arms is not None and _moved(guard, arms)])
    return [judge_arms(guard, arms if _same_members(guard, trials) else None, shares, alpha) for guard, arms in found], shares


def of_guard(guard: Guard, trials: Sequence[Mapping[str, Any]]) -> Comparison | None:
    """None when no kernel counts it, or there is nothing to guard."""
    guarded = [trial for trial in trials if not (_acknowledges_only(guard, trial) or _is_told(guard, trial))]
    return compared(guarded, guard.counters, guard.per)


def _acknowledges_only(guard: Guard, trial: Mapping[str, Any]) -> bool:
    return guard.segments is not None and 0 < _in_all(trial, guard.counters) < LEAST_OCTETS_PER_SEGMENT * _in_all(trial, (guard.segments,))


def _is_told(guard: Guard, trial: Mapping[str, Any]) -> bool:
    if guard.told_by is None or guard.segments is None:
        return False
    payload = _in_all(trial, guard.counters) - HEADER_OCTETS * _in_all(trial, (guard.segments,))
    return _in_all(trial, (guard.told_by,)) >= TOLD_SHARE * payload > 0


def _in_all(trial: Mapping[str, Any], names: Sequence[str]) -> float:
    """Over both arms together, so that no coin has a say in it."""
    return sum(value for value in summed(trial, names) or () if value is not None)


def _moved(guard: Guard, arms: Comparison) -> bool:
    """No coin has a say in this."""
    return arms.moved() and arms.rate_of_both() >= guard.least


def _same_members(guard: Guard, trials: Sequence[Mapping[str, Any]]) -> bool:
    """On every host that counts them."""
    if guard.members is None:
        return True
    counted = [arms.rates() for arms in (compared([trial], (guard.members,)) for trial in trials) if arms is not None]
    return bool(counted) and all(max(sizes) <= (1 + CLASS_MARGIN) * min(sizes) for sizes in counted)


def judge_arms(guard: Guard, arms: Comparison | None, shares: Levels, alpha: float) -> dict[str, Any]:
    """ok: true in order, false worse, null in doubt."""
    judged: dict[str, Any] = {"name": guard.name, "before": None, "after": None, "effect": None, "p_value": None, "ok": True}
    if arms is None:
        return judged  # this kernel does not count it, or it is of other connections
    if arms.why_too_few(alpha):
        # Too many blocks whose value is unknown; but those without any such connection have none.
        return dict(judged, ok=True if guard.members else None)
    if not _moved(guard, arms) or not arms.compared():
        return judged
    sign = WORSE[guard.direction]
    worsening, p_value = sign * arms.estimate(), arms.p_greater(sign)
    before, after = arms.rates()
    judged.update(before=before, after=after, effect=math.expm1(arms.estimate()), p_value=p_value)
    beyond = worsening > math.log1p(guard.margin)
    large = guard.counts_events and guard.direction == "lower" and arms.events_after() >= LARGE_EVENTS and after >= LARGE_RATIO * before
    if beyond and p_value <= shares.blame:
        judged["ok"] = False
    elif large or (beyond and p_value <= shares.doubt_of(arms.least_p(), alpha)):
        judged["ok"] = None
    return judged
