# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagrams of sock_diag into sockets. Pure: bytes in, tuples out.

Fields are tables by offset. A structure only ever grows at its end, so that an older kernel sends a shorter one: what does not fit
is None. Structures: inet_diag_msg (linux/inet_diag.h), SK_MEMINFO (linux/sock_diag.h), tcp_info (linux/tcp.h).
"""
import collections
import functools
import operator
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
MESSAGE_CODES = "IH10xBB2x36s4xQ4xII8x"
MESSAGE = struct.Struct("=" + MESSAGE_CODES)


class MalformedDump(ValueError):
    """Bytes that do not have the shape of a dump."""


class Layout(NamedTuple):
    """How one length of a structure is read: the fields that fit. The others are None."""

    codes: str  # of struct, for the whole length
    names: Tuple[str, ...]


def layout(fields: Tuple[Field, ...], length: int) -> Layout:
    codes, position, names = "", 0, []
    for field in fields:
        size = struct.calcsize("=" + field.code)
        if field.offset + size <= length:
            codes += f"{field.offset - position}x{field.code}"
            position = field.offset + size
            names.append(field.name)
    return Layout(f"{codes}{length - position}x", tuple(names))


class Shape(NamedTuple):
    """How messages are read that carry the same attributes in the same order: nearly all of a dump do, so each is read at one go."""

    unpack_from: Any
    attributes_of: Any  # the lengths and types of its attributes, of what was unpacked
    attributes: Tuple[int, ...]  # as they are when the message has this shape
    socket_of: Any  # what is in Socket, of what was unpacked and a None; or None where no socket can be told
    listening_only: bool


class Structure(NamedTuple):
    fields: Tuple[Field, ...]
    least: int  # bytes that every kernel sends


STRUCTURES = {SKMEMINFO: Structure(MEMORY_FIELDS, least=24), INFO: Structure(INFO_FIELDS, least=104)}  # up to wmem_queued, to total_retrans


@functools.lru_cache(maxsize=64)
def shape(attributes: Tuple[int, ...]) -> Shape:
    """Of [length, type, length, type, ...]."""
    kinds = attributes[1::2]
    codes, names, headers, padding = ["=", MESSAGE_CODES], ["length", "type", *HEAD_NAMES], [], 0
    for size, kind in zip(attributes[::2], kinds):
        body = _body(kind, size - 4)
        codes.append(f"{padding}xHH{body.codes}")
        headers += [len(names), len(names) + 1]
        names += ["", "", *body.names]
        padding = -size % 4  # before the next one: the last needs none
    places = {name: place for place, name in enumerate(names)}
    return Shape(
        unpack_from=struct.Struct("".join(codes)).unpack_from,
        attributes_of=operator.itemgetter(*headers) if headers else lambda values: (),
        attributes=attributes,
        socket_of=operator.itemgetter(*[places.get(name, -1) for name in Socket._fields]) if SKMEMINFO in kinds else None,
        listening_only=INFO not in kinds,
    )


def _body(kind: int, length: int) -> Layout:
    if kind not in STRUCTURES:
        return Layout(f"{length}x", ())
    structure = STRUCTURES[kind]
    if length < structure.least:
        raise MalformedDump(f"sock_diag: a structure of {length} bytes, where every kernel sends {structure.least}")
    return layout(structure.fields, length)


def parse_sockets(datagrams: Iterable[bytes]) -> Iterator[Any]:
    """Sockets one by one. What has neither memory nor tcp_info, such as a connection in time-wait, is left out."""
    shapes = {}  # type: Dict[int, Shape]
    for data in datagrams:
        try:
            yield from _of_datagram(data, shapes)
        except struct.error as error:
            raise MalformedDump(f"sock_diag: {error}") from None


def _of_datagram(data: bytes, shapes: Dict[int, Shape]) -> Iterator[Any]:
    """`shapes` is the last one of each length of a message."""
    position, end = 0, len(data)
    while position + MESSAGE.size <= end:
        length, kind = LENGTH_AND_TYPE(data, position)
        if kind == DONE:
            return
        if not MESSAGE.size <= length <= end - position:
            raise MalformedDump(f"sock_diag: a socket in {length} bytes, of {end - position}")
        found = shapes.get(length)
        values = found.unpack_from(data, position) if found else ()
        if found is None or found.attributes_of(values) != found.attributes:
            found = shapes[length] = shape(_attributes(data, position + MESSAGE.size, position + length - 4))
            values = found.unpack_from(data, position)
        if found.socket_of and (not found.listening_only or values[STATE] == LISTEN):
            yield _new_tuple(Socket, found.socket_of(values + (None,)))
        position += (length + 3) & ~3


def _attributes(data: bytes, position: int, last: int) -> Tuple[int, ...]:
    """Their lengths and types, as many as there are."""
    attributes = []  # type: List[int]
    while position <= last:
        size, kind = ATTRIBUTE.unpack_from(data, position)
        if not 4 <= size <= last + 4 - position:
            raise MalformedDump(f"sock_diag: an attribute of {size} bytes, of {last + 4 - position}")
        attributes += (size, kind)
        position += (size + 3) & ~3
    return tuple(attributes)


LENGTH_AND_TYPE = struct.Struct("=IH").unpack_from
STATE = 2 + HEAD_NAMES.index("state")
_new_tuple = tuple.__new__  # as _make, without its check of the length


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
