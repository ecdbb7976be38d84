# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables and paragraphs in plain text and in Markdown. Pure.

Widths are columns of a terminal, not characters: an East Asian letter takes two, a combining one none.
"""
from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Sequence

GAP = "  "
NARROWEST = 4
# What means something in Markdown wherever it stands; an underscore or a tilde only at the edge of a word, a number sign around a heading.
MARKDOWN_SPECIAL = re.compile(r"[\\`*\[\]<>|&~]|(?<![^\W_])_|_(?![^\W_])|(?<!\S)#|#(?!\S)")


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int, whole: Container[str] = ()) -> str:
    """Columns as wide as they need to be, the widest ones wrapped until the table fits `width`, those under a header of `whole` last."""
    cells = [[_lines(cell) for cell in row] for row in (header, *rows)]
    widths = _fitted(cells, width - len(GAP) * (len(header) - 1), [name in whole for name in header])
    blocks = [_row(row, widths) for row in cells]
    rule = GAP.join("-" * column for column in widths)
    return "\n".join([blocks[0], rule, *blocks[1:]])


def paragraph(text: str, width: int, indent: str = "  ") -> str:
    """Wrapped text; every line but the first is indented."""
    lines = _wrapped(one_line(text), width - len(indent))
    return f"\n{indent}".join(lines)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([markdown_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown_text(text: str) -> str:
    """One line of Markdown that reads as the given text, whatever is in it."""
    return MARKDOWN_SPECIAL.sub(r"\\\g<0>", one_line(text))


def one_line(text: str) -> str:
    """One line without control characters, which would move a terminal's cursor."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _lines(cell: str) -> list[str]:
    return [one_line(line) for line in cell.split("\n")]


def _display_width(text: str) -> int:
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _fitted(rows: Sequence[Sequence[Sequence[str]]], available: int, whole: Sequence[bool]) -> list[int]:
    """Natural widths, narrowed: first the lines of a column that is `whole`, then words stay whole as long as that is possible."""
    columns = [[line for cell in column for line in cell] for column in zip(*rows)]
    widths = [max(map(_display_width, lines)) for lines in columns]
    longest_words = [max((_display_width(word) for line in lines for word in line.split()), default=0) for lines in columns]
    whole_lines = [width if kept else word for width, word, kept in zip(widths, longest_words, whole)]
    for floors in (whole_lines, longest_words, [NARROWEST] * len(columns)):
        while sum(widths) > available:
            slack = [(width, column) for column, width in enumerate(widths) if width > floors[column]]
            if not slack:
                break
            widths[max(slack)[1]] -= 1
    return widths


def _row(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    wrapped = [[part for line in cell for part in _wrapped(line, width)] for cell, width in zip(cells, widths)]
    height = max(map(len, wrapped))
    lines = []
    for number in range(height):
        parts = [_padded(cell[number] if number < len(cell) else "", width) for cell, width in zip(wrapped, widths)]
        lines.append(GAP.join(parts).rstrip())
    return "\n".join(lines)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _display_width(text))


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, at least one."""
    lines = [""]
    for word in (piece for word in text.split() for piece in _pieces(word, width)):
        longer = f"{lines[-1]} {word}".lstrip()
        if _display_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _pieces(word: str, width: int) -> Iterator[str]:
    """The word, cut where it is wider than a whole line."""
    piece = ""
    for char in word:
        if piece and _display_width(piece + char) > width:
            yield piece
            piece = ""
        piece += char
    yield piece
