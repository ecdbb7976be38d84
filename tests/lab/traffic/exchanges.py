"""Ordinary traffic: short connections with a request and a response, read at once. Nothing for the buffers to do."""
import endpoint


def server(request_bytes, response_bytes):
    response = bytes(response_bytes)

    def handle(connection):
        endpoint.read_exactly(connection, request_bytes)
        connection.sendall(response)
    return handle


def client(request_bytes, response_bytes):
    request = bytes(request_bytes)

    def talk(connection):
        connection.sendall(request)
        endpoint.read_exactly(connection, response_bytes)
    return talk


def main():
    options = endpoint.parser(__doc__.splitlines()[0], port=9003)
    options.add_argument("--period", type=float, default=0.05, help="seconds from one connection to the next")
    options.add_argument("--request-bytes", type=int, default=256 << 10)
    options.add_argument("--response-bytes", type=int, default=64 << 10)
    given = options.parse_args()
    clock = endpoint.Clock(given.seconds)
    sizes = given.request_bytes, given.response_bytes
    if given.role == "receive":
        endpoint.receive(given.port, clock, server(*sizes))
    else:
        endpoint.send(given.peer, given.port, clock, given.period, client(*sizes))


if __name__ == "__main__":
    main()
