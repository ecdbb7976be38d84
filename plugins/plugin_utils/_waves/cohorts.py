# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts share a question: the same group, finding, sysctls, metric and design of the trial. Pure.

Hosts that try a candidate together are one unit, which is in one wave as a whole.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import STEP, STEP_BACK

HOW = {STEP: ", in one step", STEP_BACK: ", in one step back"}

Plan = Mapping[str, Any]
Hosts = Mapping[str, Mapping[str, Any]]


class Unit(NamedTuple):
    """Hosts that are tried together, mostly one; and what tells them from others of their cohort."""

    hosts: tuple[str, ...]
    stratum: tuple[str, ...]


def cohorts(plans: Mapping[str, Plan], hosts: Hosts) -> dict[str, list[Unit]]:
    """{cohort: units} of the hosts that have something to try; `hosts` has the `facts` and the `group` of each."""
    found: dict[str, list[Unit]] = {}
    for members in sorted({members_of(host, plan) for host, plan in plans.items() if plan["changes"]}):
        found.setdefault(_question(members, plans, hosts), []).append(Unit(members, _stratum(members, hosts)))
    return dict(sorted(found.items()))


def members_of(host: str, plan: Plan) -> tuple[str, ...]:
    joint = plan.get("joint")
    return tuple(sorted(joint["hosts"])) if joint else (host,)


def _question(members: tuple[str, ...], plans: Mapping[str, Plan], hosts: Hosts) -> str:
    leading = plans[members[0]]
    if leading.get("joint"):
        leading = plans[min(leading["joint"]["measured_on"])]
    groups = "+".join(sorted({str(hosts[host]["group"]) for host in members}))
    keys = ", ".join(sorted({change["key"] for host in members for change in plans[host]["changes"]}))
    how = HOW.get(leading.get("design"), "")
    return f"{leading['scenario']} in {groups} ({keys}, {leading['metric']['name']}{how})"


def _stratum(members: tuple[str, ...], hosts: Hosts) -> tuple[str, ...]:
    """Group, kernel release and speed of the fastest network interface."""
    return tuple(sorted({_kind(hosts[host]) for host in members}))


def _kind(host: Mapping[str, Any]) -> str:
    facts = host["facts"]
    release, speed = (facts.get("identity") or {}).get("kernel_release"), (facts.get("host") or {}).get("link_mbps")
    return f"{host['group']}, Linux {release}, {speed} Mbit/s"
