# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One candidate at most for every host of a fleet, so that no two trials disturb each other. Pure.

Two ends of the same connections are not tried at the same time: each would take credit, or blame, for the other's change. The more urgent one
goes first and the other waits for the next round. Except where only both together can help: then they are one candidate with one verdict.
"""
from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.joined_flows import Joined, joined_flows, neighbours
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import ANSWERS, SCENARIO
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import Given, Plan, answered, nothing, plan_host
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.policy import read_policy
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.rates import check_keys

# What a sender's joint scenario asks of the peer, and which of its connections say so.
AT_THE_PEER = "receiver_window_too_small"
JOINT_SIGN = "both_buffers_bound"
SEEDS = 2 ** 31 - 1


def plan_fleet(hosts: Mapping[str, Mapping[str, Any]], policy: Mapping[str, Any] | None = None, seed: int = 0) -> dict[str, Plan]:
    """By host, from its `window`, `findings`, `facts`, and maybe `latency`, `earlier` (outcome records of this run) and `addresses`.

    Hosts that are tried together get a seed of their own made from `seed`, so that their blocks run in step.
    """
    for host, given in hosts.items():
        check_keys(f"{host}", given, ("window", "findings", "facts"), "what was measured and found on this host")
    rules, joined = read_policy(policy or {}), joined_flows(hosts)
    bound = _bound_peers(joined)
    known = {
        host: Given(given["facts"], rules, given.get("latency") or None, given["window"], given.get("earlier") or (), bound.get(host, ()))
        for host, given in hosts.items()
    }
    plans = {host: plan_host(hosts[host]["findings"], given) for host, given in known.items()}
    for members in _joint_groups(plans, bound):
        _plan_together(members, plans, hosts, known, seed)
    return _again(_in_turn(plans, neighbours(joined)), neighbours(joined))


def _bound_peers(joined: Sequence[Joined]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for host, peer, flow in joined:
        if flow.get(JOINT_SIGN):
            found.setdefault(host, set()).add(peer)
    return {host: sorted(peers) for host, peers in found.items()}


def _is_joint(plan: Plan) -> bool:
    return bool(plan["changes"]) and ANSWERS[plan["scenario"]].joint


def _joint_groups(plans: Mapping[str, Plan], bound: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Senders with their peers; those that share a peer are one group."""
    groups: list[set[str]] = []
    for host in sorted(plans):
        if _is_joint(plans[host]):
            mine = {host, *bound[host]}
            apart = [group for group in groups if not group & mine]
            groups = [*apart, mine.union(*(group for group in groups if group & mine))]
    return [sorted(group) for group in groups]


def _plan_together(
    members: Sequence[str], plans: dict[str, Plan], hosts: Mapping[str, Mapping[str, Any]], known: Mapping[str, Given], seed: int,
) -> None:
    senders = [host for host in members if _is_joint(plans[host])]
    made = {host: plans[host] if host in senders else answered(SCENARIO[AT_THE_PEER], known[host]) for host in members}
    missing = [f"{host}: {plan['reason']}" for host, plan in made.items() if not plan["changes"]]
    if missing:
        # Each end for itself, then: what is left of the sender's findings, and whatever the peers had.
        for host in senders:
            rest = [finding for finding in hosts[host]["findings"] if finding["scenario"] != plans[host]["scenario"]]
            alone = plan_host(rest, known[host]._replace(peers=()))
            why = f"{plans[host]['scenario']}: both ends would have to change together, but {'; '.join(missing)}"
            plans[host] = alone if alone["changes"] else nothing(plans[host]["scenario"], why)
        return
    # Guards that both plans have; the metric is the senders'.
    metric, guards = made[senders[0]]["metric"], made[senders[0]]["guards"]
    together = {"hosts": list(members), "measured_on": senders}
    number = 1 + (zlib.crc32(",".join(members).encode()) ^ seed) % SEEDS
    for host in members:
        plans[host] = dict(made[host], metric=metric, guards=guards, joint=together, seed=number)


def _in_turn(plans: dict[str, Plan], near: Mapping[str, Iterable[str]]) -> dict[str, Plan]:
    """Most urgent first; whoever shares connections with one that goes has to wait. Members of a group go together."""
    order = {name: position for position, name in enumerate(SCENARIO)}
    goes: set[str] = set()
    for host in sorted((host for host in plans if plans[host]["changes"]), key=lambda host: (order[plans[host]["scenario"]], host)):
        if host in goes or plans[host]["waits_for"]:
            continue
        members = plans[host]["joint"]["hosts"] if plans[host]["joint"] else [host]
        busy = sorted({peer for member in members for peer in near.get(member, ()) if peer in goes and peer not in members})
        if not busy:
            goes.update(members)
            continue
        for member in members:
            plans[member] = dict(
                nothing(plans[member]["scenario"], f"waits for the trial of {busy[0]}, which is at the other end of its connections"),
                waits_for=busy[0],
            )
    return plans


def _again(plans: dict[str, Plan], near: Mapping[str, Iterable[str]]) -> dict[str, Plan]:
    """Whoever tries something, waits, or is at the other end of that, has to be looked at anew."""
    moving = {host for host, plan in plans.items() if plan["changes"] or plan["waits_for"]}
    around = moving.union(*(near.get(host, ()) for host in moving))
    return {host: dict(plan, again=host in around) for host, plan in plans.items()}
