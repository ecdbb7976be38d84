# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One verdict on the same change tried on several hosts. Pure.

Why the test stays exact, although the hosts are not independent of each other: it takes only the coins for random, and a coin is
what decided the order of one pair, a function of the trial's seed and the pair's number. If the candidate does nothing, everything
that was counted would have been counted whichever way the coins fell: a trend, or a burst that hit all hosts at once, is part of
what is given. So every assignment of coins is equally likely, and:

- hosts that ran one seed, in lockstep, share their coins: pair 3 of all of them flips together. A load that they share then stays
  in the sum as one difference, and only as many coins count as one host has pairs;
- hosts with seeds of their own have coins of their own: each pair of each host flips by itself, and a shared load averages out;
- a mixture is both, coin by coin. Nothing has to be told: the seeds are in the trials.

A step (moments.py) is no other: its moment takes the place of the coins. Hosts of one seed stepped at one moment, others at their own.

Every pair weighs the same. Which hosts are left out depends on nothing that a coin decides.

Hosts that tried one candidate together are one unit here: they count together or not at all, with the metric of those that measure it.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import LEAST_SEGMENTS_PER_SECOND, SEGMENTS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.block_columns import why_missing
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys, mean_rate
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.comparison import design_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.joint import Host, controlled, joined_plan, why_not_together
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.reach import Tried, reach
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import (
    TRIAL_KEYS,
    Evidence,
    arms_of_metric,
    check_plan,
    undecided,
    weighed,
)


def pooled_verdict(
    trials: Mapping[str, Mapping[str, Any]], plan: Mapping[str, Any], alpha: float = 0.01, min_effect: float = 0.05,
) -> dict[str, Any]:
    """The `verdict` of docs/data_shapes.md over {host: trial}, with `hosts` that counted and `left_out`, {host: reason}.

    The plan is what the hosts have in common: the metric, the guards and the direction of the change.
    """
    check_plan(plan, alpha, min_effect)
    return _pooled([{host: {"trial": trial, "plan": plan}} for host, trial in trials.items()], plan, alpha, min_effect)


def pooled_units(units: Sequence[Mapping[str, Host]], alpha: float = 0.01, min_effect: float = 0.05) -> dict[str, Any]:
    """The same over units: each one host, or those that tried a candidate together, with the `plan`, the `trial` (or None) and the `controls` of each.

    What they have in common is told by the plan of the first. The second trial of a candidate has no place here: the coins of the first
    decided whether there was one.
    """
    first = next(iter(units[0].values()))["plan"]
    check_plan(first, alpha, min_effect)
    return _pooled([{host: dict(its, trial=controlled(its)[0]) for host, its in unit.items()} for unit in units], first, alpha, min_effect)


def _pooled(units: Sequence[Mapping[str, Host]], plan: Mapping[str, Any], alpha: float, min_effect: float) -> dict[str, Any]:
    unusable = [_unusable(unit, _design(units[0])) for unit in units]
    usable = [unit for unit, reason in zip(units, unusable) if reason is None]
    if usable:
        judged = weighed(_evidence(usable), plan, alpha, min_effect)
    else:
        judged = dict(undecided(plan), reason="no host has a trial that can be judged")
    hosts = [host for unit in usable for host in unit]
    told = f"{len(hosts)} of {sum(map(len, units))} hosts together: {judged['reason']}"
    left_out = {host: reason for unit, reason in zip(units, unusable) if reason is not None for host in unit}
    return dict(judged, reason=told, hosts=hosts, left_out=left_out)


def _evidence(units: Sequence[Mapping[str, Host]]) -> Evidence:
    members = [its for unit in units for its in unit.values()]
    trials = [its["trial"] for its in members]
    measured = [unit[host]["trial"] for unit in units for host in _measured_on(unit)]
    joint = len(members) > len(units)
    tried = [Tried(its["plan"]["changes"], [its["trial"]]) for its in members] if joint else [Tried(members[0]["plan"]["changes"], trials)]
    return Evidence(trials, measured, reach(tried))


def _measured_on(unit: Mapping[str, Host]) -> Sequence[str]:
    joint = next(iter(unit.values()))["plan"].get("joint")
    return joint["measured_on"] if joint else list(unit)


def _design(unit: Mapping[str, Host]) -> str:
    return next((design_of(its["trial"]) for its in unit.values() if its["trial"]), PAIRS)


def _unusable(unit: Mapping[str, Host], design: str) -> str | None:
    """Why this unit says nothing about the change, or None. Only what both arms have in common may decide that."""
    for host, its in unit.items():
        if not its["trial"]:
            return "no trial came back"
        check_keys(f"trials: {host}", its["trial"], (*TRIAL_KEYS, "seed"), "the `trial` that socket_buffer_trial returned on this host")
    first = next(iter(unit.values()))
    if _design(unit) != design:
        return f"the trial was of the design {_design(unit)}, not {design} as the first one"
    joint = first["plan"].get("joint")
    if joint:
        plan = joined_plan({host: its["plan"] for host, its in unit.items()}, first["plan"]["metric"])
        apart = why_not_together(joint["hosts"], {host: its["trial"] for host, its in unit.items()}, joint["measured_on"], plan)
        if apart:
            return apart
    reasons = (_says_nothing(unit[host]["trial"], first["plan"]) for host in _measured_on(unit))
    return next((reason for reason in reasons if reason), None)


def _says_nothing(trial: Mapping[str, Any], plan: Mapping[str, Any]) -> str | None:
    if trial["status"] != "complete":
        return f"the trial was {trial['status']}: {trial['reason']}"
    arms = arms_of_metric(trial, plan)
    if arms is None:
        return why_missing(trial, plan["metric"]["name"])
    if not arms.moved():
        return "the metric did not move in either arm"
    if (mean_rate(trial, SEGMENTS) or 0.0) < LEAST_SEGMENTS_PER_SECOND:
        return "hardly any TCP traffic during the trial"
    return None
