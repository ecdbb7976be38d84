"""Any text of a host or of the inventory in every report: it reads as itself, in one place, and does nothing."""
import json
from copy import deepcopy

import mangling
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.calibration_report import calibration_markdown, calibration_text
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome_record import outcome_record
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report import report_document
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report_text import report_markdown, report_table
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.size_report import size_document, size_markdown, size_table
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.tables import markdown_text, one_line
from hypothesis import given
from hypothesis import strategies as st

markdown_it = pytest.importorskip("markdown_it", reason="needs markdown-it-py (it comes with ansible-lint)")
COMMONMARK = markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"])

PIECES = (
    "web1", " ", "\n", "|", "\\", "`", "*", "_", "~~", "<script>", "</b>", "<!--", "&lt;", "&#60;", "![x](http://e)", "[a]: b", "# ", "- ",
    "1. ", "> ", "---", "\x1b[2J", "\x9b31m", "\u202e", "\u2028", "\udcff", "\0", "{{ 1 }}", "{% x %}", "日本", "e\u0301", "-> ", "; ", "!",
)
hostile = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join) | mangling.texts.filter(bool)


@given(hostile)
def test_markdown_reads_as_the_text_and_as_nothing_else(text):
    tokens = COMMONMARK.parseInline(markdown_text(text))[0].children
    assert {token.type for token in tokens} <= {"text", "text_special"}
    assert "".join(token.content for token in tokens) == one_line(text)


def assert_harmless(table, markdown, rows):
    assert {char for char in table + markdown if not char.isprintable()} <= {"\n"}
    tokens = COMMONMARK.parse(markdown)
    inline = [token.type for block in tokens for token in block.children or ()]
    assert {"html_block", "code_block", "fence"}.isdisjoint(token.type for token in tokens)
    assert {"html_inline", "link_open", "image", "code_inline", "em_open", "s_open"}.isdisjoint(inline)
    body = [token.type for token in tokens]
    assert body.count("tr_open") == 1 + rows


def record(host, text, more):
    """As the playbooks hand it on, with this text wherever a host's own text goes."""
    facts = {"identity": {"kernel_release": text}, "host": {"managers": [{"name": text, "active": True, "detail": text}]}}
    failure = {"step": more, "result": {"msg": text, "failed": True, "module_stderr": more}}
    finding = {
        "scenario": "slow_reader", "summary": more, "key": None, "remedy": text,
        "evidence": [{"metric": text, "value": more, "unit": text, "source": more}, {"metric": more, "value": None, "unit": None, "source": text}],
    }
    change = {"key": "net.ipv4.tcp_rmem", "old": text, "new": more}
    plan = {"scenario": "slow_reader", "changes": [change], "reason": more, "blocked": False}
    return outcome_record({
        "host": host, "check_mode": True, "facts": {"ansible_facts": {"socket_buffers": facts}}, "findings": [finding], "plan": plan,
        "failure": failure if "web1" in more else None,
    })


@given(st.lists(hostile, min_size=1, max_size=3, unique=True), hostile, hostile)
def test_the_report_of_a_run(hosts, text, more):
    document = json.loads(json.dumps(report_document([record(host, text, more) for host in hosts], "now", hosts)))
    assert sorted(row["host"] for row in document["rows"]) == sorted(hosts)
    assert_harmless(report_table(document), report_markdown(document), len(hosts))


@given(st.lists(hostile, min_size=1, max_size=3, unique=True), hostile, hostile)
def test_the_inventory_of_sizes(hosts, text, more):
    sysctl = {"value": text, "boot_file": more, "differs_from_boot": True, "writable": False}
    told = {
        "sizes": {
            "identity": {"kernel_release": more}, "host": {"managers": [{"name": text, "active": True}]},
            "sysctls": {"net.ipv4.tcp_rmem": sysctl, "net.ipv4.tcp_wmem": sysctl},
        },
        "counters": {"counters": {}},
    }
    records = {host: {"failure": text} if "|" in host else deepcopy(told) for host in hosts}
    document = size_document(records, "now")
    assert [row["host"] for row in document["rows"]] == sorted(hosts)
    assert_harmless(size_table(document), size_markdown(document), len(hosts))


@given(hostile, hostile)
def test_how_sure_a_verdict_is(host, note):
    row = {"host": host, "metric": None, "throws": 0, "false_improved": 0, "false_regressed": 0, "smallest_effect": None, "note": note}
    document = {"version": 1, "generated": "now", "throws": 0, "hosts": 1, "rows": [row]}
    assert_harmless(calibration_text(document), calibration_markdown(document), 1)


def test_a_line_end_in_a_name_makes_no_line_of_a_table():
    lines = report_table(report_document([record("web1\nround 2", "a\nb", "web1 c\nd")], "now")).splitlines()
    assert any("web1 round 2" in line for line in lines) and not any(line.lstrip().startswith(("round 2", "b ", "d ")) for line in lines)
