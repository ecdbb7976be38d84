# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Did the candidate help? The blocks of one trial, or of several, compared as their design asks for. Pure."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import LEAST_SEGMENTS_PER_SECOND, SEGMENTS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.block_columns import why_missing
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.metric_words import metric_words, shown_effect, shown_value
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.comparison import Comparison, compared, design_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.demand import other_demand
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.guards import WORSE, as_many, judge_all
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.reach import Tried, reach, told, too_small

BULK_COUNT, BULK_LEVELS = "flows_bulk_count", ("flows_bulk_rtt_us", "flows_bulk_queue_bytes")
TRIAL_KEYS = ("status", "reason", "pairs", "blocks", "seconds", "counters", "absent")


class Evidence(NamedTuple):
    """Complete trials of one candidate: of every host that took part, and those of them that have the metric; and what it reached."""

    trials: Sequence[Mapping[str, Any]]
    measured: Sequence[Mapping[str, Any]]
    reach: Mapping[str, Any]


def verdict(
    trial: Mapping[str, Any], plan: Mapping[str, Any], alpha: float = 0.01, min_effect: float = 0.05, first: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The `verdict` of docs/data_shapes.md; where the trial is the second of the same candidate, on both."""
    trials = [trial] if first is None else [first, trial]
    for one in trials:
        check(one, plan, alpha, min_effect)
        blank = dict(undecided(plan), design=design_of(one))
        if one["status"] != "complete":
            return dict(blank, reason=f"the trial was {one['status']}: {one['reason']}")
        if arms_of_metric(one, plan) is None:
            return dict(blank, reason=why_missing(one, plan["metric"]["name"]))
    return weighed(Evidence(trials, trials, reach([Tried(plan["changes"], trials)])), plan, alpha, min_effect)


def arms_of_metric(trial: Mapping[str, Any], plan: Mapping[str, Any]) -> Comparison | None:
    return compared([trial], (plan["metric"]["name"],))


def weighed(evidence: Evidence, plan: Mapping[str, Any], alpha: float, min_effect: float) -> dict[str, Any]:
    """One verdict on what was tried, on one host or on several."""
    metric = plan["metric"]
    arms = compared(evidence.measured, (metric["name"],))
    if arms is None:
        raise ValueError(f"evidence: no trial has the metric {metric['name']}; give it only trials that have")
    result = dict(
        undecided(plan), design=design_of(evidence.measured[0]), reach=evidence.reach, pairs=arms.compared(),
        **(dict(zip(("before", "after"), arms.rates())) if arms.compared() else {}),
    )
    left_out = "".join(f" ({text})" for text in [arms.left_out(evidence.measured)] if text)
    obstacle = _obstacle(evidence.trials, arms, alpha) or _of_others(metric["name"], evidence.measured)
    if obstacle:
        return dict(result, reason=obstacle + left_out)
    better = -WORSE[metric["direction"]]
    wanted = {guard["name"] for guard in plan["guards"]}
    guards, shares = judge_all([guard for guard in GUARDS if guard.name in wanted], evidence.trials, alpha)
    bounds, smallest = arms.interval(alpha), arms.smallest_shift(alpha, abs(math.log1p(better * min_effect)), better)
    result.update(
        effect=math.expm1(arms.estimate()),
        interval=None if bounds is None else [math.expm1(edge) for edge in bounds],
        p_value=arms.p_greater(better),
        smallest_effect=None if smallest is None else abs(math.expm1(better * smallest)),
        guards=guards,
    )
    worse = arms.p_greater(-better) <= shares.metric
    word, reason = _decide(result, better, worse, alpha, min_effect)
    return dict(result, verdict=word, reason=reason + left_out)


def check(trial: Mapping[str, Any], plan: Mapping[str, Any], alpha: float, min_effect: float) -> None:
    check_keys("trial", trial, TRIAL_KEYS, "the `trial` that socket_buffer_trial returned")
    check_plan(plan, alpha, min_effect)


def check_plan(plan: Mapping[str, Any], alpha: float, min_effect: float) -> None:
    check_keys("plan", plan, ("changes", "metric", "guards"), "the plan that was tried")
    if not plan["metric"]:
        raise ValueError("plan: has no metric, so there was nothing to try and there is nothing to judge")
    for name, value, limit in (("alpha", alpha, 0.5), ("min_effect", min_effect, 1)):
        if not 0 < value < limit:
            raise ValueError(f"{name}: wants a number between 0 and {limit}, got {value!r}")


def undecided(plan: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "verdict": "inconclusive", "reason": None, "metric": plan["metric"]["name"], "before": None, "after": None, "effect": None,
        "interval": None, "p_value": None, "pairs": 0, "smallest_effect": None, "reach": reach([Tried(plan["changes"])]), "guards": [],
        "extend": False, "design": PAIRS, "controls": None,
    }


def _obstacle(trials: Sequence[Mapping[str, Any]], arms: Comparison, alpha: float) -> str | None:
    """Why these trials cannot be judged, or None."""
    too_few = arms.why_too_few(alpha)
    if too_few:
        return too_few
    traffic = compared(trials, (SEGMENTS,))
    if traffic is None or traffic.rates()[0] < LEAST_SEGMENTS_PER_SECOND:
        return "hardly any TCP traffic during the trial"
    if not arms.moved():
        return "the metric did not move in either arm: what the window saw did not come back, or did not end"
    return other_demand(trials, alpha)


def _of_others(metric: str, trials: Sequence[Mapping[str, Any]]) -> str | None:
    """The middle of a class is another one once connections have come into it, or left it, by the change itself."""
    if metric not in BULK_LEVELS or compared(trials, (BULK_COUNT,)) is None or as_many(BULK_COUNT, trials):
        return None
    return "the candidate's blocks had another number of bulk connections, so what the middle one shows is that of others"


def _shift(guard: Mapping[str, Any]) -> str:
    """A guard that had too few known blocks has no effect to tell."""
    return guard["name"] if guard["effect"] is None else f"{guard['name']} {guard['effect']:+.1%}"


def _decide(result: Mapping[str, Any], better: float, worse: bool, alpha: float, min_effect: float) -> tuple[str, str]:
    """Verdict and reason: the first rule that applies decides."""
    bounds = result["interval"]
    shown = f"{metric_words(result['metric'])} {result['effect']:+.1%}" + (f" ({bounds[0]:+.1%} to {bounds[1]:+.1%})" if bounds else "")
    rates = " to ".join(shown_value(result["metric"], result[when]) for when in ("before", "after"))
    broken, doubtful = (", ".join(_shift(guard) for guard in result["guards"] if guard["ok"] is ok) for ok in (False, None))
    worth_it = abs(result["effect"]) >= min_effect
    seen = f"this trial could have seen {shown_effect(result['smallest_effect'])}"
    unreached = too_small(result["reach"])
    if unreached:
        return "inconclusive", unreached
    if broken:
        return "regressed", f"worse with the candidate: {broken}; {shown}"
    if worse and worth_it:
        return "regressed", f"the candidate made it worse: {shown}"
    if bounds and max(map(abs, bounds)) < min_effect:
        return "unchanged", f"any change is smaller than the {min_effect:.0%} that is worth keeping: {shown}; {seen}"
    if result["p_value"] > alpha or not worth_it:
        return "inconclusive", f"no proof of an improvement by {min_effect:.0%}: {shown}; {seen}"
    # The logarithm looks at the typical block; a few enormous ones may outweigh all the others.
    if better * (result["after"] - result["before"]) <= 0:
        return "inconclusive", f"the typical block improved, but bursts made up for it: {shown}, in all {rates}"
    if doubtful:
        return "inconclusive", f"better, but {doubtful} may be worse; {shown}"
    return "improved", f"{shown}, every guard in order{told(result['reach'])}"
