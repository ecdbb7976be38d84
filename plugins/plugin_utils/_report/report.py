# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From outcome records to the rows of the report and its summary; shapes in docs/data_shapes.md. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.metric_words import shown_value
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome import Outcome, advice, outcome_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.rounds import answered_first, come_to, rounds_of, tried_before
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.wave_rows import wave_rows

VERSION = 1
OUTCOMES = ("kept", "reverted", "left", "would_try", "failed", "unreachable")
MEASURED = ("metric", "before", "after", "effect", "interval", "p_value", "pairs")


class HostRows(NamedTuple):
    """One host's outcome, and its rows by round: the finding that the plan answers comes first, else the most urgent one."""

    outcome: Outcome
    rows: list[dict[str, Any]]


def report_document(records: Sequence[Mapping[str, Any]], generated: str, hosts: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON document. Of `hosts`, one without a record is reported as failed: nothing may vanish from a report."""
    known = {record["host"] for record in records}
    silent = [{"host": host} for host in hosts if host not in known]
    reported = sorted((_host_rows(record) for record in [*records, *silent]), key=_urgency)
    return {
        "version": VERSION,
        "generated": generated,
        "summary": _summary([host.outcome for host in reported]),
        "waves": wave_rows(records),
        "rows": [row for host in reported for row in host.rows],
    }


def _urgency(host: HostRows) -> tuple[bool, str]:
    return (not host.outcome.needs_person, host.rows[0]["host"])


def _summary(outcomes: Sequence[Outcome]) -> dict[str, int]:
    names = [outcome.name for outcome in outcomes]
    return {
        "hosts": len(outcomes),
        **{name: names.count(name) for name in OUTCOMES},
        "needs_person": sum(outcome.needs_person for outcome in outcomes),
    }


def _host_rows(record: Mapping[str, Any]) -> HostRows:
    """What every round tried; of the last one also what else it found."""
    rounds = rounds_of(record)
    outcomes = [outcome_of(each) for each in rounds]
    acted = [_acted_row(each, number, outcome) for number, (each, outcome) in enumerate(zip(rounds, outcomes), 1)]
    tried = tried_before(rounds, outcomes)
    others = [_other_row(record, len(rounds), finding, tried.get(finding["scenario"])) for finding in answered_first(record)[1:]]
    return HostRows(come_to(outcomes), [*acted, *others])


def _acted_row(record: Mapping[str, Any], number: int, outcome: Outcome) -> dict[str, Any]:
    finding = next(iter(answered_first(record)), {})
    verdict = record.get("verdict") or {}
    return dict(
        _finding_columns(record, number, finding),
        change=_change(record),
        before=_rate(verdict, "before"),
        after=_rate(verdict, "after"),
        verdict=verdict.get("verdict"),
        outcome=outcome.name,
        reason=outcome.reason,
        needs_person=outcome.needs_person,
        measured=_measured(verdict) if verdict else None,
        stalls=(record.get("trial") or {}).get("stalls"),
        wave=(record.get("plan") or {}).get("wave"),
    )


def _measured(verdict: Mapping[str, Any]) -> dict[str, Any]:
    judged = [guard for guard in verdict.get("guards") or () if guard["before"] is not None]
    return {**{key: verdict.get(key) for key in MEASURED}, "guards": judged}


def _other_row(record: Mapping[str, Any], number: int, finding: Mapping[str, Any], tried: str | None) -> dict[str, Any]:
    """A round answers one finding of a host; the others are said, with what would help, and what was tried against them before."""
    return dict(
        _finding_columns(record, number, finding), change=None, before=None, after=None, verdict=None, outcome="left",
        reason=" ".join(filter(None, (tried, advice(finding)))), needs_person=False, measured=None, stalls=None, wave=None,
    )


def _finding_columns(record: Mapping[str, Any], number: int, finding: Mapping[str, Any]) -> dict[str, Any]:
    facts = record.get("facts") or {}
    managers = (facts.get("host") or {}).get("managers") or ()
    return {
        "host": record["host"],
        "round": number,
        "finding": finding.get("scenario"),
        "evidence": finding.get("evidence") or [],
        "kernel_release": (facts.get("identity") or {}).get("kernel_release"),
        "managers": [manager["name"] for manager in managers if manager.get("active")],
    }


def _change(record: Mapping[str, Any]) -> str | None:
    changes = (record.get("plan") or record.get("tuning") or {}).get("changes") or ()
    return "; ".join(f"{change['key']} {change['old']} -> {change['new']}" for change in changes) or None


def _rate(verdict: Mapping[str, Any], when: str) -> str | None:
    """As a person reads it."""
    value = verdict.get(when)
    return None if value is None else shown_value(str(verdict["metric"]), value)
