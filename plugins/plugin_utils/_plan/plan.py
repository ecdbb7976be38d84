# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the findings of one host to at most one candidate, with the reason for every number. Pure."""
from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import DROPIN_PATH
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue, validated
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS, STEP, STEP_BACK
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import RMEM, Knob, Scenario
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import COLUMNS as STALL_METRICS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import SPANS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import ANSWERS, SCENARIO, narrowed, turned
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.blocks_fit import (
    Step,
    Unreachable,
    least_washout_seconds,
    metric_for,
    out_of_reach,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.history import Overshot, overshot, tried_before
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.policy import Policy, read_policy
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.room import best_span, read_room, sizes_of

Plan = dict[str, Any]
UNSENT = "stale_send_queue"


class Given(NamedTuple):
    """All that is known of a host; `window` {} when nobody looked at its connections, `peers` hosts at the other end of bound flows."""

    facts: Mapping[str, Any]
    policy: Policy
    latency: Mapping[str, Any] | None = None
    window: Mapping[str, Any] = {}
    earlier: Sequence[Mapping[str, Any]] = ()
    peers: Sequence[str] = ()
    step: Step = Step()


def plan(
    findings: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], policy: Mapping[str, Any] | None = None,
    latency: Mapping[str, Any] | None = None, window: Mapping[str, Any] | None = None, earlier: Sequence[Mapping[str, Any]] = (),
    step: Step = Step(),
) -> Plan:
    """The `plan` of docs/data_shapes.md for one host by itself. ValueError names what is wrong with an argument.

    `latency` is the receive_latency of this host, None when nobody looked: a finding that only stalls can prove is then planned all the same.
    """
    return plan_host(findings, Given(facts, read_policy(policy or {}), latency, window or {}, earlier, step=step))


def plan_host(findings: Sequence[Mapping[str, Any]], given: Given) -> Plan:
    """One change that answers the most urgent finding that can be answered, or none and the reason."""
    check_keys("facts", given.facts, ("host", "tcp_rmem", "sysctls"), "ansible_facts.socket_buffers of the same host")
    for found in findings:
        check_keys("findings", found, ("scenario", "key", "direction"), "the list that diagnose returned")
    refused: list[Plan] = []
    for found in findings:
        if found["key"]:
            made = answered(SCENARIO[found["scenario"]], given)
            if made["changes"]:
                return made
            refused.append(made)
    if refused:
        # A host that a person has to open up is not passed over in silence.
        return next((made for made in refused if made["blocked"]), refused[0])
    first = findings[0]["scenario"] if findings else "no finding"
    return nothing(None, f"{first}: no buffer size to change")


def answered(scenario: Scenario, given: Given) -> Plan:
    """The candidate for one scenario, or why there is none."""
    name, answer = scenario.name, ANSWERS[scenario.name]
    knob, metric = turned(scenario)
    obstacle = obstacle_to(knob, given.facts) or _untimed(scenario, given.latency)
    if obstacle:
        return dict(nothing(name, obstacle), blocked=True)
    waived = _waived(scenario, given)
    if waived:
        return nothing(name, waived)
    room = read_room(knob, given.facts, given.latency, given.window.get("sockets"), given.earlier)
    too_far, now = _too_far(scenario, given), room.sizes.of(knob.field)
    candidate = narrowed(room, knob, given.policy, too_far) if too_far else answer.candidate(room, knob, given.policy)
    if candidate.size is None:
        return nothing(name, f"{name} argues to {knob.direction} {knob.named}, but {candidate.reason}")
    step = candidate.size - now
    if step == 0 or (step < 0) != (knob.direction == "lower"):
        return nothing(
            name, f"{name} argues to {knob.direction} {knob.named}, but it is {now} bytes and the candidate {candidate.size}: {candidate.ceiling}",
        )
    new = room.sizes.with_field(knob.field, candidate.size).text()
    try:
        validated({knob.key: new})
    except InvalidValue as error:
        return dict(nothing(name, f"{name} argues to {knob.direction} {knob.named}, but what it holds must be put right first: {error}"), blocked=True)
    unreachable = out_of_reach(knob, given.window) if given.window else None
    beside = answered(SCENARIO[UNSENT], given) if unreachable and unreachable.unsent else None
    if unreachable and beside and not beside["changes"]:
        unreachable = unreachable._replace(slow=False)
    if unreachable and not unreachable.may_step(given.step):
        # With the size: a person may want to set it, and restart what has to be restarted.
        return nothing(name, f"{name} argues to {knob.direction} {knob.named} from {now} to {candidate.size} bytes, but {unreachable.told()}")
    metric = metric_for(metric, given.window) if given.window else metric
    told = f"{name}: {knob.direction} {knob.named} from {now} to {candidate.size} bytes; {candidate.reason}"
    if beside:
        told += f". Together with that, as no buffer follows while much waits unsent: {beside['reason']}"
    return dict(
        nothing(name, told),
        changes=[{
            "key": knob.key, "field": knob.field, "old": room.sizes.text(), "new": new, "reason": candidate.reason, "ceiling": candidate.ceiling,
            "limit_bytes": candidate.limit,
        }, *(beside["changes"] if beside else [])],
        metric=metric._asdict(),
        guards=[{"name": guard.name, "direction": guard.direction} for guard in GUARDS if metric.name not in guard.counters],
        least_washout_seconds=least_washout_seconds(knob, given.window) if given.window and not unreachable else 0.0,
        seen=f"seen for {sum(given.window['seconds']):.0f} s" if given.window else None,
        **(_in_one_step(unreachable, given.step) if unreachable else {}),
    )


def _in_one_step(unreachable: Unreachable, step: Step) -> Plan:
    if unreachable.slow:
        return {"design": STEP_BACK}
    return {"design": STEP, "step_seconds": step.seconds, "restart_services": list(step.services)}


def nothing(scenario: str | None, reason: str) -> Plan:
    return {
        "scenario": scenario, "changes": [], "metric": None, "guards": [], "reason": reason, "blocked": False,
        "least_washout_seconds": 0.0, "seen": None, "joint": None, "waits_for": None, "seed": None, "again": False,
        "wave": None, "design": PAIRS, "step_seconds": 0.0, "restart_services": [],
    }


def _waived(scenario: Scenario, given: Given) -> str | None:
    """Why this is not worth a trial, or not the operator's wish."""
    name, answer = scenario.name, ANSWERS[scenario.name]
    knob, _metric = turned(scenario)
    if given.policy.goal not in answer.goals:
        return f"{name}: not tried, as the goal of the policy is {given.policy.goal}"
    too_far = _too_far(scenario, given)
    before = tried_before(name, knob, [{} if too_far and number == too_far.round else record for number, record in enumerate(given.earlier, 1)])
    if before:
        return before
    if answer.joint and not given.peers:
        return f"{name}: both ends have to change together, and the other one is not part of this run"
    return None


def _too_far(scenario: Scenario, given: Given) -> Overshot | None:
    knob, _metric = turned(scenario)
    return overshot(scenario.name, knob, given.earlier) if ANSWERS[scenario.name].narrows else None


def obstacle_to(knob: Knob, facts: Mapping[str, Any]) -> str | None:
    """What would make a trial pointless, or end it before it starts."""
    key, sysctl = knob.key, facts["sysctls"].get(knob.key, {})
    if not sysctl.get("present"):
        return f"{key} is argued for, but this host does not have it"
    if sysctl.get("writable") is False:
        return f"{key} is argued for, but cannot be written on this host: it is read-only here, as /proc/sys is in most containers"
    if _wins_at_boot(sysctl.get("boot_file")):
        return f"{key} is argued for, but {sysctl['boot_file']} sets it at every boot, after {DROPIN_PATH}: take it out of there first"
    if sizes_of(key, facts) is None:
        return f"{key} is argued for, but its present value could not be read, so it could not be restored either"
    return None


def _wins_at_boot(path: str | None) -> bool:
    """sysctl.d is read in the order of the names, whatever the folder, and /etc/sysctl.conf after it."""
    return path == "/etc/sysctl.conf" or (path is not None and posixpath.basename(path) > posixpath.basename(DROPIN_PATH))


def _untimed(scenario: Scenario, latency: Mapping[str, Any] | None) -> str | None:
    if scenario.metric is None or scenario.metric.name not in STALL_METRICS or latency is None or best_span(latency):
        return None
    reasons = {row["reason"] for span in SPANS for row in (latency.get(span) or {}).get("skipped", ())}
    why = latency.get("reason") or "; ".join(sorted(reasons))
    return f"{RMEM} is argued for, but stalls cannot be timed on this host, and without them no such change is kept: {why}"
