# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run goes on with that another one began and did not end. Pure.

A trial needs no controller: it ends by itself, and its result waits on the host with the plan that it was made for.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

# After its due end a trial still puts the originals back, counts connections and writes its result.
SPARE_SECONDS = 5
PLAN_KEYS = ("changes", "metric", "guards", "scenario", "again")


def resumable(waiting: Mapping[str, Any], ended: Collection[str], sizes: Mapping[str, Any], adopt: bool = False) -> dict[str, Any]:
    """{wait_seconds, result, discard, reasons} from the `collected` of docs/data_shapes.md and the `sysctls` of the host's facts.

    Only runs that have `ended` leave something to others; with `adopt`, all do. `result` is the newest that can be judged still, or None;
    `discard` names those that nobody needs any more, each with the reason beside it.
    """
    running = waiting.get("running")
    left = [result for result in waiting.get("results") or () if adopt or result.get("owner") in ended]
    found = {result["id"]: _unusable(result, sizes) for result in left}
    result = next((result for result in left if found[result["id"]] is None), None)
    discard = {trial: reason or "a newer one is there" for trial, reason in found.items() if result is None or trial != result["id"]}
    discard.update((row["id"], row["reason"]) for row in waiting.get("damaged") or ())
    waits = running is not None and (adopt or running.get("owner") in ended)
    return {
        "wait_seconds": running["seconds_left"] + SPARE_SECONDS if running and waits else None,
        "result": result, "discard": sorted(discard), "reasons": [discard[trial] for trial in sorted(discard)],
    }


def owners(waiting: Mapping[str, Any]) -> list[str]:
    """Whose trials they are, each once."""
    named: Sequence[Mapping[str, Any]] = [row for row in (waiting.get("running"), *(waiting.get("results") or ())) if row]
    return sorted({row["owner"] for row in named if row.get("owner")})


def _unusable(result: Mapping[str, Any], sizes: Mapping[str, Any]) -> str | None:
    """Why nobody can judge it any more, or None."""
    plan = (result.get("context") or {}).get("plan")
    if not isinstance(plan, Mapping) or any(key not in plan for key in PLAN_KEYS) or not plan["changes"]:
        return "it does not say what was to be judged"
    for change in plan["changes"]:
        now = (sizes.get(change["key"]) or {}).get("value")
        if now != change["old"]:
            return f"{change['key']} is {now} now, and the trial compared with {change['old']}"
    return None
