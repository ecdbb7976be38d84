# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagrams of sock_diag into sockets. Pure: bytes in, tuples out.

Fields are tables by offset. A structure only ever grows at its end, so that an older kernel sends a shorter one: what does not fit
is None. Structures: inet_diag_msg (linux/inet_diag.h), SK_MEMINFO (linux/sock_diag.h), tcp_info (linux/tcp.h).
"""
import collections
import socket
import struct
import sys
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Tuple

DONE = 3  # NLMSG_DONE
INFO, SKMEMINFO = 2, 7  # INET_DIAG_*: both the extension that is asked for and the attribute that answers
ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING = 1, 4, 5, 8, 9, 10, 11
FLOW_STATES = (ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING)  # with a connection and buffers of its own
APP_LIMITED = 0x01 if sys.byteorder == "little" else 0x80  # a bit field: the bit of `rate_flags`


class Field(NamedTuple):
    """`code` is that of struct: B, I (32 bits) or Q (64 bits)."""

    name: str
    offset: int
    code: str


MEMORY_FIELDS = (
    Field("rmem_alloc", 0, "I"),
    Field("rcvbuf", 4, "I"),
    Field("sndbuf", 12, "I"),
    Field("wmem_queued", 20, "I"),
    Field("drops", 32, "I"),  # Linux 4.7
)
INFO_FIELDS = (
    Field("rate_flags", 7, "B"),
    Field("snd_mss", 16, "I"),
    Field("last_data_sent_ms", 44, "I"),
    Field("last_data_recv_ms", 52, "I"),
    Field("rtt_us", 68, "I"),
    Field("snd_cwnd", 80, "I"),
    Field("rcv_rtt_us", 92, "I"),
    Field("rcv_space", 96, "I"),
    Field("total_retrans", 100, "I"),
    Field("bytes_acked", 120, "Q"),  # Linux 4.1
    Field("bytes_received", 128, "Q"),
    Field("notsent_bytes", 144, "I"),  # Linux 4.6, as the next three
    Field("min_rtt_us", 148, "I"),
    Field("data_segs_in", 152, "I"),
    Field("data_segs_out", 156, "I"),
    Field("delivery_rate", 160, "Q"),  # Linux 4.9
    Field("busy_us", 168, "Q"),  # Linux 4.10, as the next two
    Field("rwnd_limited_us", 176, "Q"),
    Field("sndbuf_limited_us", 184, "Q"),
    Field("snd_wnd", 228, "I"),  # Linux 5.4
    Field("rcv_wnd", 232, "I"),  # Linux 6.2
)
# endpoints: source and destination port (2 bytes each, network order), then both addresses (16 bytes each).
HEAD_NAMES = ("family", "state", "endpoints", "cookie", "receive_queue", "send_queue")
Socket = collections.namedtuple(  # type: ignore[misc]
    "Socket", HEAD_NAMES + tuple(field.name for field in MEMORY_FIELDS) + tuple(field.name for field in INFO_FIELDS),
)

ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type
# nlmsghdr and inet_diag_msg: length, type, then HEAD_NAMES.
MESSAGE = struct.Struct("=IH10xBB2x36s4xQ4xII8x")


class MalformedDump(ValueError):
    """Bytes that do not have the shape of a dump."""


class Layout(NamedTuple):
    """How one length of a structure is read: the fields that fit, and a None for each that does not."""

    unpack_from: Any
    absent: Tuple[None, ...]


def layout(fields: Tuple[Field, ...], length: int) -> Layout:
    codes, position, absent = "=", 0, 0
    for field in fields:
        size = struct.calcsize("=" + field.code)
        if field.offset + size > length:
            absent += 1
            continue
        codes += f"{field.offset - position}x{field.code}"
        position = field.offset + size
    return Layout(struct.Struct(codes).unpack_from, (None,) * absent)


class _Layouts(Dict[int, Layout]):
    """The layout of every length seen so far. One kernel sends one length."""

    def __init__(self, fields: Tuple[Field, ...], least: int) -> None:
        super().__init__()
        self._fields, self._least = fields, least

    def __missing__(self, length: int) -> Layout:
        if length < self._least:
            raise MalformedDump(f"sock_diag: a structure of {length} bytes, where every kernel sends {self._least}")
        self[length] = layout(self._fields, length)
        return self[length]


_MEMORY_LAYOUTS = _Layouts(MEMORY_FIELDS, least=24)  # up to wmem_queued
_INFO_LAYOUTS = _Layouts(INFO_FIELDS, least=104)  # up to total_retrans


def parse_sockets(datagrams: Iterable[bytes]) -> Iterator[Any]:
    """Sockets one by one. What has neither memory nor tcp_info, such as a connection in time-wait, is left out."""
    for data in datagrams:
        try:
            yield from _of_datagram(data)
        except struct.error as error:
            raise MalformedDump(f"sock_diag: {error}") from None


def _of_datagram(data: bytes) -> Iterator[Any]:
    unpack_message, unpack_attribute = MESSAGE.unpack_from, ATTRIBUTE.unpack_from  # names found fast: this runs per socket
    position, end = 0, len(data)
    while position + MESSAGE.size <= end:
        length, kind, *head = unpack_message(data, position)
        if kind == DONE:
            return
        if not MESSAGE.size <= length <= end - position:
            raise MalformedDump(f"sock_diag: a socket in {length} bytes, of {end - position}")
        memory = info = None
        attribute, last = position + MESSAGE.size, position + length - 4
        while attribute <= last:
            size, kind = unpack_attribute(data, attribute)
            if not 4 <= size <= last + 4 - attribute:
                raise MalformedDump(f"sock_diag: an attribute of {size} bytes, of {last + 4 - attribute}")
            if kind == SKMEMINFO:
                reader = _MEMORY_LAYOUTS[size - 4]
                memory = reader.unpack_from(data, attribute + 4) + reader.absent
            elif kind == INFO:
                reader = _INFO_LAYOUTS[size - 4]
                info = reader.unpack_from(data, attribute + 4) + reader.absent
            attribute += (size + 3) & ~3
        if memory and (info or head[1] == LISTEN):
            yield Socket(*head, *memory, *(info or _NO_INFO))
        position += (length + 3) & ~3


_NO_INFO = (None,) * len(INFO_FIELDS)


def local_port(found: Any) -> int:
    endpoints = found.endpoints
    return endpoints[0] << 8 | endpoints[1]


def addresses(found: Any) -> Dict[str, Any]:
    """{local_address, local_port, peer_address, peer_port}. An IPv4 address mapped into IPv6 is shown as IPv4."""
    ports = struct.unpack_from("!HH", found.endpoints)
    local, peer = (address_text(found.family, found.endpoints[part]) for part in (LOCAL_ADDRESS, PEER_ADDRESS))
    return {"local_address": local, "local_port": ports[0], "peer_address": peer, "peer_port": ports[1]}


LOCAL_ADDRESS, PEER_ADDRESS = slice(4, 20), slice(20, 36)  # of endpoints
MAPPED = bytes(10) + b"\xff\xff"


def address_text(family: int, raw: bytes) -> str:
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    if raw.startswith(MAPPED):
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    return socket.inet_ntop(socket.AF_INET6, raw)


def drained(datagrams: List[bytes]) -> Iterator[bytes]:
    """The datagrams, each given up once it is read: they are most of what a sample holds. Leaves the list empty."""
    datagrams.reverse()
    while datagrams:
        yield datagrams.pop()


def unique(sockets: Iterable[Any]) -> Iterator[Any]:
    """Each socket once. The kernel goes on by position in a chain, so one that moved meanwhile may come twice."""
    seen = set()  # type: set
    for found in sockets:
        if found.cookie not in seen:
            seen.add(found.cookie)
            yield found
