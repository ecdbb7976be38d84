# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report document as a person reads it, in a terminal and as Markdown. Pure."""
from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from itertools import groupby
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import duration
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report import OUTCOMES
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.summary import by_reason, summary_line
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.tables import (
    markdown_table,
    markdown_text,
    one_line,
    paragraph,
    text_table,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.wave_rows import waves_markdown, waves_text

COLUMNS = ("host", "finding", "change", "before", "after", "verdict", "outcome")
HEADER = ("Host", "Finding", "Change", "Before", "After", "Verdict", "Outcome")
# A value of three numbers is hard to read across two lines.
WHOLE = ("Change",)
TERMINAL_WIDTH = 120
MARK = "!"
NUMBER = re.compile(r"^(\S+(?: (?:us|ms|s)\b)?) ")
EMPTY = "No host was part of this run. Look at the inventory, at socket_buffers_hosts and at --limit."
EXIT_STATUS = f"Exit status: 0 when no host needs a person, 2 when one does (marked {MARK})."


def report_table(document: Mapping[str, Any], width: int = TERMINAL_WIDTH) -> str:
    """The table, every reason once with its hosts, the summary, and what the exit status means."""
    rows = document["rows"]
    if not rows:
        return EMPTY
    several = _of_several_rounds(rows)
    shown = [_upright(row) for row in _named(rows, several, _on_lines)]
    table = text_table(["", *HEADER], [[MARK if row["needs_person"] else "", *_cells(row)] for row in shown], width, WHOLE)
    told = by_reason((row["reason"], row["host"]) for row in _named(rows, several, _in_line))
    reasons = [paragraph(f"{', '.join(hosts)}: {reason}", width) for reason, hosts in told.items()]
    waves = waves_text(document.get("waves") or (), width)
    return "\n".join([table, "", *reasons, *(["", waves] if waves else []), "", summary_line(document["summary"], OUTCOMES), EXIT_STATUS])


def report_markdown(document: Mapping[str, Any]) -> str:
    """The same table, then a section for each host with the evidence."""
    rows = document["rows"]
    title = f"# Socket buffers: what happened\n\nGenerated {document['generated']}."
    if not rows:
        return f"{title}\n\n{EMPTY}\n"
    several = _of_several_rounds(rows)
    cells = [[*_cells(row), "yes" if row["needs_person"] else "no"] for row in _named(rows, several, _in_line)]
    table = markdown_table([*HEADER, "Needs a person"], cells)
    sections = [_section(host, list(found), host in several) for host, found in groupby(rows, key=lambda row: row["host"])]
    waves = waves_markdown(document.get("waves") or ())
    return "\n\n".join([title, summary_line(document["summary"], OUTCOMES), table, *filter(None, [waves]), *sections]) + "\n"


def _of_several_rounds(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    return {row["host"] for row in rows if row["round"] > 1}


def _named(
    rows: Sequence[Mapping[str, Any]], several: Container[str], named: Callable[[str, Sequence[str]], str],
) -> list[Mapping[str, Any]]:
    """A host of several rounds is named with the round, and one of several waves with the wave. A line end in a name is none of ours."""
    return [dict(row, host=named(one_line(row["host"]), _when(row, several))) for row in rows]


def _when(row: Mapping[str, Any], several: Container[str]) -> list[str]:
    wave = row.get("wave") or {"of": 1}
    return [
        *([f"round {row['round']}"] if row["host"] in several else []),
        *([f"wave {wave['number']} of {wave['of']}"] if wave["of"] > 1 else []),
    ]


def _on_lines(host: str, when: Sequence[str]) -> str:
    return "\n".join([host, *when])


def _in_line(host: str, when: Sequence[str]) -> str:
    return f"{host} ({', '.join(when)})" if when else host


def _cells(row: Mapping[str, Any]) -> list[str]:
    return ["-" if row[column] is None else _words(row[column]) if column in ("finding", "outcome") else row[column] for column in COLUMNS]


def _upright(row: Mapping[str, Any]) -> dict[str, Any]:
    """Narrow: the key, the old and the new value below each other, and a rate above its unit."""
    changes = [change.replace(" ", "\n", 1).replace(" -> ", "\n-> ") for change in one_line(row["change"] or "-").split("; ")]
    rates = {when: NUMBER.sub(r"\1\n", row[when] or "-") for when in ("before", "after")}
    return dict(row, change="\n".join(changes), **rates)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _section(host: str, rows: Sequence[Mapping[str, Any]], several_rounds: bool) -> str:
    first = rows[0]
    facts = [f"Linux {first['kernel_release']}" if first["kernel_release"] else ""]
    facts += [f"sysctls also managed by {', '.join(first['managers'])}" if first["managers"] else ""]
    about = markdown_text("; ".join(fact for fact in facts if fact))
    findings = [_finding(row, f"round {row['round']}, " if several_rounds else "") for row in rows]
    return "\n\n".join(part for part in (f"## {markdown_text(host)}", about, *findings) if part)


def _finding(row: Mapping[str, Any], when: str) -> str:
    name = _words(row["finding"] or "no finding")
    lines = [f"**{markdown_text(name)}**, {when}{_words(row['outcome'])}: {markdown_text(row['reason'])}"]
    evidence = [f"- {markdown_text(_evidence(piece))}" for piece in row["evidence"]]
    return "\n".join([*lines, *[""] * bool(evidence), *evidence, *_stalls(row.get("stalls"))])


def _stalls(stalls: Mapping[str, Any] | None) -> list[str]:
    """Both arms' histograms side by side."""
    if not stalls:
        return []
    if not stalls["available"]:
        return ["", markdown_text(f"Stalls were not timed: {stalls['reason']}")]
    before, after = stalls["before"], stalls["after"]
    rows = [
        [f"up to {duration(upper)}", *map(_counted, counts)] for upper, *counts in zip(stalls["upper_us"], before["counts"], after["counts"])
    ]
    rows.append(["longest", *(duration(arm["longest_us"] or 0) for arm in (before, after))])
    rows.append(["stalled per second", *(duration(arm["stalled_us"] / arm["seconds"] if arm["seconds"] else 0) for arm in (before, after))])
    caption = f"Durations of {stalls['span']} during the trial ({stalls['means']}); a row holds what is longer than the row above:"
    return ["", markdown_text(caption), "", markdown_table(["Duration", "Present values", "Candidate"], rows)]


def _counted(count: int) -> str:
    return f"{count:,}" if count else "-"


def _evidence(piece: Mapping[str, Any]) -> str:
    value = piece["value"]
    if value is None:
        return f"{piece['metric']}: not on this kernel ({piece['source']})"
    shown = value if isinstance(value, str) else f"{value:,.0f}" if value == int(value) else f"{value:,.2f}" if abs(value) >= 1 else f"{value:.2g}"
    return f"{piece['metric']}: {shown} {piece['unit'] or ''} ({piece['source']})"
