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
    plans: Mapping[str, Mapping[str, Any]], pairs: int, block_seconds: float, washout_seconds: float, bake_seconds: float = 0,
) -> dict[str, Any]:
    """{waves, seconds, text}; the text is empty when there is one wave or none."""
    hosts: dict[str, dict[int, list[str]]] = {}
    longest: dict[int, float] = {}
    for host, plan in sorted(plans.items()):
        wave = plan.get("wave")
        if wave:
            hosts.setdefault(wave["cohort"], {}).setdefault(wave["number"], []).append(host)
            lengths = trial_lengths(float(plan["least_washout_seconds"]), pairs, block_seconds, washout_seconds)
            longest[wave["number"]] = max(longest.get(wave["number"], 0.0), lengths["run_time"]["seconds"])
    waves = max(longest, default=0)
    seconds = sum(longest.values()) + bake_seconds * max(0, waves - 1)
    return {"waves": waves, "seconds": seconds, "text": _text(hosts, waves, seconds) if waves > 1 else ""}


def _text(hosts: Mapping[str, Mapping[int, list[str]]], waves: int, seconds: float) -> str:
    time = run_time(seconds)["text"]
    first = f"{waves} waves ahead, {time}; longer where a trial is run once more, shorter where a wave ends the others:"
    rows = [
        f"  {cohort}: {'; '.join(_names(members[number]) for number in sorted(members))}" for cohort, members in sorted(hosts.items())
    ]
    return "\n".join([first, *rows])


def _names(hosts: list[str]) -> str:
    more = len(hosts) - MOST_NAMES
    return ", ".join(hosts[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
