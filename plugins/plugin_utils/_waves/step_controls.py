# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts record beside those that try something in one step, and try nothing themselves. Pure."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import STEP
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.joined_flows import joined_flows, neighbours
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import LEAD_SECONDS

# Of a group: what happens to all of them shows on a few.
MOST_CONTROLS = 10

Plan = Mapping[str, Any]


def step_controls(plans: Mapping[str, Plan], hosts: Mapping[str, Mapping[str, Any]], wave: int) -> dict[str, Any]:
    """{controls: {host that steps in this wave: names}, follows: {control: the host whose lengths it takes}, lead_seconds}.

    `hosts` has the `group` and the `window` of each.
    """
    stepping = [host for host in sorted(plans) if _number(plans[host]) == wave and plans[host].get("design") == STEP]
    ends = neighbours(joined_flows(hosts))
    reached = {end for host in stepping for end in ends.get(host, ())}
    calm = [host for host in sorted(plans) if host not in reached and _is_untouched(plans[host], wave)]
    found: dict[str, list[str]] = {}
    for host in stepping:
        found[host] = [other for other in calm if hosts[other]["group"] == hosts[host]["group"]][:MOST_CONTROLS]
    follows: dict[str, str] = {}
    for host, names in found.items():
        for name in names:
            follows.setdefault(name, host)
    return {"controls": found, "follows": follows, "lead_seconds": LEAD_SECONDS}


def _number(plan: Plan) -> int | None:
    return plan["wave"]["number"] if plan["changes"] and plan.get("wave") else None


def _is_untouched(plan: Plan, wave: int) -> bool:
    """Its own turn is to come, or it has none and waits for nobody's. What an earlier wave left may still be at work."""
    number = _number(plan)
    return not plan.get("again") if number is None else number > wave
