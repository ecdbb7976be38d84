# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From findings to at most one candidate, with the reason for every number. Pure."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._guards import GUARDS

INT_MAX = 2147483647
MIB = 1048576


class Policy(NamedTuple):
    """What an operator may set in socket_buffers_policy; every field is a whole number above 0."""

    collapse_divisor: int = 16
    rmem_max_floor_bytes: int = MIB
    rmem_max_ceiling_bytes: int = 64 * MIB


class Candidate(NamedTuple):
    """A new maximum of tcp_rmem, why this one, and what bounded it."""

    maximum: int
    reason: str
    ceiling: str


class Answer(NamedTuple):
    """How a scenario is answered: the candidate and the metric that has to improve."""

    candidate: Callable[[int, int, Policy], Candidate]
    metric: str
    direction: str


def _divided(maximum: int, default: int, policy: Policy) -> Candidate:
    floor = max(policy.rmem_max_floor_bytes, default)
    return Candidate(
        max(maximum // policy.collapse_divisor, floor),
        f"a collapse walks the whole queue, so its cost grows with the maximum; 1/{policy.collapse_divisor} of it is where a published case "
        "(32 to 2 MiB) found its stalls gone. A start for the trial, not a proof",
        f"not below {floor} bytes (floor of the policy, and tcp_rmem default)",
    )


def _halved(maximum: int, default: int, policy: Policy) -> Candidate:
    floor = max(policy.rmem_max_floor_bytes, default)
    return Candidate(
        max(maximum // 2, floor), "half of the present maximum, so that the same sockets can hold half of the memory",
        f"not below {floor} bytes (floor of the policy, and tcp_rmem default)",
    )


def _doubled(maximum: int, default: int, policy: Policy) -> Candidate:
    ceiling = min(policy.rmem_max_ceiling_bytes, INT_MAX)
    return Candidate(
        min(maximum * 2, ceiling), "twice the present maximum: the rate that the buffer itself limits can't be seen, so step up and verify",
        f"not above {ceiling} bytes (ceiling of the policy)",
    )


ANSWERS: dict[str, Answer] = {
    "collapsing": Answer(_divided, "TcpExtTCPRcvCollapsed", "lower"),
    "memory_pressure": Answer(_halved, "TcpExtTCPMemoryPressuresChrono", "lower"),
    "pruning_with_loss": Answer(_doubled, "TcpExtRcvPruned", "lower"),
}


def plan(findings: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], policy: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One change that answers the most urgent finding with a knob, or none and the reason."""
    rules = _policy(policy or {})
    finding = next((found for found in findings if found["key"]), None)
    if finding is None:
        first = findings[0]["scenario"] if findings else "no finding"
        return _nothing(None, f"{first}: no buffer size to change")
    scenario, key = finding["scenario"], finding["key"]
    obstacle = _obstacle(key, facts)
    if obstacle:
        return dict(_nothing(scenario, obstacle), blocked=True)
    answer = ANSWERS[scenario]
    minimum, default, maximum = (facts["tcp_rmem"][field] for field in ("min", "default", "max"))
    candidate = answer.candidate(maximum, default, rules)
    if (candidate.maximum < maximum) != (finding["direction"] == "lower") or candidate.maximum == maximum:
        return _nothing(scenario, f"{key} maximum is {maximum} bytes already; the next candidate, {candidate.maximum}, is {candidate.ceiling}")
    return {
        "scenario": scenario,
        "changes": [{
            "key": key,
            "old": f"{minimum} {default} {maximum}",
            "new": f"{minimum} {default} {candidate.maximum}",
            "reason": candidate.reason,
            "ceiling": candidate.ceiling,
        }],
        "metric": {"name": answer.metric, "direction": answer.direction},
        "guards": [{"name": guard.name, "direction": guard.direction} for guard in GUARDS if answer.metric not in guard.counters],
        "reason": f"{scenario}: {finding['direction']} {key} maximum from {maximum} to {candidate.maximum} bytes; {candidate.reason}",
        "blocked": False,
    }


def _nothing(scenario: str | None, reason: str) -> dict[str, Any]:
    return {"scenario": scenario, "changes": [], "metric": None, "guards": [], "reason": reason, "blocked": False}


def _obstacle(key: str, facts: Mapping[str, Any]) -> str | None:
    sysctl = facts["sysctls"].get(key, {})
    if not sysctl.get("present"):
        return f"{key} is argued for, but this host does not have it"
    if sysctl.get("writable") is False:
        return f"{key} is argued for, but cannot be written on this host: it is read-only here, as /proc/sys is in most containers"
    return None


def _policy(wanted: Mapping[str, Any]) -> Policy:
    unknown = sorted(set(wanted) - set(Policy._fields))
    if unknown:
        raise ValueError(f"policy: {', '.join(unknown)} is unknown; it takes {', '.join(Policy._fields)}")
    return Policy(**{name: _positive(name, value) for name, value in wanted.items()})


def _positive(name: str, value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if isinstance(value, bool) or number < 1:
        raise ValueError(f"policy: {name} wants a whole number above 0, got {value!r}")
    return number
