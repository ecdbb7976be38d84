"""What is kept of consecutive snapshots, and when nothing may be subtracted."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.columns import WindowRefused, columns
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import Snapshot

HERE = {"boot_id": "b", "netns": "cookie:5", "kernel_release": "6.1"}


def snapshot(seconds, gauges=None, identity=None, **counters):
    return Snapshot(dict(HERE, **identity or {}), seconds, counters, gauges or {})


def consecutive(*snapshots):
    return columns(list(zip(snapshots, snapshots[1:])))


def test_deltas_of_what_moved_and_nothing_else():
    window = consecutive(
        snapshot(1.0, {"g": 4, "h": 1, "i": None}, a=10, b=5, c=None),
        snapshot(2.0, {"g": 3, "h": 1, "i": None}, a=10, b=5, c=None),
        snapshot(3.5, {"g": 4, "h": 1, "i": None}, a=17, b=5, c=None),
    )
    assert window == {
        "seconds": [1.0, 1.5], "counters": {"a": [0, 7]}, "gauges": {"g": [3, 4]}, "first": {"a": 10, "g": 4}, "last": {"a": 17, "g": 4},
        "still": {"h": 1}, "absent": ["c", "i"],
    }


def test_blocks_need_not_be_consecutive():
    table = columns([(snapshot(1.0, a=1), snapshot(2.0, a=3)), (snapshot(5.0, a=100), snapshot(6.0, a=101))])
    assert table["counters"] == {"a": [2, 1]} and table["seconds"] == [1.0, 1.0]


def test_a_counter_that_fell_is_null_there():
    assert consecutive(snapshot(1, a=10), snapshot(2, a=3), snapshot(3, a=5))["counters"] == {"a": [None, 2]}


def test_several_that_fell_at_once_refuse_the_window():
    with pytest.raises(WindowRefused, match="2 counters went backwards at once, as if reset: a, b"):
        consecutive(snapshot(1, a=10, b=10, c=10), snapshot(2, a=3, b=3, c=11))


def test_quirks_at_different_times_are_no_reset():
    assert consecutive(snapshot(1, a=5, b=5), snapshot(2, a=4, b=5), snapshot(3, a=5, b=4))["counters"] == {"a": [None, 1], "b": [0, None]}


def test_a_gauge_may_fall_as_it_likes():
    gauges = consecutive(snapshot(1, {"g": 9, "h": 9, "i": 9}), snapshot(2, {"g": 0, "h": 0, "i": 0}))["gauges"]
    assert gauges == {"g": [0], "h": [0], "i": [0]}


@pytest.mark.parametrize("before, after, delta", [
    (2 ** 32 - 2, 5, 7),
    (2 * (2 ** 32 - 1), 10, 12),  # the sum of two CPUs that both wrapped
    (5, 5, 0),
    (5, 5 + 3 * 10 ** 9, 3 * 10 ** 9),
])
def test_32_bit_counters_wrap(before, after, delta):
    window = consecutive(snapshot(1, a=0, softnet_dropped=before), snapshot(2, a=0, softnet_dropped=after))
    assert window["counters"].get("softnet_dropped", [0]) == [delta]


@pytest.mark.parametrize("cpus", [1, 3])
def test_a_cpu_that_comes_or_goes_makes_no_events(cpus):
    counters = consecutive(
        snapshot(1, {"softnet_cpus": 2}, a=1, softnet_processed=3 * 10 ** 9, softnet_dropped=9, softnet_time_squeeze=9),
        snapshot(2, {"softnet_cpus": cpus}, a=2, softnet_processed=10 ** 9, softnet_dropped=4, softnet_time_squeeze=4),
    )["counters"]
    assert counters == {"a": [1], "softnet_processed": [None], "softnet_dropped": [None], "softnet_time_squeeze": [None]}


def test_a_driver_that_starts_again_spoils_its_own_counters_only():
    counters = consecutive(snapshot(1, a=1, nic_e_x=5, nic_e_y=5, nic_e_z=5), snapshot(2, a=3, nic_e_x=0, nic_e_y=0, nic_e_z=0))["counters"]
    assert counters == {"a": [2], "nic_e_x": [None], "nic_e_y": [None], "nic_e_z": [None]}


def test_an_interface_that_goes_keeps_what_was_seen_of_it():
    window = consecutive(snapshot(1, nic_e_x=5, nic_f_x=5), snapshot(2, nic_e_x=9), snapshot(3), snapshot(4))
    assert window["counters"] == {"nic_e_x": [4, None, None], "nic_f_x": [None, None, None]} and window["absent"] == []


def test_an_interface_that_comes_is_null_before():
    window = consecutive(snapshot(1, a=1), snapshot(2, a=1), snapshot(3, a=1, nic_e_x=7), snapshot(4, a=1, nic_e_x=9))
    assert window["counters"] == {"nic_e_x": [None, None, 2]} and window["first"] == {"nic_e_x": None}


@pytest.mark.parametrize("there", [{"boot_id": "c"}, {"netns": "cookie:6"}, {"kernel_release": "6.2"}])
def test_another_boot_namespace_or_kernel_is_refused(there):
    with pytest.raises(WindowRefused, match="changed while the counters were watched"):
        consecutive(snapshot(1, a=1), snapshot(2, identity=there, a=2))


def test_a_counter_that_appears_is_null_until_it_was_there_twice():
    assert consecutive(snapshot(1, a=None), snapshot(2, a=3), snapshot(3, a=4))["counters"] == {"a": [None, 1]}
