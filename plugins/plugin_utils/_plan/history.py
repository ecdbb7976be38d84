# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this run has tried already, and therefore does not try again. Pure."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import Knob
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.earlier_rounds import Record, maximum, raise_of, was_kept

NO_PROOF = ("unchanged", "inconclusive")

# The narrower step has to be worth a trial, and to differ from the one that was refuted.
WORTH_A_STEP = 1.05


class Overshot(NamedTuple):
    """A larger size that gained what it was to gain, and was refuted for what else it did."""

    round: int
    size: int
    gain: float  # how many times the rate before
    cost: str  # the guards that it broke, or may have broken


class FellShort(NamedTuple):
    """A larger size that cost nothing, and of which nothing was proven."""

    round: int
    size: str  # the sysctl's whole value
    shown: str  # what the trial made of it


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


def size_refuted(key: str, new: str, metric: str, earlier: Sequence[Record]) -> str | None:
    """Why a value is not tried again by the same metric, whatever argues for it now, or None."""
    for number, record in enumerate(earlier, 1):
        plan = record.get("plan") or {}
        tried = any((row["key"], row["new"]) == (key, new) for row in plan.get("changes") or ())
        if tried and not was_kept(record) and (plan.get("metric") or {}).get("name") == metric:
            return f"{plan['scenario']} tried it in round {number} of this run, by the same metric, and it was not kept: {_why_not(record)}"
    return None


def overshot(scenario: str, knob: Knob, earlier: Sequence[Record]) -> Overshot | None:
    """The only refuted try of a finding, and the last, when a smaller step in the same direction may gain as much.

    While a buffer limits its flows they move as much as it holds in a round trip. So what more a step moved is how much larger the buffer has to be
    for that, and all beyond it waited in a queue.
    """
    tried = _only_refuted(scenario, earlier)
    if tried is None:
        return None
    number, record = tried
    cost = ", ".join(guard["name"] for guard in (record.get("verdict") or {}).get("guards") or () if guard["ok"] is not True)
    step = raise_of(number, record, knob.key)
    if not cost or step is None or not WORTH_A_STEP <= step.gain <= step.new / step.old / WORTH_A_STEP:
        return None
    return Overshot(number, step.new, step.gain, cost)


def fell_short(scenario: str, knob: Knob, earlier: Sequence[Record]) -> FellShort | None:
    """The only refuted try of a finding, and the last, when it proved nothing in either direction and every guard was in order.

    Where something has to fit as a whole, less than enough of it changes nothing that can be counted.
    """
    tried = _only_refuted(scenario, earlier)
    if tried is None:
        return None
    number, record = tried
    verdict = record.get("verdict") or {}
    was_judged = verdict.get("p_value") is not None and all(guard["ok"] is True for guard in verdict["guards"])
    if verdict.get("verdict") not in NO_PROOF or not was_judged:
        return None
    return next((FellShort(number, row["new"], verdict["reason"]) for row in record["plan"]["changes"] if row["key"] == knob.key), None)


def _only_refuted(scenario: str, earlier: Sequence[Record]) -> tuple[int, Record] | None:
    """The number and the record of the round that tried a finding last, if only that was refuted of all its tries, and on this host alone."""
    tries = [
        (number, record) for number, record in enumerate(earlier, 1)
        if (record.get("plan") or {}).get("scenario") == scenario and record["plan"].get("changes")
    ]
    refuted = [record for _number, record in tries if not was_kept(record)]
    if len(refuted) != 1 or tries[-1][1] is not refuted[0] or refuted[0]["plan"].get("joint"):
        return None
    return tries[-1]


def _why_not(record: Record) -> str:
    verdict, wave = record.get("verdict") or {}, record.get("wave") or {}
    if verdict.get("verdict") == "improved":
        return str(wave.get("put_back") or wave.get("reason"))
    return verdict.get("reason") or "it left no verdict"


def _lowered(changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for change in changes:
        if maximum(change["new"]) < maximum(change["old"]):
            yield change["key"]
