"""Frames as a TUN device with IFF_VNET_HDR passes them: up to 64 KiB of TCP in one, for the other side to cut into segments.

A frame of which only some segments arrive is cut here, as the card would have cut it: sequence number, lengths, flags
and checksums are those of the segments that are left.
"""
import struct

from line_queue import Shape

# struct virtio_net_hdr: flags, kind of GSO, header length (a hint), segment size, where the checksum starts and goes
HEADER = struct.Struct("=BBHHHH")
NEEDS_CHECKSUM = 1
TCP_KINDS = (1, 4)  # VIRTIO_NET_HDR_GSO_TCPV4, _TCPV6
ECN = 0x80
FIN, PSH, CWR = 0x01, 0x08, 0x80


def shape(frame):
    """How many segments a frame is, and their sizes on the line; anything but TCP in large frames is one."""
    _flags, kind, _hint, size, start, _offset = HEADER.unpack_from(frame)
    length = len(frame) - HEADER.size
    if not size or kind & ~ECN not in TCP_KINDS:
        return Shape(1, length, length)
    headers = _headers(frame, start)
    count = max(1, -(-(length - headers) // size))
    last = length - (count - 1) * size
    return Shape(count, headers + size if count > 1 else last, last)


def cut(frame, first, end):
    """The frame that holds segments `first` to before `end` of this one."""
    _flags, kind, _hint, size, start, offset = HEADER.unpack_from(frame)
    count = shape(frame).segments
    if (first, end) == (0, count):
        return frame
    headers = _headers(frame, start)
    body = HEADER.size + headers
    payload = frame[body + first * size:min(len(frame), body + end * size)]
    packet = bytearray(frame[HEADER.size:body])
    _cut_tcp(packet, start, first * size, is_first=first == 0, is_last=end == count)
    _cut_ip(packet, start, first, len(payload))
    if end - first == 1:
        kind, size = 0, 0
    elif first:
        kind &= ~ECN
    struct.pack_into("!H", packet, start + offset, _pseudo_sum(packet, start, len(payload)))
    return HEADER.pack(NEEDS_CHECKSUM, kind, headers, size, start, offset) + packet + payload


def _headers(frame, start):
    return start + (frame[HEADER.size + start + 12] >> 4) * 4


def _cut_tcp(packet, start, skipped, is_first, is_last):
    sequence = struct.unpack_from("!I", packet, start + 4)[0]
    struct.pack_into("!I", packet, start + 4, (sequence + skipped) & 0xFFFFFFFF)
    packet[start + 13] &= (0xFF if is_first else ~CWR) & (0xFF if is_last else ~(FIN | PSH)) & 0xFF


def _cut_ip(packet, start, first, payload_bytes):
    if packet[0] >> 4 == 6:
        struct.pack_into("!H", packet, 4, len(packet) - 40 + payload_bytes)
        return
    struct.pack_into("!H", packet, 2, len(packet) + payload_bytes)
    struct.pack_into("!H", packet, 4, (struct.unpack_from("!H", packet, 4)[0] + first) & 0xFFFF)
    struct.pack_into("!H", packet, 10, 0)
    struct.pack_into("!H", packet, 10, ~folded_sum(packet[:start]) & 0xFFFF)


def _pseudo_sum(packet, start, payload_bytes):
    """What the kernel leaves in the field of a checksum that is still to be completed."""
    addresses = packet[8:40] if packet[0] >> 4 == 6 else packet[12:20]
    return folded_sum(bytes(addresses) + struct.pack("!HH", 6, len(packet) - start + payload_bytes))


def folded_sum(data):
    """The Internet checksum's sum of 16-bit words, not yet inverted."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[:len(data) & ~1])) + (data[-1] << 8 if len(data) & 1 else 0)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
