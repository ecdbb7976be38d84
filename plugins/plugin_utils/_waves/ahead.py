# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is ahead before the first wave, and how long it takes. Pure."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import run_time, trial_lengths

MOST_NAMES = 4


def waves_ahead(
    plans: Mapping[str, Mapping[str, Any]], pairs: int, block_seconds: float, washout_seconds: float, bake_seconds: float = 0, alpha: float = 0.01,
) -> dict[str, Any]:
    """{waves, seconds, text}; the text is empty when there is one wave or none, and no trial is too short to prove anything."""
    hosts: dict[str, dict[int, list[str]]] = {}
    longest: dict[int, float] = {}
    notes: dict[str, list[str]] = {}
    for host, plan in sorted(plans.items()):
        wave = plan.get("wave")
        if wave:
            hosts.setdefault(wave["cohort"], {}).setdefault(wave["number"], []).append(host)
            seconds, note = _length(plan, pairs, block_seconds, washout_seconds, alpha, len(plans))
            if note:
                notes.setdefault(note, []).append(host)
            longest[wave["number"]] = max(longest.get(wave["number"], 0.0), seconds)
    waves = max(longest, default=0)
    seconds = sum(longest.values()) + bake_seconds * max(0, waves - 1)
    return {"waves": waves, "seconds": seconds, "text": "\n".join(_rows(hosts, waves, seconds, notes))}


def _length(
    plan: Mapping[str, Any], pairs: int, block_seconds: float, washout_seconds: float, alpha: float, beside: int,
) -> tuple[float, str | None]:
    """What a trial takes, and what to say of it. One that cannot be fitted fails on its own host, which may have other lengths than told here."""
    try:
        lengths = trial_lengths(plan, pairs, block_seconds, washout_seconds, alpha, beside)
    except ValueError as error:
        return 0.0, str(error)
    return lengths["run_time"]["seconds"], lengths["note"]


def _rows(hosts: Mapping[str, Mapping[int, list[str]]], waves: int, seconds: float, notes: Mapping[str, list[str]]) -> list[str]:
    told = [f"{_names(members)}: {note}" for note, members in notes.items()]
    if waves <= 1:
        return told
    time = run_time(seconds)["text"]
    first = f"{waves} waves ahead, {time}; longer where a trial is run once more, shorter where a wave ends the others:"
    rows = [
        f"  {cohort}: {'; '.join(_names(members[number]) for number in sorted(members))}" for cohort, members in sorted(hosts.items())
    ]
    return [first, *rows, *told]


def _names(hosts: list[str]) -> str:
    more = len(hosts) - MOST_NAMES
    return ", ".join(hosts[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
