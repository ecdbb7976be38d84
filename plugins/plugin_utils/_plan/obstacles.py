# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a trial before any size is thought of: the host, the operator's wish, or what this run has seen already. Pure."""
from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import DROPIN_PATH
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.namespaces import COPIED_KEYS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import RMEM, Scenario
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import COLUMNS as STALL_METRICS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import SPANS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import ANSWERS, turned
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.given import Given, NotTried
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.history import tried_before
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.room import best_span, sizes_of


def check_known(scenario: Scenario, given: Given) -> None:
    """NotTried, blocked, where nobody knows what there is."""
    knob, _metric = turned(scenario)
    if not given.facts["sysctls"].get(knob.key, {}).get("present"):
        raise NotTried(f"{knob.key} is argued for, but this host does not have it", blocked=True)
    if sizes_of(knob.key, given.facts) is None:
        raise NotTried(f"{knob.key} is argued for, but its present value could not be read, so it could not be restored either", blocked=True)


def check_open(scenario: Scenario, given: Given) -> None:
    """NotTried, blocked, for what would make a trial pointless, or end it before it starts."""
    knob, _metric = turned(scenario)
    obstacle = _obstacle_to(knob.key, given.facts["sysctls"][knob.key]) or _untimed(scenario, given.latency)
    if obstacle:
        raise NotTried(obstacle, blocked=True)


def check_alone(scenario: Scenario, given: Given) -> None:
    """NotTried where a container born in the trial would copy the candidate, and the operator has not allowed that."""
    knob, _metric = turned(scenario)
    count = (given.children or {}).get("count") or 0
    if count and knob.key in COPIED_KEYS:
        raise NotTried(
            f"{knob.key} is argued for, but this host has other network namespaces in use ({count}, as {', '.join(given.children['names'])}): a container"
            " that is born in a trial would copy the candidate and keep it. socket_buffers_child_namespaces: restore tries all the same, and puts"
            " such containers back at the end",
            stands=True,
        )


def check_wanted(scenario: Scenario, given: Given) -> None:
    """NotTried for what is not worth a trial, or not the operator's wish."""
    name, answer = scenario.name, ANSWERS[scenario.name]
    if given.policy.goal not in answer.goals:
        raise NotTried(f"{name}: not tried, as the goal of the policy is {given.policy.goal}")
    knob, _metric = turned(scenario)
    first = first_try(scenario, given)
    before = tried_before(name, knob, [{} if first and number == first.round else record for number, record in enumerate(given.earlier, 1)])
    if before:
        raise NotTried(before)
    if answer.joint and not given.peers:
        raise NotTried(f"{name}: both ends have to change together, and the other one is not part of this run")


def first_try(scenario: Scenario, given: Given) -> Any | None:
    """The try of this run that its answer makes a second one of; has the `round`."""
    knob, _metric = turned(scenario)
    second = ANSWERS[scenario.name].second
    return second.tried(scenario.name, knob, given.earlier) if second else None


def _obstacle_to(key: str, sysctl: Mapping[str, Any]) -> str | None:
    if sysctl.get("writable") is False:
        return f"{key} is argued for, but cannot be written on this host: it is read-only here, as /proc/sys is in most containers"
    if _wins_at_boot(sysctl.get("boot_file")):
        return f"{key} is argued for, but {sysctl['boot_file']} sets it at every boot, after {DROPIN_PATH}: take it out of there first"
    return None


def _wins_at_boot(path: str | None) -> bool:
    """sysctl.d is read in the order of the names, whatever the folder, and /etc/sysctl.conf after it."""
    return path == "/etc/sysctl.conf" or (path is not None and posixpath.basename(path) > posixpath.basename(DROPIN_PATH))


def _untimed(scenario: Scenario, latency: Mapping[str, Any] | None) -> str | None:
    if scenario.metric is None or scenario.metric.name not in STALL_METRICS or latency is None or best_span(latency):
        return None
    reasons = {row["reason"] for span in SPANS for row in (latency.get(span) or {}).get("skipped", ())}
    why = latency.get("reason") or "; ".join(sorted(reasons))
    return f"{RMEM} is argued for, but stalls cannot be timed on this host, and without them no such change is kept: {why}"
