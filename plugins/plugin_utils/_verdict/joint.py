# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdicts of all hosts that ran a trial in one round; one verdict for those that tried a candidate together. Pure.

A joint candidate changes both ends of the same flows, each with values of its own. Its members ran one seed in step, so a coin decided
the order of a pair on all of them at once: what they counted flips together, and the test is as exact as that of one host.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS, STEP
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.block_columns import why_missing
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.comparison import design_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.controls import told, with_controls
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.extension import first_alpha, is_worth_another, second_alpha
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.reach import Tried, reach
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import (
    TRIAL_KEYS,
    Evidence,
    arms_of_metric,
    check_plan,
    undecided,
    verdict,
    weighed,
)

# What decides which block is when, and under which values.
SCHEDULE = ("seed", "pairs", "block_seconds", "washout_seconds")
RETURNED = "the `trial` that socket_buffer_trial returned on this host"

# {trial, plan}; `first`, where the trial is the second of the same candidate; `controls`, {host: trial} of those that tried nothing meanwhile.
Host = Mapping[str, Any]


def verdicts(hosts: Mapping[str, Host], alpha: float = 0.01, min_effect: float = 0.05, extend: bool = False) -> dict[str, dict[str, Any]]:
    """{host: verdict} of {host: {trial, plan, first, controls}}. `trial` is None where none was brought back.

    With `extend`, alpha is shared by two looks, and a first one that is worth a second says so (`extend` of the verdict). One step, there or back, has one
    look: no service is restarted twice for a doubt, and no proof is possible at a share of alpha.
    """
    found: dict[str, dict[str, Any]] = {}
    try:
        for host, its in hosts.items():
            check_plan(its["plan"], alpha, min_effect)
        for host, its in hosts.items():
            if host not in found:
                members = _members(host, its["plan"])
                # A member that was planned otherwise has a verdict of its own.
                partners = {other: hosts[other] for other in members if other in hosts and _same(hosts[other]["plan"], its["plan"])}
                twice = extend and its["plan"].get("design", PAIRS) == PAIRS
                level = second_alpha(alpha) if its.get("first") else first_alpha(alpha) if twice else alpha
                judged = _together(members, partners, its["plan"], level, min_effect) if members else _alone(its, level, min_effect)
                again = twice and not its.get("first") and is_worth_another(judged, alpha, min_effect)
                found.update(dict.fromkeys([host, *partners], dict(judged, extend=again)))
    except ValueError as error:
        raise ValueError(f"{host}: {error}") from error
    return {host: found[host] for host in hosts}


def _members(host: str, plan: Mapping[str, Any]) -> Sequence[str]:
    """Who was to try this candidate together, the host included; nobody when its plan is its own."""
    joint = plan.get("joint")
    if not joint:
        return []
    check_keys("plan: joint", joint, ("hosts", "measured_on"), "the plan that was tried")
    members, measured = joint["hosts"], joint["measured_on"]
    if host not in members:
        raise ValueError(f"plan: joint: hosts {', '.join(members)} do not name this host; give each host the plan that was made for it")
    if not measured or not set(measured) <= set(members):
        raise ValueError(f"plan: joint: measured_on wants some of its hosts {', '.join(members)}, got {', '.join(measured) or 'none'}")
    return members


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(set((one.get("joint") or {}).get(key, ())) == set(other["joint"][key]) for key in ("hosts", "measured_on"))


def _alone(host: Host, alpha: float, min_effect: float) -> dict[str, Any]:
    if not host["trial"]:
        return dict(undecided(host["plan"]), reason="this host brought no trial back")
    trial, controls = controlled(host)
    judged = verdict(trial, host["plan"], alpha, min_effect, host.get("first") or None)
    return dict(judged, controls=controls, reason=judged["reason"] + told(controls))


def controlled(host: Host) -> tuple[Mapping[str, Any], dict[str, Any] | None]:
    """The trial with its controls, where it is of a design that has any; and what the verdict says of them."""
    trial = host["trial"]
    return with_controls(trial, host.get("controls") or {}) if trial and design_of(trial) == STEP else (trial, None)


def _together(
    members: Sequence[str], partners: Mapping[str, Host], plan: Mapping[str, Any], alpha: float, min_effect: float,
) -> dict[str, Any]:
    joined = joined_plan({host: its["plan"] for host, its in partners.items()}, plan["metric"])
    looks = [name for name in ("first", "trial") if name == "trial" or any(its.get(name) for its in partners.values())]
    trials: list[Mapping[str, Any]] = []
    measured: list[Mapping[str, Any]] = []
    for look in looks:
        found = {host: controlled(dict(its, trial=its.get(look)))[0] for host, its in partners.items()}
        reason = why_not_together(members, found, plan["joint"]["measured_on"], joined)
        if reason is not None:
            return dict(undecided(joined), hosts=list(members), reason=reason)
        trials, measured = [*trials, *found.values()], [*measured, *(found[host] for host in plan["joint"]["measured_on"])]
    reached = reach([Tried(its["plan"]["changes"], [its[look] for look in looks]) for its in partners.values()])
    judged = weighed(Evidence(trials, measured, reached), joined, alpha, min_effect)
    return dict(judged, hosts=list(members), reason=f"{_named(members)} together: {judged['reason']}")


def joined_plan(plans: Mapping[str, Mapping[str, Any]], metric: Mapping[str, Any]) -> dict[str, Any]:
    """One plan of all changes and all guards of the members."""
    for host, plan in plans.items():
        if plan["metric"] != metric:
            raise ValueError(f"plan: the metric of {host} is another, but a candidate is judged by one; plan both ends together")
    guards = {guard["name"]: guard for plan in plans.values() for guard in plan["guards"]}
    return {"metric": metric, "changes": [change for plan in plans.values() for change in plan["changes"]], "guards": list(guards.values())}


def _named(hosts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(hosts[:-1]), hosts[-1]) if part)


def why_not_together(
    members: Sequence[str], found: Mapping[str, Any], measured_on: Sequence[str], plan: Mapping[str, Any],
) -> str | None:
    """Why the trials of one look (None where there is none) cannot be judged together, or None. No coin has a say in any of it."""
    measured = {host: found[host] for host in measured_on if found.get(host)}
    return _absence(members, found) or _incomplete(found) or _out_of_step(found) or _unmeasured(measured, plan)


def _absence(members: Sequence[str], trials: Mapping[str, Any]) -> str | None:
    missing = [host for host in members if not trials.get(host)]
    if not missing:
        return None
    others = _named([host for host in members if host not in missing]) or "each other"
    which = "it" if len(missing) == 1 else "them"
    return f"{_named(missing)} had to be tried together with {others}, but there is no such trial of {which}"


def _incomplete(trials: Mapping[str, Mapping[str, Any]]) -> str | None:
    for host, trial in trials.items():
        check_keys(f"trial of {host}", trial, (*TRIAL_KEYS, *SCHEDULE), RETURNED)
        if trial["status"] != "complete":
            return f"{host}: the trial was {trial['status']}: {trial['reason']}"
    return None


def _out_of_step(trials: Mapping[str, Mapping[str, Any]]) -> str | None:
    first = next(iter(trials))
    for host, trial in trials.items():
        for name in SCHEDULE:
            if trial[name] != trials[first][name]:
                return f"{host} ran other blocks than {first}: {name} {trial[name]} instead of {trials[first][name]}"
        if trial.get("began_epoch_seconds") is None:
            return f"{host}: when its first block began is not known, so nobody can tell whether the ends ran in step"
    apart, washout = _apart(list(trials.values())), trials[first]["washout_seconds"]
    if apart > washout:
        ends = "two" if len(trials) == 2 else len(trials)
        return f"the {ends} ends did not run in step ({apart:.3g} s apart, wash-out {washout:g} s); their clocks or their starts differ"
    return None


def _apart(trials: Sequence[Mapping[str, Any]]) -> float:
    """Most seconds between the members' beginnings of one and the same block."""
    begun = [[trial["began_epoch_seconds"] + late for late in _lateness(trial)] for trial in trials]
    return max(max(block) - min(block) for block in zip(*begun))


def _lateness(trial: Mapping[str, Any]) -> list[float]:
    """Of each block, against a timetable that the most punctual one kept."""
    length = trial["washout_seconds"] + trial["block_seconds"]
    late = [at - number * length for number, at in enumerate(trial["blocks"]["started"])]
    return [seconds - min(late) for seconds in late]


def _unmeasured(trials: Mapping[str, Mapping[str, Any]], plan: Mapping[str, Any]) -> str | None:
    for host, trial in trials.items():
        if arms_of_metric(trial, plan) is None:
            return f"{host}: {why_missing(trial, plan['metric']['name'])}"
    return None
