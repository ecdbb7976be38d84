"""The filters' edges: what they refuse, and with which words."""
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.filter import (
    checked_variables,
    outcome_record,
    report_document,
    report_markdown,
    report_table,
)

EMPTY_DOCUMENT = {"version": 1, "generated": "now", "summary": dict.fromkeys(("hosts", "needs_person"), 0), "rows": []}
FILTERS = {
    name: function
    for module in (checked_variables, outcome_record, report_document, report_markdown, report_table)
    for name, function in module.FilterModule().filters().items()
}


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("checked_variables", (["socket_buffers_pairs"],), "wants a dictionary of names and values, got list"),
        ("checked_variables", ({"socket_buffers_pair": 1},), "did you mean socket_buffers_pairs"),
        ("outcome_record", ("text",), "outcome_record: wants a dictionary of results, got str"),
        ("outcome_record", ({"facts": {}},), "outcome_record: host: missing"),
        ("outcome_record", ({"host": "a", "earlier": [{"host": "b"}]},), "outcome_record: earlier: round 1 is of 'b'"),
        ("report_document", (["text"], "now"), "report_document: wants a list of records"),
        ("report_document", ([{}], "now"), "report_document: wants a list of records"),
        ("report_document", (5, "now"), "report_document: wants a list of records"),
        ("report_table", ([],), "report_table: wants the document"),
        ("report_markdown", ({"rows": [{}]},), "report_markdown: wants the document"),
    ],
)
def test_wrong_input_is_refused_in_words(name, arguments, words):
    with pytest.raises(AnsibleFilterError, match=words):
        FILTERS[name](*arguments)


def test_results_are_plain_data():
    record = FILTERS["outcome_record"]({"host": "web1", "failure": {"step": "x", "result": {"msg": "y"}}})
    document = FILTERS["report_document"]([record], "now", ["web1"])
    kinds = {type(document), type(document["rows"]), type(document["rows"][0]), type(record), type(FILTERS["checked_variables"]({}))}
    assert kinds == {dict, list}
    assert document["rows"][0]["reason"] == "x: y"
    assert FILTERS["report_table"](EMPTY_DOCUMENT).startswith("No host")
