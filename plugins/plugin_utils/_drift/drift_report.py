# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drift of all hosts: what there was, what was repaired, and what needs a person. Pure."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._drift.drift import (
    DROPIN,
    drift_rows,
    is_ours,
    row_of,
    tried_keys,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import mapping
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome_record import reason_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.summary import by_reason, summary_line
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.tables import markdown_table, paragraph, text_table

VERSION = 1
# A host counts as the first of these that any of its rows has.
OUTCOMES = ("unreachable", "failed", "drifted", "would_repair", "repaired", "in_step", "not_ours")
NEEDS_PERSON = ("unreachable", "failed", "drifted")
HEADER = ("Host", "Sysctl", "Running", "Our drop-in", "After a boot", "Outcome")
WHOLE = ("Running", "Our drop-in", "After a boot")
WIDTH = 120
MARK = "!"
TRIAL_RUNS = "a trial runs here, and what it tries was not compared"
KILLED = "a run that had been killed was undone first"
IN_STEP = "running values, our drop-in and the next boot agree"
NOT_OURS = "nothing of ours here"
REWRITTEN = "our drop-in was not as we wrote it last"
FORCE = "with socket_buffers_force=true, too, ours is written again, and what is in it now is lost"
EXIT_STATUS = f"Exit status: 0 when nothing is left to do, 2 when a host needs a person (marked {MARK})."

Record = Mapping[str, Any]


def drift_document(hosts: Mapping[str, Record], generated: str) -> dict[str, Any]:
    """The drift of docs/data_shapes.md. `hosts` has for each name its {facts, check_mode, repair, after, failure}, any of which may be missing."""
    found = [(name, row) for name in sorted(hosts) for row in _host_rows(hosts[name])]
    rows = [dict(row, host=name, needs_person=row["outcome"] in NEEDS_PERSON) for name, row in found]
    rows.sort(key=lambda row: not row["needs_person"])
    return {"version": VERSION, "generated": generated, "summary": _summary(rows), "rows": rows}


def drift_table(document: Record) -> str:
    rows = document["rows"]
    table = text_table(["", *HEADER], [[MARK if row["needs_person"] else "", *_cells(row)] for row in rows], WIDTH, WHOLE)
    told = by_reason((_advice(row), f"{row['host']} {row['key'] or ''}".strip()) for row in rows)
    reasons = [paragraph(f"{', '.join(where)}: {reason}", WIDTH) for reason, where in told.items()]
    return "\n".join([table, "", *reasons, "", summary_line(document["summary"], OUTCOMES), EXIT_STATUS])


def drift_markdown(document: Record) -> str:
    cells = [[*_cells(row), _advice(row), "yes" if row["needs_person"] else "no"] for row in document["rows"]]
    table = markdown_table([*HEADER, "Why, and what to do", "Needs a person"], cells)
    title = f"# Socket buffers: what drifted\n\nGenerated {document['generated']}."
    return f"{title}\n\n{summary_line(document['summary'], OUTCOMES)}\n\n{table}\n"


def _host_rows(record: Record) -> list[dict[str, Any]]:
    facts, repair = mapping(record.get("facts")), mapping(record.get("repair"))
    failure = repair if repair.get("unreachable") else mapping(record.get("failure"))
    rows = [*(_drifted(facts, repair, record) if facts else ()), *_found_by_root(repair, record)]
    if failure:
        outcome = "unreachable" if failure.get("unreachable") else "failed"
        rows.append(dict(row_of(None, "not_repaired" if facts else "not_read", reason_of(failure)), outcome=outcome))
    if rows:
        return rows
    outcome, reason = ("not_ours", NOT_OURS) if not is_ours(facts) else ("in_step", TRIAL_RUNS if tried_keys(facts) else IN_STEP)
    return [dict(row_of(None, None, reason), outcome=outcome)]


def _drifted(facts: Record, repair: Record, record: Record) -> Iterator[dict[str, Any]]:
    """What was seen without root. Where root has read the journal since, that knows better about the drop-in itself."""
    after = {} if record.get("check_mode") else mapping(record.get("after"))
    still = {row["key"] for row in drift_rows(after)} if after else set()
    predicted = {change["key"] for change in repair.get("changes") or ()} if record.get("check_mode") else set()
    for row in drift_rows(facts):
        mended = row["key"] not in still if after else row["key"] in predicted
        if row["key"] or "changes" not in repair:
            yield dict(row, outcome=_mended(record), remedy=None) if mended else dict(row, outcome="drifted")


def _found_by_root(repair: Record, record: Record) -> Iterator[dict[str, Any]]:
    if repair.get("recovered") or repair.get("killed_trial"):
        yield dict(row_of(None, "killed_run", KILLED), outcome=_mended(record))
    for row in repair.get("drifted") or ():
        if row["name"].endswith(DROPIN):
            yield dict(row_of(None, "dropin", f"{REWRITTEN}: {row['found'] or 'it was gone'}"), outcome=_mended(record))
    for row in repair.get("left") or ():
        if row["name"].endswith(DROPIN):
            yield dict(row_of(None, "foreign", f"{row['name']}: {row['reason']}", FORCE), outcome="drifted")


def _mended(record: Record) -> str:
    return "would_repair" if record.get("check_mode") else "repaired"


def _summary(rows: list[dict[str, Any]]) -> dict[str, int]:
    outcomes: dict[str, set[str]] = {}
    for row in rows:
        outcomes.setdefault(row["host"], set()).add(row["outcome"])
    counted = [next(name for name in OUTCOMES if name in found) for found in outcomes.values()]
    needs = {row["host"] for row in rows if row["needs_person"]}
    return {"hosts": len(outcomes), **{name: counted.count(name) for name in OUTCOMES}, "needs_person": len(needs)}


def _cells(row: Record) -> list[str]:
    return [*(row[column] or "-" for column in ("host", "key", "running", "ours", "at_boot")), row["outcome"].replace("_", " ")]


def _advice(row: Record) -> str:
    return "; ".join(filter(None, (row["reason"], row["remedy"])))
