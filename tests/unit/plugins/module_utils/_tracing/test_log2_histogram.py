import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.log2_histogram import (
    EMPTY,
    Histogram,
    merged,
    of_nanoseconds,
    shown,
)


@pytest.mark.parametrize("nanoseconds, edge", [
    (0, 1), (1000, 1), (1001, 2), (2000, 2), (2001, 4), (4000, 4), (4001, 8), (1048576000, 1048576), (1048576001, 2097152),
])
def test_a_bucket_holds_what_is_at_most_its_edge(nanoseconds, edge):
    assert of_nanoseconds([nanoseconds]).counts == {edge: 1}


def test_totals_and_maximum_are_exact():
    found = of_nanoseconds([1500, 3000, 4000])
    assert found == Histogram({2: 1, 4: 2}, {2: 1.5, 4: 7.0}, 4.0)
    assert (found.count_above(0), found.total_us_above(0)) == (3, 8.5)
    assert (found.count_above(2), found.total_us_above(2)) == (2, 7.0)


def test_merging_adds_counts_and_keeps_the_longest():
    one, other = Histogram({1: 2, 4: 1}, {1: 1.0, 4: 3.0}, 4), Histogram({4: 3, 8: 1}, {4: 12.0, 8: 8.0}, 7)
    assert merged(one, other) == Histogram({1: 2, 4: 4, 8: 1}, {1: 1.0, 4: 15.0, 8: 8.0}, 7)
    assert merged(one, EMPTY) == one


def test_the_columns_shown_have_no_gap():
    assert shown(Histogram({2: 5, 16: 1}, {2: 6.0004, 16: 14}, 9)) == {
        "count": 6, "total_us": 20.0, "max_us": 9, "upper_us": [2, 4, 8, 16], "counts": [5, 0, 0, 1],
    }


def test_nothing_seen_has_no_buckets():
    assert shown(EMPTY) == {"count": 0, "total_us": 0, "max_us": 0, "upper_us": [], "counts": []}
