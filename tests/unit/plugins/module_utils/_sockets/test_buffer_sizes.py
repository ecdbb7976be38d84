"""Where a buffer stands against the sysctls, and when SO_RCVBUF probably fixed it."""
import collections

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import (
    BufferSizes,
    rcvbuf_probably_locked,
    read_buffer_sizes,
    standing,
)

DEFAULT, MOST, SO_MOST = 131072, 33554432, 4194304
SIZES = BufferSizes(DEFAULT, MOST, 16384, 4194304, SO_MOST, SO_MOST, True)
MUCH = 10 ** 9

Socket = collections.namedtuple("Socket", "rcvbuf bytes_received rcv_space")


@pytest.fixture
def host(tmp_path):
    def make(**files):
        for name, text in files.items():
            path = tmp_path / "proc/sys/net" / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return HostFiles(str(tmp_path))
    return make


def test_sizes_are_read(host):
    files = host(
        ipv4__tcp_rmem="4096\t131072\t33554432\n", ipv4__tcp_wmem="4096\t16384\t4194304\n", core__rmem_max="4194304\n", core__wmem_max="4194304\n",
        ipv4__tcp_moderate_rcvbuf="1\n",
    )
    assert read_buffer_sizes(files) == SIZES
    assert read_buffer_sizes(host(ipv4__tcp_moderate_rcvbuf="0\n")).autotuned is False


def test_sizes_that_are_not_shown_are_none(host):
    assert read_buffer_sizes(host()) == BufferSizes(*[None] * len(BufferSizes._fields))
    assert standing(4096, None, None, 0.9) == (None, None, None)
    assert rcvbuf_probably_locked(Socket(65536, MUCH, 65000), 65536, BufferSizes(*[None] * len(BufferSizes._fields))) is None


@pytest.mark.parametrize("size, expected", [
    (100, (True, False, False)),
    (101, (False, False, False)),
    (899, (False, False, False)),
    (900, (False, True, False)),
    (1000, (False, True, False)),
    (1001, (False, False, True)),
])
def test_standing(size, expected):
    assert standing(size, 100, 1000, 0.9) == expected


LOCKED = {
    "small and full, its window smaller than the reader's appetite": Socket(131072, MUCH, 65537),
    "below the default and plain": Socket(2 * 32768, MUCH, 1000),
    "below the default and plain in thousands": Socket(2 * 50000, MUCH, 1000),
    "cut off by rmem_max": Socket(2 * SO_MOST, MUCH, 1000),
    "very round, its window filled": Socket(2 * 1048576, MUCH, 900000),
    "very round in thousands": Socket(2 * 1000000, MUCH, 900000),
    "as much as autotuning never leaves": Socket(1234567, MUCH, 700000),
}
FREE = {
    "fresh, with the first window of loopback": Socket(DEFAULT, MUCH, 65495),
    "at the default": Socket(DEFAULT, MUCH, 14600),
    "grown by autotuning": Socket(2611734, MUCH, 1200000),
    "at the maximum, however hungry": Socket(MOST, MUCH, 33000000),
    "below the default, but of an odd size": Socket(87380, MUCH, 14600),
    "round, but hardly used": Socket(2 * 1048576, MUCH, 100000),
    "locked perhaps, but too little came through": Socket(131072, 4 * 131072 - 1, 65537),
    "kept from an earlier maximum": Socket(2 * MOST, MUCH, MOST),
    "twice the reader's appetite exactly": Socket(131072, MUCH, 65536),
}


@pytest.mark.parametrize("found", LOCKED.values(), ids=LOCKED)
def test_probably_locked(found):
    assert rcvbuf_probably_locked(found, found.rcvbuf, SIZES) is True
    assert rcvbuf_probably_locked(found, None, SIZES) is True  # a snapshot, or born in the window
    assert rcvbuf_probably_locked(found, found.rcvbuf - 1, SIZES) is False  # what moved is not locked


@pytest.mark.parametrize("found", FREE.values(), ids=FREE)
def test_not_locked(found):
    assert rcvbuf_probably_locked(found, found.rcvbuf, SIZES) is False


def test_without_autotuning_a_small_buffer_is_no_sign():
    assert rcvbuf_probably_locked(Socket(131072, MUCH, 65537), 131072, SIZES._replace(autotuned=False)) is False


def test_a_kernel_that_counts_no_payload_cannot_tell():
    assert rcvbuf_probably_locked(Socket(65536, None, 65000), 65536, SIZES) is None
