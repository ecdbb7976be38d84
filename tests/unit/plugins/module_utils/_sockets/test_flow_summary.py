"""Flows into counts, sums and quantiles, by class and direction and by port; and the worst of them."""
import json
from socket import AF_INET, AF_INET6, inet_pton

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets import flow_summary
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_parts import PARTS, Measures
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_summary import COUNTED, RANKED, SUMMED, FlowSummary
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flows import Flow


class Socket:
    family = 2
    endpoints = bytes((0, 80, 0x9c, 0x40, 10, 0, 0, 1)) + bytes(12) + bytes((10, 0, 0, 2)) + bytes(12)


def flow(kind="bulk", direction="outbound", port=None, **measures):
    parts = [part(**{name: measures.get(name) for name in part._fields}) for part in PARTS]
    return Flow(kind, direction, port, Socket, *parts)


def summary_of(*flows, top=0):
    summary = FlowSummary(top)
    for one in flows:
        summary.add(one)
    return summary.result()


def test_every_measure_has_its_place():
    assert set(COUNTED) | set(SUMMED) | set(RANKED) == set(Measures._fields)
    assert not set(COUNTED) & (set(SUMMED) | set(RANKED))


def test_counts_sums_and_quantiles():
    flows = [flow(bytes_in=number, rtt_us=number, born=number > 98) for number in range(1, 101)]
    group, = summary_of(*flows)["groups"]
    assert (group["class"], group["direction"], group["flows"]) == ("bulk", "outbound", 100)
    assert group["sums"]["bytes_in"] == 5050 and group["counts"]["born"] == 2
    assert group["quantiles"]["rtt_us"] == {"p50": 50, "p90": 90, "p99": 99, "max": 100}


@pytest.mark.parametrize("values, p50, p90", [([3], 3, 3), ([9, 1], 1, 9), ([5, 1, 9], 5, 9), ([0.25, 0.5], 0.25, 0.5)])
def test_quantiles_of_few(values, p50, p90):
    group, = summary_of(*[flow(rwnd_limited_share=value) for value in values])["groups"]
    found = group["quantiles"]["rwnd_limited_share"]
    assert (found["p50"], found["p90"]) == (p50, p90)


def test_what_is_none_is_neither_counted_nor_ranked():
    group, = summary_of(flow(rtt_us=None, bytes_in=None), flow(rtt_us=7, bytes_in=2), flow(rtt_us=None))["groups"]
    assert group["flows"] == 3 and group["quantiles"]["rtt_us"]["p50"] == 7 and group["sums"]["bytes_in"] == 2


def test_what_no_flow_has_is_null_and_not_zero():
    group, = summary_of(flow())["groups"]
    for part in ("counts", "sums", "quantiles"):
        assert set(group[part].values()) == {None}
    assert summary_of(flow(drops=0))["groups"][0]["sums"]["drops"] == 0


def test_parts_that_flows_share_count_as_often_as_they_come():
    one, other = flow(bytes_in=5, goodput_in_bytes_per_second=5.0, rtt_us=7, drops=None), flow(bytes_in=9, goodput_in_bytes_per_second=9.0, rtt_us=8)
    shared = [one, one, other._replace(path=one.path), one]
    alone = [flow(**found.measures._asdict()) for found in shared]
    assert summary_of(*shared) == summary_of(*alone)
    assert summary_of(*shared)["groups"][0]["sums"]["bytes_in"] == 24


def test_more_flows_than_are_taken_at_once():
    group, = summary_of(*[flow(bytes_in=1, rtt_us=number) for number in range(2 * flow_summary.BATCH + 1)])["groups"]
    assert (group["flows"], group["sums"]["bytes_in"]) == (2 * flow_summary.BATCH + 1,) * 2
    assert (group["quantiles"]["rtt_us"]["p50"], group["quantiles"]["rtt_us"]["max"]) == (flow_summary.BATCH, 2 * flow_summary.BATCH)


def test_groups_are_by_class_and_direction():
    groups = summary_of(
        flow("idle", "inbound", 80), flow("bulk", "inbound", 80), flow("bulk", "outbound"), flow("bulk", "inbound", 443), flow("bulk", "inbound", 80),
    )["groups"]
    assert [(group["class"], group["direction"], group["flows"]) for group in groups] == [
        ("bulk", "inbound", 3), ("bulk", "outbound", 1), ("idle", "inbound", 1),
    ]


def test_a_group_over_ports_is_as_if_of_one():
    over_ports = [flow("bulk", "inbound", 80 + number % 3, rtt_us=number * 7 % 50, bytes_in=number) for number in range(50)]
    joined, = summary_of(*over_ports)["groups"]
    together, = summary_of(*[one._replace(port=80) for one in over_ports])["groups"]
    assert summary_of(flow(port=80, drops=0), flow(port=443, drops=0))["groups"][0]["sums"]["drops"] == 0
    assert joined == together and joined["quantiles"]["rtt_us"]["max"] == 49


def test_ports_are_those_listened_on_busiest_first():
    result = summary_of(
        flow("bulk", "inbound", 80, bytes_in=5), flow("idle", "inbound", 80, bytes_in=0), flow("bulk", "inbound", 443, bytes_out=6),
        flow("idle", "inbound", 22), flow("idle", "inbound", 25), flow("idle", "inbound", 25), flow("bulk", "outbound", bytes_in=99),
    )
    assert [(row["port"], row["flows"], row["classes"]) for row in result["ports"]] == [
        (443, 1, {"bulk": 1}), (80, 2, {"bulk": 1, "idle": 1}), (25, 2, {"idle": 2}), (22, 1, {"idle": 1}),
    ]
    assert result["ports"][1]["sums"]["bytes_in"] == 5 and result["ports_left_out"] == 0


def test_many_ports_are_cut():
    result = summary_of(*[flow("idle", "inbound", port) for port in range(1, 31)])
    assert len(result["ports"]) == flow_summary.MOST_PORTS and result["ports_left_out"] == 30 - flow_summary.MOST_PORTS
    assert result["groups"][0]["flows"] == 30


def test_the_worst_come_first_with_their_addresses():
    flows = [flow(retransmitted_segments=number, rtt_us=10) for number in (3, 0, 9, 5, 9, 4)]
    rows = summary_of(*flows, top=3)["top"]["retransmitted_segments"]
    assert [row["retransmitted_segments"] for row in rows] == [9, 9, 5]
    assert (rows[0]["class"], rows[0]["direction"]) == ("bulk", "outbound")
    assert (rows[0]["local_address"], rows[0]["local_port"], rows[0]["peer_address"], rows[0]["peer_port"]) == ("10.0.0.1", 80, "10.0.0.2", 40000)


def test_a_flow_with_nothing_wrong_is_not_among_the_worst():
    top = summary_of(flow(retransmitted_segments=0, rtt_us=5, min_rtt_us=5), flow(), top=3)["top"]
    assert set(top) == {worst.name for worst in flow_summary.WORST} and not any(top.values())


def test_the_worst_rtt_is_the_longest_wait_of_a_flow_in_use():
    flows = [flow("bulk", rtt_us=100, min_rtt_us=5), flow("bulk", rtt_us=9000, min_rtt_us=8000), flow("idle", rtt_us=90000, min_rtt_us=5)]
    assert [row["rtt_us"] for row in summary_of(*flows, top=5)["top"]["queueing_us"]] == [9000, 100]


def test_no_address_without_top():
    text = json.dumps(summary_of(flow(retransmitted_segments=5)))
    assert "10.0.0" not in text and not {"top", "local_addresses"} & set(json.loads(text))


def on(address):
    """A flow with nothing wrong, at one local address."""
    raw, family = (inet_pton(AF_INET, address) + bytes(12), AF_INET) if "." in address else (inet_pton(AF_INET6, address), AF_INET6)
    return flow()._replace(socket=type("Socket", (), {"family": family, "endpoints": bytes(4) + raw + bytes(16)}))


def test_with_top_every_local_address_is_told():
    mapped = on("::1")
    mapped.socket.endpoints = bytes(4) + bytes(10) + b"\xff\xff" + bytes((10, 0, 0, 7)) + bytes(16)
    result = summary_of(on("10.0.0.9"), on("fe80::1"), on("10.0.0.9"), on("10.0.0.7"), mapped, top=1)
    assert result["local_addresses"] == ["10.0.0.7", "10.0.0.9", "fe80::1"] and not any(result["top"].values())


def test_many_local_addresses_are_cut():
    found = summary_of(*[on(f"10.0.{number // 200}.{number % 200}") for number in range(1000)], top=1)["local_addresses"]
    assert len(found) == flow_summary.MOST_LOCAL_ADDRESSES == 100 and found == sorted(found)


def test_the_result_is_plain_data():
    result = summary_of(flow(rtt_over_min=1 / 3, rtt_us=2, born=True), top=1)
    assert json.loads(json.dumps(result)) == result
    assert result["groups"][0]["quantiles"]["rtt_over_min"]["p50"] == 0.333333


def test_none_at_all():
    assert summary_of() == {"groups": [], "ports": [], "ports_left_out": 0}
