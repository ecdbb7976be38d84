# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The netlink edge: the TCP sockets of this network namespace, as the kernel's own datagrams.

A dump is whole, or it is thrown away: one that the kernel marked as interrupted, that overran, or that was cut short is asked for
again, and after a few of those refused. Numbers and structures: include/uapi/linux/{netlink,sock_diag,inet_diag}.h.
"""
import errno
import os
import socket
import struct
import time
from typing import Any, Callable, Iterable, List, NamedTuple, Optional

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_DUMP, NLM_F_DUMP_INTR = 0x1, 0x300, 0x10
HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
REQUEST = struct.Struct("=4BI48x")  # inet_diag_req_v2: family, protocol, extensions, padding, states, an empty socket id
RESULT = struct.Struct("=i")  # what both an error and the end of a dump begin with: 0, or a negative errno

MOST_ERRNO = 4095  # MAX_ERRNO of include/linux/err.h
NOT_THERE = (errno.ENOENT, errno.EPROTONOSUPPORT)

ATTEMPTS = 3
PAUSE_SECONDS = 0.05  # before another attempt: whatever disturbed the dump may be over
RECEIVE_BYTES = 32768  # as much as the kernel fills at a time; what a larger buffer leaves empty is lost memory
TIMEOUT_SECONDS = 10.0


class DumpRefused(Exception):
    """There is no list of sockets to trust; the text says why."""


class DumpDisturbed(Exception):
    """This attempt is not whole. Another one may be."""


class Dump(NamedTuple):
    datagrams: List[bytes]
    retries: int


def read_dump(
    family: int, states: Iterable[int], extensions: Iterable[int],
    connect: Optional[Callable[[], Any]] = None, pause: Callable[[float], None] = time.sleep,
) -> Dump:
    """Every TCP socket of one address family in one of these states, or DumpRefused."""
    request = _request(family, states, extensions)
    disturbances = []  # type: List[str]
    for attempt in range(ATTEMPTS):
        try:
            with (connect or _connect)() as handle:
                handle.send(request)
                return Dump(_receive(handle, RECEIVE_BYTES << attempt), len(disturbances))
        except DumpDisturbed as disturbance:
            disturbances.append(str(disturbance))
            pause(PAUSE_SECONDS)
        except OSError as error:
            hint = ": this kernel has no inet_diag or tcp_diag, or may not load it" if error.errno in NOT_THERE else ""
            raise DumpRefused(f"sock_diag: {error.strerror or error}{hint}") from None
    raise DumpRefused(f"sock_diag: {ATTEMPTS} dumps in a row were not whole: {', '.join(disturbances)}")


def _connect() -> socket.socket:
    handle = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
    handle.settimeout(TIMEOUT_SECONDS)
    return handle


def _request(family: int, states: Iterable[int], extensions: Iterable[int]) -> bytes:
    """Asked for only what is read: each extension costs the kernel time and us memory."""
    wanted = sum(1 << (extension - 1) for extension in extensions)
    body = REQUEST.pack(family, socket.IPPROTO_TCP, wanted, 0, sum(1 << state for state in states))
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + body


def _receive(handle: Any, buffer_bytes: int) -> List[bytes]:
    """All datagrams at once and unread: the faster they are taken, the closer together in time they are."""
    datagrams = []
    while True:
        try:
            data, _ancillary, flags, _address = handle.recvmsg(buffer_bytes)
        except OSError as error:
            if error.errno == errno.ENOBUFS:
                raise DumpDisturbed("overrun (ENOBUFS)") from None
            raise
        if flags & socket.MSG_TRUNC:
            raise DumpDisturbed("a datagram was cut short (MSG_TRUNC)")
        datagrams.append(data)
        if is_last(data):
            return datagrams


def is_last(datagram: bytes) -> bool:
    """Whether the dump ends here. DumpDisturbed or OSError where it is not one to trust. Pure."""
    position = 0
    while position < len(datagram):
        if len(datagram) - position < HEADER.size:
            raise DumpDisturbed(f"a message in {len(datagram) - position} bytes")
        length, kind, flags, _sequence, _port = HEADER.unpack_from(datagram, position)
        if flags & NLM_F_DUMP_INTR:
            raise DumpDisturbed("sockets changed meanwhile (NLM_F_DUMP_INTR)")
        if not HEADER.size <= length <= len(datagram) - position:
            raise DumpDisturbed(f"a message of {length} bytes in {len(datagram) - position}")
        if kind in (NLMSG_ERROR, NLMSG_DONE):
            _raise_failure(datagram, position + HEADER.size)
            return True
        position += (length + 3) & ~3
    return False


def _raise_failure(datagram: bytes, position: int) -> None:
    result = RESULT.unpack_from(datagram, position)[0] if len(datagram) >= position + RESULT.size else 0
    if result < -MOST_ERRNO:
        raise DumpDisturbed(f"a message with an error of {result}")
    if result < 0:
        raise OSError(-result, os.strerror(-result))
