"""What a run had proven when it was killed."""
import json

from proof import lines_of, proven, tasks

KEY = "net.ipv4.tcp_notsent_lowat"
PLAN = {"host": "a", "changes": {KEY: "16384"}}
IMPROVED = {"host": "a", "verdict": "improved", "hosts": []}


def test_a_line_that_was_cut_off_is_the_last():
    text = "\n".join([json.dumps({"task": "Start"}), json.dumps(PLAN), json.dumps(IMPROVED)[:-3]])
    assert lines_of(text) == [{"task": "Start"}, PLAN]
    assert tasks(lines_of(text)) == ["Start"]


def test_proven_is_the_candidate_that_a_verdict_called_improved():
    assert proven([PLAN, IMPROVED]) == {"a": {KEY: "16384"}}
    assert proven([PLAN, {**IMPROVED, "verdict": "unchanged"}]) == {}


def test_rounds_add_up_and_the_last_word_counts():
    later = [{"host": "a", "changes": {KEY: "32768", "net.ipv4.tcp_rmem": "1 2 3"}}, IMPROVED]
    assert proven([PLAN, IMPROVED, *later]) == {"a": {KEY: "32768", "net.ipv4.tcp_rmem": "1 2 3"}}


def test_a_pooled_verdict_counts_for_all_its_hosts():
    other = {"host": "b", "changes": {KEY: "32768"}}
    assert proven([PLAN, other, {**IMPROVED, "hosts": ["a", "b"]}]) == {"a": {KEY: "16384"}, "b": {KEY: "32768"}}
