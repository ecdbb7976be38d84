"""Workloads from a file: what a row may say, and errors that name row and key."""
from pathlib import Path

import pytest
import regret_workloads
from image import LabError
from regret_workloads import BadRow, parsed
from workloads import WORKLOADS

EXAMPLE = Path(regret_workloads.__file__).with_name("workloads.example.yml")


def row(**values):
    return {"name": "mine", "base": "bloat", **values}


def test_a_row_changes_its_base():
    pair = parsed([row(
        settings={"mbit": 8, "back_loss": 0.1, "stream.flows": 3}, tcp_rmem="4096  131072 1000000", congestion="reno", seconds=9, warmup=1, rounds=5,
        felt=["stream.goodput_mbit", "probe.latency_p99_ms"],
    )])["mine"]
    workload, base = pair.workload, WORKLOADS["bloat"]
    assert (pair.name, pair.line_options) == ("mine", {"frame_segments": 0, "back_loss": "0.1"})
    assert workload.line == base.line._replace(mbit=8.0) and workload.traffic[0].options == {"flows": "3"}
    assert (workload.tcp_rmem, workload.tcp_wmem, workload.congestion) == ("4096 131072 1000000", base.tcp_wmem, "reno")
    assert (workload.seconds, workload.warmup, workload.rounds, workload.block_seconds) == (9, 1, 5, base.block_seconds)
    assert workload.felt == (("stream", "goodput_mbit", True), ("probe", "latency_p99_ms", False))


def test_several_rows_may_share_a_base():
    assert list(parsed([row(), row(name="other", settings={"mbit": 1})])) == ["mine", "other"]


@pytest.mark.parametrize("rows, message", [
    (None, "list of rows"),
    ({"mine": {}}, "list of rows"),
    ([], "list of rows"),
    (["bulk"], "row 1: not a mapping"),
    ([{"base": "bulk"}], "row 1: name: None"),
    ([row(name="No Such")], "row 1: name: 'No Such'"),
    ([row(), row()], r"row 2 \(mine\): name: there is one before"),
    ([row(base="slow")], r"row 1 \(mine\): base: 'slow' is none of bulk"),
    ([row(mbit=5)], r"row 1 \(mine\): mbit: no key of a workload"),
    ([row(settings=[1])], r"\(mine\): settings: not a mapping"),
    ([row(settings={"mbit": None})], r"\(mine\): settings: not a mapping of names and single values"),
    ([row(settings={"speed": 5})], r"\(mine\): settings: speed: not a setting"),
    ([row(settings={"mbit": "fast"})], r"\(mine\): settings: mbit: fast is not a number"),
    ([row(settings={"back_mbit": "fast"})], r"\(mine\): settings: back_mbit: fast is not a number"),
    ([row(settings={"queue_bytes": 1.5})], r"\(mine\): settings: queue_bytes: 1.5 is not a whole number"),
    ([row(settings={"mbit": 0})], r"\(mine\): settings: no such line"),
    ([row(settings={"stream.flow": 5})], r"\(mine\): settings: stream.flow: no option of stream.py; there are block-bytes"),
    ([row(settings={"stream.flows": "many"})], r"\(mine\): settings: stream: .*--flows: invalid int value"),
    ([row(settings={"stream.seconds": 5})], r"\(mine\): settings: stream.seconds: no option"),
    ([row(tcp_rmem="4096 131072")], r"\(mine\): tcp_rmem: '4096 131072' is not min, default and max"),
    ([row(tcp_wmem=5)], r"\(mine\): tcp_wmem: 5 is not"),
    ([row(seconds=True)], r"\(mine\): seconds: True is not a number from 1"),
    ([row(rounds=0)], r"\(mine\): rounds: 0 is not a whole number from 1 to 99"),
    ([row(rounds=2.5)], r"\(mine\): rounds: 2.5 is not a whole number"),
    ([row(seconds="5")], r"\(mine\): seconds: '5' is not a number"),
    ([row(seconds=4, warmup=4)], r"\(mine\): warmup: 4, not shorter than seconds"),
    ([row(washout_seconds=30)], r"\(mine\): washout_seconds: 30, not shorter than block_seconds"),
    ([row(felt="stream.goodput_mbit")], r"\(mine\): felt: 'stream.goodput_mbit' is not a list"),
    ([row(felt=[])], r"\(mine\): felt: \[\] is not a list"),
    ([row(felt=["stream.bytes"])], r"\(mine\): felt: .* is not a list"),
    ([row(felt=["fresh.flow_p50_ms"])], r"\(mine\): felt: bloat does not run fresh, but stream, probe"),
])
def test_an_error_names_row_and_key(rows, message):
    with pytest.raises(BadRow, match=message):
        parsed(rows)


def test_the_example_can_be_brought_up():
    found = regret_workloads.read(EXAMPLE)
    assert len({pair.workload.line.mbit for pair in found.values()}) > 3


@pytest.mark.parametrize("text", ["a: [", "- name: x"])
def test_a_bad_file_is_named(tmp_path, text):
    path = tmp_path / "mine.yml"
    path.write_text(text, encoding="utf-8")
    for bad in (path, tmp_path / "none.yml"):
        with pytest.raises(LabError, match=str(bad)):
            regret_workloads.read(bad)


def test_the_labs_own_are_as_they_are():
    found = regret_workloads.lab_pairs()
    assert {name: pair.workload for name, pair in found.items()} == WORKLOADS
