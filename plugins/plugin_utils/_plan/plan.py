# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the findings of one host to at most one candidate, with the reason for every number. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import Scenario
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import SCENARIO, turned
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.blocks_fit import (
    NEW_SOCKETS,
    Step,
    Unreachable,
    least_washout_seconds,
    look_seconds,
    metric_for,
    out_of_reach,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.change import Change, change_for
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.given import Given, NotTried
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.history import size_refuted
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.obstacles import check_alone, check_known, check_open, check_wanted
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.policy import read_policy

Plan = dict[str, Any]


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
    stand: set[str] = set()
    for found in findings:
        if not found["key"] or found.get("conflicts_with") in stand:
            continue
        try:
            return _attempt(SCENARIO[found["scenario"]], given)
        except NotTried as why:
            refused.append(_refused(found["scenario"], why))
            stand.update([found["scenario"]] if why.stands else ())
    if refused:
        # A host that a person has to open up is not passed over in silence.
        return next((made for made in refused if made["blocked"]), refused[0])
    first = findings[0]["scenario"] if findings else "no finding"
    return nothing(None, f"{first}: no buffer size to change")


def answered(scenario: Scenario, given: Given) -> Plan:
    """The candidate for one scenario, or why there is none."""
    try:
        return _attempt(scenario, given)
    except NotTried as why:
        return _refused(scenario.name, why)


def _refused(scenario: str, why: NotTried) -> Plan:
    return dict(nothing(scenario, why.reason), blocked=why.blocked)


def _attempt(scenario: Scenario, given: Given) -> Plan:
    """What nobody wants, or would change nothing, is no matter of a host that cannot be written."""
    check_known(scenario, given)
    check_wanted(scenario, given)
    change = change_for(scenario, given)
    check_open(scenario, given)
    check_alone(scenario, given)
    return _tried(scenario, given, change)


def _tried(scenario: Scenario, given: Given, change: Change) -> Plan:
    """A change, with the trial that can tell what it does."""
    knob, metric = turned(scenario)
    metric = metric_for(metric, given.window) if given.window else metric
    refuted = size_refuted(change.row["key"], change.row["new"], metric.name, given.earlier)
    if refuted:
        raise NotTried(f"{change.argued} {change.step}, but {refuted}")
    made = dict(
        nothing(scenario.name, f"{scenario.name}: {knob.direction} {knob.named} {change.step}; {change.row['reason']}"),
        changes=[change.row], metric=metric._asdict(),
        guards=[{"name": guard.name, "direction": guard.direction} for guard in GUARDS if metric.name not in guard.counters],
    )
    if not given.window:
        return made
    made.update(seen=f"seen for {sum(given.window['seconds']):.0f} s", look_seconds=look_seconds(given.window))
    unreachable = out_of_reach(knob, given.window)
    if unreachable:
        return _without_pairs(made, change, unreachable, given)
    return dict(made, least_washout_seconds=least_washout_seconds(knob, given.window))


def _without_pairs(made: Plan, change: Change, unreachable: Unreachable, given: Given) -> Plan:
    """The same by other means, if the operator allows them; with what has to change beside it, or else as if nothing followed."""
    means = unreachable.means
    beside = answered(SCENARIO[means.beside], given) if means.beside else None
    if beside and not beside["changes"]:
        means, beside = NEW_SOCKETS, None
    if not means.allowed(given.step):
        # With the size: a person may want to set it, and restart what has to be restarted.
        raise NotTried(f"{change.argued} {change.step}, but {unreachable.reason}. {means.needs} has it tried in one step", stands=True)
    made = dict(made, **means.trial(given.step))
    if not beside:
        return made
    reason = f"{made['reason']}. Together with that, as no buffer follows while much waits unsent: {beside['reason']}"
    return dict(made, changes=made["changes"] + beside["changes"], reason=reason)


def nothing(scenario: str | None, reason: str) -> Plan:
    return {
        "scenario": scenario, "changes": [], "metric": None, "guards": [], "reason": reason, "blocked": False,
        "least_washout_seconds": 0.0, "look_seconds": 0.0, "seen": None, "joint": None, "waits_for": None, "seed": None,
        "again": False, "wave": None, "design": PAIRS, "step_seconds": 0.0, "restart_services": [],
    }
