# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One size for all hosts of a cohort. Pure.

The largest of the sizes that the hosts would have tried, whether they are raised or lowered: it is enough for the host that needs most. No
host goes above its own ceiling for it. What else a candidate changes, and candidates of both ends of a connection keep their own sizes.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import nothing
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.room import Sizes
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.cohorts import Plan, Unit


def shared_plans(plans: Mapping[str, Plan], cohorts: Mapping[str, Sequence[Unit]]) -> dict[str, Plan]:
    """The plans of the hosts that share a size with others."""
    found: dict[str, Plan] = {}
    for units in cohorts.values():
        alone = [unit.hosts[0] for unit in units if len(unit.hosts) == 1]
        if len(alone) > 1:
            size = max(_size(plans[host]["changes"][0]) for host in alone)
            found.update((host, _with_size(plans[host], size, len(alone))) for host in alone)
    return found


def _sizes(change: Mapping[str, Any], side: str) -> Sizes:
    return Sizes(change["key"], tuple(int(number) for number in change[side].split()))


def _size(change: Mapping[str, Any]) -> int:
    return _sizes(change, "new").of(change["field"])


def _with_size(plan: Plan, wanted: int, hosts: int) -> dict[str, Any]:
    change = plan["changes"][0]
    old = _sizes(change, "old")
    now, own = old.of(change["field"]), _size(change)
    why = f"{wanted} bytes is the largest that {hosts} hosts of this group would try"
    if own < now <= wanted:
        return dict(nothing(plan["scenario"], f"{plan['scenario']}: {now} bytes is not above the group's size; {why}"), again=plan["again"])
    size = max(own, min(wanted, change["limit_bytes"])) if own > now else wanted
    told = why if size == wanted else f"{why}, here {size}: {change['ceiling']}"
    new = old.with_field(change["field"], size).text()
    return dict(plan, changes=[dict(change, new=new, reason=told), *plan["changes"][1:]], reason=f"{plan['reason']}. Shared: {told}")
