"""What timing the kernel's receiving costs: the same traffic with and without it, in turns, in one run.

  latency_overhead.py [--rounds 8] [--seconds 3] [--message-bytes 64 16384] [--means event_pairs]

Traffic is a TCP stream over loopback in a network namespace of its own: small messages make the most receive softirqs per byte, so they
are the worst case. Prints the median rate of either kind of round, their ratio and what tracing lost. Needs root and tracefs.
"""
import argparse
import os
import socket
import statistics
import subprocess
import sys
import time

if os.environ.get("LATENCY_OVERHEAD_INSIDE") != "1":
    here = dict(os.environ, LATENCY_OVERHEAD_INSIDE="1")
    sys.exit(subprocess.call(["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv], env=here))

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles  # noqa: E402
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.latency_session import MEANS_NAMES, LatencySession  # noqa: E402
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.receive_latency import POLL_SECONDS  # noqa: E402


def sink(listener):
    while True:
        connection, _peer = listener.accept()
        with connection:
            while connection.recv(1 << 18):
                pass


def source(address, message_bytes):
    message = bytes(message_bytes)
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            connection.sendall(message)


def received_octets():
    with open("/proc/net/netstat", encoding="ascii") as table:
        names, values = [line.split() for line in table if line.startswith("IpExt:")]
    return int(values[names.index("InOctets")])


def rate(seconds, session=None):
    """Octets a second; with a session it is polled as the module does it."""
    if session:
        session.start()
    begun, before = time.monotonic(), received_octets()
    while time.monotonic() - begun < seconds:
        time.sleep(POLL_SECONDS)
        if session:
            session.poll()
    return (received_octets() - before) / (time.monotonic() - begun)


def in_child(function, *given):
    pid = os.fork()
    if pid == 0:
        try:
            function(*given)
        finally:
            os._exit(0)
    return pid


def measure(message_bytes, given):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        children = [in_child(sink, listener), in_child(source, listener.getsockname(), message_bytes)]
    try:
        time.sleep(1)
        without, traced, lost, spans = [], [], 0, {}
        for _round in range(given.rounds):
            without.append(rate(given.seconds))
            with LatencySession(HostFiles(), means=given.means) as session:
                traced.append(rate(given.seconds, session))
                spans = {timed.span.name: timed.means for timed in session.timed}
                readings = [timed.reading() for timed in session.timed if timed.timer]
                lost += max(reading.lost_events for reading in readings)
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)
    used = ", ".join(f"{span} by {means}" for span, means in spans.items() if means)
    ratio = statistics.median(with_it / plain for with_it, plain in zip(traced, without))
    events = f"{readings[-1].histogram.count_above(0) / given.seconds:,.0f} {session.timed[-1].span.name}/s"
    print(
        f"{message_bytes:6d}-byte messages: {statistics.median(without) / 1e6:8.1f} MB/s without, {statistics.median(traced) / 1e6:8.1f} traced"
        f" ({used}; {events}, {lost} events lost): ratio {ratio:.3f}", flush=True,
    )


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=8)
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--message-bytes", type=int, nargs="+", default=[64, 1024, 65536])
    options.add_argument("--means", nargs="+", default=MEANS_NAMES, choices=MEANS_NAMES)
    given = options.parse_args()
    for message_bytes in given.message_bytes:
        measure(message_bytes, given)


if __name__ == "__main__":
    main()
