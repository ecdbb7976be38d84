"""What a user may set, and that the page and the roles say the same."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._variables import (
    VARIABLES,
    BadVariables,
    agreed_variables,
    checked_variables,
)

ROOT = Path(__file__).parents[4]


def test_without_any_variable_there_are_the_defaults():
    assert checked_variables({}) == {name: variable.default for name, variable in VARIABLES.items()}


@pytest.mark.parametrize("name", [name for name, variable in VARIABLES.items() if variable.default is not None])
def test_every_default_passes_its_own_check_as_value_and_as_text(name):
    default = VARIABLES[name].default
    assert checked_variables({name: default})[name] == default
    assert checked_variables({name: str(default)})[name] == default


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("window_seconds", "5", 5.0),
        ("window_seconds", 3600, 3600.0),
        ("interval_seconds", "0.5", 0.5),
        ("pairs", "20", 20),
        ("pairs", 20.0, 20),
        ("washout_seconds", 0, 0.0),
        ("seed", "", None),
        ("seed", None, None),
        ("seed", "7", 7),
        ("become", "no", False),
        ("become", "False", False),
        ("force", 1, True),
        ("force", "on", True),
        ("hosts", " web:&prod ", "web:&prod"),
        ("state_dir", "/srv/state", "/srv/state"),
        ("policy", '{"collapse_divisor": 8}', {"collapse_divisor": 8}),
        ("child_namespaces", "restore", "restore"),
        ("values", {"net.ipv4.tcp_rmem": "4096 131072 8388608"}, {"net.ipv4.tcp_rmem": "4096 131072 8388608"}),
        ("waves", [1, "10 %", "100%"], [1, "10%", "100%"]),
        ("waves", "1,10%, 100%", [1, "10%", "100%"]),
        ("waves", '["2.5%", "4"]', ["2.5%", 4]),
        ("canaries", "web1,web2", ["web1", "web2"]),
        ("canaries", None, []),
        ("plan_by", "group", "group"),
        ("group", "", None),
        ("bake_seconds", "60", 60.0),
    ],
)
def test_text_becomes_the_type_of_the_variable(name, given, expected):
    value = checked_variables({f"socket_buffers_{name}": given})[f"socket_buffers_{name}"]
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("name", "given", "rule"),
    [
        ("window_seconds", 0, "a number from 1 to 86400"),
        ("window_seconds", "nan", "a number from 1 to 86400"),
        ("window_seconds", "inf", "a number from 1 to 86400"),
        ("window_seconds", True, "a number from 1 to 86400"),
        ("window_seconds", "30s", "a number from 1 to 86400"),
        ("window_seconds", [30], "a number from 1 to 86400"),
        ("interval_seconds", 10 ** 400, "a number from 0.05 to 86400"),
        ("pairs", "6", "a whole number from 7 to 1000"),
        ("pairs", 7.5, "a whole number from 7 to 1000"),
        ("pairs", True, "a whole number from 7 to 1000"),
        ("seed", True, "a whole number from 1 to 2147483647"),
        ("seed", 0, "a whole number from 1 to 2147483647"),
        ("alpha", 0, "a number from 0.0001 to 0.2"),
        ("min_effect", "5%", "a number from 0.001 to 0.9"),
        ("become", "maybe", "true or false"),
        ("become", None, "true or false"),
        ("force", 2, "true or false"),
        ("hosts", "", "text that is not empty"),
        ("hosts", ["web"], "text that is not empty"),
        ("state_dir", "state", "an absolute path"),
        ("rollback_to", "best", "one of first, last"),
        ("child_namespaces", "ignore", "one of refuse, restore"),
        ("child_namespaces", None, "one of refuse, restore"),
        ("policy", "8", "a mapping"),
        ("policy", "{collapse_divisor: 8", "a mapping"),
        ("values", ["net.ipv4.tcp_rmem"], "a mapping"),
        ("waves", [], "a list of whole numbers above 0 and percents"),
        ("waves", "", "a list of whole numbers above 0 and percents"),
        ("waves", [0], "a list of whole numbers above 0 and percents"),
        ("waves", ["101%"], "a list of whole numbers above 0 and percents"),
        ("waves", ["0%"], "a list of whole numbers above 0 and percents"),
        ("waves", [1.5], "a list of whole numbers above 0 and percents"),
        ("waves", [True], "a list of whole numbers above 0 and percents"),
        ("waves", {"first": 1}, "a list of whole numbers above 0 and percents"),
        ("canaries", [1], "a list of names"),
        ("canaries", {"web1": 1}, "a list of names"),
        ("plan_by", "fleet", "one of host, group"),
        ("waves_on_end", "revert", "one of keep, put_back"),
        ("waves_on_inconclusive", "stop", "one of go_on, end"),
        ("bake_seconds", -1, "a number from 0 to 86400"),
    ],
)
def test_a_bad_value_is_refused_with_name_rule_and_value(name, given, rule):
    with pytest.raises(BadVariables) as caught:
        checked_variables({f"socket_buffers_{name}": given})
    assert str(caught.value).startswith(f"socket_buffers_{name} wants {rule}")
    assert repr(given) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("socket_buffers_pair", "did you mean socket_buffers_pairs?"),
        ("socket_buffers_window_second", "did you mean socket_buffers_window_seconds?"),
        ("socket_buffer_pairs", "did you mean socket_buffers_pairs?"),
        ("socketbuffers_become", "did you mean socket_buffers_become?"),
        ("socket_buffers_qqqqqqqqqqqqqqqqqqqqqqqq", "known are socket_buffers_hosts, "),
    ],
)
def test_an_unknown_name_is_refused_with_the_one_that_was_meant(name, hint):
    with pytest.raises(BadVariables, match=f"^{name} is not a variable of this collection; {re.escape(hint)}"):
        checked_variables({name: 1})


@pytest.mark.parametrize("name", ["socket_buffer_facts", "socket_buffer_size", "unrelated"])
def test_a_name_of_somebody_else_is_none_of_our_business(name):
    assert name not in checked_variables({name: 1})


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(BadVariables) as caught:
        checked_variables({"socket_buffers_pairs": 1, "socket_buffers_sed": 5})
    assert "socket_buffers_pairs wants" in str(caught.value)
    assert "did you mean socket_buffers_seed?" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"window_seconds": 5, "interval_seconds": 6}, "_interval_seconds is 6, longer than socket_buffers_window_seconds, 5"),
        ({"pairs": 8, "alpha": 0.001}, "to reach socket_buffers_alpha 0.001 a trial needs 11"),
        ({"pairs": 1000, "block_seconds": 3600}, "_block_seconds and _washout_seconds make a trial of 7206000 s, more than a day"),
        ({"policy": {"goals": "latency"}}, "^socket_buffers_policy: goals is unknown; it takes goal, "),
        ({"policy": {"goal": "speed"}}, "^socket_buffers_policy: goal wants balanced, throughput, latency, got 'speed'"),
    ],
)
def test_values_that_contradict_each_other_are_refused(given, words):
    with pytest.raises(BadVariables, match=words):
        checked_variables({f"socket_buffers_{name}": value for name, value in given.items()})


def checked(**given):
    return checked_variables({f"socket_buffers_{name}": value for name, value in given.items()})


def test_what_holds_for_a_run_is_told_once():
    found = agreed_variables({"a": checked(waves="1,100%"), "b": checked(waves=[1, "100%"], pairs=20)}, ["a", "b"])
    assert found["socket_buffers_waves"] == [1, "100%"] and "socket_buffers_pairs" not in found


@pytest.mark.parametrize(("by_host", "words"), [
    ({"a": {}, "b": {"waves": [2]}}, r"socket_buffers_waves holds for a whole run, but b has \[2\] and a \[1, 1, '5%', '20%', '25%'\]"),
    ({"a": {"plan_by": "group"}, "b": {}}, "socket_buffers_plan_by holds for a whole run, but b has 'host' and a 'group'"),
    ({"a": {}, "b": {"alpha": 0.05}}, "socket_buffers_alpha holds for a whole run, but b has 0.05 and a 0.01"),
    ({"a": {"canaries": ["b", "c", "d"]}}, "socket_buffers_canaries names c, d, no host of the inventory"),
])
def test_hosts_that_disagree_are_named(by_host, words):
    with pytest.raises(BadVariables, match=words):
        agreed_variables({host: checked(**given) for host, given in by_host.items()}, ["a", "b"])


def test_the_page_documents_exactly_these_variables_with_these_defaults():
    text = (ROOT / "docs" / "variables.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `socket_buffers_")]
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    documented = {row[0]: (row[1], None if row[2] == "none" else yaml.safe_load(row[2]), row[3]) for row in rows}
    ranges = {v.name: ", ".join(v.choices) if v.low is None else f"{v.low:g} to {v.high:.10g}" for v in VARIABLES.values()}
    assert documented == {v.name: (v.kind, v.default, ranges[v.name]) for v in VARIABLES.values()}


def test_the_page_tells_which_of_them_hold_for_a_whole_run():
    [told] = [part for part in (ROOT / "docs" / "variables.md").read_text(encoding="utf-8").split("\n\n") if "hold for a whole run" in part]
    named = {name.removeprefix("socket_buffers") for name in re.findall(r"`(\w+)`", told)}
    assert named == {v.name.removeprefix("socket_buffers") for v in VARIABLES.values() if v.of_run}


def test_the_roles_use_only_these_variables_and_the_same_defaults():
    texts = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("roles/*/defaults/main.yml"))]
    used = [found for text in texts for found in re.findall(r"(socket_buffers_\w+) \| default\((.*)\) ", text)]
    assert used
    for name, default in used:
        expected = VARIABLES[name].default
        assert (None if default == "none" else yaml.safe_load(default)) == expected, name
