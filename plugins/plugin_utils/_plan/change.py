# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new value of one sysctl that answers a finding, whatever tries it. Pure."""
from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue, validated
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import Scenario
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import ANSWERS, turned
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.given import Given, NotTried
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.obstacles import first_try
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.room import read_room


class Change(NamedTuple):
    """`row` is one of `changes` in docs/data_shapes.md, `argued` begins a sentence: from where to where."""

    row: dict[str, Any]
    argued: str
    step: str


def change_for(scenario: Scenario, given: Given) -> Change:
    """NotTried when there is nothing to size it by, or it would be no step in the direction of the finding."""
    knob, _metric = turned(scenario)
    argued = f"{scenario.name} argues to {knob.direction} {knob.named}"
    room = read_room(knob, given.facts, given.latency, given.window.get("sockets"), given.earlier)
    answer, first, now = ANSWERS[scenario.name], first_try(scenario, given), room.sizes.of(knob.field)
    if answer.second and first:
        candidate = answer.second.candidate(room, knob, given.policy, first)
    else:
        candidate = answer.candidate(room, knob, given.policy)
    if candidate.size is None:
        raise NotTried(f"{argued}, but {candidate.reason}")
    step = candidate.size - now
    if step == 0 or (step < 0) != (knob.direction == "lower"):
        raise NotTried(f"{argued}, but it is {now} bytes and the candidate {candidate.size}: {candidate.ceiling}")
    new = room.sizes.with_field(knob.field, candidate.size).text()
    try:
        validated({knob.key: new})
    except InvalidValue as error:
        raise NotTried(f"{argued}, but what it holds must be put right first: {error}", blocked=True) from error
    row = {
        "key": knob.key, "field": knob.field, "old": room.sizes.text(), "new": new, "reason": candidate.reason, "ceiling": candidate.ceiling,
        "limit_bytes": candidate.limit,
    }
    return Change(row, argued, f"from {now} to {candidate.size} bytes")
