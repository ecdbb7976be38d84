"""The stalls in a trial's blocks, by real tracing; and trials that have to go without."""
import json
import os
import socket
import subprocess
import time

import pytest

RMEM = "net.ipv4.tcp_rmem"
OPTIONS = {"values": {RMEM: "4096 87380 1048576"}, "pairs": 2, "block_seconds": 0.5, "washout_seconds": 0.2, "seed": 4}
# Tracing that fails from the third look on.
BREAKS = """
import runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing import event_reader
poll, looks = event_reader.EventReader.poll, []
def broken(self, *given):
    looks.append(1)
    if len(looks) > 3:
        raise OSError(5, "Input/output error", "trace_pipe_raw")
    poll(self, *given)
event_reader.EventReader.poll = broken
runpy.run_module({module!r}, run_name="__main__")
"""


def run(host, script=None, load=None):
    host.shell("ip link set lo up")
    process = host.start_module("socket_buffer_trial", dict(OPTIONS, state_dir=host.folder + "/state"), script)
    while load and process.poll() is None:
        host.call(load)
    output, errors = process.communicate(timeout=60)
    assert output, errors
    result = json.loads(output)
    assert result["trial"]["status"] == "complete"
    assert result["trial"]["restored"][RMEM]["restored"]
    return result["trial"]


def send_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        for _datagram in range(200):
            receiver.sendto(b"x", receiver.getsockname())


def mount_tracefs():
    if os.path.isdir("/sys/kernel/tracing/instances"):
        return 0
    return subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], stderr=subprocess.DEVNULL, check=False).returncode


@pytest.fixture
def traced_host(private_host):
    if private_host.call(mount_tracefs):
        pytest.skip("no tracefs here")
    return private_host


def test_every_block_carries_its_stalls(traced_host):
    trial = run(traced_host, load=send_datagrams)
    stalls = trial["stalls"]
    assert stalls["available"] and stalls["reason"] is None
    columns = ("longest_us", "stalled_us", "stalls", "lost_events", "counts")
    assert [len(stalls[name]) for name in columns] == [len(trial["blocks"]["arm"])] * len(columns) == [4] * len(columns)
    assert all(len(counts) == len(stalls["upper_us"]) for counts in stalls["counts"])
    if stalls["span"] == "net_rx_softirq":
        assert all(sum(counts) >= 200 for counts in stalls["counts"])  # each block saw the datagrams of its own time
        assert all(0 < longest < 10_000_000 for longest in stalls["longest_us"])
        assert all((stalled > 0) == (longest > 1024) for stalled, longest in zip(stalls["stalled_us"], stalls["longest_us"]))


def test_without_tracing_a_trial_says_so_and_goes_on(private_host):
    private_host.shell("mount -t tmpfs none /sys/kernel/tracing")
    stalls = run(private_host)["stalls"]
    assert stalls == {"available": False, "reason": stalls["reason"], "skipped": []}
    assert "tracefs is not mounted at /sys/kernel/tracing" in stalls["reason"]


def test_tracing_that_breaks_down_takes_only_the_stalls_along(traced_host):
    trial = run(traced_host, script=BREAKS, load=send_datagrams)
    assert not trial["stalls"]["available"]
    assert "tracing broke down in the trial" in trial["stalls"]["reason"] and "trace_pipe_raw" in trial["stalls"]["reason"]
    assert len(trial["seconds"]) == 4


def test_a_trial_of_nothing_writes_nothing_and_records_all_the_same(traced_host):
    before = traced_host.read("/proc/sys/net/ipv4/tcp_rmem")
    traced_host.shell("ip link set lo up; mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys")
    without_values = {name: value for name, value in OPTIONS.items() if name != "values"}
    process = traced_host.start_module("socket_buffer_trial", dict(without_values, state_dir=traced_host.folder + "/state"))
    while process.poll() is None:
        traced_host.call(send_datagrams)
    output, errors = process.communicate(timeout=60)
    assert output, errors
    trial = json.loads(output)["trial"]
    assert (trial["status"], trial["candidate"], trial["baseline"], trial["restored"]) == ("complete", {}, {}, {})
    assert trial["blocks"]["arm"] == ["B", "A", "B", "A"] and len(trial["counters"]["UdpOutDatagrams"]) == 4
    assert traced_host.read("/proc/sys/net/ipv4/tcp_rmem") == before
    assert traced_host.shell(f"ls -A {traced_host.folder}/state 2>/dev/null || true") == ""


def test_every_block_carries_what_its_connections_did(traced_host):
    trial = run(traced_host, load=exchange_requests)
    flows = trial["flows"]
    assert flows["available"] and flows["reason"] is None
    assert {len(column) for column in flows["columns"].values()} == {4}
    assert all(value > 0 for value in flows["columns"]["flows_request_rtt_us"])


def exchange_requests():
    """For a moment; the connections stay open over several blocks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _peer = listener.accept()
        with client, server:
            end = time.monotonic() + 6
            while time.monotonic() < end:
                client.sendall(b"request")
                server.recv(100)
                server.sendall(b"response")
                client.recv(100)
                time.sleep(0.005)
