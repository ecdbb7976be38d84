"""Bursts that make the kernel collapse the receive queue.

Each connection carries an upload and then many small messages, all while the reader is away. The queue fills with
buffers that hold far more overhead than payload; when it reaches the maximum of tcp_rmem, the kernel copies them
together (TCPRcvCollapsed). Connections are short, so that a new maximum reaches the traffic within one period, and
carry the same payload whatever the maximum is: under a small one the window closes before the messages come.
"""
import fcntl
import socket
import struct
import termios
import time

import endpoint

# A program that expects large messages asks for the room at once. It also makes the start the same for every
# connection: how far the kernel grows a buffer by itself depends on chance.
WANTED_BYTES = 8 << 20
LOOK_SECONDS = 0.25
LEAST_PROGRESS_BYTES = 2000


def wait_for_quiet(connection):
    """Stay away until (nearly) nothing more arrives: everything was sent, or the window is closed."""
    before, now = -LEAST_PROGRESS_BYTES, 0
    while now - before >= LEAST_PROGRESS_BYTES:
        time.sleep(LOOK_SECONDS)
        before, now = now, struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))[0]


def reader(size):
    def handle(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, WANTED_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        wait_for_quiet(connection)
        endpoint.read_exactly(connection, size)
        connection.sendall(b".")
    return handle


def writer(upload_bytes, messages, message_bytes):
    upload, message = bytes(upload_bytes), bytes(message_bytes)

    def talk(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(upload)
        for _number in range(messages):
            # End of record: the sender's kernel may not join this message with the next one while it waits.
            sent = connection.send(message, socket.MSG_EOR)
            while sent < message_bytes:
                sent += connection.send(message[sent:], socket.MSG_EOR)
        endpoint.read_exactly(connection, 1)
    return talk


def main():
    options = endpoint.parser(__doc__.splitlines()[0], port=9001)
    options.add_argument("--period", type=float, default=2, help="seconds from one connection to the next")
    options.add_argument("--upload-bytes", type=int, default=4 << 20)
    options.add_argument("--messages", type=int, default=38000)
    options.add_argument("--message-bytes", type=int, default=150)
    given = options.parse_args()
    clock = endpoint.Clock(given.seconds)
    if given.role == "receive":
        endpoint.receive(given.port, clock, reader(given.upload_bytes + given.messages * given.message_bytes))
    else:
        talk = writer(given.upload_bytes, given.messages, given.message_bytes)
        endpoint.send(given.peer, given.port, clock, given.period, talk)


if __name__ == "__main__":
    main()
