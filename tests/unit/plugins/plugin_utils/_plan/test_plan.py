"""Findings into one candidate, or none and why."""
import re

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import validated
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import SCENARIOS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import ANSWERS, SCENARIO
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.blocks_fit import Step
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import plan

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
MIB = 1048576
GIB = 1024 * MIB


def facts(maximum=32 * MIB, default=131072, writable=True, tcp_mem="94056 125409 188112", ram=2 * GIB, page=4096, present=True):
    sizes = {"min": 4096, "default": default, "max": maximum}
    return {
        "host": {"ram_bytes": ram, "page_size_bytes": page},
        "tcp_rmem": sizes if present else None,
        "tcp_wmem": {"min": 4096, "default": 16384, "max": 4 * MIB} if present else None,
        "sysctls": {
            WMEM: {"present": present, "writable": writable, "value": f"4096 16384 {4 * MIB}"},
            RMEM: {"present": present, "writable": writable, "value": " ".join(map(str, sizes.values()))},
            "net.ipv4.tcp_mem": {"present": tcp_mem is not None, "value": tcp_mem},
        },
    }


def latency(longest_us=24_000, count=40, span="tcp_collapse"):
    return {"available": True, "reason": None, span: {"available": True, "count": count, "max_us": longest_us}}


def finding(scenario):
    row = next(row for row in SCENARIOS if row.name == scenario)
    return {"scenario": scenario, "key": row.key, "direction": row.direction, "evidence": [], "summary": "", "remedy": None}


@pytest.mark.parametrize("scenario, host, policy, maximum", [
    ("collapsing", facts(32 * MIB), {}, 2 * MIB),
    ("collapsing", facts(6 * MIB), {}, MIB),
    ("collapsing", facts(32 * MIB, default=4 * MIB), {}, 4 * MIB),
    ("collapsing", facts(40_000_001), {}, 2_498_560),
    ("collapsing", facts(40_000_001, page=65536), {}, 2_490_368),
    ("collapsing", facts(32 * MIB), {"collapse_divisor": 4}, 8 * MIB),
    ("collapsing", facts(32 * MIB), {"collapse_divisor": "4", "rmem_max_floor_bytes": "16777216"}, 16 * MIB),
    ("memory_pressure", facts(32 * MIB), {}, 16 * MIB),
    ("pruning_with_loss", facts(6 * MIB), {}, 12 * MIB),
    ("pruning_with_loss", facts(6 * MIB), {"rmem_max_ceiling_bytes": 8 * MIB}, 8 * MIB),
    # An eighth of the pressure mark, 125409 pages.
    ("pruning_with_loss", facts(48 * MIB), {}, 64_208_896),
    # 1/128 of RAM, where tcp_mem cannot be seen.
    ("pruning_with_loss", facts(12 * MIB, tcp_mem=None), {}, 16 * MIB),
    ("pruning_with_loss", facts(48 * MIB, tcp_mem=None, ram=None), {}, 64 * MIB),
    # No sysctl takes more than 2^31 - 1.
    ("pruning_with_loss", facts(2 * GIB - 8192, tcp_mem=None, ram=None), {"rmem_max_ceiling_bytes": 8 * GIB}, 2 * GIB - 4096),
])
def test_candidates(scenario, host, policy, maximum):
    made = plan([finding(scenario)], host, policy)
    (change,) = made["changes"]
    sizes = host["tcp_rmem"]
    assert change["key"] == RMEM
    assert change["old"] == f"4096 {sizes['default']} {sizes['max']}"
    assert change["new"] == f"4096 {sizes['default']} {maximum}"
    assert change["reason"] and change["ceiling"]
    assert validated({RMEM: change["new"]}) == {RMEM: change["new"]}
    assert made["scenario"] == scenario and not made["blocked"]
    assert made["metric"] == SCENARIO[scenario].metric._asdict()


def test_a_candidate_is_called_a_start_and_not_a_proof():
    assert "not a proof" in plan([finding("collapsing")], facts())["reason"]


@pytest.mark.parametrize("scenario", ["collapsing", "pruning_with_loss", "memory_pressure"])
def test_the_guards_are_all_but_the_metric(scenario):
    made = plan([finding(scenario)], facts(8 * MIB))
    named = {guard["name"] for guard in made["guards"]}
    assert {guard.name for guard in GUARDS} - named == {guard.name for guard in GUARDS if made["metric"]["name"] in guard.counters}
    assert {"name": "received octets", "direction": "higher"} in made["guards"]


@pytest.mark.parametrize("findings, host, policy, reason, blocked", [
    ([finding("slow_reader")], facts(), {}, "slow_reader: no buffer size", False),
    ([finding("growth_only")], facts(), {}, "growth_only", False),
    ([], facts(), {}, "no finding", False),
    ([finding("collapsing")], facts(writable=False), {}, "net.ipv4.tcp_rmem is argued for, but cannot be written.*read-only", True),
    ([finding("collapsing")], facts(present=False), {}, "net.ipv4.tcp_rmem is argued for, but this host does not have it", True),
    ([finding("collapsing")], dict(facts(), sysctls={}), {}, "does not have it", True),
    ([finding("collapsing")], dict(facts(), tcp_rmem=None), {}, "could not be read", True),
    ([finding("collapsing")], facts(MIB), {}, "argues to lower net.ipv4.tcp_rmem max, but it is 1048576", False),
    ([finding("collapsing")], facts(MIB // 2), {}, "it is 524288 bytes and the candidate 1048576: not below", False),
    ([finding("collapsing")], facts(), {"collapse_divisor": 1}, "it is 33554432", False),
    ([finding("memory_pressure")], facts(MIB), {}, "argues to lower", False),
    ([finding("pruning_with_loss")], facts(8 * MIB), {"rmem_max_ceiling_bytes": 8 * MIB}, "argues to raise", False),
    ([finding("pruning_with_loss")], facts(64 * MIB), {}, "argues to raise.*share of TCP memory", False),
    ([finding("pruning_with_loss")], facts(6 * MIB), {"rmem_max_ceiling_bytes": MIB}, "argues to raise.*ceiling of the policy", False),
])
def test_nothing_to_change_says_why(findings, host, policy, reason, blocked):
    made = plan(findings, host, policy)
    assert made["changes"] == [] and made["metric"] is None and made["guards"] == []
    assert made["blocked"] is blocked
    assert re.search(reason, made["reason"])


def test_unknowable_whether_writable_is_tried():
    assert plan([finding("collapsing")], facts(writable=None))["changes"]


def test_the_most_urgent_finding_with_a_knob_is_answered():
    assert plan([finding("slow_reader"), finding("pruning_with_loss")], facts(6 * MIB))["scenario"] == "pruning_with_loss"
    assert plan([finding("memory_pressure"), finding("collapsing")], facts())["scenario"] == "memory_pressure"


@pytest.mark.parametrize("policy, named", [
    ({"colapse_divisor": 4}, "colapse_divisor is unknown; it takes goal, stall_budget_us"),
    ({"collapse_divisor": 0}, "collapse_divisor wants a whole number"),
    ({"collapse_divisor": "-2"}, "collapse_divisor"),
    ({"collapse_divisor": True}, "got True"),
    ({"collapse_divisor": 2.5}, "got 2.5"),
    ({"rmem_max_floor_bytes": "2M"}, "rmem_max_floor_bytes wants a whole number above 0, got '2M'"),
    ({"rmem_max_floor_bytes": None}, "rmem_max_floor_bytes"),
])
def test_a_wrong_policy_is_refused_by_name(policy, named):
    with pytest.raises(ValueError, match=named):
        plan([finding("slow_reader")], facts(), policy)


@pytest.mark.parametrize("findings, host, named", [
    ([finding("collapsing")], {}, "facts: lacks host, tcp_rmem, sysctls"),
    ([{"scenario": "collapsing"}], facts(), "findings: lacks key, direction"),
])
def test_arguments_that_are_something_else_are_refused(findings, host, named):
    with pytest.raises(ValueError, match=named):
        plan(findings, host)


def test_every_scenario_with_a_knob_has_an_answer():
    assert {scenario.name for scenario in SCENARIOS if scenario.key} == set(ANSWERS)


@pytest.mark.parametrize("path, wins", [
    ("/etc/sysctl.conf", True),
    ("/usr/lib/sysctl.d/99-zzz-vendor.conf", True),
    ("/etc/sysctl.d/99-zz-linuxnet-socket-buffers.conf", False),
    ("/etc/sysctl.d/10-net.conf", False),
    (None, False),
])
def test_a_file_that_wins_at_boot_is_named_before_a_trial(path, wins):
    host = facts()
    host["sysctls"][RMEM]["boot_file"] = path
    made = plan([finding("collapsing")], host)
    assert made["blocked"] == wins and bool(made["changes"]) != wins
    assert not wins or path in made["reason"]


def test_a_present_value_that_no_trial_would_write_is_named():
    host = facts()
    host["tcp_rmem"]["min"] = 2048
    made = plan([finding("collapsing")], host)
    assert made["blocked"] and made["changes"] == [] and "2048" in made["reason"]


@pytest.mark.parametrize("measured, policy, maximum, reason", [
    (latency(24_000), {"stall_budget_us": 3000}, 4 * MIB, "tcp_collapse took 24 ms with a maximum of 32 MiB, 750 us per MiB: size for 3 ms"),
    (latency(24_000, span="net_rx_softirq"), {"stall_budget_us": 3000}, 4 * MIB, "net_rx_softirq took 24 ms"),
    (latency(16_000), {}, 2 * MIB, "size for 1 ms"),
    (latency(24_000), {"stall_budget_us": "6000"}, 8 * MIB, "size for 6 ms"),
    (latency(240_000), {}, MIB, "not below 1048576 bytes"),
    (latency(1_500), {}, 16 * MIB, "at most half"),
    (latency(count=0), {}, 2 * MIB, "try 1/16"),
    (None, {}, 2 * MIB, "try 1/16"),
])
def test_the_hosts_own_stalls_replace_any_prior(measured, policy, maximum, reason):
    made = plan([finding("collapsing")], facts(), policy, measured)
    assert made["changes"][0]["new"].split()[2] == str(maximum)
    assert reason in made["reason"] + made["changes"][0]["ceiling"]
    assert made["metric"] == {"name": "stall_longest_us", "direction": "lower"}


def test_a_collapse_itself_counts_before_the_softirq_around_it():
    both = dict(latency(24_000), **latency(48_000, span="net_rx_softirq"))
    assert plan([finding("collapsing")], facts(), {"stall_budget_us": 3000}, both)["changes"][0]["new"].split()[2] == str(4 * MIB)
    # Timed, but it did not happen: the softirq's length says nothing about it.
    none_seen = dict(both, **latency(0, count=0))
    assert "try 1/16" in plan([finding("collapsing")], facts(), {}, none_seen)["reason"]


def test_short_stalls_are_left_alone():
    made = plan([finding("collapsing")], facts(), {}, latency(900))
    assert made["changes"] == [] and not made["blocked"]
    assert "took 900 us with a maximum of 32 MiB, within the 1 ms of the policy (stall_budget_us)" in made["reason"]


@pytest.mark.parametrize("measured, why", [
    ({"available": False, "reason": "tracing needs root; run the task with become"}, "tracing needs root"),
    (
        {"available": False, "reason": None, "tcp_collapse": {"available": False, "skipped": [{"means": "m", "reason": "no kprobes"}]}},
        "no such change is kept: no kprobes",
    ),
])
def test_without_stalls_nothing_is_tried_against_collapsing(measured, why):
    made = plan([finding("collapsing")], facts(), {}, measured)
    assert made["changes"] == [] and made["blocked"] and why in made["reason"]
    assert plan([finding("pruning_with_loss")], facts(), {}, measured)["changes"]


@pytest.mark.parametrize("host, policy, maximum, bound", [
    (facts(), {"wmem_raise_factor": 8}, 32 * MIB, "64209408 bytes"),
    (facts(tcp_mem="9405 12540 18811"), {"wmem_raise_factor": 8}, 6418432, "the share of TCP memory"),
    (facts(), {"wmem_max_ceiling_bytes": 8 * MIB}, 8 * MIB, "ceiling of the policy"),
    (facts(), {}, 8 * MIB, "not above"),
])
def test_a_send_buffer_that_is_the_limit_is_raised_step_by_step(host, policy, maximum, bound):
    made = plan([finding("sender_buffer_too_small")], host, policy)
    change, = made["changes"]
    assert (change["key"], change["old"], change["new"]) == (WMEM, "4096 16384 4194304", f"4096 16384 {maximum}")
    assert bound in change["ceiling"]
    assert made["metric"] == {"name": "flows_bulk_out_bytes", "direction": "higher"}
    assert not made["blocked"]


def test_a_send_buffer_is_left_where_it_cannot_be_read():
    made = plan([finding("sender_buffer_too_small")], dict(facts(), tcp_wmem=None))
    assert made["blocked"] and "net.ipv4.tcp_wmem is argued for, but its present value could not be read" in made["reason"]


def old_connections(**listeners):
    """All that came in was for connections that were there before, and no service listened anew."""
    group = {
        "class": "bulk", "direction": "inbound", "flows": 4, "counts": {"reader_pausing": 4}, "sums": {"old_bytes_in": 100}, "quantiles": {},
    }
    return {
        "seconds": [1.0] * 10, "absent": [], "counters": {"IpExtInOctets": [10] * 10},
        "sockets": {"available": True, "listeners": listeners, "groups": [group]},
    }


def test_a_default_is_for_all_connections_and_a_maximum_for_those_that_move_much():
    groups = [
        {"class": kind, "direction": "outbound", "flows": flows, "counts": {"reader_pausing": 4}, "sums": {}, "quantiles": {}}
        for kind, flows in (("bulk", 10), ("request_response", 4990), ("idle", 9000))
    ]
    seen = {"seconds": [1.0] * 10, "absent": [], "counters": {}, "sockets": {"available": True, "listeners": {"renewed": 1}, "groups": groups}}
    # Of 125409 pages 10 %, by 5000 and by 10.
    default, maximum = (plan([finding(name)], facts(4 * MIB), {"memory_percent": 10}, window=seen) for name in ("pausing_reader", "pruning_with_loss"))
    assert "the candidate 8192: not above 10273 bytes (10 % of TCP memory (memory_percent of the policy) for 5000 active" in default["reason"]
    assert maximum["changes"][0]["ceiling"] == "not above 5136752 bytes (10 % of TCP memory (memory_percent of the policy) for 10 bulk connections)"


CALM, UNTIMED = latency(500), {"available": False, "reason": "no tracing here"}


@pytest.mark.parametrize("urgent, given, tried", [
    ("collapsing", {"latency": CALM}, True),  # within its budget, so nobody wants it
    ("collapsing", {"latency": UNTIMED}, False),
    ("collapsing", {"window": "old"}, False),  # right, but not allowed
    ("memory_pressure", {"policy": {"rmem_max_floor_bytes": 64 * MIB}}, True),
])
def test_the_opposite_of_what_is_more_urgent_is_tried_where_nobody_wants_that(urgent, given, tried):
    given = dict(given, window=old_connections() if given.get("window") else None)
    other = dict(finding("pruning_with_loss"), conflicts_with=urgent)
    made = plan([finding(urgent), other], facts(), given.get("policy"), given.get("latency"), given["window"])
    assert bool(made["changes"]) == tried and made["scenario"] == ("pruning_with_loss" if tried else urgent)


@pytest.mark.parametrize("step, tried", [(Step(), None), (Step(3600.0), "lower")])
def test_what_is_right_and_not_allowed_is_not_turned_the_other_way(step, tried):
    """All windows are full, and no tcp_notsent_lowat on this host could empty them: new connections alone would follow."""
    counts = dict.fromkeys(("path_queue_bloated", "sndbuf_stays", "send_queue_stale"), 4)
    group = {"class": "bulk", "direction": "outbound", "flows": 4, "counts": counts, "sums": {}, "quantiles": {"bdp_bytes": {"max": 100_000}}}
    seen = {"seconds": [1.0] * 10, "absent": [], "counters": {}, "sockets": {"available": True, "listeners": {}, "groups": [group]}}
    other = dict(finding("sender_buffer_too_small"), conflicts_with="queue_bloat")
    made = plan([finding("queue_bloat"), other], facts(), window=seen, step=step)
    assert (made["scenario"], bool(made["changes"])) == ("queue_bloat", bool(tried))
    assert plan([other], facts(), window=seen, step=step)["changes"]


@pytest.mark.parametrize("policy, blocked", [({}, True), ({"rmem_max_ceiling_bytes": 32 * MIB}, False), ({"goal": "latency"}, True)])
def test_a_host_that_cannot_be_written_is_told_so_where_something_would_be_written(policy, blocked):
    made = plan([finding("pruning_with_loss")], facts(writable=False), policy)
    assert not made["changes"] and made["blocked"] is blocked
    assert not plan([finding("sender_buffer_too_small")], facts(writable=False), {"goal": "latency"})["blocked"]


@pytest.mark.parametrize("scenario, step, design", [
    ("collapsing", Step(), None),
    ("collapsing", Step(3600.0), "step"),
    ("pruning_with_loss", Step(3600.0), "step"),
    ("pausing_reader", Step(3600.0), None),
    ("pausing_reader", Step(3600.0, ("web.service",)), "step"),
])
def test_what_pairs_cannot_tell_is_tried_in_one_step_or_not_at_all(scenario, step, design):
    made = plan([finding(scenario)], facts(6 * MIB), window=old_connections(), step=step)
    if design is None:
        assert not made["changes"] and not made["blocked"] and "socket_buffers_step_seconds" in made["reason"]
    else:
        assert made["changes"] and (made["design"], made["step_seconds"]) == (design, 3600.0)
        assert made["restart_services"] == list(step.services) and made["least_washout_seconds"] == 0


def test_what_pairs_can_tell_is_tried_in_pairs_whatever_is_allowed():
    seen = old_connections()
    seen["sockets"]["groups"][0]["sums"]["old_bytes_in"] = 50
    made = plan([finding("collapsing")], facts(), window=seen, step=Step(3600.0, ("web.service",)))
    assert made["changes"] and (made["design"], made["step_seconds"], made["restart_services"]) == ("pairs", 0.0, [])
