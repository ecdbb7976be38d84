"""Fresh connections to a reader that is busy elsewhere at first: how long each takes from its start to the reader's receipt.

What the reader's kernel takes meanwhile need not be sent afterwards: that is up to the buffer a connection starts with.
"""
import threading
import time

import endpoint


def reader(flow_bytes, pause):
    def handle(connection):
        time.sleep(pause)
        endpoint.read_exactly(connection, flow_bytes)
        connection.sendall(b".")
    return handle


def transfer(given, data, times, report):
    begin = time.monotonic()
    try:
        with endpoint.connect(given.peer, given.port, given.congestion) as connection:
            connection.sendall(data)
            endpoint.read_exactly(connection, 1)
    except OSError:
        return  # no receipt: nothing was felt but a failure
    taken = (time.monotonic() - begin) * 1000
    times.add(taken)
    report.line(flow_ms=round(taken, 3))


def main():
    options = endpoint.measuring_parser(__doc__.splitlines()[0], port=9006)
    options.add_argument("--flows", type=int, default=40, help="connections at the same time (%(default)s)")
    options.add_argument("--flow-bytes", type=int, default=600_000, help="(%(default)s)")
    options.add_argument("--pause", type=float, default=0.25, help="seconds before the reader reads a new connection (%(default)s)")
    options.add_argument("--period", type=float, default=2, help="seconds from one round of connections to the next (%(default)s)")
    options.add_argument("--relisten", type=float, default=0, help="listen anew after this many seconds; 0: never (%(default)s)")
    given = options.parse_args()
    clock = endpoint.Clock(given.seconds)
    if given.role == "receive":
        endpoint.receive(given.port, clock, reader(given.flow_bytes, given.pause), given.relisten)
        return
    report, times = endpoint.Report("fresh", given.report), endpoint.Distribution("flow", given.warmup)
    data = bytes(given.flow_bytes)
    for _round in clock.every(given.period):
        flows = [threading.Thread(target=transfer, args=(given, data, times, report)) for _number in range(given.flows)]
        for flow in flows:
            flow.start()
        for flow in flows:
            flow.join()
    report.total(**times.total())


if __name__ == "__main__":
    main()
