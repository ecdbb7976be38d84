# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings of a fleet: what a sender sees of a receiver's window is told to the receiver, who owns the size. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.diagnosis import diagnose, made_finding
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.joined_flows import Joined, joined_flows
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Reading
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import REMAINING, SCENARIOS

Findings = list[dict[str, Any]]

RECEIVER = next(scenario for scenario in SCENARIOS if scenario.name == "receiver_window_too_small")
FROM_SENDERS = ("peer_window_too_small", "both_ends_too_small")
SENDER_SIGNS = ("peer_window_bound", "both_buffers_bound")
# What also closes or bounds a window, and what tcp_rmem's maximum would not cure, or make worse.
OTHER_CAUSES = ("memory_pressure", "collapsing", "pausing_reader", "slow_reader", "receive_buffer_cut_off", "locked_buffers")
ORDER = {scenario.name: position for position, scenario in enumerate(SCENARIOS)}


def diagnose_fleet(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Findings]:
    """By host, from its `window`, `facts`, `addresses` and `earlier`, outcome records of this run; all but the first may be missing."""
    found = {host: diagnose(given["window"], given.get("facts"), given.get("earlier") or ()) for host, given in hosts.items()}
    bound = [joined for joined in joined_flows(hosts) if any(joined.flow.get(sign) for sign in SENDER_SIGNS)]
    for receiver in hosts:
        mine = [joined for joined in bound if joined.peer == receiver]
        if mine:
            _tell(receiver, mine, found, hosts[receiver])
    return found


def _tell(receiver: str, flows: Sequence[Joined], found: dict[str, Findings], given: Mapping[str, Any]) -> None:
    """Both sides: the receiver what bounds its senders, the senders what their receiver is found to have."""
    findings, senders = found[receiver], sorted({joined.host for joined in flows})
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


def _evidence(flows: Sequence[Joined]) -> dict[str, Reading]:
    source = "flows of " + ", ".join(sorted({joined.host for joined in flows}))
    shares = [joined.flow["rwnd_limited_share"] for joined in flows if joined.flow["rwnd_limited_share"] is not None]
    return {
        "senders_bound_by_this_window": Reading(len(flows), "connections", source),
        "rwnd_limited_share": Reading(max(shares, default=None), "largest share", source),
    }
