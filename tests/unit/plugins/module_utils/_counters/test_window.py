"""When buckets end, and which windows are refused."""
import itertools

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.window import bucket_ends, check_lengths, record_window
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.boottime import read_boottime
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles


@pytest.mark.parametrize("duration, interval, ends", [
    (3, 1, [1, 2, 3]),
    (2.5, 1, [1, 2, 2.5]),
    (0.3, 0.1, [0.1, 0.2, 0.3]),
    (1, 1, [1]),
    (1.01, 1, [1]),  # a rest too short for a bucket of its own
])
def test_buckets_make_up_the_duration(duration, interval, ends):
    assert bucket_ends(duration, interval) == pytest.approx(ends)


@pytest.mark.parametrize("duration, interval, named", [
    (0, 1, "duration"), (-1, 1, "duration"), (100000, 1, "duration"), (float("nan"), 1, "duration"), (float("inf"), 1, "duration"),
    (1, 2, "interval"), (1, 0.01, "interval"), (1, float("nan"), "interval"), (80000, 1, "more than 3600"),
])
def test_impossible_windows_are_refused_by_name(duration, interval, named):
    with pytest.raises(ValueError, match=named):
        check_lengths(duration, interval)


def test_a_window_of_this_host():
    before = read_boottime()
    window = record_window(HostFiles(), ("tcp", "sockstat"), 0.2, 0.1)
    after = read_boottime()
    assert len(window["seconds"]) == 2 and 0.199 < sum(window["seconds"]) < after - before
    assert before <= window["started"] < window["ended"] <= after
    assert all(len(column) == 2 for column in window["counters"].values())


def test_a_process_that_ends_in_the_window_makes_no_other_namespace_of_it(monkeypatch):
    """Without a cookie a namespace is known by its oldest process. Here the oldest ends all the time."""
    starts = itertools.count(700)
    monkeypatch.setattr(host_identity, "_netns", lambda *_: f"inode:1+start:{next(starts)}")
    window = record_window(HostFiles(), ("udp",), 0.2, 0.1)
    assert len(window["seconds"]) == 2 and window["identity"]["netns"] == "inode:1+start:700"
