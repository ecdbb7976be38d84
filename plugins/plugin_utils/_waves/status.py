# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of each host of a wave: it tried, it failed, or it never began. Pure.

Who never began says nothing about the candidate and is skipped: out of reach, busy, or the trial was refused. Who was lost after it had
begun may have been lost to the candidate, so that counts as a failure.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import unfinished

TRIED, FAILED, SKIPPED = "tried", "failed", "skipped"


class Status(NamedTuple):
    name: str
    reason: str
    trial: Mapping[str, Any] | None = None  # the first of the candidate


def status_of(tried: Mapping[str, Any], started: Mapping[str, Any], collected: Mapping[str, Any]) -> Status:
    """From what was handed to the judge (empty: the host did not come that far), and how its last trial was started and collected."""
    stopped = _stopped(started, collected)
    if not tried:
        return stopped or Status(FAILED, "it left the run before its trial was judged")
    trial, last = tried.get("first") or tried["trial"], tried["trial"]
    if stopped and stopped.name == FAILED:
        return stopped._replace(trial=trial)
    if last["status"] != "complete":
        return Status(FAILED, f"the trial gave up: {last['reason']}", trial)
    return Status(TRIED, stopped.reason if stopped else "", trial)


def _stopped(started: Mapping[str, Any], collected: Mapping[str, Any]) -> Status | None:
    """Why the last trial brought nothing back, or None when it did."""
    if not started.get("ansible_job_id"):
        return Status(SKIPPED, _told(started) if started else "it left the run before its trial")
    if collected.get("trial") and not collected.get("failed"):
        return None
    if "cmd" in collected:  # told by the job's runner
        return Status(FAILED, "the trial died without a word")
    refused = collected.get("finished") and collected.get("failed") and not collected.get("trial")
    return Status(SKIPPED if refused else FAILED, _told(collected))


def _told(result: Mapping[str, Any]) -> str:
    return str(unfinished(result) or result.get("msg") or "no result came back")
