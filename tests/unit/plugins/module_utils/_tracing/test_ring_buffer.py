import re
import struct
import sys
from pathlib import Path

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_format import parse_event_format
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.ring_buffer import PageLayout, events, parse_header_page

TRACING = Path(__file__).resolve().parents[4] / "fixtures" / "linux-6.18" / "tracing"
LAYOUT = PageLayout(8, 8, 16, 4096)
EVENT = struct.pack("=HBBi", 77, 0, 0, 4321)  # number 77 of process 4321, without fields of its own

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the pages here are those of a little-endian machine")


def head(kind, delta):
    return struct.pack("=I", kind | delta << 5)


def page(*parts, start=1000, flags=0):
    data = b"".join(parts)
    return struct.pack("=QQ", start, len(data) | flags) + data + bytes(4080 - len(data))


def seen(*parts, **options):
    return [(when, number, process) for when, number, process, _offset in events(page(*parts, **options), LAYOUT)]


def test_the_layout_is_the_kernels_own():
    assert parse_header_page((TRACING / "events" / "header_page").read_text()) == LAYOUT


def test_a_real_page_gives_what_the_kernel_printed_of_it():
    layout = parse_header_page((TRACING / "events" / "header_page").read_text())
    names = {parse_event_format((TRACING / "events" / "irq" / name / "format").read_text()).number: name for name in ("softirq_entry", "softirq_exit")}
    rows = re.findall(r"-(\d+) +\[\d+\] .* (\d+)\.(\d+): (\w+): vec=3", (TRACING / "softirq_page.txt").read_text())
    found = [
        (process, when // 1000, names[number])
        for when, number, process, _offset in events((TRACING / "softirq_page.bin").read_bytes(), layout)
    ]
    assert len(found) == len(rows) == 240
    for (process, microseconds, name), (printed_process, seconds, fraction, printed_name) in zip(found, rows):
        assert (process, name) == (int(printed_process), printed_name)
        assert abs(microseconds - int(seconds) * 1000000 - int(fraction)) <= 1  # printed rounded


def test_times_add_up():
    assert seen(head(2, 5), EVENT, head(2, 7), EVENT) == [(1005, 77, 4321), (1012, 77, 4321)]


def test_a_long_pause_is_an_entry_of_its_own():
    assert seen(head(30, 3) + struct.pack("=I", 2), head(2, 1), EVENT) == [(1000 + 3 + (2 << 27) + 1, 77, 4321)]


def test_an_absolute_time_keeps_the_bits_it_has_no_room_for():
    start = (1 << 59) + 5
    assert seen(head(31, 9) + struct.pack("=I", 4), head(2, 1), EVENT, start=start) == [((1 << 59) + (4 << 27) + 10, 77, 4321)]


def test_a_discarded_event_is_passed_over():
    assert seen(head(29, 1) + struct.pack("=I", 12) + bytes(8), head(2, 4), EVENT) == [(1004, 77, 4321)]


def test_an_event_longer_than_its_head_can_say():
    long = EVENT + bytes(120)
    offsets = [offset for *_rest, offset in events(page(head(0, 1) + struct.pack("=I", len(long) + 4) + long, head(2, 1), EVENT), LAYOUT)]
    assert offsets == [16 + 8, 16 + 8 + len(long) + 4]


def test_the_rest_of_a_page_is_no_event():
    assert seen(head(2, 5), EVENT, head(29, 0), bytes(64)) == [(1005, 77, 4321)]


def test_lost_events_are_flagged_in_the_length():
    assert seen(head(2, 5), EVENT, flags=1 << 31 | 1 << 30) == [(1005, 77, 4321)]


@pytest.mark.parametrize("tail", [head(0, 1) + bytes(4), head(28, 1) + bytes(8), head(0, 1)])
def test_a_damaged_page_ends_early(tail):
    assert seen(head(2, 5), EVENT, tail) == [(1005, 77, 4321)]


def test_other_text_is_no_layout():
    with pytest.raises(MalformedText):
        parse_header_page("field: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n")
