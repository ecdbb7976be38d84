# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's trace buffer as it is read from per_cpu/cpu*/trace_pipe_raw, page by page. Pure.

The layout of events is fixed (include/linux/ring_buffer.h, events/header_event); that of a page's head is read from the kernel
(events/header_page), since it depends on the word size and on the size of a page.
"""
import struct
import sys
from typing import Iterator, NamedTuple, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_format import _FIELD

# Values of an event's type_len that are no length.
PADDING, TIME_EXTEND, TIME_STAMP = 29, 30, 31
TIME_BITS = 27
STAMP_BITS = 59  # an absolute time stamp keeps the higher bits of the one before
# The upper bits of a page's length say that events were lost before it.
LENGTH_MASK = (1 << 30) - 1
COMMON = struct.Struct("=H2xi")  # every event starts with its number, flags, preemption count and process

RawEvent = Tuple[int, int, int, int]  # time in nanoseconds, number of the event, process, offset in the page


class PageLayout(NamedTuple):
    """Offset of the length of a page's events, its size, offset of the events, and size of the whole page."""

    length_offset: int
    length_size: int
    data_offset: int
    page_bytes: int


def parse_header_page(text: str) -> PageLayout:
    rows = {found.group("declaration").split()[-1]: found for found in _FIELD.finditer(text)}
    if "commit" not in rows or "data" not in rows:
        raise MalformedText(f"no header_page: {text[:60]!r}")
    offset, size = int(rows["data"].group("offset")), int(rows["data"].group("size"))
    return PageLayout(int(rows["commit"].group("offset")), int(rows["commit"].group("size")), offset, offset + size)


def events(page: bytes, layout: PageLayout) -> Iterator[RawEvent]:
    """Every event of a page, in order. A page that is damaged ends early."""
    try:
        yield from _events(page, layout)
    except struct.error:
        return


def _events(page: bytes, layout: PageLayout) -> Iterator[RawEvent]:
    now, = struct.unpack_from("=Q", page)
    length, = struct.unpack_from("=Q" if layout.length_size == 8 else "=I", page, layout.length_offset)
    position, end = layout.data_offset, min(layout.data_offset + (length & LENGTH_MASK), len(page))
    word, common, little = struct.Struct("=I").unpack_from, COMMON.unpack_from, sys.byteorder == "little"
    while position + 4 <= end:
        head, = word(page, position)
        kind, delta = (head & 31, head >> 5) if little else (head >> TIME_BITS, head & (1 << TIME_BITS) - 1)
        if 0 < kind < PADDING:
            data, following = position + 4, position + 4 + 4 * kind
        elif kind == TIME_EXTEND:
            now += delta + (word(page, position + 4)[0] << TIME_BITS)
            position += 8
            continue
        elif kind == TIME_STAMP:
            stamp = delta + (word(page, position + 4)[0] << TIME_BITS)
            now = now >> STAMP_BITS << STAMP_BITS | stamp
            position += 8
            continue
        elif kind == PADDING:
            if not delta:
                return  # the rest of the page is empty
            position += 4 + word(page, position + 4)[0]
            continue
        else:  # a long event: its length, itself included, is the first word
            data, following = position + 8, position + 4 + (word(page, position + 4)[0] + 3) // 4 * 4
            if following <= data:
                return  # a length of nothing would never end
        if following > end:
            return
        now += delta
        number, process = common(page, data)
        yield now, number, process, data
        position = following
