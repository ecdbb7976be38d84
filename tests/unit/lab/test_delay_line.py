"""A real line between two networks of their own: it takes the time that it says, and carries no more than it says."""
import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

import pytest

if sys.version_info < (3, 9):
    pytest.skip("the lab runs on Python 3.9 or newer", allow_module_level=True)

import delay_line
import tun
from line_queue import Way

FAR = ("10.77.0.2", 9000)
# A processor that is not free makes a line longer, never shorter.
SPARE_SECONDS = 0.05
SPARE_SHARE = 0.25


@contextlib.contextmanager
def network():
    """A process in a network namespace of its own."""
    command = ["unshare", "--net", "sh", "-c", "echo ready; exec cat"]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        if keeper.stdout.readline() != b"ready\n":
            pytest.skip(f"no network namespace here: {keeper.stderr.read().decode().strip()}")
        yield keeper
    finally:
        keeper.kill()
        keeper.communicate()


@pytest.fixture
def line(tmp_path):
    """line(options) -> the sockets of a connection over it: near, far."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("needs root on Linux, to make networks of its own")
    if not os.path.exists(tun.DEVICE):
        pytest.skip(f"no {tun.DEVICE} here")
    with contextlib.ExitStack() as stack:
        near, far = stack.enter_context(network()), stack.enter_context(network())

        def start(*options):
            command = [sys.executable, delay_line.__file__, str(near.pid), str(far.pid), f"--report={tmp_path}/report", *options]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            if process.stdout.readline() != "ready\n":
                words = process.stderr.read().strip()
                if re.search(r"Operation not permitted|No such device", words):
                    pytest.skip(f"no TUN device here: {words}")
                pytest.fail(words)
            with tun.network_of(far.pid):
                listener = stack.enter_context(socket.create_server(("", FAR[1])))
            with tun.network_of(near.pid):
                first = stack.enter_context(socket.socket())
            first.settimeout(10)
            first.connect(FAR)
            second = stack.enter_context(listener.accept()[0])
            second.settimeout(10)
            return process, first, second
        yield start, (near, far)


def echo(connection):
    with contextlib.suppress(OSError):
        while True:
            data = connection.recv(1 << 16)
            if not data:
                return
            connection.sendall(data)


def round_trips(near, far, number):
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=echo, args=(far,), daemon=True).start()
    for _turn in range(number):
        begin = time.monotonic()
        near.sendall(b"?")
        near.recv(1)
        yield time.monotonic() - begin


def test_an_echo_takes_both_delays(line):
    _process, near, far = line[0]("--mbit=1000", "--delay-ms=30", "--back-delay-ms=70")
    times = list(round_trips(near, far, 10))
    assert 0.1 <= min(times) and statistics.median(times) < 0.1 + SPARE_SECONDS


def test_a_stream_gets_the_rate_and_no_more(line):
    _process, near, far = line[0]("--mbit=80", "--delay-ms=5", "--queue-bytes=200000")
    size = 8 << 20

    def stream():
        with contextlib.suppress(OSError):
            near.sendall(bytes(size))
    threading.Thread(target=stream, daemon=True).start()
    buffer = bytearray(1 << 18)
    received, begin = 0, None
    while received < size:
        received += far.recv_into(buffer)
        begin = begin or (time.monotonic(), received)
    mbit = (size - begin[1]) * 8e-6 / (time.monotonic() - begin[0])
    assert 80 * (1 - SPARE_SHARE) < mbit < 80


def test_what_is_lost_arrives_in_the_end_and_is_reported(line, tmp_path):
    start, _networks = line
    _process, near, far = start("--mbit=400", "--delay-ms=1", "--loss=0.01", "--back-loss=0")
    data = os.urandom(4 << 20)
    threading.Thread(target=near.sendall, args=(data,), daemon=True).start()
    received = bytearray()
    while len(received) < len(data):
        received += far.recv(1 << 18)
    assert bytes(received) == data
    time.sleep(1.2)
    reports = [json.loads(text) for text in (tmp_path / "report").read_text(encoding="utf-8").splitlines()]
    assert sum(report["there"]["lost"] for report in reports) > 3
    assert sum(report["there"]["bytes"] for report in reports) > len(data)
    assert sum(report["back"]["lost"] + report["back"]["refused"] + report["there"]["refused"] for report in reports) == 0


def test_the_line_ends_with_one_of_its_hosts(line):
    start, (_near, far) = line
    process, _first, _second = start()
    assert process.poll() is None
    far.kill()
    assert process.wait(timeout=5) == 0


@pytest.mark.parametrize("options, there, back", [
    ([], Way(), Way()),
    (["--mbit=20", "--queue-bytes=5"], Way(mbit=20, queue_bytes=5), Way(mbit=20, queue_bytes=5)),
    (["--mbit=20", "--back-mbit=2", "--back-loss=0.5"], Way(mbit=20), Way(mbit=2, loss=0.5)),
    (["--loss=0.5", "--back-loss=0"], Way(loss=0.5), Way()),
])
def test_the_way_back_is_as_there_unless_said(monkeypatch, options, there, back):
    monkeypatch.setattr(sys, "argv", ["delay_line.py", "1", "2", *options])
    assert delay_line.ways(delay_line.arguments()) == (there, back)
