"""Bytes of netlink that no kernel sends: a reason instead of numbers, and nothing is read past its own message."""
import socket
import struct

import mangling
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import read_buffer_sizes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import (
    INFO,
    LISTEN,
    SKMEMINFO,
    MalformedDump,
    parse_sockets,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.sock_diag import Dump, DumpDisturbed, is_last
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.socket_watch import SocketWatch, sockets_now
from hypothesis import given
from hypothesis import strategies as st

DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)


def attribute(kind, body):
    return struct.pack("=HH", 4 + len(body), kind) + body + bytes(-len(body) % 4)


def message(head, *attributes):
    body = head + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


def filled(least, most):
    """A structure of any kernel: zeros, or whatever."""
    return st.integers(least, most).flatmap(lambda size: st.just(bytes(size)) | st.binary(min_size=size, max_size=size))


@st.composite
def messages(draw):
    """A socket as the kernel frames it, with any values in it. Few cookies, so that it is met again."""
    family, state = draw(st.sampled_from((socket.AF_INET, socket.AF_INET6))), draw(st.sampled_from((1, 4, 8, LISTEN)))
    head = struct.pack("=BB2x36s4xQ20s", family, state, draw(filled(36, 36)), draw(st.integers(0, 2)), draw(filled(20, 20)))
    memory, info = draw(filled(24, 40) | filled(0, 23)), draw(filled(104, 280) | filled(0, 103))
    return message(head, attribute(SKMEMINFO, memory), attribute(INFO, info))


datagrams = st.lists(messages(), max_size=4).map(lambda parts: b"".join(parts) + DONE)


@st.composite
def damaged_datagrams(draw):
    data = bytearray(draw(datagrams))
    for _accident in range(draw(st.integers(1, 3))):
        position = draw(st.integers(0, len(data)))
        data[position:position + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(data[:draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


any_datagrams = datagrams | damaged_datagrams() | st.binary(max_size=300)


@given(any_datagrams)
def test_sockets_or_a_malformed_dump(data):
    try:
        found = list(parse_sockets([data]))
    except MalformedDump as error:
        assert str(error).startswith("sock_diag: ")
    else:
        assert len(found) <= len(data) // 88


def test_an_attribute_ends_within_its_message():
    """Else what the next socket has would count as this one's."""
    claims = bytearray(attribute(INFO, bytes(104)))
    struct.pack_into("=H", claims, 0, len(claims) + 4)
    for data in (message(bytes(72), attribute(SKMEMINFO, bytes(36)), claims), message(bytes(72), claims)):
        with pytest.raises(MalformedDump, match="an attribute of 112 bytes, of 108"):
            list(parse_sockets([data + message(bytes(72)) + DONE]))


@given(any_datagrams)
def test_a_dump_is_whole_or_asked_for_again_or_an_error_of_the_kernel(data):
    try:
        assert is_last(data) in (True, False)
    except DumpDisturbed as error:
        assert str(error)
    except OSError as error:
        assert error.errno and error.strerror


@given(st.lists(any_datagrams, min_size=8, max_size=12), st.integers(0, 3))
def test_a_watch_gives_numbers_or_a_reason(answers, top):
    """Whatever any socket claims to be, before and after: its changes, rates, signs and quantiles can be computed."""
    answers = iter(answers * 2)

    def dump(_family, _states, _extensions):
        return Dump([next(answers)], 0)

    watch = SocketWatch(HostFiles("/nowhere"), top, 1.0, dump)
    for sockets in (watch.end(), sockets_now(HostFiles("/nowhere"), top, dump)):
        assert sockets["available"] or sockets["reason"].startswith("sock_diag: ")


@given(mangling.texts | mangling.decoded | st.sampled_from(mangling.ODD_CELLS))
def test_a_size_that_is_no_number_is_not_known(text):
    class Sizes(HostFiles):
        def read_text(self, path, none_for=()):
            return "4096\t131072\t6291456\n" if path == sysctl_path("net.ipv4.tcp_rmem") else text

    sizes = read_buffer_sizes(Sizes("/nowhere"))
    assert (sizes.rcvbuf_default, sizes.rcvbuf_max) == (131072, 6291456)
    assert all(isinstance(size, (int, type(None))) for size in sizes)


def test_an_enormous_dump_takes_no_time():
    many = message(bytes(72), attribute(99, b"") * 200000)
    for data in (message(bytes(72)) * (mangling.ENORMOUS // 88), many, bytes(mangling.ENORMOUS), b"\xff" * mangling.ENORMOUS):
        with mangling.soon():
            for read in (lambda data: list(parse_sockets([data])), is_last):
                try:
                    read(data)
                except (MalformedDump, DumpDisturbed):
                    pass
