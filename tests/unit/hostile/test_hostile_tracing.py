"""What tracefs might hold: formats, histograms and raw pages that are cut, garbled or enormous."""
import struct
import sys

import mangling
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_format import parse_event_format
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.hist_text import parse_hist
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.ring_buffer import COMMON, PageLayout, events, parse_header_page
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_pairs import SpanPairs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance import functions_in
from hypothesis import given
from hypothesis import strategies as st

FORMAT = mangling.fixture("tracing/events/skb/kfree_skb/format")
HEADER_PAGE = mangling.fixture("tracing/events/header_page")
LAYOUT = PageLayout(8, 8, 16, 4096)
HIST = """# event histogram
#
# trigger info: hist:keys=us.log2:vals=hitcount,us:sort=hitcount:size=2048 [active]
#

{ us: ~ 2^17 } hitcount:          1  us:     108869
{ us: ~ 2^2  } hitcount:         12  us:         47
\tmax:      37378  common_pid:        349

Totals:
    Hits: 13
    Entries: 2
    Dropped: 2
"""
PARSERS = {parse_event_format: FORMAT, parse_header_page: HEADER_PAGE, parse_hist: HIST}
each_parser = pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)


def parsed_or_refused(parse, text):
    try:
        return parse(text)
    except MalformedText as error:
        assert len(str(error)) < 500
        return None


@each_parser
@given(data=st.data())
def test_any_text_is_parsed_or_refused(parse, data):
    parsed_or_refused(parse, data.draw(mangling.texts | mangling.decoded | mangling.mangled(PARSERS[parse])))


@each_parser
def test_a_text_cut_anywhere_has_fewer_parts_but_no_other_ones(parse):
    whole = parse(PARSERS[parse])
    for end in range(len(PARSERS[parse])):
        found = parsed_or_refused(parse, PARSERS[parse][:end])
        if parse is parse_event_format and found:
            assert found.number == whole.number
            assert found.fields.items() <= whole.fields.items() and found.symbols.items() <= whole.symbols.items()
        else:
            assert found in (None, whole), end


@each_parser
def test_enormous_text_takes_no_time(parse):
    for text in mangling.enormous("field:", "{ 1,", "{ us: ", " ", "\t\n", "    Hits: 9\n"):
        with mangling.soon():
            parsed_or_refused(parse, text)


@pytest.mark.parametrize("text", [HIST.replace("13", "9" * 21), HIST.replace("37378", "9" * 21), HIST.replace(" 12 ", " " + "9" * 21 + " ")])
def test_a_number_of_no_kernel_is_not_cut_to_one(text):
    found = parsed_or_refused(parse_hist, text)
    assert found is None or int("9" * 20) not in [*found.maxima, *found.hits.values(), found.total_hits]


@st.composite
def pages(draw):
    """Words as an event's head may hold them, of any kind and length, cut anywhere."""
    heads = st.builds(lambda kind, delta: struct.pack("=I", kind | delta << 5), st.integers(0, 31), st.integers(0, 2 ** 27 - 1) | st.just(0))
    words = st.integers(0, 64).map(lambda number: struct.pack("=I", number)) | st.binary(min_size=4, max_size=4)
    body = b"".join(draw(st.lists(heads | words, max_size=40)))
    length = draw(st.just(len(body)) | st.integers(0, 2 ** 64 - 1))
    page = struct.pack("=QQ", draw(st.integers(0, 2 ** 64 - 1)), length) + body
    return page[:draw(st.integers(0, len(page)))] if draw(st.booleans()) else page + bytes(draw(st.integers(0, 64)))


@pytest.mark.skipif(sys.byteorder != "little", reason="the heads here are those of a little-endian machine")
@given(pages() | st.binary(max_size=100))
def test_a_page_ends_and_its_events_lie_within_it(page):
    positions = [offset for *_rest, offset in events(page, LAYOUT)]
    assert positions == sorted(set(positions))
    assert all(LAYOUT.data_offset < offset <= len(page) - COMMON.size for offset in positions)


def test_a_page_of_nothing_but_heads_takes_no_time():
    """Whatever comes next lies behind it."""
    for word in (0, 29, 29 | 1 << 5, 30, 31, 1):
        with mangling.soon():
            page = struct.pack("=QQ", 0, 4 * mangling.MANY) + struct.pack("=I", word) * mangling.MANY
            list(events(page, LAYOUT))


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans(), st.integers(0, 2), st.integers(0, 3)), max_size=60))
def test_no_order_of_entries_and_exits_makes_a_negative_duration(sightings):
    pairs = SpanPairs()
    durations = pairs.durations(sightings)
    assert all(0 <= duration <= 50 for duration in durations)
    assert 2 * len(durations) + pairs.unpaired <= len(sightings)


@given(mangling.texts)
def test_any_filter_of_functions_is_a_list_of_names(text):
    assert all(name and name.split() == [name] for name in functions_in(text))
