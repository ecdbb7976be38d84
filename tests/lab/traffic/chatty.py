"""Small messages to a reader that goes away again and again: how long its reads take when it is back, and what gets through.

An upload first, so that the kernel grows the buffer. Then messages that the kernel may not join, while the reader is
away: a buffer holds little payload and much overhead, and when it is full the kernel copies it together.
"""
import itertools
import socket
import time

import endpoint


def read_back(connection, given, reads, kernel):
    """Read in small steps for a while; number of messages.

    Each call is timed: it never waits for data, so what takes long is the kernel at work on the buffer, or another
    program on the processor. The processor time of the call tells these apart.
    """
    buffer = bytearray(given.read_bytes)
    received = 0
    until = time.monotonic() + given.back
    while time.monotonic() < until:
        begin, used = time.monotonic(), time.thread_time()
        try:
            size = connection.recv_into(buffer, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            size = None
        kernel.add((time.thread_time() - used) * 1000)
        reads.add((time.monotonic() - begin) * 1000)
        if size == 0:
            raise ConnectionError("the peer closed the connection")
        received += size or 0
        time.sleep(given.read_period)
    return received // given.message_bytes


def reader(given, clock, reads, kernel, report, counted):
    def handle(connection):
        if given.wanted_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, given.wanted_bytes)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        endpoint.read_exactly(connection, given.upload_bytes)
        for cycle in itertools.count(1):
            begin = time.monotonic()
            time.sleep(given.away)
            messages = read_back(connection, given, reads, kernel)
            seconds = time.monotonic() - begin
            counted.append((messages, seconds))
            report.line(messages_per_s=round(messages / seconds, 1), **reads.second(), **kernel.second())
            if cycle == given.cycles or not clock.running():
                return
    return handle


def writer(given, clock):
    upload, message = bytes(given.upload_bytes), bytes(given.message_bytes)
    # End of record: the sender's kernel may not join this message with the next one while it waits.
    flags = 0 if given.joinable else socket.MSG_EOR

    def talk(connection):
        connection.sendall(upload)
        while clock.running():
            for _number in range(100):
                sent = connection.send(message, flags)
                while sent < len(message):
                    sent += connection.send(message[sent:], flags)
    return talk


def main():
    options = endpoint.measuring_parser(__doc__.splitlines()[0], port=9007)
    options.add_argument("--upload-bytes", type=int, default=16 << 20, help="before the messages, read at once (%(default)s)")
    options.add_argument("--message-bytes", type=int, default=150, help="(%(default)s)")
    options.add_argument("--away", type=float, default=2, help="seconds without a read (%(default)s)")
    options.add_argument("--back", type=float, default=1, help="seconds of reading (%(default)s)")
    options.add_argument("--cycles", type=int, default=0, help="times away and back, then a new connection; 0: never one (%(default)s)")
    options.add_argument("--wanted-bytes", type=int, default=0, help="room that the reader asks for at once; 0: as the kernel grows it (%(default)s)")
    options.add_argument("--read-bytes", type=int, default=8192, help="of one read (%(default)s)")
    options.add_argument("--read-period", type=float, default=0.002, help="seconds between two reads (%(default)s)")
    options.add_argument("--joinable", action="store_true", help="the kernel may join messages that wait")
    given = options.parse_args()
    clock = endpoint.Clock(given.seconds)
    if given.role == "receive":
        report, counted = endpoint.Report("chatty", given.report), []
        reads, kernel = (endpoint.Distribution(name, given.warmup) for name in ("read", "read_cpu"))
        endpoint.receive(given.port, clock, reader(given, clock, reads, kernel, report, counted))
        seconds = sum(taken for _messages, taken in counted)
        rate = round(sum(messages for messages, _taken in counted) / seconds, 1) if seconds else None
        report.total(messages_per_s=rate, **reads.total(), **kernel.total())
        return
    while clock.running():
        try:
            with endpoint.connect(given.peer, given.port, given.congestion) as connection:
                writer(given, clock)(connection)
        except OSError:
            time.sleep(0.2)


if __name__ == "__main__":
    main()
