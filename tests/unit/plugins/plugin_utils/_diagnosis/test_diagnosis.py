"""Windows into findings."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.counter_table import ASKED_FOR
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.diagnosis import diagnose
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import REMAINING, SCENARIOS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.signals import COUNTERS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.block_columns import NAMES
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.demand import FLOWS, OPENED

RMEM = "net.ipv4.tcp_rmem"
FACTS = {"sysctls": {RMEM: {"value": "4096 131072 33554432", "unit": "bytes"}}}
BUSY = {"TcpInSegs": 5000}
COLLAPSING = {"TcpExtTCPRcvCollapsed": 20_000, "TcpExtPruneCalled": 8}
PRUNING = {"TcpExtRcvPruned": 3, "TcpExtTCPRcvQDrop": 3}
ZERO_WINDOWS = {"TcpExtTCPToZeroWindowAdv": 2, "TcpExtTCPWantZeroWindowAdv": 5}


def window(*rates, gauges=None, still=None, absent=(), release="6.1.0-18-amd64"):
    """Ten buckets of one second, in which the counters moved at these rates per second."""
    counters = {name: [rate] * 10 for part in rates for name, rate in part.items() if rate}
    return {
        "identity": {"boot_id": "b", "netns": "cookie:1", "netns_is_initial": True, "kernel_release": release},
        "seconds": [1.0] * 10, "counters": counters, "gauges": gauges or {}, "still": still or {}, "absent": list(absent),
    }


@pytest.mark.parametrize("seen, scenarios", [
    (window(BUSY), ["nothing_wrong"]),
    (window({}), ["no_traffic"]),
    (window({"TcpInSegs": 12}), ["no_traffic"]),
    (window({"TcpInSegs": None}, absent=["TcpInSegs"]), ["no_traffic"]),
    (window(BUSY, COLLAPSING), ["collapsing"]),
    # A rate, not a number: one call frees thousands.
    (window(BUSY, {"TcpExtTCPRcvCollapsed": 900, "TcpExtPruneCalled": 8}), ["nothing_wrong"]),
    (window(BUSY, {"TcpExtTCPRcvCollapsed": 20_000, "TcpExtPruneCalled": 1}), ["nothing_wrong"]),
    (window(BUSY, {"TcpExtPruneCalled": 3000}), ["growth_only"]),
    (window(BUSY, {"TcpExtPruneCalled": 3000}, gauges={"protocols_TCP_pressure": [0] * 9 + [1]}), ["memory_pressure"]),
    (window(BUSY, PRUNING), ["pruning_with_loss"]),
    (window(BUSY, {"TcpExtRcvPruned": 1}, absent=["TcpExtTCPRcvQDrop"]), ["pruning_with_loss"]),
    (window(BUSY, {"TcpExtTCPRcvQDrop": 1}), ["pruning_with_loss"]),
    (window(BUSY, COLLAPSING, PRUNING), ["collapsing", "pruning_with_loss"]),
    (window(BUSY, ZERO_WINDOWS), ["slow_reader"]),
    (window(BUSY, {"TcpExtTCPWantZeroWindowAdv": 5}), ["slow_reader"]),
    (window(BUSY, ZERO_WINDOWS, PRUNING), ["pruning_with_loss", "slow_reader"]),
    (window(BUSY, ZERO_WINDOWS, COLLAPSING), ["collapsing"]),
    (window(BUSY, {"TcpExtTCPMemoryPressures": 1}), ["memory_pressure"]),
    (window(BUSY, {"TcpExtTCPMemoryPressuresChrono": 40}), ["memory_pressure"]),
    (window(BUSY, still={"protocols_TCP_pressure": 1}), ["memory_pressure"]),
    (window(BUSY, still={"protocols_TCP_pressure": 0}), ["nothing_wrong"]),
    # Too many orphans abort connections too, with memory to spare.
    (window(BUSY, {"TcpExtTCPAbortOnMemory": 1}), ["nothing_wrong"]),
    (window(BUSY, COLLAPSING, {"TcpExtTCPMemoryPressures": 1}), ["memory_pressure", "collapsing"]),
    # What the kernel lacks is no reason for anything.
    (window(BUSY, absent=[name for name in COUNTERS if name.startswith("TcpExt")]), ["nothing_wrong"]),
])
def test_scenarios(seen, scenarios):
    assert [finding["scenario"] for finding in diagnose(seen, FACTS)] == scenarios


def test_a_finding_carries_its_evidence():
    finding = diagnose(window(BUSY, COLLAPSING, ZERO_WINDOWS, absent=["TcpExtRcvPruned"]), FACTS)[0]
    assert (finding["key"], finding["direction"]) == (RMEM, "lower")
    evidence = {row.pop("metric"): row for row in finding["evidence"]}
    assert evidence["TcpExtTCPRcvCollapsed"] == {"value": 20_000, "unit": "per second", "source": "/proc/net/netstat"}
    assert evidence["TcpExtRcvPruned"]["value"] is None
    assert evidence["TcpExtTCPToZeroWindowAdv"]["value"] == 2
    assert evidence[RMEM] == {"value": "4096 131072 33554432", "unit": "bytes", "source": "/proc/sys/net/ipv4/tcp_rmem"}


def test_a_rare_event_does_not_read_as_none():
    seen = window(BUSY)
    seen["counters"]["TcpExtTCPMemoryPressures"] = [0] * 9 + [1]
    seen["seconds"] = [30.0] * 10
    evidence = diagnose(seen)[0]["evidence"]
    assert next(row["value"] for row in evidence if row["metric"] == "TcpExtTCPMemoryPressures") == pytest.approx(1 / 300, rel=0.01)


@pytest.mark.parametrize("facts", [None, {}, {"sysctls": {}}])
def test_facts_are_optional(facts):
    assert all(row["metric"] != RMEM for row in diagnose(window(BUSY, COLLAPSING), facts)[0]["evidence"])


@pytest.mark.parametrize("rates, release, told", [
    ((PRUNING,), "6.17.8-arch1", ["Linux 6.17.8-arch1"]),
    ((PRUNING,), "6.18-rc3", ["Linux 6.18-rc3"]),
    ((PRUNING,), "6.19.2", ["Linux 6.19.2"]),
    ((COLLAPSING, PRUNING), "6.18.44", ["Linux 6.18.44", "Conflict"]),
])
def test_an_objection_is_said_and_takes_the_key_away(rates, release, told):
    finding = diagnose(window(BUSY, *rates, release=release), FACTS)[-1]
    assert finding["scenario"] == "pruning_with_loss"
    assert finding["key"] is None and finding["direction"] is None
    assert all(text in finding["remedy"] for text in told)


def test_what_a_more_urgent_finding_contradicts_keeps_its_key_and_names_it():
    urgent, other = diagnose(window(BUSY, COLLAPSING, PRUNING), FACTS)
    assert (urgent["scenario"], urgent["conflicts_with"]) == ("collapsing", None)
    assert (other["key"], other["direction"], other["conflicts_with"]) == (RMEM, "raise", "collapsing")
    assert other["remedy"].startswith("Conflict: this argues to raise net.ipv4.tcp_rmem max, but collapsing, more urgent, to lower it.")


def test_nothing_is_raised_while_memory_is_short():
    short, other = diagnose(window(BUSY, {"TcpExtTCPMemoryPressures": 1}, PRUNING), FACTS)
    assert (short["scenario"], short["direction"]) == ("memory_pressure", "lower")
    assert (other["scenario"], other["key"]) == ("pruning_with_loss", None)
    assert other["remedy"].startswith("TCP is short of memory on this host: nothing is raised before that is over.")


@pytest.mark.parametrize("release", ["6.16.9", "6.20.1", "6.1.180", "5.10.0-6.18", "", None])
def test_other_kernels_have_no_regression(release):
    finding = diagnose(window(BUSY, PRUNING, release=release))[0]
    assert (finding["key"], finding["direction"]) == (RMEM, "raise")


@pytest.mark.parametrize("lacking", ["seconds", "counters", "gauges", "still", "absent", "identity"])
def test_a_window_that_lacks_something_is_refused_by_name(lacking):
    broken = window(BUSY)
    del broken[lacking]
    with pytest.raises(ValueError, match=f"window: lacks {lacking}"):
        diagnose(broken)


def test_an_empty_window_is_refused():
    with pytest.raises(ValueError, match="no bucket"):
        diagnose(dict(window(BUSY), seconds=[]))


def test_a_kernel_that_lacks_a_counter_says_so():
    """Else a counter that is not there would read as one that did not move."""
    asked_for = {name for names in ASKED_FOR.values() for name in names}
    guarded = {name for guard in GUARDS for name in guard.counters + guard.per}
    assert set(COUNTERS) | guarded - NAMES | set(OPENED) | {FLOWS} <= asked_for


def test_every_scenario_explains_itself():
    for scenario in SCENARIOS + REMAINING:
        assert scenario.summary and (scenario.evidence or scenario.sign)
        assert bool(scenario.key) == bool(scenario.direction)
        assert scenario.remedy or scenario.name == "nothing_wrong"
