"""What every traffic program needs: two roles on the command line, an end in time, and sockets that keep trying until then."""
import argparse
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


def parser(description, port):
    """The options that all programs share; `receive` listens, `send` connects to --peer."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("role", choices=("receive", "send"))
    options.add_argument("--peer", help="address of the receiving host (send)")
    options.add_argument("--port", type=int, default=port)
    options.add_argument("--seconds", type=float, default=60, help="stop after this time")
    return options


def receive(port, clock, handle):
    """Listen, and give each connection to handle(connection) in a thread of its own."""
    with socket.create_server(("", port), backlog=128) as listener:
        listener.settimeout(1)
        while clock.running():
            try:
                connection, _peer = listener.accept()
            except socket.timeout:
                continue
            threading.Thread(target=_handled, args=(connection, handle), daemon=True).start()


def _handled(connection, handle):
    connection.settimeout(30)
    with connection:
        try:
            handle(connection)
        except OSError:
            pass  # the peer went away: its next connection is a new start


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
