"""What a healthy host sees: requests and answers, and a moderate transfer now and then, read at once."""
from common import connected, options, read_exactly, read_to_end, repeat, serve


def add_options(parser):
    parser.add_argument("--cycle", type=float, default=0.1, metavar="SECONDS")
    parser.add_argument("--requests", type=int, default=5, help="per connection")
    parser.add_argument("--request-bytes", type=int, default=1000)
    parser.add_argument("--bulk-bytes", type=int, default=200000, help="sent after them")


def receive(args):
    def handle(connection):
        for _request in range(args.requests):
            read_exactly(connection, args.request_bytes)
            connection.sendall(b"a" * args.request_bytes)
        read_to_end(connection)
    serve(args, handle)


def send(args):
    def cycle():
        with connected(args) as connection:
            for _request in range(args.requests):
                connection.sendall(b"r" * args.request_bytes)
                read_exactly(connection, args.request_bytes)
            connection.sendall(b"b" * args.bulk_bytes)
    repeat(args, cycle)


if __name__ == "__main__":
    options(__doc__, add_options, receive, send)
