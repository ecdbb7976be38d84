"""What the traffic programs share: options, connections, and an end in time. Standard library only, as it runs in the hosts."""
import argparse
import socket
import time

PORT = 7000
READ_BYTES = 1 << 20
TIMEOUT_SECONDS = 20  # of any one call: a program whose peer is gone ends soon after its time


def options(text, add_options, receive, send):
    """Run one end of the traffic as the command line says."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("end", choices=("receive", "send"))
    parser.add_argument("--to", default="127.0.0.1", help="the receiver, for send")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--seconds", type=float, required=True, help="ends by itself after these")
    add_options(parser)
    args = parser.parse_args()
    args.deadline = time.monotonic() + args.seconds
    {"receive": receive, "send": send}[args.end](args)


def before_the_end(args):
    return time.monotonic() < args.deadline


def repeat(args, cycle):
    """Call cycle() at fixed times until the time is over; a late or failed one does not shift the others."""
    start, number = time.monotonic(), 0
    while before_the_end(args):
        try:
            cycle()
        except OSError:
            pass  # the peer is being started or taken down
        number += 1
        time.sleep(max(0.0, start + number * args.cycle - time.monotonic()))


def serve(args, handle):
    """Call handle(connection) for one connection after the other. A peer that goes away ends its connection, not the program."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", args.port))
        listener.listen(64)
        listener.settimeout(1)
        while before_the_end(args):
            try:
                connection, _address = listener.accept()
            except socket.timeout:
                continue
            connection.settimeout(TIMEOUT_SECONDS)
            with connection:
                try:
                    handle(connection)
                except OSError:
                    pass


def connected(args):
    """A connection without Nagle's delay."""
    connection = socket.create_connection((args.to, args.port), timeout=TIMEOUT_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_exactly(connection, size):
    buffer = bytearray(READ_BYTES)
    while size:
        count = connection.recv_into(buffer, min(size, len(buffer)))
        if not count:
            raise ConnectionError("the peer closed before all was there")
        size -= count


def read_to_end(connection):
    buffer = bytearray(READ_BYTES)
    while connection.recv_into(buffer):
        pass
