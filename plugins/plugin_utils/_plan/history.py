# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this run has tried already, and therefore does not try again. Pure."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import Knob

Record = Mapping[str, Any]


def tried_before(scenario: str, knob: Knob, earlier: Sequence[Record]) -> str | None:
    """Why a finding is not tried again after these rounds (outcome records, oldest first), or None."""
    for number, record in enumerate(earlier, 1):
        plan, kept = record.get("plan") or {}, was_kept(record)
        if plan.get("scenario") == scenario and (plan.get("wave") or {}).get("left"):
            return f"{scenario} is left since round {number} of this run: {plan['reason']}"
        if not plan.get("changes"):
            continue
        if plan["scenario"] == scenario and not kept:
            return f"{scenario} was tried in round {number} of this run and not kept: {_why_not(record)}"
        if kept and knob.direction == "raise" and any(key == knob.key for key in _lowered(plan["changes"])):
            return f"{scenario} argues to raise {knob.key}, which round {number} of this run lowered, with proof: one after the other would never end"
    return None


def was_kept(record: Record) -> bool:
    """By its verdict; in a wave by what was decided of that, and of the waves after it."""
    wave = record.get("wave")
    if wave:
        return bool(wave["kept"] and not wave["put_back"])
    return (record.get("verdict") or {}).get("verdict") == "improved"


def _why_not(record: Record) -> str:
    verdict, wave = record.get("verdict") or {}, record.get("wave") or {}
    if verdict.get("verdict") == "improved":
        return str(wave.get("put_back") or wave.get("reason"))
    return verdict.get("reason") or "it left no verdict"


def _lowered(changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for change in changes:
        if int(change["new"].split()[-1]) < int(change["old"].split()[-1]):
            yield change["key"]
