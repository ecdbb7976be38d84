"""Profiles as they are written on the command line, and the table that compares them."""
import argparse

import compare
import pytest
from workloads import WORKLOADS

WMEM, RMEM = "net.ipv4.tcp_wmem", "net.ipv4.tcp_rmem"


@pytest.mark.parametrize("text, expected", [
    ("start", ("start", {"near": {}, "far": {}})),
    ("large:tcp_wmem=1 2 3", ("large", {"near": {WMEM: "1 2 3"}, "far": {WMEM: "1 2 3"}})),
    ("one end:far.tcp_rmem=1 2 3;tcp_wmem=4 5 6", ("one end", {"near": {WMEM: "4 5 6"}, "far": {RMEM: "1 2 3", WMEM: "4 5 6"}})),
])
def test_profile(text, expected):
    assert compare.profile(text) == expected


@pytest.mark.parametrize("text", ["large:tcp_wmem", "large:left.tcp_wmem=1 2 3"])
def test_a_profile_that_says_nothing_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        compare.profile(text)


def run(latency, goodput):
    return {"probe": {"at": 1, "total": True, "latency_p50_ms": latency, "latency_count": 3}, "stream": {"goodput_mbit": goodput}}


def test_table():
    runs = {"start": [run(200.0, 19.0), run(100.0, 18.0), run(150.0, 17.0)], "small": [run(15.0, 18.0), run(None, 18.0)]}
    title, start, small = compare.table(WORKLOADS["bloat"], ["start", "small"], runs)
    assert title == "probe latency_p50_ms, less is better"
    assert start.split() == "start 150.0 1.00 x [200.0, 100.0, 150.0] goodput_mbit=18.0".split()
    assert small.split() == "small 15.0 0.10 x [15.0, None] goodput_mbit=18.0".split()


def test_table_of_nothing():
    _title, start = compare.table(WORKLOADS["bulk"], ["start"], {"start": [{"stream": {"goodput_mbit": None}}]})
    assert start.split()[:3] == ["start", "None", "-"]
