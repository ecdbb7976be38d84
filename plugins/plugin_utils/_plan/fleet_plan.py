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

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.diagnosis import SHORT_OF_MEMORY
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.joined_flows import Joined, joined_flows, neighbours
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import Rank, Scenario
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.earlier_rounds import was_kept
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import SCENARIO, turned
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.blocks_fit import Step, read_step
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.given import Given
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.history import tried_before
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import Plan, answered, nothing, plan_host
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.policy import read_policy

# Both ends of connections that fill the buffers of both: what a sender and its peer are found to have.
TOGETHER, AT_THE_PEER = "both_ends_too_small", "receiver_window_too_small"
# What the sender is found to have then, of which its single connections are examples.
AT_THE_SENDER = (TOGETHER, "sender_buffer_too_small", "peer_window_too_small")
MOST_TOGETHER = 8  # hosts: harm to more than these at once is what waves are there to prevent
ORDER = {name: position for position, name in enumerate(SCENARIO)}
SEEDS = 2 ** 31 - 1

Hosts = Mapping[str, Mapping[str, Any]]


def plan_fleet(hosts: Hosts, policy: Mapping[str, Any] | None = None, seed: int = 0) -> dict[str, Plan]:
    """By host, from its `window`, `findings`, `facts`, and maybe `latency`, `earlier` (outcome records of this run), `addresses`, `step` ({seconds,
    services} of a trial in one step), `children` ({count, names} of other network namespaces where these forbid a trial) and `policy`, of
    a host that has one of its own.

    Hosts that are tried together get a seed of their own made from `seed`, so that their blocks run in step.
    """
    for host, given in hosts.items():
        check_keys(f"{host}", given, ("window", "findings", "facts"), "what was measured and found on this host")
    joined = joined_flows(hosts)
    bound = _bound_peers(joined, hosts)
    known = {
        host: Given(
            given["facts"], read_policy(given.get("policy") or policy or {}), given.get("latency") or None, given["window"], given.get("earlier") or (),
            step=read_step(given.get("step")), children=given.get("children") or None,
        )
        for host, given in hosts.items()
    }
    plans = {host: plan_host(hosts[host]["findings"], given) for host, given in known.items()}
    groups = _groups(bound)
    for members in groups:
        _plan_together(members, plans, known, bound, hosts, seed)
    _let_wait(plans, bound, groups)
    return _again(_in_turn(plans, neighbours(joined)), neighbours(joined))


def _bound_peers(joined: Sequence[Joined], hosts: Hosts) -> dict[str, list[str]]:
    """Senders, each with those peers that would have to change together with it."""
    found: dict[str, set[str]] = {}
    for host, peer, flow in joined:
        if peer not in hosts or any(_refuted_together(hosts[end]) for end in (host, peer)):
            continue
        if _has(hosts[host], AT_THE_SENDER) and _binds_both(flow, hosts[peer]):
            found.setdefault(host, set()).add(peer)
    return {host: sorted(peers) for host, peers in found.items()}


def _binds_both(flow: Mapping[str, Any], peer: Mapping[str, Any]) -> bool:
    """By what the sender sees alone, or by what each end sees: two bounds that are nearly alike show now at one end, now at the other."""
    if flow.get("both_buffers_bound"):
        return True
    if not _has(peer, (AT_THE_PEER,)):
        return False
    alone_refuted = tried_before(AT_THE_PEER, SCENARIO[AT_THE_PEER].knob, peer.get("earlier") or ()) is not None
    return bool(flow.get("sender_buffer_bound") or (flow.get("peer_window_bound") and flow.get("sndbuf_at_max") and alone_refuted))


def _has(given: Mapping[str, Any], scenarios: Sequence[str]) -> bool:
    return any(finding["scenario"] in scenarios for finding in given["findings"])


def _refuted_together(given: Mapping[str, Any]) -> bool:
    records = given.get("earlier") or ()
    return any((record.get("plan") or {}).get("joint") and not was_kept(record) for record in records)


def _groups(bound: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Senders with their peers; those that share a host are one group, as long as it is not too large."""
    groups: list[set[str]] = []
    for host in sorted(bound):
        mine = {host, *bound[host][:MOST_TOGETHER - 1]}
        united = mine.union(*(group for group in groups if group & mine))
        if len(united) <= MOST_TOGETHER:
            groups = [*(group for group in groups if not group & mine), united]
    return [sorted(group) for group in groups]


def _let_wait(plans: dict[str, Plan], bound: Mapping[str, Sequence[str]], groups: Sequence[Sequence[str]]) -> None:
    """Senders that were one too many for the group of their peer: what it proves may be all that they need."""
    for host in bound:
        first = next((group[0] for group in groups if host not in group and set(group) & set(bound[host]) and plans[group[0]]["joint"]), None)
        if first and not plans[host]["changes"]:
            reason = f"{TOGETHER}: waits for the trial of {first} and others, as at most {MOST_TOGETHER} hosts are tried together"
            plans[host] = dict(nothing(TOGETHER, reason), waits_for=first)


def _plan_together(
    members: Sequence[str], plans: dict[str, Plan], known: Mapping[str, Given], bound: Mapping[str, Sequence[str]], hosts: Hosts, seed: int,
) -> None:
    """A candidate of all members, if none of them has something more urgent to try. If one of them cannot change, each goes by itself."""
    urgent = [host for host in members if plans[host]["changes"] and ORDER[plans[host]["scenario"]] < ORDER[TOGETHER]]
    senders = [host for host in members if host in bound]
    if urgent or any(host in bound[sender] for sender in senders for host in senders):
        return  # who sends and receives at once would have to change two sizes
    parts = {host: SCENARIO[TOGETHER if host in senders else AT_THE_PEER] for host in members}
    # That one end alone was refuted says nothing about both together. And both ends are tried in pairs of blocks, or not at all.
    made = {
        host: answered(part, known[host]._replace(earlier=_kept(known[host].earlier), peers=members, step=Step())) for host, part in parts.items()
    }
    missing = [
        f"{host}: {against or made[host]['reason']}"
        for host, part in parts.items() if (against := _objection(part, hosts[host]["findings"])) or not made[host]["changes"]
    ]
    if missing:
        for host in senders:
            if not plans[host]["changes"]:
                plans[host] = nothing(TOGETHER, f"{TOGETHER}: both ends would have to change together, but {'; '.join(missing)}")
        return
    # Guards that both plans have; the metric is the senders'.
    metric, guards = made[senders[0]]["metric"], made[senders[0]]["guards"]
    together = {"hosts": list(members), "measured_on": senders}
    number = 1 + (zlib.crc32(",".join(members).encode()) ^ seed) % SEEDS
    for host in members:
        plans[host] = dict(made[host], metric=metric, guards=guards, joint=together, seed=number)


def _kept(earlier: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rounds by their numbers, without what the others tried."""
    return [record if was_kept(record) else {} for record in earlier]


def _objection(part: Scenario, findings: Sequence[Mapping[str, Any]]) -> str | None:
    """What harms the whole host and would get worse, whether anything is tried against it or not."""
    knob, _metric = turned(part)
    for finding in findings:
        other = SCENARIO.get(finding["scenario"])
        if other and other.rank == Rank.WHOLE_HOST and other.knob and (other.knob.key == knob.key or other.name == SHORT_OF_MEMORY):
            return f"{other.name}, more urgent, argues to {other.knob.direction} {other.knob.named}, so {knob.key} is not raised"
    return None


def _in_turn(plans: dict[str, Plan], near: Mapping[str, Iterable[str]]) -> dict[str, Plan]:
    """Most urgent first; whoever shares connections with one that goes has to wait. Members of a group go together."""
    goes: set[str] = set()
    for host in sorted((host for host in plans if plans[host]["changes"]), key=lambda host: (ORDER[plans[host]["scenario"]], host)):
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
