# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what Ansible registered on a host to the `outcome record` of docs/data_shapes.md. Pure."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import mapping
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import compared
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.rounds import handed_on
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import unfinished
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.after_wave import line_of

Result = Mapping[str, Any]

# The remote steps in the order they run, and how the report calls them.
STEPS = {
    "facts": "reading the sizes",
    "waiting": "looking for earlier trials",
    "recovery": "undoing what a killed run left",
    "window_start": "starting the window",
    "window": "collecting the window",
    "latency_start": "starting to time stalls",
    "latency": "collecting the stalls",
    "trial_start": "starting the trial",
    "trial": "collecting the trial",
    "tuning": "enforcing",
}
# Decided on the controller; handed through.
DECISIONS = ("findings", "plan", "verdict")
# What the report needs of the large ones; a trial's counters stay behind.
FACTS_KEPT = ("identity", "host")
TRIAL_KEPT = ("status", "reason", "design", "seed", "pairs", "block_seconds", "restored", "residual")
TUNING_KEPT = ("changed", "changes", "dropin", "drifted", "left", "undone", "residual")
# What ansible-core 2.19 puts before the message of a module or a filter.
WRAPPING = re.compile(r"((Task|Action|Module) failed: )*(.*The filter plugin '[\w.]+' failed: )?", re.DOTALL)


def outcome_record(results: Result) -> dict[str, Any]:
    """Results that are missing, skipped or empty count as not done."""
    if not results.get("host"):
        raise ValueError("host: missing; it names whose results these are")
    host, plan = str(results["host"]), results.get("plan") or {}
    done = {step: mapping(results.get(step)) for step in STEPS}
    record = {
        "host": host,
        "check_mode": bool(results.get("check_mode")),
        "failure": _failure(done, mapping(results.get("failure"))),
        "facts": _picked(mapping(mapping(done["facts"].get("ansible_facts")).get("socket_buffers")), FACTS_KEPT),
        "trial": _trial(mapping(done["trial"].get("trial"))),
        "tuning": _picked(done["tuning"], TUNING_KEPT) if "changes" in done["tuning"] else None,
        "restarted": _restarted(mapping(results.get("restarted"))),
        "recovered": any(result.get("recovered") or result.get("killed_trial") for result in done.values()),
        "resumed": str(results["resumed"]) if results.get("resumed") else None,
        "earlier": handed_on(results.get("earlier") or [], host),
        "wave": line_of(host, plan, int(results.get("turn") or 0), results.get("waves") or ()),
    }
    record.update((name, results.get(name) or None) for name in DECISIONS)
    return record


def _picked(source: Result, keys: tuple[str, ...]) -> dict[str, Any] | None:
    return {key: source[key] for key in keys if key in source} if source else None


def _trial(trial: Result) -> dict[str, Any] | None:
    return dict(_picked(trial, TRIAL_KEPT), stalls=compared(trial)) if trial else None


def _restarted(result: Result) -> dict[str, Any] | None:
    """{service: None, or why it could not be restarted} of what was restarted after the change was kept."""
    rows = result.get("results") or ()
    return {str(row.get("item")): reason_of(row) if row.get("failed") or row.get("msg") else None for row in rows} if rows else None


def _failure(done: Mapping[str, Result], rescued: Result) -> dict[str, Any] | None:
    """An unreachable host goes first: what a rescue caught afterwards is only its consequence."""
    attempts = [(STEPS[step], result) for step, result in done.items()]
    caught = [(str(rescued.get("step")), mapping(rescued.get("result")))] if rescued else []
    unreachable = [attempt for attempt in attempts if _has(attempt[1], "unreachable")]
    failed = [attempt for attempt in attempts if _has(attempt[1], "failed")]
    for step, result in unreachable + caught + failed:
        return {"step": step, "reason": reason_of(result), "unreachable": _has(result, "unreachable"), "refused": _has(result, "refused")}
    return None


def _has(result: Result, flag: str) -> bool:
    """ansible-core 2.16 says only in the items of a loop that the host was unreachable."""
    return any(bool(part.get(flag)) for part in (result, *(result.get("results") or ())))


def reason_of(result: Result) -> str:
    """What went wrong, in the words of the innermost result."""
    for item in result.get("results") or ():
        if item.get("failed") or item.get("unreachable"):
            return reason_of(item)
    text = str(unfinished(result) or result.get("msg") or "failed without a message").strip()
    text = WRAPPING.sub("", text, count=1)
    # A module that could not even start leaves its reason on standard error.
    last_words = str(result.get("module_stderr") or "").strip().splitlines()[-1:]
    return ": ".join([text, *last_words])
