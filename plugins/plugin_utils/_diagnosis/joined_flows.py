# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections of a fleet, joined by their addresses: which host is at the other end. Pure.

Only windows with `top` have addresses. A receiver with nothing in its queues may have no flow there, so a window also has the addresses that are
its host's own, and more can be given. What cannot be joined (an address that two hosts have, or none; a translated one) has no peer.
"""
from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Hosts = Mapping[str, Mapping[str, Any]]  # by name: `window`, and maybe `addresses`


class Joined(NamedTuple):
    """A connection between two hosts of the fleet, as one of its ends sees it."""

    host: str
    peer: str
    flow: Mapping[str, Any]


def joined_flows(hosts: Hosts) -> list[Joined]:
    """Of every host, those flows of its `top` whose peer is another host of the fleet."""
    owners = _owners(hosts)
    return [
        Joined(host, owners[flow["peer_address"]], flow)
        for host, flow in _flows(hosts) if owners.get(flow["peer_address"]) not in (None, host)
    ]


def neighbours(joined: list[Joined]) -> dict[str, set[str]]:
    """By host, with whom it shares a connection."""
    found: dict[str, set[str]] = {}
    for host, peer, _flow in joined:
        found.setdefault(host, set()).add(peer)
        found.setdefault(peer, set()).add(host)
    return found


def _flows(hosts: Hosts) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each flow of `top` once, though several orders may have it."""
    for host, given in hosts.items():
        top = _sockets(given).get("top") or {}
        flows = {(row["local_address"], row["local_port"], row["peer_address"], row["peer_port"]): row for rows in top.values() for row in rows}
        yield from ((host, flow) for flow in flows.values())


def _owners(hosts: Hosts) -> dict[str, str]:
    """Whose each address is; without those that mean another host on every host, or that two hosts claim."""
    claims: dict[str, set[str]] = {}
    for host, flow in _flows(hosts):
        claims.setdefault(flow["local_address"], set()).add(host)
    for host, given in hosts.items():
        for address in (*(given.get("addresses") or ()), *(_sockets(given).get("local_addresses") or ())):
            claims.setdefault(address, set()).add(host)
    return {address: next(iter(owners)) for address, owners in claims.items() if len(owners) == 1 and not _is_local(address)}


def _is_local(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_link_local


def _sockets(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return given["window"].get("sockets") or {}
