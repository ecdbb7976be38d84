"""Each scenario from a window that produces it, and not from the nearest one that must not."""
import json
import re
from pathlib import Path

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.nic import LOSS
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_signs import Signs
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.diagnosis import diagnose
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import Rank
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import REMAINING, SCENARIOS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import SIGNS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.block_columns import NAMES
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import ANSWERS, METRICS

TESTS = Path(__file__).resolve().parents[4]
WINDOWS = TESTS / "fixtures" / "windows"
DOCUMENT = (TESTS.parent / "docs" / "scenarios.md").read_text(encoding="utf-8")
BUSY = {"TcpInSegs": 5000, "TcpOutSegs": 5000}
CLOSING = {"TcpExtTCPToZeroWindowAdv": 1}
COLLAPSING = {"TcpExtTCPRcvCollapsed": 20_000, "TcpExtPruneCalled": 8}

# Recorded: tests/fixtures/README.md says how each was made.
RECORDED = {
    "sender_buffer": ["sender_buffer_too_small"],
    "receive_window": ["receiver_window_too_small"],
    "peer_window": ["peer_window_too_small"],
    "peer_window_far": ["peer_window_too_small"],  # a full send buffer does not make it a matter of both ends
    "both_ends": ["both_ends_too_small"],
    "both_ends_receiver": ["receiver_window_too_small"],
    "queue_bloat": ["queue_bloat", "stale_send_queue"],
    "stale_send_queue": ["queue_bloat", "stale_send_queue"],
    "pausing_reader": ["pausing_reader", "growth_only"],
    "pausing_reader_long": ["pausing_reader"],
    "slow_reader": ["slow_reader"],
    "path_loss": ["path_loss", "queue_bloat", "stale_send_queue"],
    "locked_receive_buffer": ["locked_buffers"],
    "send_buffer_cut_off": ["send_buffer_cut_off"],
    "receive_buffer_cut_off": ["receive_buffer_cut_off", "locked_buffers"],
    "udp_overflow": ["udp_receive_errors"],
    "listener_overflow": ["listener_overflow"],
    "collapsing": ["collapsing", "backlog_drops", "path_loss", "stale_send_queue"],
    "backlog_drops": ["backlog_drops", "path_loss", "slow_reader"],
    "udp_memory": ["udp_memory"],
    "memory_pressure": ["memory_pressure", "slow_reader"],
    "pruning_with_loss": ["pruning_with_loss", "path_loss", "slow_reader", "locked_buffers"],
    "softnet_drops": ["softnet_drops", "path_loss", "slow_reader"],
    "softnet_squeezes": ["slow_reader", "softnet_squeezes"],
    "kernel_regression": ["kernel_regression", "pruning_with_loss", "path_loss", "slow_reader", "locked_buffers"],
    # Traps.
    "exchanges": ["nothing_wrong"],
    "exchanges_busy": ["slow_reader"],  # it comes late, as the CPU is busy: no matter of the default
    "good_reader": ["nothing_wrong"],  # its peer has too small a buffer
    "fitting_buffers": ["stale_send_queue"],  # no bound, no bloat; a file waits to be sent, as files do
    "dead_peer": ["nothing_wrong"],  # 8 % of the segments are sent again, all of them SYNs
    "pausing_reader_tiny": ["nothing_wrong"],
    "locked_on_loopback": ["locked_buffers"],  # full and small, but not for the default
}


def window(*rates, release="6.1.0-18-amd64", buckets=10, sockets=None, **more):
    """Made by hand: buckets of one second, in which the counters moved at these rates."""
    counters = {name: [rate] * buckets for part in rates for name, rate in part.items()}
    return {
        "identity": {"boot_id": "b", "netns": "cookie:1", "netns_is_initial": True, "kernel_release": release},
        "seconds": [1.0] * buckets, "counters": counters, "gauges": {}, "still": {"softnet_cpus": 2}, "absent": [], "sockets": sockets,
        **more,
    }


def group(flows, kind="bulk", direction="outbound", **counts):
    counted = dict(dict.fromkeys(SIGNS, 0), **counts)
    return {"class": kind, "direction": direction, "flows": flows, "counts": counted, "sums": {}, "quantiles": {}}


def sockets(*groups):
    return {"available": True, "reason": None, "groups": list(groups), "listeners": {"accept_queue_full": 0, "rcvbuf_not_default": 0}}


def names(seen, earlier=()):
    return [finding["scenario"] for finding in diagnose(seen, None, earlier)]


def raised(after, before=66.0, new="4096 16384 8388608", verdict="improved"):
    """A round of this run that tried twice the maximum of tcp_wmem."""
    changes = [{"key": "net.ipv4.tcp_wmem", "old": "4096 16384 4194304", "new": new}]
    return {"plan": {"scenario": "sender_buffer_too_small", "changes": changes}, "verdict": {"verdict": verdict, "before": before, "after": after}}


# Of windows in which nothing is wrong, after what earlier rounds of the run did. The first is what they did on the lab's workload `mixed`.
AFTER_ROUNDS = [
    ([raised(120.7, before=66.7)], ["sender_buffer_oversized"]),
    ([raised(122.0)], ["sender_buffer_oversized"]),
    ([raised(123.0)], ["nothing_wrong"]),  # it takes all but 4 % of it
    ([raised(132.0)], ["nothing_wrong"]),
    ([raised(119.0, verdict="regressed")], ["nothing_wrong"]),
    ([raised(119.0, before=None)], ["nothing_wrong"]),
    ([raised(119.0), raised(60.0, new="4096 16384 65536")], ["nothing_wrong"]),  # lowered since
    ([raised(119.0), raised(70.0, verdict="unchanged")], ["sender_buffer_oversized"]),  # the next step was none
    ([{"plan": None}, {}], ["nothing_wrong"]),
]


@pytest.mark.parametrize("earlier, scenarios", AFTER_ROUNDS)
def test_what_earlier_rounds_left(earlier, scenarios):
    assert names(window(BUSY), earlier) == scenarios


@pytest.mark.parametrize("lost, scenarios", [(1, ["sender_buffer_oversized"]), (2, ["nothing_wrong"])])
def test_where_segments_are_lost_no_gain_tells_what_a_buffer_has_to_hold(lost, scenarios):
    assert names(window(BUSY, {"TcpRetransSegs": lost}), [raised(119.0)]) == scenarios


def test_what_was_refuted_contradicts_nothing():
    bound = window(BUSY, sockets=sockets(group(2, sender_buffer_bound=2)))
    for second, conflict in ((raised(70.0, verdict="unchanged"), None), ({}, "sender_buffer_too_small")):
        found = diagnose(bound, None, [raised(119.0), second])
        assert [finding["scenario"] for finding in found] == ["sender_buffer_too_small", "sender_buffer_oversized"]
        assert [finding["conflicts_with"] for finding in found] == [None, conflict]


def test_the_evidence_of_a_step_is_its_trial():
    finding, = diagnose(window(BUSY), None, [{}, raised(118.8)])
    rows = {row["metric"]: row["value"] for row in finding["evidence"]}
    assert rows == {"sndbuf_max_raised": 2.0, "gain_of_raise": 1.8, "sndbuf_max_over_need": 1.08}
    assert {row["source"] for row in finding["evidence"]} == {"trial of round 2"}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_windows(name):
    assert names(json.loads((WINDOWS / f"{name}.json").read_text())) == RECORDED[name]


def test_every_recorded_window_is_named():
    assert {path.stem for path in WINDOWS.glob("*.json")} == set(RECORDED)


SQUEEZED = {"softnet_time_squeeze": 21, "softnet_processed": 90_000}
# Made by hand: counters that no test can move without harm to the machine it runs on, and thresholds.
MADE = [
    ([{"nic_eth0_rx_missed_errors": 2}], {}, ["nic_ring_drops"]),
    ([{"nic_eth0_rx_out_of_buffer": 2}], {}, ["nic_ring_drops"]),
    ([{"nic_ens1f0_np0_rx_queue_3_no_buf_cnt": 2}], {}, ["nic_ring_drops"]),
    ([{"nic_eth0_rx_no_buffers_posted[0]": 2}], {}, ["nic_ring_drops"]),  # gve
    ([{"nic_eth0_[3]: rx_discards": 2}], {}, ["nic_ring_drops"]),  # bnx2x, bnxt
    ([{"nic_eth0_rx_discards_phy": 500, "nic_eth0_tx_no_memory": 500, "nic_eth0_ring full": 500}], {}, ["nothing_wrong"]),
    ([{"nic_eth0_rx_missed_errors": 1, "nic_eth1_rx_fifo_errors": 1}], {}, ["nothing_wrong"]),
    ([{"nic_eth0_rx_dropped": 500, "nic_eth0_rx_errors": 500, "nic_eth0_tx_fifo_errors": 500}], {}, ["nothing_wrong"]),  # what else is lost
    ([{"softnet_dropped": 2}], {}, ["softnet_drops"]),
    ([{"softnet_dropped": 1}], {}, ["nothing_wrong"]),
    ([SQUEEZED], {}, ["softnet_squeezes"]),
    ([{"softnet_time_squeeze": 11}], {"still": {}}, ["softnet_squeezes"]),  # of one CPU at least
    ([SQUEEZED], {"still": {"softnet_cpus": 4}}, ["nothing_wrong"]),  # as many, but of four CPUs
    ([], {"counters": {"TcpInSegs": [5000] * 10, "softnet_time_squeeze": [0] * 5 + [500] * 5}}, ["nothing_wrong"]),  # half of the time
    ([{"TcpExtListenOverflows": 1}], {}, ["listener_overflow"]),
    ([{"TcpExtTCPReqQFullDrop": 1}], {}, ["listener_overflow"]),
    ([{"TcpExtListenDrops": 50, "TcpExtTCPReqQFullDoCookies": 50}], {}, ["nothing_wrong"]),  # refused, or answered with a cookie
    ([{"TcpExtTCPBacklogDrop": 0.2}], {}, ["backlog_drops"]),
    ([{"TcpExtTCPBacklogDrop": 0.1, "TcpExtTCPBacklogCoalesce": 900}], {}, ["nothing_wrong"]),  # joined on arrival: healthy
    ([{"UdpRcvbufErrors": 1}], {}, ["udp_receive_errors"]),
    ([{"Udp6RcvbufErrors": 1}], {"absent": ["UdpRcvbufErrors"]}, ["udp_receive_errors"]),
    ([{"UdpMemErrors": 0.1}], {}, ["udp_memory"]),
    ([{"UdpInErrors": 50, "UdpInCsumErrors": 50, "UdpSndbufErrors": 50}], {}, ["nothing_wrong"]),
    ([{"TcpRetransSegs": 11}], {}, ["path_loss"]),
    ([{"TcpRetransSegs": 10}], {}, ["nothing_wrong"]),  # 0.2 % of the segments
    ([{"TcpRetransSegs": 1, "TcpOutSegs": 50}], {}, ["nothing_wrong"]),  # 2 %, of very little
    ([{"TcpRetransSegs": 2, "TcpOutSegs": 50}], {}, ["path_loss"]),
    ([{"TcpRetransSegs": 700, "TcpExtTCPDSACKRecv": 695}], {}, ["nothing_wrong"]),  # the peer had them already
    ([{"TcpRetransSegs": 700, "TcpExtTCPSynRetrans": 695}], {}, ["nothing_wrong"]),  # nobody answered
    ([{"TcpExtTCPRcvQDrop": 1}], {"release": "6.17.9"}, ["kernel_regression", "pruning_with_loss"]),
    ([{"TcpExtTCPRcvQDrop": 1}], {"release": "6.16.9"}, ["pruning_with_loss"]),
    ([{"TcpExtRcvPruned": 1}], {"release": "6.17.9"}, ["pruning_with_loss"]),
    ([{"TcpExtTCPRcvQDrop": 1}, COLLAPSING], {"release": "6.17.9"}, ["collapsing", "pruning_with_loss"]),  # full indeed
    ([{"TcpExtTCPMemoryPressures": 1}], {}, ["memory_pressure"]),
    ([{"TcpExtTCPRcvCollapsed": 1001, "TcpExtPruneCalled": 2}], {}, ["collapsing"]),
    ([{"TcpExtTCPToZeroWindowAdv": 0.3}], {}, ["slow_reader"]),
    ([{"TcpExtTCPWantZeroWindowAdv": 2}], {}, ["slow_reader"]),
    ([{"TcpExtTCPToZeroWindowAdv": 0.2, "TcpExtTCPWantZeroWindowAdv": 1}], {}, ["nothing_wrong"]),
    ([{"TcpExtPruneCalled": 2}], {}, ["growth_only"]),
    ([{"TcpExtPruneCalled": 2, "TcpExtTCPRcvCollapsed": 1}], {}, ["nothing_wrong"]),
    ([{"TcpInSegs": 20}], {}, ["no_traffic"]),
    ([{"TcpInSegs": 21}], {}, ["nothing_wrong"]),
    # One in ten connections of a group is enough, and of idle ones none counts.
    ([], {"sockets": sockets(group(10, sender_buffer_bound=1))}, ["sender_buffer_too_small"]),
    ([], {"sockets": sockets(group(11, sender_buffer_bound=1))}, ["nothing_wrong"]),
    ([], {"sockets": sockets(group(11), group(2, "request_response", sender_buffer_bound=1))}, ["sender_buffer_too_small"]),
    ([], {"sockets": sockets(group(9, "idle", rcvbuf_probably_locked=9))}, ["nothing_wrong"]),
    # Three connections and one in five, as one look is not much, and windows that close.
    ([CLOSING], {"sockets": sockets(group(15, direction="inbound", reader_pausing=3))}, ["pausing_reader"]),
    ([CLOSING], {"sockets": sockets(group(2, direction="inbound", reader_pausing=2))}, ["slow_reader"]),
    ([CLOSING], {"sockets": sockets(group(16, direction="inbound", reader_pausing=3))}, ["slow_reader"]),
    ([], {"sockets": sockets(group(15, direction="inbound", reader_pausing=3))}, ["nothing_wrong"]),
    ([{**CLOSING, "TcpPassiveOpens": 5}], {"sockets": sockets(group(15, direction="inbound", reader_pausing=15))}, ["pausing_reader"]),
    ([{**CLOSING, "TcpPassiveOpens": 6}], {"sockets": sockets(group(15, direction="inbound", reader_pausing=15))}, ["slow_reader"]),
    ([], {"sockets": sockets(group(2, sndbuf_above_max=1))}, ["locked_buffers"]),
    ([], {"sockets": sockets(group(2, rcvbuf_above_max=1))}, ["locked_buffers"]),
    ([], {"sockets": sockets(group(3, sndbuf_above_max=1, rcvbuf_above_max=1))}, ["nothing_wrong"]),
]


@pytest.mark.parametrize("rates, more, scenarios", MADE)
def test_made_windows(rates, more, scenarios):
    assert names(window(BUSY, *rates, **more)) == scenarios


# Captured since the boot of machines that this project has not seen (tests/fixtures/README.md): what they lost, as if in one window.
CAPTURED = [
    ("e1000e", {"rx_missed_errors", "rx_no_buffer_count"}),
    ("be2net", {"rxq0: rx_drops_no_frags"}),
    ("vmxnet3", {"pkts rx OOB"}),
    ("bnx2x", set()),
]


@pytest.mark.parametrize("driver, moved", CAPTURED)
def test_rings_that_ran_dry_on_real_machines(driver, moved):
    rows = (line.strip().rpartition(": ") for line in (WINDOWS.parent / "ethtool" / f"{driver}.txt").read_text().splitlines()[1:])
    counters = {f"nic_eth0_{name}": [int(number) / 10] * 10 for name, _colon, number in rows if LOSS.search(name)}
    found = diagnose(window(BUSY, counters={"TcpInSegs": [5000] * 10, **counters}))
    assert [finding["scenario"] for finding in found] == (["nic_ring_drops"] if moved else ["nothing_wrong"])
    named = {row["metric"] for row in found[0]["evidence"] if row["metric"].startswith("nic_eth0_") and row["value"]}
    assert named == {f"nic_eth0_{name}" for name in moved}


@pytest.mark.parametrize("is_initial, scenarios", [(True, ["softnet_drops", "softnet_squeezes"]), (None, None), (False, ["nothing_wrong"])])
def test_a_container_does_not_answer_for_its_machine(is_initial, scenarios):
    seen = window(BUSY, SQUEEZED, {"softnet_dropped": 9})
    seen["identity"]["netns_is_initial"] = is_initial
    assert names(seen) == (scenarios or ["softnet_drops", "softnet_squeezes"])


def test_every_scenario_comes_from_a_real_host():
    """Recorded, captured, or what the lab's rounds left; a window made by hand is enough for one without traffic alone."""
    captured = {"nic_ring_drops"} if any(moved for _driver, moved in CAPTURED) else set()
    produced = captured.union(*RECORDED.values(), *(scenarios for _earlier, scenarios in AFTER_ROUNDS))
    assert produced == {scenario.name for scenario in SCENARIOS + REMAINING} - {"no_traffic"}


ALL_SIGNS = sockets(group(4, **dict.fromkeys(SIGNS, 4)))
EVERYTHING = [
    COLLAPSING, CLOSING, SQUEEZED, {"TcpExtTCPMemoryPressures": 1, "nic_eth0_rx_missed_errors": 9, "softnet_dropped": 9, "TcpExtListenOverflows": 9},
    {"TcpExtTCPBacklogDrop": 9, "TcpExtTCPRcvQDrop": 9, "UdpMemErrors": 9, "UdpRcvbufErrors": 9, "TcpRetransSegs": 900},
]


def test_causes_come_before_what_they_cause_and_loss_before_limits_before_delay():
    found = names(window(BUSY, *EVERYTHING, sockets=ALL_SIGNS))
    assert found == [
        "memory_pressure", "collapsing",
        "nic_ring_drops", "softnet_drops", "listener_overflow", "backlog_drops", "pruning_with_loss", "udp_memory", "udp_receive_errors",
        "path_loss",
        "both_ends_too_small", "sender_buffer_too_small", "receiver_window_too_small", "peer_window_too_small",
        "send_buffer_cut_off", "receive_buffer_cut_off", "pausing_reader",
        "queue_bloat", "softnet_squeezes",
        "stale_send_queue", "locked_buffers",
    ]
    ranks = {scenario.name: scenario.rank for scenario in SCENARIOS}
    assert [ranks[name] for name in found] == sorted(ranks[name] for name in found) and {ranks[name] for name in found} == set(Rank)


def test_a_pausing_reader_is_not_called_slow():
    assert names(window(BUSY, CLOSING, sockets=sockets(group(9, reader_pausing=9)))) == ["pausing_reader"]
    assert names(window(BUSY, CLOSING, sockets=sockets(group(9, reader_pausing=1)))) == ["slow_reader"]


FRESH = {"TcpExtTCPToZeroWindowAdv": 13, "TcpPassiveOpens": 20, "TcpExtPruneCalled": 60}  # as the lab's workload `pausing`


@pytest.mark.parametrize("seen_full, rates, scenarios", [
    (1, FRESH, ["pausing_reader", "growth_only"]),
    (0, FRESH, ["slow_reader", "growth_only"]),
    (1, {**FRESH, "TcpPassiveOpens": 66}, ["slow_reader", "growth_only"]),  # fewer than one in five
    (1, {**FRESH, "TcpPassiveOpens": 10, "TcpActiveOpens": 55}, ["pausing_reader", "growth_only"]),
    (1, {**FRESH, "TcpPassiveOpens": 0}, ["slow_reader", "growth_only"]),  # what closes its window is old
    (1, {**FRESH, "TcpExtTCPRcvCollapsed": 1}, ["slow_reader"]),
])
def test_what_is_seen_too_seldom_is_counted(seen_full, rates, scenarios):
    assert names(window(BUSY, rates, sockets=sockets(group(119, direction="inbound", reader_pausing=seen_full)))) == scenarios


def test_a_few_of_very_many_do_not_hide_nearly_all_of_some_others():
    many, some = group(5000, path_queue_bloated=150), dict(group(100, path_queue_bloated=90), direction="outbound")
    assert names(window(BUSY, sockets=sockets(many))) == ["nothing_wrong"]
    finding = next(row for row in diagnose(window(BUSY, sockets=sockets(many, some))) if row["scenario"] == "queue_bloat")
    assert [row["value"] for row in finding["evidence"][:2]] == [240, 0.9]


def test_a_conflict_is_said_where_the_less_urgent_of_both_stands():
    found = diagnose(window(BUSY, COLLAPSING, sockets=sockets(group(2, **dict.fromkeys(Signs._fields, 1)))))
    remedies = {finding["scenario"]: finding["remedy"] for finding in found}
    assert remedies["receiver_window_too_small"].startswith(
        "Conflict: this argues to raise net.ipv4.tcp_rmem max, but collapsing, more urgent, to lower it.")
    assert remedies["queue_bloat"].startswith(
        "Conflict: this argues to lower net.ipv4.tcp_wmem max, but both_ends_too_small, more urgent, to raise it.")
    assert not remedies["sender_buffer_too_small"].startswith("Conflict")


def test_a_knob_that_is_not_tried_is_named_all_the_same():
    finding, = diagnose(window(BUSY, {"softnet_dropped": 9}), {"sysctls": {
        "net.core.netdev_max_backlog": {"value": "1000", "unit": "packets"}}})
    assert (finding["key"], finding["direction"]) == (None, None)
    assert finding["argues_for"] == {"key": "net.core.netdev_max_backlog", "field": None, "direction": "raise"}
    assert finding["metric"] == {"name": "softnet_dropped", "direction": "lower"}
    assert finding["evidence"][-1]["value"] == "1000"


def test_what_is_not_tried_for_udp_is_said_in_numbers():
    sysctls = {"net.core.rmem_default": {"value": "212992", "unit": "bytes"}, "net.core.rmem_max": {"value": "4194304", "unit": "bytes"}}
    (finding,), (hidden,) = (diagnose(window(BUSY, {"UdpRcvbufErrors": 9}), {"sysctls": shown}) for shown in (sysctls, {}))
    assert "net.core.rmem_default is 212992; set 425984 for programs that do not ask" in finding["remedy"]
    assert "net.core.rmem_max is 4194304; set 8388608 for those that ask" in finding["remedy"]
    assert finding["key"] is None and finding["remedy"].startswith(hidden["remedy"]) and "212992" not in hidden["remedy"]


def test_connections_are_evidence():
    recorded = json.loads((WINDOWS / "sender_buffer.json").read_text())
    evidence = {row["metric"]: row for row in diagnose(recorded)[0]["evidence"]}
    assert evidence["sender_buffer_bound"] == {
        "metric": "sender_buffer_bound", "value": 1, "unit": "connections", "source": "sock_diag"}
    assert evidence["sender_buffer_bound_share"]["unit"] == "share of 1 outbound bulk"
    assert (evidence["sndbuf_bytes"]["value"], evidence["sndbuf_bytes"]["unit"]) == (262144, "bytes, median of 1 outbound bulk")
    assert evidence["rtt_over_min"]["value"] == pytest.approx(1.01, abs=0.01)


def test_rings_are_named_and_not_too_many():
    rates = {f"nic_eth0_rx_queue_{number}_no_buffer": 10 + number for number in range(9)}
    finding, = diagnose(window(BUSY, rates))
    assert [(row["metric"], row["value"]) for row in finding["evidence"]] == [
        ("nic_ring_drops", 18), *((f"nic_eth0_rx_queue_{number}_no_buffer", 10 + number) for number in (8, 7, 6, 5, 4))]


NO_SIGN_COUNTED = dict(group(9), counts=dict.fromkeys(SIGNS))


@pytest.mark.parametrize("seen", [
    None, {}, {"available": False, "reason": "forbidden"}, sockets(), sockets(NO_SIGN_COUNTED), sockets(dict(group(9), counts={})),
    {"available": True, "reason": None, "groups": []},
])
def test_without_connections_the_counters_still_tell(seen):
    assert names(window(BUSY, COLLAPSING, sockets=seen)) == ["collapsing"]
    assert names(window(BUSY, sockets=seen)) == ["nothing_wrong"]
    older = window(BUSY)
    del older["sockets"]
    assert names(older) == ["nothing_wrong"]


def test_what_is_tried_moves_the_metric_of_the_table():
    assert {scenario.name for scenario in SCENARIOS if scenario.tried} == set(ANSWERS)
    assert set(METRICS) <= NAMES | {"TcpExtTCPMemoryPressuresChrono", "TcpExtRcvPruned", "TcpExtTCPToZeroWindowAdv"}  # what a trial records


def test_a_scenario_with_a_knob_says_what_it_should_move():
    for scenario in SCENARIOS:
        assert bool(scenario.knob) == bool(scenario.metric)
        assert scenario.knob or not scenario.tried


@pytest.mark.parametrize("scenario", SCENARIOS + REMAINING, ids=lambda scenario: scenario.name)
def test_every_scenario_is_explained_to_operators(scenario):
    section = re.search(rf"^### {scenario.name}\n(.+?)(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert section and len(section[1]) > 100
    if scenario.knob:
        assert scenario.knob.key.removeprefix("net.ipv4.").removeprefix("net.core.") in section[1]


def test_no_section_explains_what_is_not_there():
    assert set(re.findall(r"^### (\w+)$", DOCUMENT, re.MULTILINE)) == {scenario.name for scenario in SCENARIOS + REMAINING}
