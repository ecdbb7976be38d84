"""The filter's edge."""
import json
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.filter import diagnose_fleet

WINDOWS = Path(__file__).resolve().parents[3] / "fixtures" / "windows"
FILTER = diagnose_fleet.FilterModule().filters()["diagnose_fleet"]


def test_findings_by_host():
    window = json.loads((WINDOWS / "slow_reader.json").read_text())
    assert [finding["scenario"] for finding in FILTER({"a": {"window": window}})["a"]] == ["slow_reader"]


@pytest.mark.parametrize("hosts, words", [
    (["a"], "wants a dictionary by host, got list"),
    ({"a": []}, "a: wants a dictionary with a window"),
    ({"a": {"window": None}}, "a: wants a dictionary with a window"),
    ({"a": {"window": {}}}, "window: lacks identity"),
    ({"a": {"window": json.loads((WINDOWS / "slow_reader.json").read_text()), "addresses": ["web1"]}}, "'web1' does not appear to be an"),
])
def test_wrong_input_is_refused_in_words(hosts, words):
    with pytest.raises(AnsibleFilterError, match=words):
        FILTER(hosts)
