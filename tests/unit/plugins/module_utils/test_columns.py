"""What is kept of consecutive snapshots, and when nothing may be subtracted."""
import pytest

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._columns import WindowRefused, columns
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._snapshot import Snapshot

HERE = {"boot_id": "b", "netns": "cookie:5", "kernel_release": "6.1"}


def snapshot(seconds, gauges=None, identity=None, **counters):
    return Snapshot(dict(HERE, **identity or {}), seconds, counters, gauges or {})


def consecutive(*snapshots):
    return columns(list(zip(snapshots, snapshots[1:])))


def test_deltas_of_what_moved_and_nothing_else():
    window = consecutive(
        snapshot(1.0, {"g": 4, "h": 1}, a=10, b=5, c=None), snapshot(2.0, {"g": 3, "h": 1}, a=10, b=5, c=None), snapshot(3.5, {"g": 4, "h": 1}, a=17, b=5, c=None),
    )
    assert window == {
        "seconds": [1.0, 1.5], "counters": {"a": [0, 7]}, "gauges": {"g": [3, 4]}, "first": {"a": 10, "g": 4}, "last": {"a": 17, "g": 4},
        "still": {"h": 1}, "absent": ["c"],
    }


def test_blocks_need_not_be_consecutive():
    table = columns([(snapshot(1.0, a=1), snapshot(2.0, a=3)), (snapshot(5.0, a=100), snapshot(6.0, a=101))])
    assert table["counters"] == {"a": [2, 1]} and table["seconds"] == [1.0, 1.0]


def test_a_counter_that_fell_is_null_there():
    assert consecutive(snapshot(1, a=10), snapshot(2, a=3), snapshot(3, a=5))["counters"] == {"a": [None, 2]}


def test_several_that_fell_refuse_the_window():
    with pytest.raises(WindowRefused, match="a, b, c"):
        consecutive(snapshot(1, a=10, b=10, c=10), snapshot(2, a=3, b=3, c=3))


def test_32_bit_counters_wrap():
    assert consecutive(snapshot(1, softnet_dropped=2 ** 32 - 2), snapshot(2, softnet_dropped=5))["counters"] == {"softnet_dropped": [7]}


def test_a_cpu_that_went_offline_is_no_wrap():
    assert consecutive(snapshot(1, softnet_processed=3_000_000), snapshot(2, softnet_processed=2_000_000))["counters"] == {"softnet_processed": [None]}


@pytest.mark.parametrize("there", [{"boot_id": "c"}, {"netns": "cookie:6"}, {"kernel_release": "6.2"}])
def test_another_boot_namespace_or_kernel_is_refused(there):
    with pytest.raises(WindowRefused, match="changed while the counters were watched"):
        consecutive(snapshot(1, a=1), snapshot(2, identity=there, a=2))


def test_a_counter_that_appears_is_null_until_it_was_there_twice():
    assert consecutive(snapshot(1, a=None), snapshot(2, a=3), snapshot(3, a=4))["counters"] == {"a": [None, 1]}
