# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a wave: one pooled verdict for each cohort in it, the decision, and what that means for every host. Pure.

A line is what is known of one wave of one cohort, docs/data_shapes.md. All that follows for a host is told from the lines and its own plan.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import nothing
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.pooled import pooled_units
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.cohorts import members_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.gate import END, GO_ON, Tally, gate
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.status import FAILED, SKIPPED, TRIED, Status

Line = Mapping[str, Any]
ON_END = KEEP, PUT_BACK = ("keep", "put_back")
VERDICT_KEPT = ("verdict", "reason", "metric", "before", "after", "effect", "interval", "p_value", "pairs", "hosts", "left_out")


class Host(NamedTuple):
    """One host at this turn; without a part in this wave only its plan counts."""

    plan: Mapping[str, Any]
    verdict: Mapping[str, Any]
    status: Status
    controls: Mapping[str, Any] = {}  # trials of hosts that tried nothing beside it


class Rules(NamedTuple):
    alpha: float = 0.01
    min_effect: float = 0.05
    on_inconclusive: str = GO_ON
    on_end: str = KEEP


def after_wave(hosts: Mapping[str, Host], turn: int, number: int, lines: Sequence[Line] = (), rules: Rules = Rules()) -> dict[str, Any]:
    """{lines, hosts, ahead}: the lines with those of this wave; by host `plan`, `keep` and `put_back`; and how many waves are to come."""
    known = list(lines)
    for cohort, units in sorted(_in_wave(hosts, number).items()):
        before = [line for line in lines if (line["round"], line["cohort"]) == (turn, cohort)]
        known.append({"round": turn, "cohort": cohort, **_judged(units, hosts, before, rules)})
    now = {line["cohort"]: line for line in known if (line["round"], line["number"]) == (turn, number)}
    found = {host: _follows(host, its, now) for host, its in hosts.items()}
    numbers = [its["plan"]["wave"]["number"] for its in found.values() if its["plan"]["changes"] and its["plan"].get("wave")]
    return {"lines": known, "hosts": found, "ahead": max([0, *(at - number for at in numbers)])}


def line_of(host: str, plan: Mapping[str, Any], turn: int, lines: Sequence[Line]) -> dict[str, Any] | None:
    """The line of this host's own wave; `kept` and `put_back` (a reason or None) are of the host."""
    wave = plan.get("wave")
    if not wave:
        return None
    mine = [line for line in lines if (line["round"], line["cohort"]) == (turn, wave["cohort"])]
    own = next((line for line in mine if line["number"] == wave["number"]), None)
    if own is None:
        return None
    back = next((told(line) for line in mine if host in line["put_back"]), None)
    return dict(own, kept=host in own["kept"], put_back=back)


def told(line: Line) -> str:
    """How a cohort ended, for a host."""
    return f"wave {line['number']} of {line['of']} ended {line['cohort']}: {line['reason']}"


def _in_wave(hosts: Mapping[str, Host], number: int) -> dict[str, list[tuple[str, ...]]]:
    """{cohort: units} of those that were to try something in this wave, without hosts that have left the run."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for host, its in hosts.items():
        wave = its.plan.get("wave")
        if its.plan["changes"] and wave and wave["number"] == number:
            found.setdefault(wave["cohort"], set()).add(tuple(member for member in members_of(host, its.plan) if member in hosts))
    return {cohort: sorted(units) for cohort, units in found.items()}


def _judged(units: Sequence[tuple[str, ...]], hosts: Mapping[str, Host], before: Sequence[Line], rules: Rules) -> dict[str, Any]:
    """A line, from the units of the wave and the lines of the cohort's waves before it."""
    names = [host for unit in units for host in unit]
    wave = hosts[names[0]].plan["wave"]
    pooled = _pooled(units, hosts, rules)
    states = {host: hosts[host].status for host in names}
    tried = [unit for unit in units if not any(states[host].name == SKIPPED for host in unit)]
    failed = [unit for unit in tried if any(_went_wrong(hosts[host]) for host in unit)]
    so_far = {count: sum(line[count] for line in before) for count in ("tried", "failed")}
    tally = Tally(pooled, so_far["tried"] + len(tried), so_far["failed"] + len(failed), len(failed))
    decision = gate(tally, rules.alpha, rules.on_inconclusive)
    return {
        "number": wave["number"], "of": wave["of"], "hosts": names, "tried": len(tried), "failed": len(failed),
        "verdict": {key: pooled[key] for key in VERDICT_KEPT} if pooled else None,
        "decision": decision.decision, "reason": decision.reason, "harm": decision.put_back,
        "left_out": {host: states[host].reason for host in names if states[host].name != TRIED},
        "kept": [] if decision.put_back else [host for host in names if _proven(hosts[host], pooled)],
        "put_back": [host for line in before for host in line["kept"]] if decision.put_back and rules.on_end == PUT_BACK else [],
    }


def _went_wrong(host: Host) -> bool:
    return host.status.name == FAILED or host.verdict.get("verdict") == "regressed"


def _pooled(units: Sequence[tuple[str, ...]], hosts: Mapping[str, Host], rules: Rules) -> dict[str, Any] | None:
    """The verdict of the wave; of a single unit it is that of its hosts, with the second look if there was one."""
    judged = [unit for unit in units if any(hosts[host].status.trial for host in unit)]
    if not judged:
        return None
    if len(judged) == 1:
        own = next((hosts[host].verdict for host in judged[0] if hosts[host].verdict), None)
        return dict(own, hosts=list(judged[0]), left_out={}) if own else None
    members = [
        {host: {"trial": hosts[host].status.trial, "plan": hosts[host].plan, "controls": hosts[host].controls} for host in unit} for unit in judged
    ]
    return pooled_units(members, rules.alpha, rules.min_effect)


def _proven(host: Host, pooled: Mapping[str, Any] | None) -> bool:
    """By its own verdict; where hosts share one size, by that of all of them, unless the host itself got worse."""
    if host.status.name != TRIED or not host.verdict:
        return False
    if host.plan["wave"]["shared"]:
        return pooled is not None and pooled["verdict"] == "improved" and host.verdict["verdict"] != "regressed"
    return host.verdict["verdict"] == "improved"


def _follows(host: str, its: Host, now: Mapping[str, Line]) -> dict[str, Any]:
    """What the waves that were just judged mean for this host."""
    plan, wave = its.plan, its.plan.get("wave") or {}
    line = now.get(wave.get("cohort", ""))
    if line is None:
        return {"plan": plan, "keep": False, "put_back": False}
    if plan["changes"] and wave["number"] > line["number"] and line["decision"] == END:
        # What is ended is not begun again in the next round: `joint` and `left` say so.
        plan = dict(nothing(plan["scenario"], told(line)), again=plan["again"], joint=plan["joint"], wave=dict(wave, left=True))
    return {"plan": plan, "keep": host in line["kept"], "put_back": host in line["put_back"]}
