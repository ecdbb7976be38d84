"""A stream whose reader is slower than its sender: the receive window closes again and again.

All segments are large, so there is nothing to collapse. No buffer size cures it: a larger one only fills later.
"""
import time

import endpoint

CHUNK = 1 << 18


def reader(clock, pause):
    buffer = bytearray(CHUNK)

    def handle(connection):
        while clock.running() and connection.recv_into(buffer):
            time.sleep(pause)
    return handle


def writer(clock):
    data = bytes(CHUNK)

    def talk(connection):
        while clock.running():
            connection.sendall(data)
    return talk


def main():
    options = endpoint.parser(__doc__.splitlines()[0], port=9002)
    options.add_argument("--pause", type=float, default=0.1, help="seconds the reader sleeps between two reads")
    given = options.parse_args()
    clock = endpoint.Clock(given.seconds)
    if given.role == "receive":
        endpoint.receive(given.port, clock, reader(clock, given.pause))
    else:
        endpoint.send(given.peer, given.port, clock, 1, writer(clock))


if __name__ == "__main__":
    main()
