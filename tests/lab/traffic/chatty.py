"""Small messages to a reader that goes away again and again: how long its reads take when it is back, and what gets through.

An upload first, so that the kernel grows the buffer. Then messages that the kernel may not join, while the reader is
away: a buffer holds little payload and much overhead, and when it is full the kernel copies it together.
"""
import socket
import time

import endpoint

READ_BYTES = 1 << 18


def read_back(connection, until, message_bytes, reads):
    """Read all there is until this time; number of messages. Each call is timed: it has nothing to wait for but the kernel."""
    buffer = bytearray(READ_BYTES)
    received = 0
    while time.monotonic() < until:
        begin = time.monotonic()
        try:
            size = connection.recv_into(buffer, READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            size = None
        reads.add((time.monotonic() - begin) * 1000)
        if size is None:
            time.sleep(0.001)
        elif not size:
            raise ConnectionError("the peer closed the connection")
        else:
            received += size
    return received // message_bytes


def reader(given, clock, reads, report, counted):
    def handle(connection):
        endpoint.read_exactly(connection, given.upload_bytes)
        while clock.running():
            begin = time.monotonic()
            time.sleep(given.away)
            messages = read_back(connection, time.monotonic() + given.back, given.message_bytes, reads)
            seconds = time.monotonic() - begin
            counted.append((messages, seconds))
            report.line(messages_per_s=round(messages / seconds, 1), **reads.second())
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
    options.add_argument("--joinable", action="store_true", help="the kernel may join messages that wait")
    given = options.parse_args()
    clock = endpoint.Clock(given.seconds)
    if given.role == "receive":
        report, reads, counted = endpoint.Report("chatty", given.report), endpoint.Distribution("read", given.warmup), []
        endpoint.receive(given.port, clock, reader(given, clock, reads, report, counted))
        seconds = sum(taken for _messages, taken in counted)
        report.total(messages_per_s=round(sum(messages for messages, _taken in counted) / seconds, 1) if seconds else None, **reads.total())
        return
    while clock.running():
        try:
            with endpoint.connect(given.peer, given.port, given.congestion) as connection:
                writer(given, clock)(connection)
        except OSError:
            time.sleep(0.2)


if __name__ == "__main__":
    main()
