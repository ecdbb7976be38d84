# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The waves of a run, one row for each wave and cohort. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.metric_words import metric_words
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.rounds import rounds_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.tables import markdown_table, paragraph
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.gate import END

Record = Mapping[str, Any]

COLUMNS = ("round", "cohort", "number", "of", "hosts", "verdict", "decision", "harm", "reason", "left_out")
HEADER = ("Round", "Hosts that share a question", "Wave", "Hosts", "Together", "Effect", "Then", "Why")
# In a terminal; the files name all.
MOST_NAMES = 6


def wave_rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Every host of a wave has its line; in the order in which they were tried."""
    lines = [record["wave"] for last in records for record in rounds_of(last) if record.get("wave")]
    known = {(line["round"], line["number"], line["cohort"]): {name: line[name] for name in COLUMNS} for line in lines}
    return [known[key] for key in sorted(known)]


def waves_text(rows: Sequence[Record], width: int) -> str:
    """A paragraph for each wave of a cohort that had several; else empty."""
    return "\n".join(paragraph(_sentence(row), width) for row in _worth_telling(rows))


def waves_markdown(rows: Sequence[Record]) -> str:
    cells = [
        [
            str(row["round"]), row["cohort"], f"{row['number']} of {row['of']}", ", ".join(row["hosts"]), _word(row), _effect(row),
            _then(row), _why(row),
        ]
        for row in _worth_telling(rows)
    ]
    return f"## Waves\n\n{markdown_table(HEADER, cells)}" if cells else ""


def _worth_telling(rows: Sequence[Record]) -> list[Record]:
    """A host that shares its question with nobody is told by its own row."""
    return [row for row in rows if row["of"] > 1 or len(row["hosts"]) > 1]


def _sentence(row: Record) -> str:
    more = len(row["hosts"]) - MOST_NAMES
    names = ", ".join(row["hosts"][:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    when = f"round {row['round']}, wave" if row["round"] > 1 else "wave"
    effect = _effect(row)
    judged = _word(row) if effect in row["reason"] else f"{_word(row)}, {effect}"
    return f"{row['cohort']}, {when} {row['number']} of {row['of']} ({names}): {judged}; {_then(row)}: {_why(row)}"


def _word(row: Record) -> str:
    return row["verdict"]["verdict"] if row["verdict"] else "not tried"


def _effect(row: Record) -> str:
    """What the pool saw, with its interval."""
    verdict = row["verdict"] or {}
    if verdict.get("effect") is None or not verdict.get("interval"):
        return ""
    low, high = verdict["interval"]
    return f"{metric_words(verdict['metric'])} {verdict['effect']:+.1%} ({low:+.1%} to {high:+.1%})"


def _then(row: Record) -> str:
    if row["harm"]:
        return "ended, nobody in it keeps the change"
    if row["number"] == row["of"]:
        return "done"
    return "ended" if row["decision"] == END else "went on"


def _why(row: Record) -> str:
    apart = "; ".join(f"{host}: {reason}" for host, reason in row["left_out"].items())
    return ". ".join(filter(None, (row["reason"].rstrip("."), apart)))
