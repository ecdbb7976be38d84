"""Tables that hold their layout whatever is in the cells."""
from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.tables import (
    markdown_table,
    markdown_text,
    paragraph,
    text_table,
)


def columns_of(line):
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def test_a_table_that_fits_is_not_wrapped():
    assert text_table(["Host", "Outcome"], [["web1", "kept"], ["a", "left"]], 40) == (
        "Host  Outcome\n"
        "----  -------\n"
        "web1  kept\n"
        "a     left"
    )


def test_a_wide_column_is_wrapped_at_words():
    assert text_table(["Host", "Why"], [["web1", "the quick brown fox"]], 16) == (
        "Host  Why\n"
        "----  ----------\n"
        "web1  the quick\n"
        "      brown fox"
    )


def test_words_stay_whole_while_another_column_can_give_way():
    lines = text_table(["Unit", "Why"], [["TCPRcvCollapsed/s", "a b c d e f g h i"]], 25).splitlines()
    assert lines[2].startswith("TCPRcvCollapsed/s  a b c")


def test_a_column_can_stay_whole_while_a_narrower_one_gives_way():
    table = [["Value", "Why"], [["1 22 333 4444", "not as wide"]], 24]
    assert text_table(*table).splitlines()[2:] == ["1 22 333     not as wide", "4444"]
    assert text_table(*table, whole=("Value",)).splitlines()[2:] == ["1 22 333 4444  not as", "               wide"]


def test_a_whole_column_gives_way_when_nothing_else_can():
    lines = text_table(["Value", "Why"], [["1 22 333 4444", "inseparable"]], 20, whole=("Value",)).splitlines()
    assert lines[2:] == ["1 22     inseparable", "333", "4444"]


def test_a_line_end_in_a_cell_starts_a_line():
    assert text_table(["A", "B"], [["x\ny", "1"]], 40).splitlines()[2:] == ["x  1", "y"]


@pytest.mark.parametrize(
    "cell",
    [
        "x" * 300,
        "日本語ホスト名" * 20,
        "e\u0301" * 200,
        "tab\there bell\a escape\x1b[31mred zero\x00",
        "word " * 200,
        "",
        "\ud800 lone surrogate",
    ],
    ids=["long-word", "east-asian", "combining", "control", "long-text", "empty", "surrogate"],
)
@pytest.mark.parametrize("width", [30, 80, 120])
def test_no_cell_breaks_the_layout(cell, width):
    lines = text_table(["Host", "Reason", "End"], [["h", cell, "|"], ["h2", "plain", "|"]], width).splitlines()
    assert max(map(columns_of, lines)) <= width
    ends = {columns_of(line[: line.index("|")]) for line in lines if line.endswith("|")}
    assert len(ends) == 1, "the last column starts at one place"
    assert all(char.isprintable() for line in lines for char in line)


def test_nothing_of_a_wrapped_cell_is_lost():
    lines = text_table(["Reason"], [["日本語" * 30 + " and " + "x" * 100]], 20).splitlines()[2:]
    assert "".join(lines).replace(" ", "") == "日本語" * 30 + "and" + "x" * 100


def test_a_paragraph_indents_all_but_its_first_line():
    assert paragraph("web1: one two three", 12) == "web1: one\n  two three"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("<script>", r"\<script\>"),
        ("`x` *y* [z](u)", r"\`x\` \*y\* \[z\](u)"),
        ("back\\slash", r"back\\slash"),
        ("two\nlines", "two lines"),
        ("net.ipv4.tcp_rmem", "net.ipv4.tcp_rmem"),
        ("_a_ __b__ _", r"\_a\_ \_\_b\_\_ \_"),
        ("&lt; ~~x~~", r"\&lt; \~\~x\~\~"),
        ("# one # two#", r"\# one \# two\#"),
        ("![x](http://e)", r"!\[x\](http://e)"),
        ("a\x1b[2J\x9b\u202eb\udcff", r"a \[2J b"),
    ],
)
def test_markdown_reads_as_the_text(text, escaped):
    assert markdown_text(text) == escaped


def test_a_markdown_table_has_one_line_per_row():
    assert markdown_table(["A", "B"], [["x|y", "1\n2"]]) == "| A | B |\n| --- | --- |\n| x\\|y | 1 2 |"
