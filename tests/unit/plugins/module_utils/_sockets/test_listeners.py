"""Listening sockets since an earlier look, by cookie and port."""
import collections

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import BufferSizes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.listeners import listeners, remembered

SIZES = BufferSizes(131072, 33554432, 16384, 4194304, 4194304, 4194304, True)
Found = collections.namedtuple("Found", ("cookie", "endpoints", "rcvbuf", "sndbuf", "receive_queue", "send_queue"))


def on(port, cookie):
    return Found(cookie, bytes(divmod(port, 256)) + bytes(34), 131072, 16384, 0, 128)


@pytest.mark.parametrize("now, renewed, ports", [
    ([on(80, 1), on(443, 2)], 0, []),
    ([on(80, 3), on(443, 2)], 1, [80]),
    ([on(443, 2)], 0, []),  # gone
    ([on(80, 1), on(443, 2), on(8080, 3)], 0, []),  # a new port
    ([on(443, 5), on(80, 3), on(80, 4), on(80, 1)], 3, [80, 443]),  # more of one port, as with SO_REUSEPORT
])
def test_renewed_is_another_socket_on_a_port_of_before(now, renewed, ports):
    found = listeners(now, SIZES, remembered([on(80, 1), on(443, 2)]))
    assert (found["renewed"], found["renewed_ports"]) == (renewed, ports)


def test_many_renewed_ports_are_cut():
    before, now = ([on(port, port + shift) for port in range(1000, 1030)] for shift in (0, 10000))
    found = listeners(now, SIZES, remembered(before))
    assert found["renewed"] == 30 and found["renewed_ports"] == list(range(1000, 1020))


def test_without_an_earlier_look_renewed_is_unknown_and_not_none_at_all():
    found = listeners([on(80, 1)], SIZES, None)
    assert (found["renewed"], found["renewed_ports"], found["sockets"]) == (None, None, 1)


def test_what_no_sysctl_tells_is_null():
    found = listeners([on(80, 1)], BufferSizes(*[None] * len(BufferSizes._fields)), None)
    assert found["rcvbuf_not_default"] is None and found["sndbuf_not_default"] is None
    assert listeners([on(80, 1)._replace(rcvbuf=9)], SIZES, None)["rcvbuf_not_default"] == 1
