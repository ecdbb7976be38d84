"""What the traffic programs count, on their own: no network but loopback."""
import argparse
import json
import socket
import subprocess
import sys
from pathlib import Path

import chatty
import endpoint
import pytest
import stream


def described(values, warmup=0.0):
    distribution = endpoint.Distribution("wait", warmup)
    for value in values:
        distribution.add(value)
    return distribution


@pytest.mark.parametrize("values, p50, p99, most", [
    ([], None, None, None),
    ([5.0], 5.0, 5.0, 5.0),
    (list(range(1, 101)), 50, 99, 100),
    ([1.0] * 98 + [1000.0] * 2, 1.0, 1000.0, 1000.0),
    ([1.0] * 99 + [1000.0], 1.0, 1.0, 1000.0),
    ([1.0, 1000.0, 1000.0], 1000.0, 1000.0, 1000.0),
    ([0.0], 1e-4, 1e-4, 1e-4),
])
def test_percentiles_and_the_mean_are_right_to_a_percent(values, p50, p99, most):
    found = described(values).total()
    assert found["wait_mean_ms"] == (pytest.approx(sum(values) / len(values), rel=0.011, abs=1e-4) if values else None)
    assert found["wait_count"] == len(values)
    for name, expected in (("p50", p50), ("p99", p99), ("max", most)):
        assert found[f"wait_{name}_ms"] == (expected and pytest.approx(expected, rel=0.011))


def test_each_second_stands_alone_and_the_total_has_all():
    distribution = described([1.0, 2.0])
    assert distribution.second()["wait_count"] == 2
    distribution.add(100.0)
    assert distribution.second()["wait_p50_ms"] == pytest.approx(100, rel=0.01)
    assert distribution.second()["wait_count"] == 0
    distribution.add(3.0)
    assert distribution.total()["wait_count"] == 4


@pytest.fixture
def clock(monkeypatch):
    """The time, to be set by hand."""
    now = [100.0]
    monkeypatch.setattr(endpoint.time, "monotonic", lambda: now[0])
    return now


def test_the_warmup_begins_with_the_first_value_and_counts_for_nothing(clock):
    distribution, goodput = endpoint.Distribution("wait", 2), stream.Goodput(2)
    for at, value in ((110.0, 1), (111.9, 1), (112.0, 50), (113.0, 50)):
        clock[0] = at
        distribution.add(value)
        goodput.add(value * 250_000)
    assert (distribution.total()["wait_count"], distribution.total()["wait_p50_ms"]) == (2, pytest.approx(50, rel=0.01))
    clock[0] = 116.0
    assert goodput.total() == 50.0
    assert goodput.second() == 50.0
    clock[0] = 117.0
    assert goodput.second() == 0.0


def test_before_anything_has_arrived_goodput_is_not_zero_but_unknown(clock):
    goodput = stream.Goodput(0)
    clock[0] += 5
    assert goodput.second() is None and goodput.total() is None


class Piecewise:
    """A connection that delivers a stream in pieces of these sizes."""

    def __init__(self, data, sizes):
        self._data, self._sizes = data, list(sizes)

    def recv_into(self, buffer):
        size = self._sizes.pop(0) if self._sizes else 0
        buffer[:size], self._data = self._data[:size], self._data[size:]
        return size


@pytest.mark.parametrize("sizes, found", [
    ([400], [90, 80, 70, 60]),  # four blocks at once
    ([100] * 4, [90, 80, 70, 60]),
    ([150, 250], [90, 80, 70, 60]),
    ([104, 296], [90, 70, 60]),  # a stamp in two pieces is let go
    ([1] * 400, []),
])
def test_the_age_of_each_block_is_read_wherever_the_reads_fall(monkeypatch, sizes, found):
    data = b"".join(stream.STAMP.pack(number * 10_000_000).ljust(100, b"x") for number in range(1, 5))
    monkeypatch.setattr(stream.time, "monotonic_ns", lambda: 100_000_000)
    ages = []
    arrivals = stream.Arrivals(Piecewise(data, sizes), 100)
    buffer = bytearray(1000)
    while arrivals.read(buffer, type("Ages", (), {"add": ages.append})):
        pass
    assert ages == found


def test_a_flow_stamps_each_block_when_its_first_byte_goes(monkeypatch):
    now = iter(range(1, 100))
    monkeypatch.setattr(stream.time, "monotonic_ns", lambda: next(now))
    taken = []

    class Narrow:
        """A kernel that takes 60 bytes at a time, and nothing every third time."""

        def __init__(self):
            self.turn = 0

        def send(self, data):
            self.turn += 1
            if self.turn % 3 == 0:
                raise BlockingIOError
            taken.append(bytes(data[:60]))
            return len(taken[-1])
    flow = stream.Flow(Narrow(), 100)
    finished = [flow.fill() for _turn in range(6)]
    assert finished == [False, True, False, False, True, False]
    data = b"".join(taken)
    # The third time is a new one: the second was before a send that came to nothing.
    assert len(data) == 200 and [stream.STAMP.unpack_from(data, at)[0] for at in (0, 100)] == [1, 3]


@pytest.mark.parametrize("cycles, looks, expected", [(2, 100, 2), (0, 3, 3), (5, 3, 3)])
def test_a_chatty_reader_leaves_after_its_cycles_or_with_the_clock(cycles, looks, expected):
    class Clock:
        def running(self):
            nonlocal looks
            looks -= 1
            return looks > 0
    given = argparse.Namespace(upload_bytes=3, wanted_bytes=0, message_bytes=1, read_bytes=10, away=0, back=0.001, read_period=0, cycles=cycles)
    reads, kernel, counted = endpoint.Distribution("read"), endpoint.Distribution("read_cpu"), []
    near, far = socket.socketpair()
    with near, far:
        near.sendall(b"up.")
        chatty.reader(given, Clock(), reads, kernel, endpoint.Report("chatty"), counted)(far)
    assert len(counted) == expected


def test_a_report_is_lines_of_json_and_a_printed_total(tmp_path, capsys):
    path = tmp_path / "report"
    report = endpoint.Report("stream", str(path))
    report.line(goodput_mbit=5.0)
    report.total(goodput_mbit=None)
    second, total = (json.loads(text) for text in path.read_text(encoding="utf-8").splitlines())
    assert (second["program"], second["goodput_mbit"], "total" in second) == ("stream", 5.0, False)
    assert total["total"] is True and total["at"] > 1e9
    assert capsys.readouterr().out == "stream: goodput_mbit=nothing\n"


def test_the_congestion_control_is_the_connections_own():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with endpoint.connect("127.0.0.1", listener.getsockname()[1], "reno") as connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0") == b"reno"
        with pytest.raises(OSError):
            endpoint.connect("127.0.0.1", listener.getsockname()[1], "none-such")


@pytest.mark.skipif(sys.version_info < (3, 9), reason="the lab runs on Python 3.9 or newer")
@pytest.mark.parametrize("program, felt, options", [
    ("stream", "goodput_mbit", ["--flows=3", "--flow-seconds=0.3"]),
    ("stream", "age_p50_ms", ["--congestion=reno"]),
    ("probe", "latency_p50_ms", ["--period=0.01"]),
    ("fresh", "flow_mean_ms", ["--flows=3", "--pause=0.01", "--period=0.1", "--relisten=0.4"]),
    ("chatty", "read_max_ms", ["--away=0.1", "--back=0.1", "--upload-bytes=100000"]),
])
def test_a_program_ends_by_itself_and_says_what_was_felt(tmp_path, program, felt, options):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    common = ["--peer=127.0.0.1", f"--port={port}", "--seconds=1.5", f"--report={tmp_path}/report", *options]
    ends = [
        subprocess.Popen(
            [sys.executable, str(Path(endpoint.__file__).with_name(f"{program}.py")), role, *common],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for role in ("receive", "send")
    ]
    said = "".join(end.communicate(timeout=20)[0] for end in ends)
    assert [end.returncode for end in ends] == [0, 0] and said.startswith(f"{program}: ") and said.count("\n") == 1
    lines = [json.loads(text) for text in (tmp_path / "report").read_text(encoding="utf-8").splitlines()]
    assert lines[-1]["total"] and lines[-1][felt] > 0 and not any("total" in line for line in lines[:-1])
