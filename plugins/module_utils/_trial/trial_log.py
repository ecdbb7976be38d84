# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What syslog is told of a trial. Pure."""
from typing import Any, Mapping, Optional, Sequence


def named(trial_id: Optional[str], owner: Optional[str]) -> str:
    return f"trial {trial_id} of {owner or 'nobody'}"


def begin_text(trial_id: str, owner: Optional[str], candidate: Mapping[str, str], services: Sequence[str], seconds: float) -> str:
    values = ", ".join(f"{key} = {text}" for key, text in sorted(candidate.items()))
    restarts = f"; restarts {', '.join(services)} at its step and at its end" if services else ""
    return f"{named(trial_id, owner)} begins: {values or 'nothing is changed'}{restarts}; due to end in {seconds:g} s"


def end_text(trial_id: str, owner: Optional[str], trial: Mapping[str, Any]) -> str:
    status = trial["status"] if trial["reason"] is None else f"{trial['status']} ({trial['reason']})"
    rows = trial["restored"]  # type: Dict[str, Dict[str, Any]]
    ends = [
        f"{key} = {row['value']}" + ("" if row["restored"] else f", NOT restored: {row['reason']}") for key, row in sorted(rows.items())
    ]
    ends += [f"{unit} {_restarted(row)}" for unit, row in sorted(trial["restarted"].items())]
    return f"{named(trial_id, owner)} ends: {status}; {'; '.join(ends) or 'nothing was changed'}"


def _restarted(row: Mapping[str, Any]) -> str:
    return f"restarted {row['times']} times" if row["reason"] is None else f"NOT as it was: {row['reason']}"
