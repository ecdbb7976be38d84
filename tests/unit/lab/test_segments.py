"""Frames of many TCP segments: how many there are, and what is left when some are lost."""
import struct

import pytest
import segments
from line_queue import Shape

PAYLOAD = bytes(range(256)) * 16  # 4096: segments of 1000, 1000, 1000, 1000 and 96


def frame(version=4, payload=PAYLOAD, size=1000, kind=None, flags=0x99, sequence=0xFFFFFF00):
    """As the kernel hands out: checksum to be completed, options in the TCP header (CWR, ACK, PSH and FIN are set)."""
    tcp = struct.pack("!HHIIBBHHH", 40000, 80, sequence, 7, 8 << 4, flags, 500, 0xDEAD, 0) + bytes(12)
    if version == 4:
        addresses = bytes([10, 77, 0, 1, 10, 77, 0, 2])
        network = struct.pack("!BBHHHBBH8s", 0x45, 0, 20 + len(tcp) + len(payload), 9, 0x4000, 64, 6, 0xBEEF, addresses)
    else:
        network = struct.pack("!IHBB16s16s", 6 << 28, len(tcp) + len(payload), 6, 64, bytes(range(16)), bytes(range(16, 32)))
    kind = {4: 1, 6: 4}[version] if kind is None else kind
    return segments.HEADER.pack(1, kind, 66, size, len(network), 16) + network + tcp + payload


def parsed(data, version=4):
    flags, kind, hint, size, start, offset = segments.HEADER.unpack_from(data)
    packet = data[10:]
    tcp = packet[start:]
    return {
        "flags": flags, "kind": kind, "hint": hint, "size": size, "start": start, "offset": offset,
        "length": struct.unpack_from("!H", packet, 2 if version == 4 else 4)[0], "id": struct.unpack_from("!H", packet, 4)[0],
        "sequence": struct.unpack_from("!I", tcp, 4)[0], "tcp_flags": tcp[13], "pseudo": struct.unpack_from("!H", tcp, 16)[0],
        "payload": tcp[32:], "packet": packet,
    }


@pytest.mark.parametrize("data, shape", [
    (frame(), Shape(5, 1052, 148)),
    (frame(6), Shape(5, 1072, 168)),
    (frame(kind=0x81), Shape(5, 1052, 148)),  # with ECN
    (frame(payload=PAYLOAD[:2000]), Shape(2, 1052, 1052)),
    (frame(payload=PAYLOAD[:1000]), Shape(1, 1052, 1052)),
    (frame(payload=b"", kind=0, size=0), Shape(1, 52, 52)),
    (frame(kind=5), Shape(1, 4148, 4148)),  # UDP in large frames stays whole
])
def test_shape(data, shape):
    assert segments.shape(data) == shape


@pytest.mark.parametrize("version, header", [(4, 52), (6, 32)])
@pytest.mark.parametrize("first, end, payload, tcp_flags", [
    (0, 2, PAYLOAD[:2000], 0x90),  # not the last: no FIN, no PSH
    (1, 3, PAYLOAD[1000:3000], 0x10),
    (3, 5, PAYLOAD[3000:], 0x19),  # not the first: no CWR
    (4, 5, PAYLOAD[4000:], 0x19),
])
def test_cut(version, header, first, end, payload, tcp_flags):
    left = parsed(segments.cut(frame(version), first, end), version)
    assert left["payload"] == payload
    assert left["length"] == header + len(payload)
    assert left["sequence"] == (0xFFFFFF00 + first * 1000) % 2**32
    assert left["tcp_flags"] == tcp_flags
    assert (left["kind"], left["size"]) == ((0, 0) if end - first == 1 else ({4: 1, 6: 4}[version], 1000))
    assert (left["flags"], left["hint"], left["offset"]) == (1, left["start"] + 32, 16)
    if version == 4:
        assert left["id"] == 9 + first
        assert segments.folded_sum(left["packet"][:20]) == 0xFFFF
        addresses = left["packet"][12:20]
    else:
        addresses = left["packet"][8:40]
    assert left["pseudo"] == segments.folded_sum(addresses + struct.pack("!HH", 6, 32 + len(payload)))


def test_ecn_stays_with_the_first_part():
    assert [parsed(segments.cut(frame(kind=0x81), first, end))["kind"] for first, end in ((0, 2), (2, 4))] == [0x81, 0x01]


def test_a_whole_frame_is_untouched():
    data = frame()
    assert segments.cut(data, 0, 5) is data


@pytest.mark.parametrize("data, total", [(b"", 0), (b"\x12\x34", 0x1234), (b"\x12\x34\x56", 0x6834), (b"\xff\xff\x00\x02", 2)])
def test_folded_sum(data, total):
    assert segments.folded_sum(data) == total
