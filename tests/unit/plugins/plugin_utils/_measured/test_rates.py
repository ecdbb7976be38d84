"""Columns, sums and rates: unknown is never 0."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys, column, highest, mean_rate, summed

RECORD = {
    "seconds": [1.0, 1.0, 2.0],
    "counters": {"moved": [4, 0, 4], "fell": [6, None, 0]},
    "gauges": {"pressure": [0, 1, None]},
    "still": {"memory": 7},
    "absent": ["unknown"],
}


@pytest.mark.parametrize("name, values, rate", [
    ("moved", [4, 0, 4], 2.0),
    ("still there", [0, 0, 0], 0.0),
    ("unknown", None, None),
    ("fell", [6, None, 0], 2.0),
])
def test_a_counter_by_bucket_and_per_second(name, values, rate):
    assert column(RECORD, name) == values
    assert mean_rate(RECORD, name) == rate


@pytest.mark.parametrize("names, values", [
    (("moved", "still there"), [4, 0, 4]),
    (("moved", "unknown"), [4, 0, 4]),
    (("moved", "fell"), [10, None, 4]),
    (("unknown",), None),
])
def test_sums(names, values):
    assert summed(RECORD, names) == values


@pytest.mark.parametrize("name, value", [("pressure", 1), ("memory", 7), ("none such", None)])
def test_the_highest_value_of_a_gauge(name, value):
    assert highest(RECORD, name) == value


def test_no_rate_without_a_known_bucket():
    assert mean_rate(dict(RECORD, counters={"fell": [None, None, None]}), "fell") is None


def test_a_missing_key_is_named():
    check_keys("window", RECORD, ("seconds",), "a window")
    with pytest.raises(ValueError, match="window: lacks started, ended; give it a window"):
        check_keys("window", RECORD, ("seconds", "started", "ended"), "a window")
