"""Requests and responses on one connection: how long an answer takes. What is interactive feels this."""
import contextlib
import socket
import time

import endpoint


def answerer(request_bytes, response_bytes):
    response = bytes(response_bytes)

    def handle(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            endpoint.read_exactly(connection, request_bytes)
            connection.sendall(response)
    return handle


def asker(given, clock, latencies, report):
    request = bytes(given.request_bytes)
    told = time.monotonic()

    def talk(connection):
        nonlocal told
        for _turn in clock.every(given.period):
            begin = time.monotonic()
            connection.sendall(request)
            endpoint.read_exactly(connection, given.response_bytes)
            now = time.monotonic()
            latencies.add((now - begin) * 1000)
            if now - told >= 1:
                told = now
                report.line(**latencies.second())
    return talk


def main():
    options = endpoint.measuring_parser(__doc__.splitlines()[0], port=9005)
    options.add_argument("--period", type=float, default=0.05, help="seconds between requests, if answered by then (%(default)s)")
    options.add_argument("--request-bytes", type=int, default=64, help="(%(default)s)")
    options.add_argument("--response-bytes", type=int, default=64, help="(%(default)s)")
    given = options.parse_args()
    clock = endpoint.Clock(given.seconds)
    if given.role == "receive":
        endpoint.receive(given.port, clock, answerer(given.request_bytes, given.response_bytes))
        return
    report, latencies = endpoint.Report("probe", given.report), endpoint.Distribution("latency", given.warmup)
    talk = asker(given, clock, latencies, report)
    while clock.running():
        with contextlib.suppress(OSError), endpoint.connect(given.peer, given.port, given.congestion) as connection:
            talk(connection)
        time.sleep(0.1)
    report.total(**latencies.total())


if __name__ == "__main__":
    main()
