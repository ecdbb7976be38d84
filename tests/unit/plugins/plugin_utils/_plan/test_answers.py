"""What connections need, as sizes: raised in steps, lowered to what the path holds, and bounded."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import CORE_RMEM, CORE_WMEM, LOWAT, RMEM, WMEM
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import ANSWERS, SCENARIO
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.blocks_fit import Step
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import plan

MIB = 1048576
TRIPLETS = {"tcp_rmem": (4096, 131072, 32 * MIB), "tcp_wmem": (4096, 16384, 4 * MIB)}


def facts(tcp_mem="786432 1048576 1572864", lowat="4294967295", core=4 * MIB, **triplets):
    sizes = {**TRIPLETS, **triplets}
    present = {"present": True, "writable": True}
    return {
        "host": {"ram_bytes": 64 << 30, "page_size_bytes": 4096},
        **{name: dict(zip(("min", "default", "max"), values)) for name, values in sizes.items()},
        "sysctls": {RMEM: present, WMEM: present, LOWAT: {**present, "value": lowat}, "net.ipv4.tcp_mem": {"value": tcp_mem},
                    **dict.fromkeys((CORE_RMEM, CORE_WMEM), {**present, "value": str(core)})},
    }


def group(flows=1, kind="bulk", direction="outbound", counts=(), sums=(), **largest):
    quantiles = {name: {"p50": value, "p90": value, "p99": value, "max": value} for name, value in largest.items()}
    return {"class": kind, "direction": direction, "flows": flows, "counts": dict(counts), "sums": {"bytes_out": 1, **dict(sums)}, "quantiles": quantiles}


def window(*groups, seconds=10, **sockets):
    return {
        "seconds": [1.0] * seconds, "counters": {}, "absent": [],
        "sockets": {"available": True, "reason": None, "seconds": float(seconds), "groups": list(groups), **sockets},
    }


def finding(scenario):
    row = SCENARIO[scenario]
    return {"scenario": scenario, "key": row.key, "direction": row.direction}


def made(scenario, seen, host=None, policy=None, **more):
    return plan([finding(scenario)], host or facts(), policy, None, seen, **more)


def new(made_plan):
    change, = made_plan["changes"]
    return change["new"]


@pytest.mark.parametrize("seen, maximum", [
    # (1.5 x 5 MB + 4 segments) / 0.63, in whole pages.
    (window(group(bdp_bytes=5_000_000, send_payload_share=0.63)), 11_915_264),
    (window(group(bdp_bytes=25_000, send_payload_share=0.63)), 69_632),
    (window(group(bdp_bytes=2_500, send_payload_share=0.63)), 16384),
    (window(group(bdp_bytes=0, send_payload_share=0.9)), 16384),  # the floor
    (window(group(bdp_bytes=60_000, send_payload_share=0.63)), 155_648),
    (window(group(bdp_bytes=5_000_000)), 12_513_280),  # without a share seen, 0.6
    # The largest path counts, whoever uses it; idle connections do not.
    (window(group(9, bdp_bytes=25_000), group(kind="request_response", bdp_bytes=1_000_000)), 2_510_848),
    (window(group(9, bdp_bytes=60_000, send_payload_share=0.63), group(kind="idle", bdp_bytes=9e9)), 155_648),
])
def test_a_bloated_path_is_given_what_it_holds(seen, maximum):
    bloated = made("queue_bloat", seen, facts(tcp_wmem=(4096, 16384, 32 * MIB)))
    assert new(bloated) == f"4096 16384 {maximum}"
    assert bloated["metric"] == {"name": "flows_bulk_rtt_us", "direction": "lower"}
    assert "the path of the largest flow holds" in bloated["reason"]


def test_the_default_goes_down_with_the_maximum():
    assert new(made("queue_bloat", window(group(bdp_bytes=25_000)), facts(tcp_wmem=(4096, MIB, 4 * MIB)))) == "4096 73728 73728"


def test_what_is_not_seen_is_not_guessed():
    nothing = made("queue_bloat", window(group()))
    assert not nothing["changes"] and not nothing["blocked"] and "could not be seen" in nothing["reason"]
    assert not plan([finding("queue_bloat")], facts())["changes"]
    assert "the rate of its connections could not be seen" in made("stale_send_queue", window(group()))["reason"]


def test_a_path_that_needs_more_than_there_is_is_not_lowered():
    assert "argues to lower net.ipv4.tcp_wmem max, but it is 4194304" in made("queue_bloat", window(group(bdp_bytes=9e6)))["reason"]


@pytest.mark.parametrize("rate, lowat", [(125e6, 625_664), (2.5e6, 13_312), (100.0, 3072)])
def test_unsent_data_is_kept_to_what_leaves_in_time(rate, lowat):
    stale = made("stale_send_queue", window(group(goodput_out_bytes_per_second=rate)))
    assert new(stale) == str(lowat) and stale["changes"][0]["old"] == "4294967295"
    assert stale["metric"] == {"name": "flows_notsent_bytes", "direction": "lower"}


def test_unsent_data_that_is_short_already_is_left():
    assert not made("stale_send_queue", window(group(goodput_out_bytes_per_second=2.5e6)), facts(lowat="13312"))["changes"]


@pytest.mark.parametrize("scenario, host, policy, value", [
    ("receiver_window_too_small", facts(tcp_rmem=(4096, 131072, 4 * MIB)), {}, f"4096 131072 {32 * MIB}"),
    ("receiver_window_too_small", facts(tcp_rmem=(4096, 131072, 4 * MIB)), {"rmem_raise_factor": 2}, f"4096 131072 {8 * MIB}"),
    ("receiver_window_too_small", facts(), {}, f"4096 131072 {64 * MIB}"),
    ("sender_buffer_too_small", facts(), {}, f"4096 16384 {8 * MIB}"),
    ("pausing_reader", facts(), {}, f"4096 {MIB} {32 * MIB}"),
    ("pausing_reader", facts(), {"rmem_default_ceiling_bytes": 524288}, f"4096 524288 {32 * MIB}"),
    ("pausing_reader", facts(tcp_rmem=(4096, 131072, 262144)), {}, f"4096 {MIB} {MIB}"),  # the maximum moves along
])
def test_what_limits_is_raised(scenario, host, policy, value):
    assert new(made(scenario, window(group(counts={"reader_pausing": 1})), host, policy)) == value


@pytest.mark.parametrize("flows, percent, maximum, bound", [
    (16, 50, 32 * MIB, "share"), (100, 50, 21_471_232, "50 % of TCP memory (memory_percent of the policy) for 100 bulk connections"),
    (100, 10, 4_292_608, "10 % of TCP memory"),
])
def test_many_bulk_connections_share_the_memory(flows, percent, maximum, bound):
    raised = made("sender_buffer_too_small", window(group(flows)), policy={"memory_percent": percent, "wmem_raise_factor": 8})
    assert new(raised) == f"4096 16384 {maximum}" and bound in raised["changes"][0]["ceiling"] + "share"


@pytest.mark.parametrize("mbps, maximum", [(10_000, 32 * MIB), (1000, 19_996_672), (None, 32 * MIB)])
def test_no_size_is_raised_beyond_what_the_fastest_link_can_fill(mbps, maximum):
    host = facts()
    host["host"]["link_mbps"] = mbps
    raised = made("sender_buffer_too_small", window(group(rtt_us=40_000)), host, {"wmem_raise_factor": 8})
    assert new(raised) == f"4096 16384 {maximum}"
    assert mbps != 1000 or "4 times what the fastest link holds in 40 ms" in raised["changes"][0]["ceiling"]
    assert new(made("sender_buffer_too_small", window(group()), host)) == f"4096 16384 {8 * MIB}"  # no round trip time


@pytest.mark.parametrize("scenario, value", [("pausing_reader", f"4096 {MIB} {32 * MIB}"), ("pruning_with_loss", f"4096 131072 {64 * MIB}")])
def test_what_comes_while_a_reader_is_away_is_not_bounded_by_a_short_path(scenario, value):
    host = facts()
    host["host"]["link_mbps"] = 1000  # 25 kB in 0.2 ms
    assert new(made(scenario, window(group(counts={"reader_pausing": 1}, rtt_us=200)), host)) == value


@pytest.mark.parametrize("scenario, key", [("receive_buffer_cut_off", CORE_RMEM), ("send_buffer_cut_off", CORE_WMEM)])
@pytest.mark.parametrize("core, policy, value, bound", [
    (212992, {}, 425984, ""),
    (4 * MIB, {}, 8 * MIB, ""),
    (32 * MIB, {}, None, "it is 33554432 bytes and the candidate 33554432: not above 33554432 bytes (ceiling of the policy)"),  # a buffer of 64 MiB
    (4 * MIB, {"rmem_max_ceiling_bytes": 10 * MIB, "wmem_max_ceiling_bytes": 10 * MIB}, 5 * MIB, "ceiling of the policy"),
    (4 * MIB, {"memory_percent": 10}, 8 * MIB, ""),
])
def test_a_core_maximum_is_doubled_and_bounded_by_the_buffer_that_it_allows(scenario, key, core, policy, value, bound):
    found = made(scenario, window(group()), facts(core=core), policy)
    assert [change["new"] for change in found["changes"]] == ([] if value is None else [str(value)])
    assert all(change["key"] == key and change["old"] == str(core) for change in found["changes"])
    assert bound in (found["changes"][0]["ceiling"] if value else found["reason"])


def test_what_older_connections_keep_is_told_by_the_sysctl_alone():
    seen = window(group(direction="inbound", sums={"old_bytes_in": 1000}))
    seen["counters"]["IpExtInOctets"] = [100] * 10
    reason = made("receive_buffer_cut_off", seen)["reason"]
    assert reason.startswith("receive_buffer_cut_off argues to raise net.core.rmem_max from 4194304 to 8388608 bytes, but another"
                             " maximum reaches sockets whose program asks")


def test_a_container_cannot_raise_a_core_maximum():
    host = facts()
    host["sysctls"][CORE_RMEM]["writable"] = False
    found = made("receive_buffer_cut_off", window(group()), host)
    assert found["blocked"] and "net.core.rmem_max is argued for, but cannot be written on this host" in found["reason"]


FOR_THROUGHPUT = {"sender_buffer_too_small", "receiver_window_too_small", "send_buffer_cut_off", "receive_buffer_cut_off"}


@pytest.mark.parametrize("goal, tried", [
    ("balanced", {*FOR_THROUGHPUT, "queue_bloat", "stale_send_queue", "pausing_reader"}),
    ("throughput", {*FOR_THROUGHPUT, "pausing_reader"}),
    ("latency", {"queue_bloat", "stale_send_queue", "pausing_reader"}),
])
def test_the_goal_decides_what_is_tried(goal, tried):
    seen = window(group(bdp_bytes=1e5, goodput_out_bytes_per_second=1e6, counts={"reader_pausing": 1}))
    plans = {name: made(name, seen, policy={"goal": goal}) for name in ANSWERS if not ANSWERS[name].joint}
    of_connections = {name for name, found in plans.items() if found["changes"] and SCENARIO[name].sign}
    assert of_connections == tried
    assert all(f"the goal of the policy is {goal}" in plans[name]["reason"] for name in plans if SCENARIO[name].sign and name not in tried)


def test_an_unknown_goal_is_refused():
    with pytest.raises(ValueError, match="policy: goal wants balanced, throughput, latency, got 'fast'"):
        made("queue_bloat", window(), policy={"goal": "fast"})


def test_the_next_finding_is_answered_when_the_first_cannot_be():
    seen = window(group(goodput_out_bytes_per_second=1e6))
    both = plan([finding("queue_bloat"), finding("stale_send_queue")], facts(), None, None, seen)
    assert both["scenario"] == "stale_send_queue"
    blocked = plan([finding("queue_bloat"), finding("pruning_with_loss")], dict(facts(), tcp_rmem=None), None, None, seen)
    assert blocked["blocked"] and blocked["scenario"] == "pruning_with_loss"


def test_both_ends_are_nothing_for_one_host():
    assert "the other one is not part of this run" in made("both_ends_too_small", window(group()))["reason"]


def too_far(scenario, before, after, new_maximum, key=WMEM, old="4096 16384 4194304"):
    return {
        "plan": {"scenario": scenario, "changes": [{"key": key, "old": old, "new": f"{old.rsplit(' ', 1)[0]} {new_maximum}"}]},
        "verdict": {"verdict": "regressed", "reason": "worse", "before": before, "after": after, "guards": [{"name": "round trip of requests", "ok": False}]},
    }


@pytest.mark.parametrize("scenario, record, key, size", [
    ("sender_buffer_too_small", too_far("sender_buffer_too_small", 60e6, 90e6, 8 * MIB), "sender", "4096 16384 6291456"),
    ("receiver_window_too_small", too_far("receiver_window_too_small", 60e6, 90e6, 256 * MIB, RMEM, "4096 131072 33554432"), "receiver",
     "4096 131072 50331648"),
])
def test_a_step_that_went_too_far_is_followed_by_one_as_large_as_its_gain(scenario, record, key, size):
    tried = made(scenario, window(group()), earlier=[record])
    assert new(tried) == size
    assert "1.5 times the present maximum" in tried["reason"] and "at the cost of round trip of requests" in tried["reason"]
    again = made(scenario, window(group()), earlier=[record, record])
    assert not again["changes"] and "was tried in round 1 of this run and not kept: worse" in again["reason"]


def no_proof(size):
    old = "4096 131072 33554432"
    return {
        "plan": {"scenario": "pausing_reader", "changes": [{"key": RMEM, "old": old, "new": f"4096 {size} 33554432"}]},
        "verdict": {"verdict": "inconclusive", "reason": "windows closed +4%", "p_value": 0.6, "guards": [{"name": "longest stall", "ok": True}]},
    }


def test_a_default_that_was_not_enough_is_followed_by_a_larger_one():
    seen = window(group(counts={"reader_pausing": 1}))
    first, second = made("pausing_reader", seen), made("pausing_reader", seen, earlier=[no_proof(MIB)])
    assert (new(first), new(second)) == (f"4096 {MIB} 33554432", f"4096 {4 * MIB} 33554432")
    assert "8 times the 1048576 bytes of round 1 of this run, which cost nothing and proved nothing (windows closed +4%)" in second["reason"]
    third = made("pausing_reader", seen, earlier=[no_proof(MIB), no_proof(4 * MIB)])
    assert not third["changes"] and "was tried in round 1 of this run and not kept: windows closed +4%" in third["reason"]


def test_what_reached_the_ceiling_is_not_tried_again():
    seen = window(group(counts={"reader_pausing": 1}))
    tried = made("pausing_reader", seen, policy={"rmem_default_ceiling_bytes": MIB}, earlier=[no_proof(MIB)])
    assert not tried["changes"]
    assert "1048576 bytes were tried in round 1 of this run and not kept (windows closed +4%), and more is not above 1048576 bytes" in tried["reason"]


def test_what_was_lowered_with_proof_is_not_raised_by_a_narrower_step_either():
    lowered = {"plan": {"scenario": "queue_bloat", "changes": [{"key": WMEM, "old": "4096 16384 8388608", "new": "4096 16384 4194304"}]},
               "verdict": {"verdict": "improved"}}
    tried = made("sender_buffer_too_small", window(group()), earlier=[too_far("sender_buffer_too_small", 60e6, 90e6, 8 * MIB), lowered])
    assert not tried["changes"] and "lowered" in tried["reason"]


def raised(gain, old=4 * MIB, new=8 * MIB):
    changes = [{"key": WMEM, "old": f"4096 16384 {old}", "new": f"4096 16384 {new}"}]
    return {"plan": {"scenario": "sender_buffer_too_small", "changes": changes}, "verdict": {"verdict": "improved", "before": 60e6, "after": gain * 60e6}}


EIGHT = {"tcp_wmem": (4096, 16384, 8 * MIB)}


def test_a_step_is_taken_back_to_what_its_gain_takes():
    tried = made("sender_buffer_oversized", window(group(rtt_over_min=1.04)), facts(**EIGHT), earlier=[raised(1.8)])
    assert new(tried) == f"4096 16384 {7_778_304}"  # 1.8 x 1.03 x 4 MiB, in whole pages
    assert "moved 1.8 times as much" in tried["reason"] and tried["metric"] == {"name": "flows_bulk_queue_bytes", "direction": "lower"}


def test_where_the_path_holds_what_waits_its_round_trip_tells():
    seen = window(group(rtt_over_min=1.05), group(kind="request_response", rtt_over_min=9))
    assert made("sender_buffer_oversized", seen, facts(**EIGHT), earlier=[raised(1.8)])["metric"]["name"] == "flows_bulk_rtt_us"


@pytest.mark.parametrize("host, earlier", [(facts(), [raised(1.8)]), (facts(**EIGHT), [])])
def test_nor_is_a_size_held_against_a_step_that_is_not_the_last_word(host, earlier):
    """Somebody else has set it since; or there was none."""
    tried = made("sender_buffer_oversized", window(group()), host, earlier=earlier)
    assert not tried["changes"] and "no step of this run was kept" in tried["reason"]


@pytest.mark.parametrize("bdp, maximum", [(2_000_000, 7_778_304), (3_200_000, 8_011_776)])
def test_bloat_does_not_take_what_a_step_gained(bdp, maximum):
    seen = window(group(bdp_bytes=bdp, send_payload_share=0.6))
    assert new(made("queue_bloat", seen, facts(**EIGHT), earlier=[raised(1.8)])) == f"4096 16384 {maximum}"


def test_a_size_that_bloat_was_refuted_with_is_not_tried_as_an_oversized_one():
    seen = window(group(bdp_bytes=2_000_000, send_payload_share=0.6, rtt_over_min=1.6))
    first = made("queue_bloat", seen, facts(**EIGHT), earlier=[raised(1.8)])
    refuted = {"plan": first, "verdict": {"verdict": "inconclusive", "reason": "round trip -4%"}}
    tried = made("sender_buffer_oversized", seen, facts(**EIGHT), earlier=[raised(1.8), refuted])
    assert not tried["changes"]
    assert "to 7778304 bytes, but queue_bloat tried it in round 2 of this run, by the same metric, and it was not kept: round trip -4%" in tried["reason"]


@pytest.mark.parametrize("step", [{}, {"step": Step(3600.0, ("web.service",))}])
def test_bloat_whose_buffers_follow_late_is_tried_in_a_step_back(step):
    """Nobody has to allow that, and nothing is restarted."""
    seen = window(group(9, counts={"path_queue_bloated": 9, "sndbuf_stays": 9}, bdp_bytes=25_000, send_payload_share=0.63))
    tried = made("queue_bloat", seen, **step)
    assert new(tried) == "4096 16384 69632"
    assert (tried["design"], tried["step_seconds"], tried["restart_services"]) == ("step_back", 0.0, [])


FULL = window(group(9, counts={"path_queue_bloated": 9, "sndbuf_stays": 9, "send_queue_stale": 9}, bdp_bytes=25_000, goodput_out_bytes_per_second=1e6))


def test_where_windows_are_always_full_less_data_waits_unsent_as_well():
    tried = made("queue_bloat", FULL)
    assert [(change["key"], change["new"]) for change in tried["changes"]] == [(WMEM, "4096 16384 73728"), (LOWAT, "5120")]
    assert tried["design"] == "step_back" and tried["scenario"] == "queue_bloat" and tried["metric"]["name"] == "flows_bulk_rtt_us"
    assert "Together with that" in tried["reason"] and "stale_send_queue: lower net.ipv4.tcp_notsent_lowat" in tried["reason"]


def test_and_where_that_was_refuted_nothing_reaches_them():
    refuted = {"plan": {"scenario": "stale_send_queue", "changes": [{"key": LOWAT, "old": "4294967295", "new": "5120"}]}, "verdict": {"verdict": "regressed"}}
    tried = made("queue_bloat", FULL, earlier=[refuted])
    assert not tried["changes"] and "9 of 9 would keep their send buffer" in tried["reason"] and "socket_buffers_step_seconds" in tried["reason"]
