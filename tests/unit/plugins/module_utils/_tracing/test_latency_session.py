"""Real tracing, in a tracefs mounted for the test. What this kernel cannot do has its tests in tests/kernels."""
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing import tracefs as tracefs_edge
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.latency_session import (
    LatencySession,
    shown_extra,
    shown_span,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_table import COLLAPSE, NET_RX
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance import PREFIX, TraceInstance
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracefs import Tracefs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Unavailable


@pytest.fixture
def tracefs(tmp_path):
    folder = tmp_path / "tracing"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tracefs", "tracefs", str(folder)], stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no tracefs here: {mounted.stderr.strip()}")
    try:
        yield Tracefs(str(folder))
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def ours(tracefs):
    return [name for name in tracefs.list_dir("instances") if name.startswith(PREFIX)]


def some_packets(count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        for _number in range(count):
            receiver.sendto(b"x", receiver.getsockname())


def test_packets_are_timed_and_nothing_is_left(tracefs):
    with LatencySession(HostFiles(), spans=(NET_RX,), means=("event_pairs",), extras=False, tracefs=tracefs) as session:
        some_packets(50)  # before the start: not counted
        session.start()
        some_packets(300)
        session.poll()
        span = shown_span(session.timed[0])
        session.start()
        session.poll()
        again = shown_span(session.timed[0])
    assert span["available"] and span["means"] == "event_pairs"
    assert 300 <= span["count"] == sum(span["counts"])
    assert again["count"] < 300
    assert 0 < span["max_us"] <= span["upper_us"][-1] < 10 * 1000000
    assert span["lost_events"] == 0 and span["unpaired"] <= 2
    assert ours(tracefs) == []


def test_events_without_room_are_counted_as_lost(tracefs, monkeypatch):
    monkeypatch.setattr("ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance.MOST_BUFFER_KB", 8)
    monkeypatch.setattr("ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance.LEAST_BUFFER_KB", 8)
    with LatencySession(HostFiles(), spans=(NET_RX,), means=("event_pairs",), extras=False, tracefs=tracefs) as session:
        session.start()
        some_packets(5000)
        session.poll()
        span = shown_span(session.timed[0])
    assert span["lost_events"] > 1000
    assert 0 < span["max_us"] < 10 * 1000000


def test_what_cannot_be_timed_says_why(tracefs):
    with LatencySession(HostFiles(), spans=(COLLAPSE,), means=(), extras=False, tracefs=tracefs) as session:
        span = shown_span(session.timed[0])
    assert span["available"] is False
    assert [row["reason"] for row in span["skipped"]] == ["not asked for"] * 3


def test_a_packet_dropped_for_a_full_socket_is_counted_by_its_reason(tracefs):
    with LatencySession(HostFiles(), spans=(), tracefs=tracefs) as session:
        if not session.extras["drop_reasons"][0]:
            pytest.skip(session.extras["drop_reasons"][1])
        session.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
            receiver.bind(("127.0.0.1", 0))
            for _number in range(100):
                receiver.sendto(bytes(1000), receiver.getsockname())
        session.poll()
        counts = shown_extra(*session.extras["drop_reasons"], session.lost())["counts"]
    assert counts["SOCKET_RCVBUFF"] >= 90


def test_another_user_of_tracing_is_left_alone(tracefs):
    tracefs.make_dir("instances/somebody")
    try:
        tracefs.write("instances/somebody/events/irq/softirq_entry/enable", "1")
        with LatencySession(HostFiles(), spans=(NET_RX,), tracefs=tracefs):
            pass
        assert tracefs.read("instances/somebody/events/irq/softirq_entry/enable").startswith("1")
    finally:
        tracefs.remove_dir("instances/somebody")


KILLED = """
import sys, time
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.latency_session import LatencySession
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracefs import Tracefs
with LatencySession(HostFiles(), tracefs=Tracefs(sys.argv[1])) as session:
    session.start()
    print("started", flush=True)
    time.sleep(60)
"""


def start_one(tracefs):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, tracefs.root], stdout=subprocess.PIPE, universal_newlines=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
    )
    assert process.stdout.readline() == "started\n"
    return process


def test_the_next_run_removes_what_a_killed_one_left_and_no_other(tracefs):
    killed, alive = start_one(tracefs), start_one(tracefs)
    try:
        before = set(ours(tracefs))
        killed.kill()
        killed.communicate()
        assert set(ours(tracefs)) == before
        with LatencySession(HostFiles(), spans=(NET_RX,), tracefs=tracefs) as session:
            assert len(session.cleaned) == 1
            assert len(ours(tracefs)) == 2  # the living one's and our own
    finally:
        alive.kill()
        alive.communicate()
    with TraceInstance(tracefs) as instance:
        assert len(instance.cleaned) == 1
    assert ours(tracefs) == []


def test_a_machine_without_tracefs(tmp_path):
    with pytest.raises(Unavailable, match="tracefs is not mounted at"):
        LatencySession(HostFiles(), tracefs=Tracefs(str(tmp_path))).__enter__()


def test_only_root_may_trace(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Unavailable, match="needs root"):
        LatencySession(HostFiles()).__enter__()


def test_lockdown_is_named(tmp_path, monkeypatch):
    lockdown = tmp_path / "host/sys/kernel/security"
    lockdown.mkdir(parents=True)
    (lockdown / "lockdown").write_text("none integrity [confidentiality]\n")
    root = tmp_path / "tracing"
    (root / "instances").mkdir(parents=True)

    def refuse(_self, path):
        raise PermissionError(1, "Operation not permitted", path)

    monkeypatch.setattr(Tracefs, "make_dir", refuse)
    with pytest.raises(Unavailable, match="Operation not permitted.*lockdown is at confidentiality"):
        LatencySession(HostFiles(str(tmp_path / "host")), tracefs=Tracefs(str(root))).__enter__()


def test_a_module_asked_to_end_leaves_nothing(private_host):
    mounted = private_host.run(mount_tracefs)
    if mounted.get("value") != 0:
        pytest.skip("no tracefs here")
    module = private_host.start_module("receive_latency_facts", {"duration": 60})
    tracefs = private_host.call(await_instance)
    module.send_signal(signal.SIGTERM)
    output, _errors = module.communicate(timeout=30)
    assert "asked to end (SIGTERM)" in output
    assert tracefs and private_host.call(own_instances) == []


def mount_tracefs():
    if os.path.isdir("/sys/kernel/tracing/instances"):
        return 0
    return subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], stderr=subprocess.DEVNULL, check=False).returncode


def own_instances():
    return ours(Tracefs())


def await_instance():
    end = time.monotonic() + 20
    while time.monotonic() < end and not own_instances():
        time.sleep(0.05)
    time.sleep(1)
    return own_instances()


def test_module_reports_the_lack_of_tracing_and_succeeds(private_host):
    private_host.shell("mount -t tmpfs none /sys/kernel/tracing")
    output, _errors = private_host.start_module("receive_latency_facts", {"duration": 0.5}).communicate(timeout=30)
    assert '"available": false' in output and "is not mounted at /sys/kernel/tracing" in output and '"failed": true' not in output


@pytest.mark.parametrize("duration", [0, -1, 3601])
def test_module_refuses_a_duration(private_host, duration):
    output, _errors = private_host.start_module("receive_latency_facts", {"duration": duration}).communicate(timeout=30)
    assert "duration: wants more than 0 and at most 3600 seconds" in output


def test_a_leftover_that_is_in_use_waits_for_a_later_run(tracefs):
    killed = start_one(tracefs)
    killed.kill()
    killed.communicate()
    name, = ours(tracefs)
    with open(tracefs.path(f"instances/{name}/trace_pipe"), "rb"):
        with LatencySession(HostFiles(), spans=(NET_RX,), tracefs=tracefs) as session:
            assert session.cleaned == [] and name in ours(tracefs)
    with TraceInstance(tracefs) as instance:
        assert instance.cleaned == [name]
    assert ours(tracefs) == []


def test_what_could_not_be_undone_keeps_its_folder(tracefs, monkeypatch):
    """Else nobody would find the rest again."""
    write = Tracefs.write

    def refuse(self, path, text):
        if path.endswith("events/enable"):
            raise OSError(16, "Device or resource busy", path)
        write(self, path, text)

    monkeypatch.setattr(Tracefs, "write", refuse)
    with pytest.raises(OSError, match="resource busy"):
        with TraceInstance(tracefs):
            pass
    assert len(ours(tracefs)) == 1
    monkeypatch.undo()
    with TraceInstance(tracefs) as instance:
        assert len(instance.cleaned) == 1
    assert ours(tracefs) == []


def test_a_lock_that_is_never_given_back_is_an_error(tracefs, monkeypatch):
    monkeypatch.setattr("ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracefs.LOCK_SECONDS", 0.1)
    with tracefs.locked("instances"):
        with pytest.raises(Unavailable, match="locked by another run"):
            LatencySession(HostFiles(), tracefs=tracefs).__enter__()
    assert ours(tracefs) == []


def test_an_older_mount_is_found(tmp_path, monkeypatch):
    (tmp_path / "debug/tracing/instances").mkdir(parents=True)
    monkeypatch.setattr(tracefs_edge, "ROOTS", (str(tmp_path / "tracing"), str(tmp_path / "debug/tracing")))
    assert tracefs_edge.tracefs_root() == str(tmp_path / "debug/tracing")
