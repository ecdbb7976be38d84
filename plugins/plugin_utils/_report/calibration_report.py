# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How sure a verdict is on this fleet, as text for a terminal and as Markdown. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.metric_words import metric_words, shown_effect
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.tables import markdown_table, one_line, paragraph, text_table
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.calibration import FALSE

HEADER = ("Host", "Metric", "Throws", "False improved", "False regressed", "Smallest effect", "Note")
WIDTH = 120


def calibration_text(document: Mapping[str, Any]) -> str:
    table = text_table(HEADER, [[one_line(cell) for cell in _cells(row)] for row in document["rows"]], WIDTH)
    return "\n".join([table, "", *(paragraph(text, WIDTH) for text in _summary(document))])


def calibration_markdown(document: Mapping[str, Any]) -> str:
    table = markdown_table(HEADER, [_cells(row) for row in document["rows"]])
    return "\n\n".join(["# How sure is a verdict on this fleet?", f"Generated {document['generated']}.", table, *_summary(document)]) + "\n"


def _summary(document: Mapping[str, Any]) -> list[str]:
    if not document["throws"]:
        return ["No host had enough traffic to judge anything: calibrate when it is busy."]
    rates = ", ".join(f"{document['false_' + word] / document['throws']:.2%} {word}" for word in FALSE)
    return [
        f"Nothing was changed, so every improved or regressed is false: {rates}, in {document['throws']} throws over {document['hosts']} hosts;"
        f" at most {document['alpha']:.2%} of each is promised.",
        "Smallest effect: what such a trial would usually have proven. If it is larger than what you hope for, take more pairs or longer"
        " blocks (socket_buffers_pairs, socket_buffers_block_seconds).",
    ]


def _cells(row: Mapping[str, Any]) -> list[str]:
    if not row["throws"]:
        return [row["host"], metric_words(row["metric"]) if row["metric"] else "-", "-", "-", "-", "-", row["note"]]
    counts: Sequence[str] = [str(row[name]) for name in ("throws", "false_improved", "false_regressed")]
    return [row["host"], metric_words(row["metric"]), *counts, shown_effect(row["smallest_effect"]), "-"]
