"""Counters that fall, wrap, come and go, over boots and namespaces: a number that is right, null, or a window that is refused."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.columns import WindowRefused, columns
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import Snapshot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flows import CUMULATIVE, subtract
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict
from hypothesis import given
from hypothesis import strategies as st

HERE = {"boot_id": "b", "netns": "cookie:5", "kernel_release": "6.1"}
WRAP = 2 ** 32
NAMES = ("TcpInSegs", "TcpExtPruneCalled", "nic_e_rx_dropped", "softnet_dropped")
counters = st.fixed_dictionaries({name: st.none() | st.integers(0, 12) | st.integers(WRAP - 6, WRAP + 6) for name in NAMES})
snapshots = st.builds(
    Snapshot, st.just(HERE), st.sampled_from((1.0, 2.0, 3.0)), counters,
    st.fixed_dictionaries({"softnet_cpus": st.sampled_from((1, 2)), "g": st.integers()}),
)


def cells(column, steps):
    return column if column is not None else [0] * steps


@given(st.lists(snapshots, min_size=2, max_size=6))
def test_every_delta_is_the_right_one_or_null(taken):
    steps = list(zip(taken, taken[1:]))
    try:
        table = columns(steps)
    except WindowRefused:
        fallen = [[name for name in NAMES[:2] if fell(before, after, name)] for before, after in steps]
        assert any(len(names) > 1 for names in fallen) or any(after.boottime_seconds < before.boottime_seconds for before, after in steps)
        return
    assert all(seconds >= 0 for seconds in table["seconds"])
    for name in set(NAMES) - set(table["absent"]):
        for (before, after), delta in zip(steps, cells(table["counters"].get(name), len(steps))):
            old, new = before.counters[name], after.counters[name]
            if old is None or new is None or name == NAMES[3] and before.gauges["softnet_cpus"] != after.gauges["softnet_cpus"]:
                assert delta is None
            elif name == NAMES[3]:
                assert delta == (new - old) % WRAP
            else:
                assert delta == (None if new < old else new - old)


def fell(before, after, name):
    old, new = before.counters[name], after.counters[name]
    return old is not None and new is not None and new < old


@pytest.mark.parametrize("field, there", [("boot_id", "c"), ("netns", "cookie:6"), ("netns", None), ("kernel_release", "6.2")])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_another_boot_or_namespace_is_refused_wherever_it_comes(field, there, step):
    """Between two buckets, and between the blocks of a trial, where nothing is subtracted over the gap."""
    taken = [Snapshot(dict(HERE, **({field: there} if number > step else {})), float(number), {"a": number}, {}) for number in range(4)]
    for steps in (list(zip(taken, taken[1:])), [(taken[0], taken[1]), (taken[2], taken[3])]):
        with pytest.raises(WindowRefused, match="changed while the counters were watched"):
            columns(steps)


def test_a_clock_that_runs_backwards_is_refused():
    with pytest.raises(WindowRefused, match="went backwards"):
        columns([(Snapshot(HERE, 5.0, {"a": 1}, {}), Snapshot(HERE, 4.0, {"a": 2}, {}))])


NARROW = ("total_retrans", "data_segs_in", "data_segs_out", "drops")


@given(st.lists(st.tuples(st.integers(0, WRAP - 1), st.integers(0, WRAP - 1)), min_size=len(CUMULATIVE), max_size=len(CUMULATIVE)))
def test_of_a_connection_only_what_has_32_bits_wraps(pairs):
    changes = subtract([new for new, _old in pairs], [old for _new, old in pairs])
    for name, change, (new, old) in zip(CUMULATIVE, changes, pairs):
        assert change == ((new - old) % WRAP if name in NARROW else None if new < old else new - old), name


METRIC = "TcpExtTCPRcvCollapsed"
events = st.none() | st.integers(0, 10 ** 6) | st.just(2 ** 64)


@given(st.lists(st.tuples(events, events, st.booleans()), min_size=1, max_size=16), events)
def test_a_verdict_over_blocks_that_are_not_known(pairs, others):
    """A pair with an unknown block does not count, and with too few pairs nothing is proven."""
    arms = [arm for *_counts, swapped in pairs for arm in ("BA" if swapped else "AB")]
    counts = [count for one, two, _swapped in pairs for count in (one, two)]
    trial = {
        "status": "complete", "reason": None, "seed": 1, "pairs": len(pairs), "seconds": [15.0] * len(arms), "gauges": {}, "absent": [],
        "candidate": {"net.ipv4.tcp_rmem": "4096 131072 2097152"}, "baseline": {"net.ipv4.tcp_rmem": "4096 131072 33554432"},
        "blocks": {"pair": [index // 2 for index in range(len(arms))], "arm": arms, "started": [18.0 * index for index in range(len(arms))]},
        "counters": {METRIC: counts, "TcpInSegs": [others] * len(arms), "IpExtInOctets": [others] * len(arms)}, "restored": {},
    }
    plan = {"scenario": "collapsing", "changes": [], "metric": {"name": METRIC, "direction": "lower"}, "guards": [], "reason": ""}
    found = verdict(trial, plan)
    known = sum(None not in (one, two) for one, two, _swapped in pairs)
    assert found["verdict"] in ("improved", "unchanged", "regressed", "inconclusive")
    assert (found["pairs"] or 0) <= known
    if known < 7:
        assert found["verdict"] in ("inconclusive", "unchanged")
