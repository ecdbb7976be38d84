# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run goes on with that another one began and did not end. Pure.

A trial needs no controller: it ends by itself, and its result waits on the host with the plan that it was made for.
"""
from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

# After its due end a trial still puts the originals back, counts connections and writes its result.
SPARE_SECONDS = 5
PLAN_KEYS = ("changes", "metric", "guards", "scenario", "again")


def resumable(waiting: Mapping[str, Any], ended: Collection[str], sizes: Mapping[str, Any], adopt: bool = False) -> dict[str, Any]:
    """{wait_seconds, result, waves, control, discard} from the `collected` of docs/data_shapes.md and the `sysctls` of the host's facts.

    Only runs that have `ended` leave something to others; with `adopt`, all do. `result` is the newest that can be judged still, or None;
    `waves` has the number of its wave, and nothing without it. `control` is the newest that was recorded beside a trial in one step of another
    host; `discard` names those that nobody needs on the host.
    """
    running = waiting.get("running")
    left = [result for result in waiting.get("results") or () if adopt or result.get("owner") in ended]
    result = next((result for result in left if _can_be_judged(result, sizes)), None)
    control = next((result for result in left if (result.get("context") or {}).get("control_of")), None)
    discard = {row["id"] for row in (*left, *(waiting.get("damaged") or ())) if row is not result}
    waits = running is not None and (adopt or running.get("owner") in ended)
    return {
        "wait_seconds": math.ceil(running["seconds_left"]) + SPARE_SECONDS if running and waits else None,
        "result": result, "waves": [_wave(result)] if result else [], "control": control, "discard": sorted(discard),
    }


def _wave(result: Mapping[str, Any]) -> int:
    return int((result["context"]["plan"].get("wave") or {}).get("number", 1))


def owners(waiting: Mapping[str, Any]) -> set[str]:
    """Of the trial that runs and of the results, where they have one."""
    found = [waiting.get("running"), *(waiting.get("results") or ())]
    return {row["owner"] for row in found if row and isinstance(row.get("owner"), str)}


def _can_be_judged(result: Mapping[str, Any], sizes: Mapping[str, Any]) -> bool:
    """Whether it says what was to be judged, and compared with the values that are in force now."""
    plan = (result.get("context") or {}).get("plan")
    if not isinstance(plan, Mapping) or any(key not in plan for key in PLAN_KEYS) or not plan["changes"]:
        return False
    return all((sizes.get(change["key"]) or {}).get("value") == change["old"] for change in plan["changes"])
