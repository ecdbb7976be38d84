"""Traffic that makes the receiver's kernel collapse its receive queue, again and again, in short flows.

Each cycle is a connection of its own, so that a changed tcp_rmem reaches the next one. A bulk phase lets the receive buffer and the
kernel's estimate of payload per buffer grow; then the reader pauses while small messages arrive, each in a buffer much larger
than itself, until the queue is full of them. Times and amounts are fixed, so that a cycle asks for the same whatever the buffers are.
"""
import socket
import time

from common import connected, options, read_exactly, read_to_end, repeat, serve


def add_options(parser):
    parser.add_argument("--cycle", type=float, default=1.5, metavar="SECONDS")
    parser.add_argument("--bulk-bytes", type=int, default=8 << 20)
    parser.add_argument("--messages", type=int, default=12000)
    parser.add_argument("--message-bytes", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=0.7, metavar="SECONDS", help="how long the reader does not read")


def receive(args):
    def handle(connection):
        read_exactly(connection, args.bulk_bytes)
        time.sleep(args.pause)
        read_to_end(connection)
    serve(args, handle)


def send(args):
    message = b"m" * args.message_bytes

    def cycle():
        with connected(args) as connection:
            connection.sendall(b"b" * args.bulk_bytes)
            for _message in range(args.messages):
                # MSG_EOR keeps the sender's kernel from merging it with the next one.
                connection.send(message, socket.MSG_EOR)
            connection.shutdown(socket.SHUT_WR)
            read_to_end(connection)
    repeat(args, cycle)


if __name__ == "__main__":
    options(__doc__, add_options, receive, send)
