"""What a sender sees of a receiver's window, told to the receiver. Recorded windows of both ends, and what is left out of them."""
import copy
import json
from pathlib import Path

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.fleet_diagnosis import diagnose_fleet

WINDOWS = Path(__file__).resolve().parents[4] / "fixtures" / "windows"
RMEM = "net.ipv4.tcp_rmem"
SENDER, RECEIVER = "10.9.0.1", "10.9.0.2"
FACTS = {"sysctls": {RMEM: {"value": "4096 131072 262144", "unit": "bytes"}}}


def recorded(name):
    return json.loads((WINDOWS / f"{name}.json").read_text())


def host(name, *addresses, **more):
    return dict({"window": recorded(name), "addresses": addresses, "facts": FACTS}, **more)


def names(findings):
    return [finding["scenario"] for finding in findings]


def without_signs(name):
    """As an older kernel would have it."""
    window = recorded(name)
    for group in window["sockets"]["groups"]:
        group["counts"] = dict.fromkeys(group["counts"])
    return window


def remedies(findings):
    return " ".join(finding["remedy"] or "" for finding in findings)


@pytest.mark.parametrize("sender", ["peer_window", "both_ends"])
def test_the_receiver_is_told_what_it_cannot_see(sender):
    receiver = dict(host("receive_window", RECEIVER), window=without_signs("receive_window"))
    found = diagnose_fleet({"a": host(sender, SENDER), "b": receiver})
    assert names(found["b"]) == ["receiver_window_too_small"]
    finding, = found["b"]
    assert finding["argues_for"] == {"key": RMEM, "field": "max", "direction": "raise"}
    rows = {row["metric"]: row for row in finding["evidence"]}
    assert rows["senders_bound_by_this_window"] == {
        "metric": "senders_bound_by_this_window", "value": 1, "unit": "connections", "source": "flows of a"}
    assert rows["rwnd_limited_share"]["value"] > 0.3 and rows[RMEM]["value"] == "4096 131072 262144"
    assert "The peer is b, with receiver_window_too_small." in remedies(found["a"])


def test_a_receiver_that_sees_it_gets_the_sender_as_a_witness():
    found = diagnose_fleet({"a": host("peer_window", SENDER), "b": host("receive_window", RECEIVER)})
    assert names(found["b"]) == ["receiver_window_too_small"]
    metrics = [row["metric"] for row in found["b"][0]["evidence"]]
    assert metrics[:2] == ["senders_bound_by_this_window", "rwnd_limited_share"] and "receive_window_bound" in metrics


@pytest.mark.parametrize("receiver", ["slow_reader", "pausing_reader", "receive_buffer_cut_off", "locked_receive_buffer"])
def test_a_receiver_with_another_cause_keeps_it(receiver):
    found = diagnose_fleet({"a": host("peer_window", SENDER), "b": host(receiver, RECEIVER)})
    assert "receiver_window_too_small" not in names(found["b"])
    assert f"The peer is b, with {names(found['b'])[0]}." in remedies(found["a"])


def test_other_findings_of_the_receiver_stay_in_order():
    window = without_signs("receive_window")
    window["counters"]["UdpRcvbufErrors"] = [9] * len(window["seconds"])
    window["counters"]["TcpExtPruneCalled"] = [9] * len(window["seconds"])
    found = diagnose_fleet({"a": host("peer_window", SENDER), "b": host("receive_window", RECEIVER, window=window)})
    assert names(found["b"]) == ["udp_receive_errors", "receiver_window_too_small", "growth_only"]


@pytest.mark.parametrize("hosts", [
    {"b": host("receive_window")},  # nobody knows its address
    {"b": host("receive_window", RECEIVER), "c": host("exchanges", RECEIVER)},  # both say it is theirs
    {},
])
def test_what_cannot_be_joined_stays_with_the_sender(hosts):
    hosts = copy.deepcopy(hosts)
    if "b" in hosts:
        hosts["b"]["window"] = without_signs("receive_window")
    found = diagnose_fleet({"a": host("peer_window", SENDER), **hosts})
    assert names(found["a"]) == ["peer_window_too_small"] and "The peer is" not in remedies(found["a"])
    assert all(names(found[name]) == ["nothing_wrong"] for name in hosts)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "fe80::2"])
def test_an_address_that_every_host_has_joins_nothing(address):
    sender, receiver = host("peer_window", SENDER), host("receive_window", address, window=without_signs("receive_window"))
    sender["window"]["sockets"]["top"]["rwnd_limited_us"][0]["peer_address"] = address
    assert names(diagnose_fleet({"a": sender, "b": receiver})["b"]) == ["nothing_wrong"]


def test_the_share_is_that_of_the_flow_that_waits_most():
    sender = host("peer_window", SENDER)
    flows = sender["window"]["sockets"]["top"]["rwnd_limited_us"]
    flows.append(dict(flows[0], local_port=1, rwnd_limited_share=0.9))
    flows.append(dict(flows[0], local_port=2, rwnd_limited_share=1.0, peer_window_bound=False))
    evidence = diagnose_fleet({"a": sender, "b": host("receive_window", RECEIVER)})["b"][0]["evidence"]
    assert [row["value"] for row in evidence[:2]] == [2, 0.9]


def test_a_host_that_sends_to_itself_is_not_its_own_witness():
    both = host("peer_window", SENDER, RECEIVER)
    assert names(diagnose_fleet({"a": both})["a"]) == ["peer_window_too_small"]


def test_the_address_may_come_from_a_flow():
    receiver = host("receive_window", window=without_signs("receive_window"))
    row = dict(recorded("peer_window")["sockets"]["top"]["rwnd_limited_us"][0], peer_window_bound=False)
    row.update(local_address=RECEIVER, local_port=5001, peer_address=SENDER, peer_port=40000)
    receiver["window"]["sockets"]["top"] = {"receive_queue_bytes": [row], "queueing_us": [row]}
    assert names(diagnose_fleet({"a": host("peer_window", SENDER), "b": receiver})["b"]) == ["receiver_window_too_small"]


@pytest.mark.parametrize("left_out", ["facts", "addresses"])
def test_what_is_left_out_is_not_missed(left_out):
    given = {"a": host("peer_window", SENDER), "b": host("receive_window", RECEIVER)}
    for each in given.values():
        del each[left_out]
    assert names(diagnose_fleet(given)["b"]) == ["receiver_window_too_small"]


def test_windows_without_flows_are_diagnosed_as_they_are():
    window = recorded("slow_reader")
    window["sockets"] = {"available": False, "reason": "forbidden"}
    assert names(diagnose_fleet({"a": {"window": window}})["a"]) == ["slow_reader"]


def test_what_earlier_rounds_of_a_host_did_is_held_against_its_own_window():
    changes = [{"key": "net.ipv4.tcp_wmem", "old": "4096 16384 4194304", "new": "4096 16384 8388608"}]
    raised = {"plan": {"scenario": "sender_buffer_too_small", "changes": changes}, "verdict": {"verdict": "improved", "before": 66.7, "after": 120.7}}
    found = diagnose_fleet({"a": host("exchanges", SENDER, earlier=[raised]), "b": host("exchanges", RECEIVER)})
    assert (names(found["a"]), names(found["b"])) == (["sender_buffer_oversized"], ["nothing_wrong"])
