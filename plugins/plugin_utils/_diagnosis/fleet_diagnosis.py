# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of a fleet: what a sender sees of a receiver's window is told to the receiver, who owns the size. Pure.

Flows are joined by their addresses, which only windows with `top` have. A receiver with nothing in its queues may have no flow there, so a
host may also say its addresses. What cannot be joined (an address that two hosts have, or none; a translated one) stays with the sender.
"""
from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.diagnosis import diagnose, made_finding
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Reading
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import REMAINING, SCENARIOS

Findings = list[dict[str, Any]]

RECEIVER = next(scenario for scenario in SCENARIOS if scenario.name == "receiver_window_too_small")
FROM_SENDERS = ("peer_window_too_small", "both_ends_too_small")
SENDER_SIGNS = ("peer_window_bound", "both_buffers_bound")
# What also closes or bounds a window, and what tcp_rmem's maximum would not cure, or make worse.
OTHER_CAUSES = ("memory_pressure", "collapsing", "pausing_reader", "slow_reader", "locked_buffers")
ORDER = {scenario.name: position for position, scenario in enumerate(SCENARIOS)}


def diagnose_fleet(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Findings]:
    """By host, from its `window`, `facts` and `addresses`; the last two may be missing."""
    found = {host: diagnose(given["window"], given.get("facts")) for host, given in hosts.items()}
    owners = _owners(hosts)
    for receiver in hosts:
        mine = [(sender, flow) for sender, flow in _bound_flows(hosts) if owners.get(flow["peer_address"]) == receiver]
        flows = [(sender, flow) for sender, flow in mine if sender != receiver]
        if flows:
            _tell(receiver, flows, found, hosts[receiver])
    return found


def _flows(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Each flow of `top` once, though several orders may have it."""
    top = (given["window"].get("sockets") or {}).get("top") or {}
    flows = {(row["local_address"], row["local_port"], row["peer_address"], row["peer_port"]): row for rows in top.values() for row in rows}
    return list(flows.values())


def _owners(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Whose each address is; without those that mean another host on every host, or that two hosts claim."""
    claims: dict[str, set[str]] = {}
    for host, given in hosts.items():
        for address in {*(given.get("addresses") or ()), *(flow["local_address"] for flow in _flows(given))}:
            if not _is_local(address):
                claims.setdefault(address, set()).add(host)
    return {address: owners.pop() for address, owners in claims.items() if len(owners) == 1}


def _is_local(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_link_local


def _bound_flows(hosts: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for host, given in hosts.items():
        yield from ((host, flow) for flow in _flows(given) if any(flow.get(sign) for sign in SENDER_SIGNS))


def _tell(receiver: str, flows: list[tuple[str, Mapping[str, Any]]], found: dict[str, Findings], given: Mapping[str, Any]) -> None:
    """Both sides: the receiver what bounds its senders, the senders what their receiver is found to have."""
    findings, senders = found[receiver], sorted({sender for sender, _flow in flows})
    scenarios = [finding["scenario"] for finding in findings]
    cause = next((name for name in scenarios if name in OTHER_CAUSES), None)
    if cause is None:
        told = made_finding(RECEIVER, _evidence(flows), (given.get("facts") or {}).get("sysctls", {}))
        if RECEIVER.name in scenarios:
            own = findings[scenarios.index(RECEIVER.name)]
            own["evidence"][:0] = [row for row in told["evidence"] if row["source"].startswith("flows of")]
        else:
            kept = [finding for finding in findings if finding["scenario"] not in {scenario.name for scenario in REMAINING}]
            found[receiver] = sorted([*kept, told], key=lambda finding: ORDER[finding["scenario"]])
    for sender in senders:
        for finding in found[sender]:
            if finding["scenario"] in FROM_SENDERS:
                finding["remedy"] += f" The peer is {receiver}, with {cause or RECEIVER.name}."


def _evidence(flows: list[tuple[str, Mapping[str, Any]]]) -> dict[str, Reading]:
    source = "flows of " + ", ".join(sorted({sender for sender, _flow in flows}))
    shares = [flow["rwnd_limited_share"] for _sender, flow in flows if flow["rwnd_limited_share"] is not None]
    return {
        "senders_bound_by_this_window": Reading(len(flows), "connections", source),
        "rwnd_limited_share": Reading(max(shares, default=None), "largest share", source),
    }
