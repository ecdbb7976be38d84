import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.hist_text import log2_histogram, parse_hist
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.log2_histogram import EMPTY, Histogram

# As Linux 6.1 printed them.
DURATIONS = """# event histogram
#
# trigger info: hist:keys=us.log2:vals=hitcount,us:sort=hitcount:size=2048 [active]
#

{ us: ~ 2^17 } hitcount:          1  us:     108869
{ us: ~ 2^16 } hitcount:          4  us:     152693
{ us: ~ 2^2  } hitcount:         12  us:         47

Totals:
    Hits: 17
    Entries: 3
    Dropped: 2
"""
WORST = """# event histogram
#
# trigger info: hist:keys=common_cpu:vals=hitcount:us=common_timestamp.usecs-$t0:onmatch(lx.cin).lx_lat($us):onmax($us).save(common_pid) [active]
#

{ common_cpu:          0 } hitcount:          1
\tmax:      37378  common_pid:        349
{ common_cpu:          1 } hitcount:          4
\tmax:     108869  common_pid:        349

Totals:
    Hits: 5
    Entries: 2
    Dropped: 0
"""
NOTHING = "# event histogram\n#\n# trigger info: hist:keys=us.log2 [active]\n#\n\n\nTotals:\n    Hits: 0\n    Entries: 0\n    Dropped: 0\n"


def test_the_kernels_histogram_with_exact_total_and_maximum():
    assert log2_histogram(parse_hist(DURATIONS), parse_hist(WORST)) == Histogram(
        {131072: 1, 65536: 4, 4: 12}, {131072: 108869, 65536: 152693, 4: 47}, 108869,
    )


def test_hits_and_drops():
    assert (parse_hist(DURATIONS).total_hits, parse_hist(DURATIONS).dropped) == (17, 2)
    assert parse_hist(WORST).maxima == [37378, 108869]


def test_nothing_counted_yet():
    assert log2_histogram(parse_hist(NOTHING), parse_hist(NOTHING)) == EMPTY


def test_other_text_is_refused():
    with pytest.raises(MalformedText, match="no histogram"):
        parse_hist("")


def test_a_duration_of_nothing_has_no_logarithm():
    """2^64 - 1 is what ilog2(0) gives where a shift by the word size is 0."""
    text = DURATIONS.replace("{ us: ~ 2^2  } hitcount:         12  us:         47", "{ us: ~ 2^18446744073709551615 } hitcount: 3  us: 0")
    assert parse_hist(text).hits == {131072: 1, 65536: 4, 1: 3}
