"""Hosts that share connections: one after the other, or as one candidate."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import CORE_WMEM, RMEM, WMEM
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import SCENARIO
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.fleet_plan import plan_fleet

MIB = 1048576


def facts(writable=True):
    present = {"present": True, "writable": writable}
    return {
        "host": {"ram_bytes": 64 << 30, "page_size_bytes": 4096},
        "tcp_rmem": {"min": 4096, "default": 131072, "max": 4 * MIB}, "tcp_wmem": {"min": 4096, "default": 16384, "max": 4 * MIB},
        "sysctls": {RMEM: present, WMEM: present, CORE_WMEM: {**present, "value": "4194304"}},
    }


def flow(local, peer, port=1, **signs):
    return {"local_address": local, "local_port": port, "peer_address": peer, "peer_port": 9, **signs}


def host(address, *scenarios, flows=(), writable=True, earlier=()):
    group = {"class": "bulk", "direction": "outbound", "flows": 1, "counts": {}, "sums": {}, "quantiles": {"bdp_bytes": {"max": 60_000}}}
    return {
        "window": {
            "seconds": [1.0] * 10, "counters": {}, "absent": [],
            "sockets": {"available": True, "groups": [group], "top": {"rwnd_limited_us": list(flows)}, "local_addresses": [address]},
        },
        "findings": [{"scenario": name, "key": SCENARIO[name].key, "direction": SCENARIO[name].direction} for name in scenarios],
        "facts": facts(writable), "earlier": list(earlier),
    }


A, B, C, D = "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::4"
BOTH = {"both_buffers_bound": True}


def keys(plan):
    return [change["key"] for change in plan["changes"]]


def test_both_ends_are_one_candidate():
    plans = plan_fleet({"a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)]), "b": host(B, "receiver_window_too_small")}, seed=7)
    assert (keys(plans["a"]), keys(plans["b"])) == ([WMEM], [RMEM])
    assert plans["a"]["joint"] == plans["b"]["joint"] == {"hosts": ["a", "b"], "measured_on": ["a"]}
    assert plans["a"]["metric"] == plans["b"]["metric"] == {"name": "flows_bulk_out_bytes", "direction": "higher"}
    assert plans["a"]["guards"] == plans["b"]["guards"]
    assert plans["a"]["seed"] == plans["b"]["seed"] and 1 <= plans["a"]["seed"] < 2 ** 31
    assert plans["a"]["again"] and plans["b"]["again"]


def test_the_receiver_need_not_have_found_anything():
    plans = plan_fleet({"a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)]), "b": host(B, "growth_only")})
    assert keys(plans["b"]) == [RMEM] and plans["b"]["joint"]


def test_senders_of_one_receiver_are_one_group():
    plans = plan_fleet({
        "a": host(A, "both_ends_too_small", flows=[flow(A, C, **BOTH)]), "b": host(B, "both_ends_too_small", flows=[flow(B, C, **BOTH)]),
        "c": host(C), "d": host(D, "sender_buffer_too_small"),
    })
    assert plans["c"]["joint"] == {"hosts": ["a", "b", "c"], "measured_on": ["a", "b"]}
    assert len({plans[name]["seed"] for name in "abc"}) == 1
    assert plans["d"]["joint"] is None and plans["d"]["seed"] is None and plans["d"]["changes"]


def test_a_peer_that_cannot_change_is_named_and_the_rest_goes_on():
    fleet = {"a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)]), "b": host(B, writable=False)}
    plans = plan_fleet(fleet)
    assert not plans["a"]["changes"] and "b: net.ipv4.tcp_rmem is argued for, but cannot be written" in plans["a"]["reason"]
    assert plans["a"]["scenario"] == "both_ends_too_small"
    fleet["a"] = host(A, "both_ends_too_small", "sender_buffer_too_small", flows=[flow(A, B, **BOTH)])
    assert plan_fleet(fleet)["a"]["scenario"] == "sender_buffer_too_small"


def test_two_ends_take_turns_and_the_more_urgent_goes_first():
    plans = plan_fleet({
        "a": host(A, "queue_bloat", flows=[flow(A, B)]), "b": host(B, "receiver_window_too_small"), "c": host(C, "queue_bloat"),
    })
    assert plans["b"]["changes"] and plans["c"]["changes"]
    assert not plans["a"]["changes"] and plans["a"]["waits_for"] == "b" and "waits for the trial of b" in plans["a"]["reason"]
    assert plans["a"]["again"]


def test_a_group_waits_as_a_whole():
    plans = plan_fleet({
        "a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)]), "b": host(B, flows=[flow(B, C, port=2)]), "c": host(C, "memory_pressure"),
    })
    assert plans["c"]["changes"]
    assert plans["a"]["waits_for"] == plans["b"]["waits_for"] == "c" and not plans["a"]["joint"]


@pytest.mark.parametrize("policy, first, second", [(None, False, True), ({"goal": "latency"}, False, False)])
def test_a_host_may_have_a_policy_of_its_own(policy, first, second):
    plans = plan_fleet({"a": dict(host(A, "sender_buffer_too_small"), policy={"goal": "latency"}), "b": host(B, "sender_buffer_too_small")}, policy)
    assert [bool(plans[name]["changes"]) for name in "ab"] == [first, second]
    assert "the goal of the policy is latency" in plans["a"]["reason"]


def test_who_is_done_is_not_looked_at_again():
    plans = plan_fleet({"a": host(A, "queue_bloat", flows=[flow(A, B)]), "b": host(B), "c": host(C)})
    assert {name: plan["again"] for name, plan in plans.items()} == {"a": True, "b": True, "c": False}


AT_MAX = {"peer_window_bound": True, "sndbuf_at_max": True}
ALONE = {"plan": {"scenario": "receiver_window_too_small", "changes": [{"key": RMEM, "old": "1 2 3", "new": "1 2 4"}]}, "verdict": {"verdict": "unchanged"}}


@pytest.mark.parametrize("sender, signs, found, earlier, together", [
    ("sender_buffer_too_small", {"sender_buffer_bound": True}, ["receiver_window_too_small"], [], True),  # each end sees its own bound
    ("sender_buffer_too_small", {"sender_buffer_bound": True}, ["growth_only"], [], False),
    ("peer_window_too_small", AT_MAX, ["receiver_window_too_small"], [], False),  # the receiver alone first
    ("peer_window_too_small", AT_MAX, ["receiver_window_too_small"], [ALONE], True),
    ("peer_window_too_small", {"peer_window_bound": True, "sndbuf_at_max": False}, ["receiver_window_too_small"], [ALONE], False),
    ("both_ends_too_small", BOTH, ["memory_pressure"], [], False),  # the peer has something more urgent to try
])
def test_two_bounds_that_are_nearly_alike(sender, signs, found, earlier, together):
    plans = plan_fleet({"a": host(A, sender, flows=[flow(A, B, **signs)]), "b": host(B, *found, earlier=earlier)})
    assert bool(plans["a"]["joint"]) == bool(plans["b"]["joint"]) == together
    assert not together or (keys(plans["a"]), keys(plans["b"])) == ([WMEM], [RMEM])


COLLAPSE = {"plan": {"scenario": "collapsing", "changes": [{"key": RMEM, "old": "1 2 4", "new": "1 2 3"}]}}


@pytest.mark.parametrize("found, earlier, why", [
    # Tried and not kept: nothing is planned against it any more, and it is there all the same.
    (["collapsing"], [{**COLLAPSE, "verdict": {"verdict": "unchanged"}}], "b: collapsing, more urgent, argues to lower net.ipv4.tcp_rmem max"),
    (["memory_pressure"], [{"plan": {**COLLAPSE["plan"], "scenario": "memory_pressure"}, "verdict": {"verdict": "unchanged"}}], "b: memory_pressure"),
    (["growth_only"], [{**COLLAPSE, "verdict": {"verdict": "improved"}}], "which round 1 of this run lowered, with proof"),
    (["growth_only"], [{**COLLAPSE, "verdict": {"verdict": "unchanged"}}], None),
])
def test_together_is_no_way_around_what_forbids_a_raise(found, earlier, why):
    plans = plan_fleet({"a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)]), "b": host(B, *found, earlier=earlier)})
    assert bool(plans["a"]["joint"]) == bool(plans["b"]["joint"]) == (why is None)
    assert why is None or (why in plans["a"]["reason"] and not plans["b"]["changes"])


def test_a_single_connection_is_no_finding_of_its_sender():
    plans = plan_fleet({"a": host(A, "queue_bloat", flows=[flow(A, B, **BOTH)]), "b": host(B)})
    assert plans["a"]["scenario"] == "queue_bloat" and not plans["a"]["joint"] and not plans["b"]["changes"]


def test_many_senders_of_one_receiver_are_not_all_tried_at_once():
    senders = {f"s{number:02}": f"198.51.100.{number}" for number in range(12)}
    plans = plan_fleet({
        "r": host(A), **{name: host(address, "both_ends_too_small", flows=[flow(address, A, **BOTH)]) for name, address in senders.items()},
    })
    together = plans["r"]["joint"]["hosts"]
    assert together == ["r", *sorted(senders)[:7]]
    for name in set(senders) - set(together):
        assert not plans[name]["changes"] and plans[name]["again"] and "at most 8 hosts are tried together" in plans[name]["reason"]


def test_many_receivers_of_one_sender_are_not_all_tried_at_once():
    receivers = {f"r{number:02}": f"198.51.100.{number}" for number in range(12)}
    flows = [flow(A, address, **BOTH) for address in receivers.values()]
    plans = plan_fleet({
        "s": host(A, "both_ends_too_small", flows=flows),
        **{name: host(address, "receiver_window_too_small") for name, address in receivers.items()},
    })
    assert plans["s"]["joint"]["hosts"] == [*sorted(receivers)[:7], "s"]
    assert all(plans[name]["waits_for"] and not plans[name]["changes"] for name in sorted(receivers)[7:])


def test_containers_forbid_one_finding_and_not_the_others():
    children = {"count": 2, "names": ["process 7", "process 8"]}
    plans = plan_fleet({
        "a": dict(host(A, "sender_buffer_too_small", "send_buffer_cut_off"), children=children),
        "b": dict(host(B, "sender_buffer_too_small"), children=children),
        "c": dict(host(C, "sender_buffer_too_small"), children={"count": 0, "names": []}),
    })
    assert keys(plans["a"]) == [CORE_WMEM] and keys(plans["c"]) == [WMEM]
    assert not plans["b"]["changes"] and not plans["b"]["blocked"]
    assert "(2, as process 7, process 8)" in plans["b"]["reason"] and "socket_buffers_child_namespaces: restore" in plans["b"]["reason"]


def test_who_sends_and_receives_at_once_goes_by_itself():
    plans = plan_fleet({
        "a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)]), "b": host(B, "both_ends_too_small", flows=[flow(B, A, **BOTH)]),
    })
    assert not plans["a"]["joint"] and not plans["b"]["joint"]


def test_what_was_refuted_together_is_not_tried_again():
    changes = [{"key": WMEM, "old": "1 2 3", "new": "1 2 4"}]
    refuted = {"plan": {"scenario": "both_ends_too_small", "joint": {"hosts": ["a", "b"]}, "changes": changes}, "verdict": {"verdict": "unchanged"}}
    plans = plan_fleet({"a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)], earlier=[refuted]), "b": host(B)})
    assert not plans["a"]["changes"] and "tried in round 1" in plans["a"]["reason"]


def test_the_seed_is_the_runs_and_the_groups():
    fleet = {"a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)]), "b": host(B)}
    assert plan_fleet(fleet, seed=1)["a"]["seed"] == plan_fleet(fleet, seed=1)["a"]["seed"] != plan_fleet(fleet, seed=2)["a"]["seed"]


def test_a_host_without_its_parts_is_named():
    with pytest.raises(ValueError, match="a: lacks findings, facts"):
        plan_fleet({"a": {"window": {}}})


def test_no_host_is_no_plan():
    assert plan_fleet({}) == {}


def test_both_ends_are_never_one_candidate_in_one_step():
    receiver = host(B, "receiver_window_too_small")
    receiver["window"]["counters"] = {"IpExtInOctets": [10] * 10}
    receiver["window"]["sockets"]["groups"][0]["sums"]["old_bytes_in"] = 100
    receiver["step"] = {"seconds": 3600}
    plans = plan_fleet({"a": host(A, "both_ends_too_small", flows=[flow(A, B, **BOTH)]), "b": receiver})
    assert not plans["a"]["changes"] and "both ends would have to change together" in plans["a"]["reason"]
    assert plans["b"]["changes"] and plans["b"]["design"] == "step" and plans["b"]["joint"] is None
