"""Every means of timing on every kernel, against bpftrace as an independent instrument, while queues collapse."""
import json
import time

import pytest
from machine import await_until

# Bursts that collapse the queue, from a network namespace of their own over a veth pair.
LOAD = """
set -e
ip netns add peer 2>/dev/null && {
    ip link add to_peer type veth peer name to_host netns peer
    ip address add 10.99.0.1/24 dev to_peer; ip link set to_peer up
    ip -n peer address add 10.99.0.2/24 dev to_host; ip -n peer link set to_host up gso_max_segs 2
}
sysctl -qw net.ipv4.tcp_rmem="4096 131072 $2"
cd /opt/traffic
set -- --seconds $1 --messages $(($2 / 880)) --upload-bytes 1048576
python3 bursts.py receive "$@" & receiver=$!
ip netns exec peer python3 bursts.py send --peer 10.99.0.1 --period 2 "$@"
wait $receiver
"""
MIB = 1 << 20
WATCHED_SECONDS, LOADED_SECONDS = 55, 30
COLLAPSE = """
kprobe:tcp_collapse { @begun[tid, cpu] = nsecs; }
kretprobe:tcp_collapse /@begun[tid, cpu]/ {
    $took = (nsecs - @begun[tid, cpu]) / 1000;
    @us = hist($took); @max = max($took); @sum = sum($took); @count = count();
    delete(@begun[tid, cpu]);
}
END { clear(@begun); }
"""
NET_RX = """
tracepoint:irq:softirq_entry /args->vec == 3/ { @begun[cpu] = nsecs; }
tracepoint:irq:softirq_exit /args->vec == 3 && @begun[cpu]/ {
    $took = (nsecs - @begun[cpu]) / 1000;
    @us = hist($took); @max = max($took); @sum = sum($took); @count = count();
    delete(@begun[cpu]);
}
END { clear(@begun); }
"""
PROGRAMS = {"tcp_collapse": COLLAPSE, "net_rx_softirq": NET_RX}
MEANS = ("kernel_histogram", "event_pairs", "function_graph")
# What Debian's kernels lack: 5.10 has neither histogram triggers nor synthetic events.
LACKING = {("5.10", "kernel_histogram")}
TRACING = "/sys/kernel/tracing"
LEFT = f"ls {TRACING}/instances; cat {TRACING}/kprobe_events; test ! -e {TRACING}/synthetic_events || cat {TRACING}/synthetic_events"


class Bpftrace:
    """Runs beside us until asked to end."""

    def __init__(self, kernel, program):
        self._kernel = kernel
        kernel.ssh("cat > /root/program.bt", input=program)
        kernel.ssh(
            "rm -f /root/seen.json; setsid bpftrace -f json -o /root/seen.json /root/program.bt >/root/bpftrace.log 2>&1 </dev/null &"
            " echo $! > /root/bpftrace.pid"
        )
        await_until(lambda: "attached_probes" in kernel.ssh("cat /root/seen.json", check=False), 120, lambda: kernel.ssh("cat /root/bpftrace.log"))

    def end(self):
        """{count, max, sum, highest}: the highest bucket by its upper edge."""
        self._kernel.ssh("kill -INT $(cat /root/bpftrace.pid); while kill -0 $(cat /root/bpftrace.pid) 2>/dev/null; do sleep 0.2; done")
        seen = {}
        for line in self._kernel.ssh("cat /root/seen.json").splitlines():
            seen.update(json.loads(line).get("data") or {})
        return {
            "count": seen["@count"], "max": seen["@max"], "sum": seen["@sum"],
            "highest": max(row["max"] + 1 for row in seen["@us"] if row["count"]),
        }


def watched_under_load(kernel, span, means):
    """The module's and bpftrace's view of the same load, which begins and ends while both watch."""
    instrument = Bpftrace(kernel, PROGRAMS[span])
    module = kernel.start_module("receive_latency_facts", duration=WATCHED_SECONDS, means=[means])
    await_until(lambda: "linuxnet_sb_" in kernel.ssh(f"ls {TRACING}/instances"), 60)
    time.sleep(5)  # until the means is at work, on an emulated CPU
    kernel.ssh(f"sh -s {LOADED_SECONDS} {8 * MIB}", input=LOAD)
    result = kernel.finish_module(module)
    return result["ansible_facts"]["receive_latency"], instrument.end()


def compare(span, seen):
    assert span["available"] and span["lost_events"] == 0
    assert abs(span["count"] - seen["count"]) <= 0.02 * seen["count"], (span, seen)
    # bpftrace's own probes are inside or around ours: a duration near an edge may lie on either side of it.
    assert span["upper_us"][-1] == seen["highest"] or abs(span["max_us"] - seen["max"]) <= 0.02 * seen["max"], (span, seen)
    print(f"\n{span['means']}: {span['count']} calls, longest {span['max_us']:.0f} us, {span['total_us']:.0f} us in all; bpftrace: {seen}")


@pytest.mark.parametrize("means", MEANS)
def test_collapses_are_timed_as_bpftrace_times_them(kernel, means):
    if (kernel.kernel.release, means) in LACKING:
        result = kernel.module("receive_latency_facts", duration=0.5, means=[means])["ansible_facts"]["receive_latency"]
        assert not result["tcp_collapse"]["available"] and "CONFIG_HIST_TRIGGERS" in result["tcp_collapse"]["skipped"][0]["reason"]
        return
    latency, seen = watched_under_load(kernel, "tcp_collapse", means)
    assert latency["tcp_collapse"]["means"] == means and latency["tcp_collapse"]["count"] >= 3
    compare(latency["tcp_collapse"], seen)


def test_receive_softirqs_are_timed_as_bpftrace_times_them(kernel):
    means = "event_pairs" if (kernel.kernel.release, "kernel_histogram") in LACKING else "kernel_histogram"
    latency, seen = watched_under_load(kernel, "net_rx_softirq", means)
    assert latency["net_rx_softirq"]["count"] > 10000
    compare(latency["net_rx_softirq"], seen)


@pytest.mark.parametrize("means", MEANS)
def test_a_killed_run_leaves_nothing_once_the_next_has_started(kernel, means):
    if (kernel.kernel.release, means) in LACKING:
        pytest.skip(f"Linux {kernel.kernel.release} has no {means}")
    module = kernel.start_module("receive_latency_facts", duration=300, means=[means])
    await_until(lambda: "linuxnet_sb_" in kernel.ssh(LEFT), 60)
    time.sleep(8)
    # Ansible feeds a module to an interpreter's standard input, so its command line tells nothing: it is known by what it has open.
    kernel.ssh("for each in /proc/[0-9]*; do if ls -l $each/fd 2>/dev/null | grep -q linuxnet_sb_; then kill -KILL ${each#/proc/}; fi; done")
    module.communicate()
    left = kernel.ssh(LEFT)
    assert "linuxnet_sb_" in left
    next_run = kernel.module("receive_latency_facts", duration=1)["ansible_facts"]["receive_latency"]
    assert len(next_run["removed_leftovers"]) == 1
    assert kernel.ssh(LEFT) == ""
    assert kernel.ssh(f"cat {TRACING}/current_tracer") == "nop"
    assert kernel.ssh(f"grep -v '^#' {TRACING}/set_ftrace_filter || true") == ""


def test_a_tracer_in_use_is_left_alone(kernel):
    kernel.ssh(f"echo function > {TRACING}/current_tracer; echo tcp_ack > {TRACING}/set_ftrace_filter")
    try:
        latency = kernel.module("receive_latency_facts", duration=0.5, means=["function_graph"])["ansible_facts"]["receive_latency"]
        assert kernel.ssh(f"cat {TRACING}/current_tracer {TRACING}/set_ftrace_filter").split() == ["function", "tcp_ack"]
    finally:
        kernel.ssh(f"echo nop > {TRACING}/current_tracer; echo > {TRACING}/set_ftrace_filter")
    span = latency["tcp_collapse"]
    # Where an instance has a tracer of its own, the machine's is nobody's business.
    assert span["available"] or "somebody else uses" in span["skipped"][-1]["reason"]


def test_a_trial_carries_the_stalls_of_its_blocks(kernel):
    kernel.ssh("cat > /root/load.sh", input=LOAD)
    kernel.ssh(f"setsid sh /root/load.sh 100 {32 * MIB} >/dev/null 2>&1 </dev/null & true")
    await_until(lambda: "bursts.py send" in kernel.ssh("ps ax"), 30)
    trial = kernel.module(
        "socket_buffer_trial", values={"net.ipv4.tcp_rmem": "4096 131072 2097152"}, pairs=2, block_seconds=12, washout_seconds=5,
        child_namespaces="restore",
    )["trial"]
    stalls = trial["stalls"]
    assert trial["status"] == "complete" and stalls["available"] and stalls["span"] == "tcp_collapse"
    assert len(stalls["longest_us"]) == len(stalls["counts"]) == 4
    longest = {arm: max(value for value, which in zip(stalls["longest_us"], trial["blocks"]["arm"]) if which == arm) for arm in "AB"}
    print(f"\nlongest stall {longest['A']:.0f} us with 32 MiB, {longest['B']:.0f} us with 2 MiB")
    assert longest["A"] > 2 * longest["B"]
    assert kernel.ssh(LEFT) == ""
