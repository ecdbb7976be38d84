"""A dump is whole or thrown away: every way to be disturbed, injected, and what the kernel really is asked."""
import errno
import socket
import struct

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets import sock_diag
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.sock_diag import DumpRefused, read_dump

SOCKET, DONE, ERROR = 20, 3, 2
INTERRUPTED = 0x10


def message(kind, body=b"", flags=0x2):
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body


def result(number):
    return struct.pack("=i", number)


WHOLE = [message(SOCKET, b"12345678"), message(DONE, result(0))]


class FakeKernel:
    """Answers each connection with the next list: datagrams, (datagram, recvmsg flags), or errors to raise."""

    def __init__(self, *dumps):
        self.dumps = list(dumps)
        self.requests, self.buffers, self.pauses, self.closed = [], [], [], 0

    def __call__(self):
        self.answers = iter(self.dumps.pop(0))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.closed += 1

    def send(self, request):
        self.requests.append(request)

    def recvmsg(self, buffer_bytes):
        self.buffers.append(buffer_bytes)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        data, flags = answer if isinstance(answer, tuple) else (answer, 0)
        return data, [], flags, (0, 0)


def dump_from(kernel):
    return read_dump(socket.AF_INET, (1, 10), (2, 7), connect=kernel, pause=kernel.pauses.append)


DISTURBED = {
    "interrupted": ([message(SOCKET, b"12345678", flags=0x2 | INTERRUPTED), WHOLE[1]], "NLM_F_DUMP_INTR"),
    "interrupted at its end": ([WHOLE[0], message(DONE, result(0), flags=0x2 | INTERRUPTED)], "NLM_F_DUMP_INTR"),
    "interrupted in the middle of a datagram": (
        [message(SOCKET) + message(SOCKET, flags=INTERRUPTED) + message(SOCKET), WHOLE[1]], "NLM_F_DUMP_INTR",
    ),
    "overrun": ([WHOLE[0], OSError(errno.ENOBUFS, "No buffer space available")], "ENOBUFS"),
    "cut short": ([(WHOLE[0], socket.MSG_TRUNC), WHOLE[1]], "MSG_TRUNC"),
    "longer than its datagram": ([WHOLE[0][:-4], WHOLE[1]], "24 bytes in 20"),
    "of no length": ([bytes(16), WHOLE[1]], "0 bytes in 16"),
}


@pytest.mark.parametrize("answers, named", DISTURBED.values(), ids=DISTURBED)
def test_a_disturbed_dump_is_asked_for_again(answers, named):
    kernel = FakeKernel(answers, WHOLE)
    dump = dump_from(kernel)
    assert dump.datagrams == WHOLE and dump.retries == 1
    assert len(kernel.pauses) == 1 and kernel.closed == 2


@pytest.mark.parametrize("answers, named", DISTURBED.values(), ids=DISTURBED)
def test_one_that_stays_disturbed_is_refused_with_the_reason(answers, named):
    kernel = FakeKernel(answers, answers, answers)
    with pytest.raises(DumpRefused, match="3 dumps in a row were not whole.*" + named):
        dump_from(kernel)
    assert kernel.closed == 3


def test_the_buffer_grows_after_a_cut():
    kernel = FakeKernel(DISTURBED["cut short"][0], WHOLE)
    dump_from(kernel)
    assert kernel.buffers[-1] > kernel.buffers[0]


@pytest.mark.parametrize("answers, named", [
    ([message(ERROR, result(-errno.EPERM) + bytes(16))], "Operation not permitted"),
    ([message(ERROR, result(-errno.ENOENT) + bytes(16))], "No such file or directory: this kernel has no inet_diag"),
    ([WHOLE[0], message(DONE, result(-errno.ENOENT))], "no inet_diag or tcp_diag"),
    ([WHOLE[0] + message(DONE, result(-errno.EINVAL))], "Invalid argument"),
    ([socket.timeout("timed out")], "timed out"),
])
def test_a_failure_is_no_empty_list(answers, named):
    kernel = FakeKernel(answers)
    with pytest.raises(DumpRefused, match=named):
        dump_from(kernel)
    assert kernel.closed == 1 and not kernel.pauses


def test_no_netlink_is_a_reason():
    def connect():
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")

    with pytest.raises(DumpRefused, match="Protocol not supported: this kernel"):
        read_dump(socket.AF_INET, (1,), (2,), connect=connect)


def test_an_end_in_the_same_datagram_ends_it():
    kernel = FakeKernel([WHOLE[0] + WHOLE[1]])
    assert dump_from(kernel).datagrams == [WHOLE[0] + WHOLE[1]]


def test_only_what_is_read_is_asked_for():
    kernel = FakeKernel(WHOLE)
    dump_from(kernel)
    length, kind, flags, family, protocol, extensions, _padding, states = struct.unpack_from("=IHH8xBBBBI", kernel.requests[0])
    assert (length, kind, flags) == (len(kernel.requests[0]), 20, 0x301) and length == 16 + 56
    assert (family, protocol) == (socket.AF_INET, socket.IPPROTO_TCP)
    assert extensions == 0b1000010 and states == 0b10000000010  # INFO and SKMEMINFO; ESTABLISHED and LISTEN


def test_this_kernel_answers():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        try:
            dump = read_dump(socket.AF_INET, (10,), (7,))
        except DumpRefused as error:
            pytest.skip(str(error))
        assert struct.pack("!H", listener.getsockname()[1]) in b"".join(dump.datagrams)
        assert sock_diag.is_last(dump.datagrams[-1]) and not any(map(sock_diag.is_last, dump.datagrams[:-1]))
