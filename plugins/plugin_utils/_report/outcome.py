# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of one host, why, and whether a person has to look. Pure.

The first rule that has an answer decides. A person is needed where a host is not as the run wanted it and the next
run would not mend it. A candidate that made things worse needs nobody: the trial ended at the originals by itself.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.remarks import with_remarks
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.after_wave import told

Record = Mapping[str, Any]


class Outcome(NamedTuple):
    """`name` is the report's `outcome`."""

    name: str
    reason: str
    needs_person: bool


def outcome_of(record: Record) -> Outcome:
    """The outcome of one host's record, of one round and any part of which may be missing."""
    outcome = next(outcome for outcome in (rule(record) for rule in RULES) if outcome)
    return outcome._replace(reason=with_remarks(record, outcome.name, outcome.reason))


def advice(finding: Record) -> str:
    """What a finding means and what would help, without a change of ours."""
    return " ".join(finding[part] for part in ("summary", "remedy") if finding.get(part))


def _stopped(record: Record) -> Outcome | None:
    failure = record.get("failure")
    if not failure:
        return None
    if failure.get("refused"):  # by a rule that the operator may change: nothing is wrong with the host
        return Outcome("left", failure["reason"], False)
    return Outcome("unreachable" if failure["unreachable"] else "failed", f"{failure['step']}: {failure['reason']}", True)


def _not_restored(record: Record) -> Outcome | None:
    restored = (record.get("trial") or {}).get("restored") or {}
    lost = [f"{key} ({row['reason']})" for key, row in sorted(restored.items()) if not row["restored"]]
    return Outcome("failed", f"after the trial the originals are not back: {', '.join(lost)}", True) if lost else None


def _aborted(record: Record) -> Outcome | None:
    trial = record.get("trial") or {}
    if trial.get("status", "complete") == "complete":
        return None
    return Outcome("failed", f"the trial gave up, with the originals back: {trial['reason']}", True)


def _rolled_back(record: Record) -> Outcome | None:
    """Values without a plan are those of before: the rollback."""
    tuning = record.get("tuning")
    if not tuning or record.get("plan"):
        return None
    undone = tuning.get("undone")
    back = f"the values from before the change of {undone['started']}" if undone else "the originals"
    name, reason = "left", "nothing of ours to bring back"
    if tuning["changed"]:
        name, reason = ("would_try", f"{back} would be brought back") if record.get("check_mode") else ("reverted", f"{back} are back")
    elif undone:
        reason = f"{back} are back since an earlier run" if undone["earlier"] else f"{back} were there already"
    if tuning.get("left"):
        return Outcome(name, f"not brought back: {_left(tuning)}", True)
    return Outcome(name, reason, False)


def _nothing_to_change(record: Record) -> Outcome | None:
    plan = record.get("plan")
    if plan is None or plan["changes"]:
        return None
    if plan.get("waits_for"):
        return Outcome("left", plan["reason"], False)
    findings = record.get("findings") or [None]
    answered = next((finding for finding in findings if finding and finding["scenario"] == plan["scenario"]), findings[0])
    if answered is None or not answered["key"]:
        return Outcome("left", _first_advice(record) or plan["reason"], False)
    reason = ". ".join(text.rstrip(".") for text in (plan["reason"], answered.get("remedy")) if text)
    return Outcome("left", reason, bool(plan.get("blocked")))


def _only_measured(record: Record) -> Outcome | None:
    plan = record.get("plan")
    if plan and record.get("check_mode"):
        return Outcome("would_try", plan["reason"], False)
    if record.get("findings") and plan is None:
        return Outcome("left", _first_advice(record), False)
    return None


def _put_back(record: Record) -> Outcome | None:
    """The last tuning brought the originals back: by choice, when a later wave did harm."""
    wave, tuning = record.get("wave") or {}, record.get("tuning") or {}
    if not wave.get("put_back"):
        return None
    if not tuning.get("undone") or tuning.get("left"):
        why = _left(tuning) or "no change was taken back"
        return Outcome("failed", f"was to be put back, as {wave['put_back']}; not brought back: {why}", True)
    return Outcome("reverted", f"put back, as {wave['put_back']}", _is_down(record))


def _judged(record: Record) -> Outcome | None:
    verdict, tuning, wave = record.get("verdict"), record.get("tuning"), record.get("wave")
    if not verdict:
        return None
    improved = verdict["verdict"] == "improved"
    if not (wave["kept"] if wave else improved):
        return Outcome("reverted", f"improved by itself, but {told(wave)}" if wave and improved else verdict["reason"], False)
    reason = verdict["reason"] if improved or not wave else f"{wave['verdict']['reason']}; by itself {verdict['verdict']}"
    if not tuning:
        return Outcome("failed", f"improved, but not enforced: {reason}", True)
    if tuning.get("left"):
        return Outcome("kept", f"{reason}; left alone: {_left(tuning)}", True)
    return Outcome("kept", reason, _is_down(record))


def _is_down(record: Record) -> bool:
    """Whether a service may be, because it was to be restarted and was not. Which, is a remark."""
    return any(why is not None for why in (record.get("restarted") or {}).values())


def _no_result(record: Record) -> Outcome:
    last = "a plan, but no verdict" if record.get("plan") else "nothing"
    return Outcome("failed", f"the run left {last} for this host", True)


def _first_advice(record: Record) -> str:
    return " ".join(advice(finding) for finding in (record.get("findings") or ())[:1])


def _left(tuning: Record) -> str:
    return ", ".join(f"{row['name']} ({row['reason']})" for row in tuning.get("left") or ())


RULES: tuple[Callable[[Record], Outcome | None], ...] = (
    _stopped, _not_restored, _aborted, _rolled_back, _nothing_to_change, _only_measured, _put_back, _judged, _no_result,
)
