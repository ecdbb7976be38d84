# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Did the candidate help? Blocks of one trial, compared pair by pair. Pure.

The number compared is the logarithm of B's rate over A's: it treats halving and doubling alike, and a block with
one huge burst (TCPRcvCollapsed comes in thousands) weighs as one block, not as its events.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist, fmean, stdev
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._guards import DEMAND, GUARDS, Guard
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._rates import Column, mean_rate, summed
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._sign_flip import interval, least_pairs, p_greater

# Half an event is added to each block, so that a block without any can be compared too.
HALF_EVENT = 0.5
# New connections may differ by this much before the two arms count as different days.
DEMAND_MARGIN = 0.10
# A guard whose events at least triple, and are more than a handful, is not waved through for lack of pairs.
LARGE_RATIO, LARGE_EVENTS = 3.0, 20
POWER = 0.9
LEAST_SEGMENTS_PER_SECOND = 20
WORSE = {"lower": 1.0, "higher": -1.0}  # sign of a log ratio that is bad

REACH = {
    "net.ipv4.tcp_rmem": "a new maximum reaches connections made after each switch; open ones keep buffers that have grown",
    "net.ipv4.tcp_wmem": "a new maximum reaches open connections within about 1.5 s where it binds",
}


class Arms(NamedTuple):
    """One number per pair for A and for B: events and seconds (or whatever they are counted per)."""

    a_events: list[float]
    b_events: list[float]
    a_exposure: list[float]
    b_exposure: list[float]

    def rates(self) -> tuple[float, float]:
        return (_ratio(sum(self.a_events), sum(self.a_exposure)), _ratio(sum(self.b_events), sum(self.b_exposure)))

    def log_ratios(self) -> list[float]:
        return [
            math.log((b + HALF_EVENT) / b_exposure) - math.log((a + HALF_EVENT) / a_exposure)
            for a, b, a_exposure, b_exposure in zip(*self) if a_exposure > 0 and b_exposure > 0
        ]


def verdict(trial: Mapping[str, Any], plan: Mapping[str, Any], alpha: float = 0.01, min_effect: float = 0.05) -> dict[str, Any]:
    """The `verdict` of docs/data_shapes.md."""
    _check(plan, alpha, min_effect)
    metric = plan["metric"]
    result = _empty(metric["name"], plan)
    if trial["status"] != "complete":
        return dict(result, reason=f"the trial was aborted: {trial['reason']}")
    arms = _arms(trial, (metric["name"],))
    if arms is None:
        return dict(result, reason=f"this kernel has no counter {metric['name']}")
    differences = arms.log_ratios()
    result.update(zip(("before", "after"), arms.rates()), pairs=len(differences))
    obstacle = _obstacle(trial, arms, differences, alpha)
    if obstacle:
        return dict(result, reason=obstacle)
    gains = [-WORSE[metric["direction"]] * difference for difference in differences]
    low, high = interval(differences, alpha)
    result.update(
        effect=math.expm1(fmean(differences)), interval=[math.expm1(low), math.expm1(high)], p_value=p_greater(gains),
        smallest_effect=_smallest_effect(differences, alpha), guards=[_judge_guard(guard, trial, alpha) for guard in _guards(plan)],
    )
    return dict(result, **_decide(result, gains, alpha, min_effect))


def _check(plan: Mapping[str, Any], alpha: float, min_effect: float) -> None:
    if not plan.get("metric"):
        raise ValueError("plan: has no metric, so there was nothing to try and there is nothing to judge")
    for name, value in (("alpha", alpha), ("min_effect", min_effect)):
        if not 0 < value < 1:
            raise ValueError(f"{name}: wants a number between 0 and 1, got {value!r}")


def _empty(metric: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    notes = [REACH[change["key"]] for change in plan["changes"] if change["key"] in REACH]
    return {
        "verdict": "inconclusive", "reason": None, "metric": metric, "before": None, "after": None, "effect": None,
        "interval": None, "p_value": None, "pairs": 0, "smallest_effect": None,
        "reach": {"share": None, "note": "; ".join(notes) or None}, "guards": [],
    }


def _obstacle(trial: Mapping[str, Any], arms: Arms, differences: Sequence[float], alpha: float) -> str | None:
    """Why this trial cannot be judged, or None."""
    needed = least_pairs(alpha)
    if len(differences) < needed:
        return f"{len(differences)} usable pairs of blocks; an exact test at {alpha:g} needs at least {needed}"
    if (mean_rate(trial, "TcpInSegs") or 0) < LEAST_SEGMENTS_PER_SECOND:
        return "hardly any TCP traffic during the trial"
    if not any(arms.a_events) and not any(arms.b_events):
        return "the metric did not move in either arm: what the window saw did not come back"
    demand = _arms(trial, DEMAND)
    shift = fmean(demand.log_ratios()) if demand else 0.0
    if abs(shift) > math.log1p(DEMAND_MARGIN) and min(_p_both(demand.log_ratios())) <= alpha:
        return f"demand differed between the arms ({math.expm1(shift):+.0%} new connections with the candidate), so they cannot be compared"
    return None


def _p_both(differences: Sequence[float]) -> tuple[float, float]:
    return p_greater(differences), p_greater([-difference for difference in differences])


def _decide(result: Mapping[str, Any], gains: Sequence[float], alpha: float, min_effect: float) -> dict[str, Any]:
    shown = f"{result['metric']} {result['effect']:+.0%} ({result['interval'][0]:+.0%} to {result['interval'][1]:+.0%})"
    broken = [guard["name"] for guard in result["guards"] if guard["ok"] is False]
    if broken:
        return {"verdict": "regressed", "reason": f"worse with the candidate: {', '.join(broken)}; {shown}"}
    if p_greater([-gain for gain in gains]) <= alpha and abs(result["effect"]) >= min_effect:
        return {"verdict": "regressed", "reason": f"the candidate made it worse: {shown}"}
    if result["p_value"] > alpha:
        bounded = max(map(abs, result["interval"])) < min_effect
        return {"verdict": "unchanged" if bounded else "inconclusive", "reason": f"no proof of an improvement: {shown}"}
    if abs(result["effect"]) < min_effect:
        return {"verdict": "unchanged", "reason": f"smaller than the {min_effect:.0%} that is worth keeping: {shown}"}
    doubtful = [guard["name"] for guard in result["guards"] if guard["ok"] is None]
    if doubtful:
        return {"verdict": "inconclusive", "reason": f"better, but {', '.join(doubtful)} may be worse; {shown}"}
    return {"verdict": "improved", "reason": f"{shown}, every guard in order"}


def _guards(plan: Mapping[str, Any]) -> list[Guard]:
    wanted = {guard["name"] for guard in plan["guards"]}
    return [guard for guard in GUARDS if guard.name in wanted]


def _judge_guard(guard: Guard, trial: Mapping[str, Any], alpha: float) -> dict[str, Any]:
    """ok: true in order, false worse, null in doubt. Blaming one of many guards needs more proof than doubting it."""
    judged: dict[str, Any] = {"name": guard.name, "before": None, "after": None, "effect": None, "p_value": None, "ok": True}
    arms = _arms(trial, guard.counters, guard.per)
    if arms is None or not arms.log_ratios() or not (any(arms.a_events) or any(arms.b_events)):
        return judged
    worsening = [WORSE[guard.direction] * difference for difference in arms.log_ratios()]
    before, after = arms.rates()
    p_value, mean = p_greater(worsening), fmean(worsening)
    judged.update(before=before, after=after, effect=math.expm1(WORSE[guard.direction] * mean), p_value=p_value)
    beyond = mean > math.log1p(guard.margin)
    large = guard.direction == "lower" and sum(arms.b_events) >= LARGE_EVENTS and after > LARGE_RATIO * before
    if (beyond and p_value <= alpha / len(GUARDS)) or (beyond and large and p_value <= alpha):
        judged["ok"] = False
    elif (beyond and p_value <= alpha) or large:
        judged["ok"] = None
    return judged


def _arms(trial: Mapping[str, Any], counters: Sequence[str], per: Sequence[str] = ()) -> Arms | None:
    """Events of each complete pair, by arm. A block whose counter is unknown takes its pair with it."""
    events = summed(trial, counters)
    exposure: Column | None = summed(trial, per) if per else trial["seconds"]
    if events is None or exposure is None:
        return None
    blocks = {(pair, arm): cell for pair, arm, *cell in zip(trial["blocks"]["pair"], trial["blocks"]["arm"], events, exposure)}
    numbers = [pair for pair, arm in blocks if arm == "A" and (pair, "B") in blocks]
    pairs = [(blocks[pair, "A"], blocks[pair, "B"]) for pair in sorted(numbers)]
    known = [(a, b) for a, b in pairs if None not in (*a, *b)]
    return Arms([a[0] for a, _b in known], [b[0] for _a, b in known], [a[1] for a, _b in known], [b[1] for _a, b in known])


def _ratio(events: float, exposure: float) -> float:
    return events / exposure if exposure else 0.0


def _smallest_effect(differences: Sequence[float], alpha: float) -> float:
    """The decrease that as many pairs with this spread would show at alpha with a power of 90 %, by normal approximation."""
    z = NormalDist().inv_cdf
    return -math.expm1(-(z(1 - alpha) + z(POWER)) * stdev(differences) / math.sqrt(len(differences)))
