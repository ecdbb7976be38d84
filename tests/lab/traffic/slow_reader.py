"""A reader that is slower than its sender: receive windows close, but full segments leave nothing to collapse."""
import time

from common import before_the_end, connected, options, read_exactly, repeat, serve


def add_options(parser):
    parser.add_argument("--cycle", type=float, default=1, metavar="SECONDS", help="before a lost connection is made again")
    parser.add_argument("--pause", type=float, default=0.5, metavar="SECONDS", help="between two reads")
    parser.add_argument("--read-bytes", type=int, default=1 << 20, help="taken at each read")


def receive(args):
    def handle(connection):
        while before_the_end(args):
            read_exactly(connection, args.read_bytes)
            time.sleep(args.pause)
    serve(args, handle)


def send(args):
    block = b"s" * (1 << 18)

    def cycle():
        with connected(args) as connection:
            while before_the_end(args):
                connection.sendall(block)
    repeat(args, cycle)


if __name__ == "__main__":
    options(__doc__, add_options, receive, send)
