"""Streams as fast as they go: how much arrives, and how old it is by then.

Every block carries the time at which the application handed it to the kernel. Both ends read the same clock, so they
have to run on one machine.
"""
import selectors
import socket
import struct
import time

import endpoint

STAMP = struct.Struct("!Q")
READ_BYTES = 1 << 20
LOOK_SECONDS = 0.2
SO_MAX_PACING_RATE = 47


class Flow:
    """One connection that is always full."""

    def __init__(self, connection, block_bytes):
        self.connection = connection
        self.born = time.monotonic()
        self._block = bytearray(block_bytes)
        self._view = memoryview(self._block)
        self._sent = 0

    def fill(self):
        """Give the kernel what it takes of a block; whether a block is finished."""
        if not self._sent:
            STAMP.pack_into(self._block, 0, time.monotonic_ns())
        try:
            self._sent += self.connection.send(self._view[self._sent:])
        except BlockingIOError:
            return False
        if self._sent < len(self._block):
            return False
        self._sent = 0
        return True


class Arrivals:
    """One connection as it is read: its bytes, and the age of each stamp among them."""

    def __init__(self, connection, block_bytes):
        self.connection = connection
        self._block_bytes = block_bytes
        self._position = 0

    def read(self, buffer, ages):
        """Number of bytes, 0 at the end."""
        received = self.connection.recv_into(buffer)
        now = time.monotonic_ns()
        for at in range(-self._position % self._block_bytes, received - STAMP.size + 1, self._block_bytes):
            ages.add((now - STAMP.unpack_from(buffer, at)[0]) / 1e6)
        self._position += received
        return received


def send(given, clock):
    selector = selectors.DefaultSelector()

    def start():
        flow = Flow(endpoint.connect(given.peer, given.port, given.congestion, timeout=0), given.block_bytes)
        if given.bytes_per_second:
            flow.connection.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, given.bytes_per_second)
        selector.register(flow.connection, selectors.EVENT_WRITE, flow)

    def renew(flow, pause):
        selector.unregister(flow.connection)
        flow.connection.close()
        time.sleep(pause)
        start()
    for _number in range(given.flows):
        start()
    while clock.running():
        for key, _events in selector.select(LOOK_SECONDS):
            try:
                finished = key.data.fill()
            except OSError:
                renew(key.data, LOOK_SECONDS / given.flows)  # the peer is not up yet, or went away
                continue
            if finished and given.flow_seconds and time.monotonic() - key.data.born > given.flow_seconds:
                renew(key.data, 0)


class Goodput:
    """Bytes that the application has read, after the first `warmup` seconds since there were any."""

    def __init__(self, warmup):
        self._warmup = warmup
        self._begin = self._told = None
        self._bytes = self._second = 0

    def add(self, received):
        now = time.monotonic()
        if self._begin is None:
            self._begin = self._told = now + self._warmup
        if now >= self._begin:
            self._bytes += received
            self._second += received

    def second(self):
        """Megabits per second since the last time."""
        now, begin = time.monotonic(), self._told
        if begin is None or now <= begin:
            return None
        value, self._told, self._second = _mbit(self._second, now - begin), now, 0
        return value

    def total(self):
        return None if self._begin is None or time.monotonic() <= self._begin else _mbit(self._bytes, time.monotonic() - self._begin)


def _mbit(size, seconds):
    return round(size * 8e-6 / seconds, 3)


def receive(given, clock):
    report = endpoint.Report("stream", given.report)
    goodput, ages = Goodput(given.warmup), endpoint.Distribution("age", given.warmup)
    selector = selectors.DefaultSelector()
    buffer = bytearray(READ_BYTES)
    listener = endpoint.listen(given.port)
    selector.register(listener, selectors.EVENT_READ)
    tell = time.monotonic() + 1
    while clock.running():
        for key, _events in selector.select(LOOK_SECONDS):
            if key.data is None:
                connection = listener.accept()[0]
                selector.register(connection, selectors.EVENT_READ, Arrivals(connection, given.block_bytes))
                continue
            try:
                received = key.data.read(buffer, ages)
            except OSError:
                received = 0
            if received:
                goodput.add(received)
                if given.read_bytes_per_second:
                    time.sleep(received / given.read_bytes_per_second)
            else:
                selector.unregister(key.fileobj)
                key.fileobj.close()
        if time.monotonic() >= tell:
            tell += 1
            report.line(goodput_mbit=goodput.second(), **ages.second())
    report.total(goodput_mbit=goodput.total(), **ages.total())


def main():
    options = endpoint.measuring_parser(__doc__.splitlines()[0], port=9004)
    options.add_argument("--flows", type=int, default=1, help="connections at the same time (%(default)s)")
    options.add_argument("--flow-seconds", type=float, default=0, help="a connection is replaced at this age; 0: never (%(default)s)")
    options.add_argument("--block-bytes", type=int, default=16 << 10, help="from one time stamp to the next (%(default)s)")
    options.add_argument("--bytes-per-second", type=int, default=0, help="pace of a flow; 0: as fast as it goes (%(default)s)")
    options.add_argument("--read-bytes-per-second", type=int, default=0, help="of a reader that takes its time, all flows together; 0: none (%(default)s)")
    given = options.parse_args()
    (receive if given.role == "receive" else send)(given, endpoint.Clock(given.seconds))


if __name__ == "__main__":
    main()
