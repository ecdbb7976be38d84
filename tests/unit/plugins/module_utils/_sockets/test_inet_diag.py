"""Hand-packed messages of kernels old and new, into sockets."""
import socket
import struct

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets import inet_diag
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import (
    INFO_FIELDS,
    MEMORY_FIELDS,
    MalformedDump,
    addresses,
    drained,
    layout,
    local_port,
    parse_sockets,
    unique,
)

INFO, SHUTDOWN, SKMEMINFO = 2, 8, 7
CURRENT = 280  # bytes of tcp_info of Linux 6.18
# tcp_info up to and without: bytes_acked (3.x), notsent_bytes (4.1 to 4.5), busy_time (4.9).
LENGTHS = {"before 4.1": 120, "4.5": 144, "4.9": 168, "4.10": 192, "6.18": CURRENT}


def attribute(kind, body):
    return struct.pack("=HH", 4 + len(body), kind) + body + bytes(-len(body) % 4)


def memory(length=36, **values):
    """SK_MEMINFO, in the order of linux/sock_diag.h."""
    order = ("rmem_alloc", "rcvbuf", "wmem_alloc", "sndbuf", "fwd_alloc", "wmem_queued", "optmem", "backlog", "drops")
    return attribute(SKMEMINFO, struct.pack("=9I", *(values.get(name, 0) for name in order))[:length])


def info(length=CURRENT, **values):
    data = bytearray(CURRENT)
    for field in INFO_FIELDS:
        struct.pack_into("=" + field.code, data, field.offset, values.get(field.name, 0))
    return attribute(INFO, bytes(data[:length]))


def diag(attributes, family=socket.AF_INET, state=1, local=("10.0.0.1", 80), peer=("10.0.0.2", 40000), cookie=7, queues=(0, 0)):
    def packed(address):
        return socket.inet_pton(family, address).ljust(16, b"\0")

    body = struct.pack("=BBBB", family, state, 0, 0) + struct.pack("!HH", local[1], peer[1]) + packed(local[0]) + packed(peer[0])
    body += struct.pack("=IQIIIII", 0, cookie, 0, *queues, 0, 0) + attributes
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


def parse(*messages):
    return list(parse_sockets([b"".join(messages)]))


DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)
# A value of its own for every field, so that none can stand in for another.
DISTINCT = {field.name: 101 + number for number, field in enumerate(INFO_FIELDS)}
MEMORY = {field.name: 201 + number for number, field in enumerate(MEMORY_FIELDS)}


def test_every_field_is_where_the_kernel_puts_it():
    found, = parse(diag(attribute(SHUTDOWN, b"\0") + memory(**MEMORY) + info(**DISTINCT), cookie=2 ** 40 + 1, queues=(11, 12)))
    assert found._asdict() == dict(
        DISTINCT, **MEMORY, family=socket.AF_INET, state=1, cookie=2 ** 40 + 1, receive_queue=11, send_queue=12, endpoints=found.endpoints,
    )
    assert local_port(found) == 80
    assert addresses(found) == {"local_address": "10.0.0.1", "local_port": 80, "peer_address": "10.0.0.2", "peer_port": 40000}


def test_offsets_are_those_of_the_kernels_headers():
    """Two ends and the middle, counted by hand in linux/tcp.h: 8 bytes, 24 numbers of 4, two of 8."""
    offsets = {field.name: field.offset for field in INFO_FIELDS}
    assert (offsets["snd_mss"], offsets["total_retrans"], offsets["bytes_acked"]) == (8 + 2 * 4, 8 + 23 * 4, 8 + 24 * 4 + 2 * 8)
    assert (offsets["delivery_rate"], offsets["sndbuf_limited_us"]) == (120 + 2 * 8 + 6 * 4, 160 + 3 * 8)


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS)
def test_what_an_older_kernel_lacks_is_none(length):
    found, = parse(diag(memory(**MEMORY) + info(length, **DISTINCT)))
    sizes = {"B": 1, "I": 4, "Q": 8}
    for field in INFO_FIELDS:
        expected = DISTINCT[field.name] if field.offset + sizes[field.code] <= length else None
        assert getattr(found, field.name) == expected, field.name
    assert (found.busy_us is None) == (length < 192)
    assert (found.bytes_acked is None) == (length < 128)


def test_a_field_that_is_cut_in_two_is_none():
    found = layout(INFO_FIELDS, 124)  # bytes_acked is 120 to 128
    assert found.names == tuple(field.name for field in INFO_FIELDS if field.offset < 120) and struct.calcsize("=" + found.codes) == 124


def test_drops_are_none_before_they_were_told():
    found, = parse(diag(memory(32, **MEMORY) + info()))
    assert found.drops is None and found.wmem_queued == MEMORY["wmem_queued"]


def test_a_longer_tcp_info_of_a_later_kernel_is_read():
    longer = attribute(INFO, info(**DISTINCT)[4:] + bytes(64))
    found, = parse(diag(memory(**MEMORY) + longer))
    assert found.sndbuf_limited_us == DISTINCT["sndbuf_limited_us"]


@pytest.mark.parametrize("family, address, shown", [
    (socket.AF_INET6, "2001:db8::1", "2001:db8::1"),
    (socket.AF_INET6, "::1", "::1"),
    (socket.AF_INET6, "::ffff:192.0.2.1", "192.0.2.1"),
    (socket.AF_INET, "192.0.2.1", "192.0.2.1"),
])
def test_addresses_of_both_families(family, address, shown):
    found, = parse(diag(memory() + info(), family=family, local=(address, 443), peer=(address, 1)))
    assert addresses(found) == {"local_address": shown, "local_port": 443, "peer_address": shown, "peer_port": 1}


def test_what_is_no_full_socket_is_left_out():
    half_closed = diag(attribute(SHUTDOWN, b"\0"), state=5)  # time-wait shows as this, with neither memory nor tcp_info
    listener = diag(memory(rcvbuf=9), state=10)
    assert [found.rcvbuf for found in parse(half_closed, listener, diag(memory()), diag(info()), diag(memory() + info()), DONE)] == [9, 0]


def test_messages_of_one_length_may_differ_in_what_they_carry():
    plain = diag(memory(**MEMORY) + attribute(SHUTDOWN, b"\0") + info(**DISTINCT))
    turned = diag(attribute(SHUTDOWN, b"\0") + info(**DISTINCT) + memory(**MEMORY))
    other = diag(memory(**MEMORY) + attribute(15, b"\0") + info(**DISTINCT))
    without = diag(attribute(9, bytes(36)) + attribute(SHUTDOWN, b"\0") + info(**DISTINCT))
    assert len({len(plain), len(turned), len(other), len(without)}) == 1
    found = parse(plain, turned, plain, without, other)
    assert len(found) == 4 and len(set(found)) == 1


def test_an_attribute_at_the_very_end_needs_no_padding():
    last = bytes(diag(memory(**MEMORY) + info(**DISTINCT) + attribute(SHUTDOWN, b"\0")))[:-3]
    found, = parse(struct.pack("=I", len(last)) + last[4:])
    assert found.rcvbuf == MEMORY["rcvbuf"]


def test_nothing_is_read_after_the_end():
    assert parse(DONE, diag(memory() + info())) == []


@pytest.mark.parametrize("data", [
    diag(struct.pack("=HH", 0, SKMEMINFO)),  # would never end
    struct.pack("=IHHII", 40, 20, 2, 1, 0) + bytes(72),
    diag(memory() + info())[:-100],
], ids=["attribute of no length", "short message", "cut message"])
def test_malformed_bytes_are_refused(data):
    with pytest.raises(MalformedDump):
        parse(data)


def test_a_socket_that_came_twice_is_one():
    once, twice = parse(diag(memory() + info(), cookie=1)), parse(diag(memory() + info(), cookie=2))
    assert [found.cookie for found in unique(once + twice + once)] == [1, 2]


def test_draining_keeps_the_order_and_nothing_else():
    datagrams = [b"a", b"b", b"c"]
    assert list(drained(datagrams)) == [b"a", b"b", b"c"] and not datagrams


def test_the_states_are_those_with_buffers():
    assert set(inet_diag.FLOW_STATES) == {1, 4, 5, 8, 9, 11}  # no SYN_SENT 2, SYN_RECV 3, TIME_WAIT 6, CLOSE 7, LISTEN 10
