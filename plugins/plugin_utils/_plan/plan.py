# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From findings to at most one candidate, with the reason for every number. Pure."""
from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import DROPIN_PATH
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import INT_MAX
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue, validated
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import RMEM, WMEM
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.guards import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.rates import check_keys
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.stalls import COLUMNS as STALL_METRICS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.stalls import LONGEST, MIB, SPANS, duration

# The kernel gives tcp_mem's pressure mark 1/16 of memory, and its own tcp_rmem maximum 1/128: an eighth of that mark.
PRESSURE_SHARE = 8
RAM_SHARE = 128


class Policy(NamedTuple):
    """What an operator may set in socket_buffers_policy; every field is a whole number above 0."""

    collapse_divisor: int = 16
    rmem_max_floor_bytes: int = MIB
    rmem_max_ceiling_bytes: int = 64 * MIB
    stall_budget_us: int = 3000
    wmem_max_ceiling_bytes: int = 64 * MIB
    wmem_raise_factor: int = 8


class Stall(NamedTuple):
    """The longest that was timed on this host under its present tcp_rmem, and what was timed."""

    longest_us: float
    span: str


class Room(NamedTuple):
    """What a host leaves a candidate: the triplet now, its page, what memory allows one socket and its longest stall (None: unknown)."""

    minimum: int

    default: int
    maximum: int
    page_bytes: int
    memory_bytes: int | None
    stall: Stall | None

    def whole_pages(self, size: int) -> int:
        return size // self.page_bytes * self.page_bytes


class Candidate(NamedTuple):
    """A new maximum, why this one, and what bounded it."""

    maximum: int
    reason: str
    ceiling: str


class Answer(NamedTuple):
    """How a scenario is answered: the candidate and the metric that has to improve."""

    candidate: Callable[[Room, Policy], Candidate]
    metric: str
    direction: str


def _within_stall_budget(room: Room, policy: Policy) -> Candidate:
    if room.stall is None:
        return _lowered(
            room, policy, room.maximum // policy.collapse_divisor,
            f"a collapse walks the whole queue, so its cost grows with the maximum: try 1/{policy.collapse_divisor} of it. In a published case"
            " 2 instead of 32 MiB took the longest stall from 23 to 3 ms. Where to start the trial, not a proof;"
            " where stalls could be timed they decide instead",
        )
    longest, budget = room.stall.longest_us, policy.stall_budget_us
    measured = f"the longest {room.stall.span} took {duration(longest)} with a maximum of {room.maximum / MIB:.3g} MiB"
    if longest <= budget:
        return Candidate(room.maximum, measured, f"{measured}, within the {duration(budget)} of the policy (stall_budget_us)")
    return _lowered(
        room, policy, min(int(room.maximum * budget / longest), room.maximum // 2),
        f"{measured}, {duration(longest / (room.maximum / MIB))} per MiB: size for {duration(budget)} (stall_budget_us of the policy),"
        " and at most half, so that a trial can tell. Where to start it, not a proof",
    )


def _halved(room: Room, policy: Policy) -> Candidate:
    return _lowered(room, policy, room.maximum // 2, "half of the present maximum, so that as many sockets can hold only half of the memory")


def _lowered(room: Room, policy: Policy, maximum: int, reason: str) -> Candidate:
    floor = max(policy.rmem_max_floor_bytes, room.default)
    bound = f"not below {floor} bytes (floor of the policy, and tcp_rmem default)"
    return Candidate(max(room.whole_pages(maximum), floor), reason, bound)


def _doubled(room: Room, policy: Policy) -> Candidate:
    return _raised(
        room, 2, policy.rmem_max_ceiling_bytes,
        "twice the present maximum: how much is missing cannot be seen from counters, so one step and a trial",
    )


def _send_buffer_raised(room: Room, policy: Policy) -> Candidate:
    return _raised(
        room, policy.wmem_raise_factor, policy.wmem_max_ceiling_bytes,
        f"{policy.wmem_raise_factor} times the present maximum: while the buffer itself limits a flow its true need cannot be seen, and the"
        " kernel gives a flow no more than it can use. So one large step and a trial",
    )


def _raised(room: Room, factor: int, policy_ceiling: int, reason: str) -> Candidate:
    ceilings = [(INT_MAX, "largest value the kernel takes"), (policy_ceiling, "ceiling of the policy")]
    if room.memory_bytes is not None:
        ceilings.append((room.memory_bytes, "the share of TCP memory for one socket"))
    ceiling, name = min(ceilings)
    return Candidate(room.whole_pages(min(room.maximum * factor, ceiling)), reason, f"not above {ceiling} bytes ({name})")


ANSWERS: dict[str, Answer] = {
    "memory_pressure": Answer(_halved, "TcpExtTCPMemoryPressuresChrono", "lower"),
    "collapsing": Answer(_within_stall_budget, LONGEST, "lower"),
    "pruning_with_loss": Answer(_doubled, "TcpExtRcvPruned", "lower"),
    "sender_buffer_too_small": Answer(_send_buffer_raised, "flows_bulk_out_bytes", "higher"),
}
# Where the fact module has the triplet of a sysctl.
TRIPLETS = {RMEM: "tcp_rmem", WMEM: "tcp_wmem"}


def plan(
    findings: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], policy: Mapping[str, Any] | None = None,
    latency: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One change that answers the most urgent finding with a knob, or none and the reason.

    `latency` is the receive_latency of this host, None when nobody looked: a finding that only stalls can prove is then planned all the same.
    """
    check_keys("facts", facts, ("host", "tcp_rmem", "sysctls"), "ansible_facts.socket_buffers of the same host")
    for found in findings:
        check_keys("findings", found, ("scenario", "key", "direction"), "the list that diagnose returned")
    rules = _policy(policy or {})
    finding = next((found for found in findings if found["key"]), None)
    if finding is None:
        first = findings[0]["scenario"] if findings else "no finding"
        return _nothing(None, f"{first}: no buffer size to change")
    scenario, key = finding["scenario"], finding["key"]
    answer = ANSWERS[scenario]
    obstacle = _obstacle(key, facts) or (_untimed(key, latency) if answer.metric in STALL_METRICS else None)
    if obstacle:
        return dict(_nothing(scenario, obstacle), blocked=True)
    room = _room(facts, key, _stall(latency))
    candidate = answer.candidate(room, rules)
    step = candidate.maximum - room.maximum
    if step == 0 or (step < 0) != (finding["direction"] == "lower"):
        return _nothing(
            scenario,
            f"{scenario} argues to {finding['direction']} {key}, but its maximum is {room.maximum} bytes and the candidate"
            f" {candidate.maximum}: {candidate.ceiling}",
        )
    new = f"{room.minimum} {room.default} {candidate.maximum}"
    try:
        validated({key: new})
    except InvalidValue as error:
        return dict(_nothing(scenario, f"{scenario} argues to {finding['direction']} {key}, but what it holds must be put right first: {error}"), blocked=True)
    return {
        "scenario": scenario,
        "changes": [{
            "key": key,
            "old": f"{room.minimum} {room.default} {room.maximum}",
            "new": new,
            "reason": candidate.reason,
            "ceiling": candidate.ceiling,
        }],
        "metric": {"name": answer.metric, "direction": answer.direction},
        "guards": [{"name": guard.name, "direction": guard.direction} for guard in GUARDS if answer.metric not in guard.counters],
        "reason": f"{scenario}: {finding['direction']} {key} maximum from {room.maximum} to {candidate.maximum} bytes; {candidate.reason}",
        "blocked": False,
    }


def _nothing(scenario: str | None, reason: str) -> dict[str, Any]:
    return {"scenario": scenario, "changes": [], "metric": None, "guards": [], "reason": reason, "blocked": False}


def _obstacle(key: str, facts: Mapping[str, Any]) -> str | None:
    """What would make a trial pointless, or end it before it starts."""
    sysctl = facts["sysctls"].get(key, {})
    if not sysctl.get("present"):
        return f"{key} is argued for, but this host does not have it"
    if sysctl.get("writable") is False:
        return f"{key} is argued for, but cannot be written on this host: it is read-only here, as /proc/sys is in most containers"
    if _wins_at_boot(sysctl.get("boot_file")):
        return f"{key} is argued for, but {sysctl['boot_file']} sets it at every boot, after {DROPIN_PATH}: take it out of there first"
    if facts.get(TRIPLETS[key]) is None:
        return f"{key} is argued for, but its present value could not be read, so it could not be restored either"
    return None


def _wins_at_boot(path: str | None) -> bool:
    """sysctl.d is read in the order of the names, whatever the folder, and /etc/sysctl.conf after it."""
    return path == "/etc/sysctl.conf" or (path is not None and posixpath.basename(path) > posixpath.basename(DROPIN_PATH))


def _untimed(key: str, latency: Mapping[str, Any] | None) -> str | None:
    if latency is None or _best_span(latency):
        return None
    reasons = {row["reason"] for span in SPANS for row in (latency.get(span) or {}).get("skipped", ())}
    why = latency.get("reason") or "; ".join(sorted(reasons))
    return f"{key} is argued for, but stalls cannot be timed on this host, and without them no such change is kept: {why}"


def _best_span(latency: Mapping[str, Any] | None) -> str | None:
    return next((span for span in SPANS if ((latency or {}).get(span) or {}).get("available")), None)


def _stall(latency: Mapping[str, Any] | None) -> Stall | None:
    """Of the best span that can be timed. One that did not happen while it was watched says nothing about its length."""
    span = _best_span(latency)
    return Stall(latency[span]["max_us"], span) if span and latency[span]["count"] else None


def _room(facts: Mapping[str, Any], key: str, stall: Stall | None) -> Room:
    host, sizes = facts["host"], facts[TRIPLETS[key]]
    memory = _memory_for_one(host, facts["sysctls"].get("net.ipv4.tcp_mem", {}))
    return Room(sizes["min"], sizes["default"], sizes["max"], host["page_size_bytes"], memory, stall)


def _memory_for_one(host: Mapping[str, Any], tcp_mem: Mapping[str, Any]) -> int | None:
    """tcp_mem cannot be seen from a network namespace other than the first; RAM can."""
    if tcp_mem.get("value"):
        _low, pressure_pages, _limit = map(int, tcp_mem["value"].split())
        return pressure_pages * host["page_size_bytes"] // PRESSURE_SHARE
    return host["ram_bytes"] // RAM_SHARE if host["ram_bytes"] else None


def _policy(wanted: Mapping[str, Any]) -> Policy:
    unknown = sorted(set(wanted) - set(Policy._fields))
    if unknown:
        raise ValueError(f"policy: {', '.join(unknown)} is unknown; it takes {', '.join(Policy._fields)}")
    return Policy(**{name: _positive(name, value) for name, value in wanted.items()})


def _positive(name: str, value: Any) -> int:
    text = str(value)  # variables given with -e are text; True and 2.5 are no whole numbers
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ValueError(f"policy: {name} wants a whole number above 0, got {value!r}")
    return int(text)
