"""What every traffic program needs: two roles on the command line, an end in time, and sockets that keep trying until then."""
import argparse
import collections
import json
import math
import socket
import threading
import time


class Clock:
    """Nothing here outlives its seconds: a forgotten lab falls silent by itself."""

    def __init__(self, seconds):
        self._end = time.monotonic() + seconds

    def running(self):
        return time.monotonic() < self._end

    def every(self, seconds):
        """Yield once per period until the end; a period that is overrun is not made up for."""
        due = time.monotonic()
        while self.running():
            yield
            due = max(due + seconds, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


class Report:
    """What the application felt: a line of JSON to --report as it comes, a printed line at the end. Names end with the unit."""

    def __init__(self, program, path=None):
        self.program = program
        self._path = path
        self._lock = threading.Lock()

    def line(self, **values):
        self._append({"at": round(time.time(), 3), "program": self.program, **values})

    def total(self, **values):
        self._append({"at": round(time.time(), 3), "program": self.program, "total": True, **values})
        print(f"{self.program}:", " ".join(f"{name}={'nothing' if value is None else value}" for name, value in values.items()), flush=True)

    def _append(self, line):
        if self._path:
            with self._lock, open(self._path, "a", encoding="utf-8") as report:
                report.write(json.dumps(line) + "\n")


class Distribution:
    """Times by the second and in all; the first `warmup` seconds after the first one count for neither.

    Counted in steps of one percent, so that a long run takes no more memory than a short one.
    """

    STEPS = 100  # per factor of e

    def __init__(self, name, warmup=0.0):
        self._name = name
        self._warmup = warmup
        self._counts_from = None
        self._second = collections.Counter()
        self._all = collections.Counter()

    def add(self, milliseconds):
        now = time.monotonic()
        if self._counts_from is None:
            self._counts_from = now + self._warmup
        if now >= self._counts_from:
            self._second[round(math.log(max(milliseconds, 1e-4)) * self.STEPS)] += 1

    def second(self):
        """Of what was added since the last time."""
        counts, self._second = self._second, collections.Counter()
        self._all.update(counts)
        return self._described(counts)

    def total(self):
        return self._described(self._all + self._second)

    def _described(self, counts):
        found = {f"{self._name}_{name}_ms": self._percentile(counts, share) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}
        return {f"{self._name}_mean_ms": self._mean(counts), **found, f"{self._name}_count": sum(counts.values())}

    def _mean(self, counts):
        if not counts:
            return None
        return float(f"{sum(math.exp(step / self.STEPS) * count for step, count in counts.items()) / sum(counts.values()):.3g}")

    def _percentile(self, counts, share):
        """The least time that this share of them does not exceed; none of none."""
        left = math.ceil(sum(counts.values()) * share)
        for step in sorted(counts):
            left -= counts[step]
            if left <= 0:
                return float(f"{math.exp(step / self.STEPS):.3g}")
        return None


def parser(description, port):
    """The options that all programs share; `receive` listens, `send` connects to --peer."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("role", choices=("receive", "send"))
    options.add_argument("--peer", help="address of the receiving host (send)")
    options.add_argument("--port", type=int, default=port)
    options.add_argument("--seconds", type=float, default=60, help="stop after this time")
    return options


def measuring_parser(description, port):
    """The options of the programs that say what the application felt, too."""
    options = parser(description, port)
    options.add_argument("--report", help="append what is felt to this file, as lines of JSON")
    options.add_argument("--congestion", help="congestion control of the connections that send (the host's)")
    options.add_argument("--warmup", type=float, default=0, help="seconds at the beginning that count for nothing (%(default)s)")
    return options


def listen(port):
    return socket.create_server(("", port), backlog=1024)


def receive(port, clock, handle, relisten=0):
    """Listen, and give each connection to handle(connection) in a thread of its own.

    A connection has the buffer sizes of the listener that it was accepted from; after `relisten` seconds there is a new one.
    """
    while clock.running():
        with listen(port) as listener:
            renew = time.monotonic() + (relisten or math.inf)
            listener.settimeout(min(1, relisten or 1))
            while clock.running() and time.monotonic() < renew:
                _accept(listener, handle)


def _accept(listener, handle):
    try:
        connection, _peer = listener.accept()
    except socket.timeout:
        return
    threading.Thread(target=_handled, args=(connection, handle), daemon=True).start()


def _handled(connection, handle):
    connection.settimeout(30)
    with connection:
        try:
            handle(connection)
        except OSError:
            pass  # the peer went away: its next connection is a new start


def connect(peer, port, congestion=None, timeout=30):
    """A connection to the receiving host, with this congestion control; without a timeout it is still being made."""
    connection = socket.socket()
    try:
        if congestion:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(timeout)
        if timeout:
            connection.connect((peer, port))
        else:
            connection.connect_ex((peer, port))
    except OSError:
        connection.close()
        raise
    return connection


def send(peer, port, clock, period, talk):
    """Once per period, open a connection and talk(connection); a peer that is not up yet is asked again."""
    for _turn in clock.every(period):
        try:
            with socket.create_connection((peer, port), timeout=30) as connection:
                talk(connection)
        except OSError:
            time.sleep(0.2)


def read_exactly(connection, size, buffer=None):
    """Read `size` bytes and throw them away; an early end is an OSError."""
    buffer = buffer or bytearray(1 << 18)
    while size:
        received = connection.recv_into(buffer, min(size, len(buffer)))
        if not received:
            raise ConnectionError("the peer closed the connection early")
        size -= received
