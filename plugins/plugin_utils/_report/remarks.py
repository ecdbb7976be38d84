# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an outcome's reason does not say by itself, as sentences to put behind it. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import STEP

Record = Mapping[str, Any]

RECOVERED = "A run that had been killed was undone first"
ABOVE_MAX = ("rcvbuf_above_max", "sndbuf_above_max")


def with_remarks(record: Record, name: str, reason: str) -> str:
    """The reason of the outcome `name`, and behind it every remark that holds for this record."""
    remarks = [text for text in (remark(record, name) for remark in REMARKS) if text]
    return ". ".join([reason.rstrip("."), *remarks]) if remarks else reason


def _together(record: Record, name: str) -> str | None:
    plan = record.get("plan") or {}
    others = [host for host in (plan.get("joint") or {}).get("hosts") or () if host != record["host"]]
    if not others or not plan["changes"]:
        return None
    return f"{'Tried' if record.get('trial') or record.get('verdict') else 'Planned'} together with {', '.join(others)}"


def _other_hours(record: Record, name: str) -> str | None:
    """What is lowered has to do for the busiest hour; what is raised costs nothing in a calmer one."""
    plan = record.get("plan") or {}
    by_what = {"kept": "Lowered on what was {seen} and in the trial", "would_try": "It would be lowered on what was {seen}"}.get(name)
    if by_what is None or not plan.get("seen") or not any(step < 0 for step in _steps(plan)):
        return None
    return f"{by_what.format(seen=plan['seen'])}: other hours were not seen"


def _still_larger(record: Record, name: str) -> str | None:
    """A connection that is above both maxima is one connection: the larger number is what is certain."""
    residual = _residual(record, name)
    count = max((residual.get(measure) or 0 for measure in ABOVE_MAX), default=0)
    if not count:
        return None
    ports = residual.get("ports") or ()
    where = f" (some to port{'s' * (len(ports) > 1)} {', '.join(map(str, ports))} of this host)" if ports else ""
    held, whose, until = ("connection holds a larger buffer", "its program", "it closes") if count == 1 else (
        "connections hold larger buffers", "their programs", "they close")
    return f"{count:,} {held} than the maximum in force{where}, from before or as {whose} asked, until {until}"


def _inherited(record: Record, name: str) -> str | None:
    """What was tried in one step reaches no service, and no connection, that is older than the change."""
    put_back = name == "reverted" and (record.get("wave") or {}).get("put_back")
    if not (name == "kept" or put_back) or (record.get("plan") or {}).get("design") != STEP:
        return None
    restarted = record.get("restarted") or {}
    done = [service for service, reason in restarted.items() if reason is None]
    failed = [f"{service} ({reason})" for service, reason in restarted.items() if reason is not None]
    told = [f"Restarted since: {', '.join(done)}"] if done else []
    told += [f"NOT restarted: {', '.join(failed)}"] if failed else []
    return ". ".join([*told, "Other services and connections that are older hold what they were started with"])


def _undone(record: Record, name: str) -> str | None:
    return RECOVERED if record.get("recovered") else None


def _resumed(record: Record, name: str) -> str | None:
    return f"The trial was begun by {record['resumed']}, a run that ended before it" if record.get("resumed") else None


def _residual(record: Record, name: str) -> Record:
    """The latest that holds for the maximum in force. A trial's was counted at the originals, so under a kept raise it is no more true."""
    if name not in ("kept", "reverted"):
        return {}
    enforced, tried = ((record.get(step) or {}).get("residual") for step in ("tuning", "trial"))
    if enforced or not tried:
        return enforced or {}
    raised = name == "kept" and any(step > 0 for step in _steps(record.get("plan") or {}))
    return {} if raised else tried


def _steps(plan: Record) -> Iterator[int]:
    """New minus old, of every number of the changes."""
    for change in plan.get("changes") or ():
        for old, new in zip(str(change["old"]).split(), str(change["new"]).split()):
            if old.isdigit() and new.isdigit():
                yield int(new) - int(old)


REMARKS: tuple[Callable[[Record, str], str | None], ...] = (_together, _other_hours, _still_larger, _inherited, _undone, _resumed)
