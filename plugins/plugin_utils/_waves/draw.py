# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host tries its change in which wave. Pure: the same hosts and the same seed draw the same waves."""
from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.cohorts import Hosts, Plan, Unit, cohorts
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.shared_plan import shared_plans
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.sizes import DEFAULT_WAVES, Step, wave_sizes

PLAN_BY = HOST, GROUP = ("host", "group")


def plan_waves(
    plans: Mapping[str, Plan], hosts: Hosts, waves: Sequence[Step] = DEFAULT_WAVES, canaries: Sequence[str] = (), seed: int = 0,
    plan_by: str = HOST,
) -> dict[str, dict[str, Any]]:
    """The plans, each with its `wave` of docs/data_shapes.md, None where there is nothing to try.

    `hosts` has the `facts` and the `group` of each host. All cohorts' waves of one number are tried at the same time.
    """
    for host in plans:
        check_keys(host, hosts.get(host, {}), ("facts", "group"), "what is known of this host")
    shared = shared_plans(plans, cohorts(plans, hosts)) if plan_by == GROUP else {}
    found: dict[str, dict[str, Any]] = {host: dict(shared.get(host, plan), wave=None) for host, plan in plans.items()}
    for cohort, units in cohorts(found, hosts).items():
        order = drawn(units, canaries, random.Random(f"{seed} {cohort}"))
        sizes = wave_sizes(len(order), waves)
        numbers = [number for number, size in enumerate(sizes, 1) for _unit in range(size)]
        for unit, number in zip(order, numbers):
            for host in unit.hosts:
                found[host]["wave"] = {"cohort": cohort, "number": number, "of": len(sizes), "shared": host in shared}
    return found


def drawn(units: Sequence[Unit], canaries: Sequence[str], source: random.Random) -> list[Unit]:
    """Named canaries first, as they are named. Then one of each stratum, the largest first, and then all strata in proportion.

    So each kind of host has been tried before many are, and the last waves hold some of all the larger kinds.
    """
    named = list(dict.fromkeys(unit for canary in canaries for unit in units if canary in unit.hosts))
    strata: dict[tuple[str, ...], list[Unit]] = {}
    for unit in sorted(set(units) - set(named)):
        strata.setdefault(unit.stratum, []).append(unit)
    first: list[tuple[int, Unit]] = []
    rest: list[tuple[float, Unit]] = []
    for members in strata.values():
        source.shuffle(members)
        first.append((-len(members), members[0]))
        rest += [((at + source.random()) / len(members), unit) for at, unit in enumerate(members[1:], 1)]
    return [*named, *(unit for _place, unit in [*sorted(first), *sorted(rest)])]
