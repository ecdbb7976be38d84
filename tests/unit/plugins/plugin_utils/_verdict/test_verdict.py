"""Verdicts over made trials: their error rate, their power, and every reason for not deciding."""
import json
import math
import random
import re

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.demand import other_demand
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict

METRIC = "TcpExtTCPRcvCollapsed"
PLAN = {
    "scenario": "collapsing",
    "changes": [{"key": "net.ipv4.tcp_rmem", "old": "4096 131072 33554432", "new": "4096 131072 2097152", "reason": "", "ceiling": ""}],
    "metric": {"name": METRIC, "direction": "lower"},
    "guards": [{"name": guard.name, "direction": guard.direction} for guard in GUARDS],
    "reason": "",
}
STEADY = {"TcpInSegs": 75_000, "TcpOutSegs": 60_000, "TcpPassiveOpens": 750, "IpExtInOctets": 150_000_000, "IpExtOutOctets": 60_000_000}


def a_trial(pairs, arms, counters, **changed):
    """What socket_buffer_trial returns, with these columns."""
    blocks = {"pair": [index // 2 for index in range(2 * pairs)], "arm": arms, "started": [18.0 * index for index in range(2 * pairs)]}
    made = {
        "version": 1, "identity": {"boot_id": "b", "netns": "cookie:1", "netns_is_initial": True, "kernel_release": "6.1.0-18-amd64"},
        "status": "complete", "reason": None, "seed": 1, "pairs": pairs, "block_seconds": 15.0, "washout_seconds": 3.0,
        "baseline": {"net.ipv4.tcp_rmem": "4096 131072 33554432"}, "candidate": {"net.ipv4.tcp_rmem": "4096 131072 2097152"},
        "blocks": blocks, "seconds": [15.0] * (2 * pairs), "counters": counters, "gauges": {}, "absent": [], "restored": {},
    }
    made.update(changed)
    return made


def made_trial(pairs=16, b=1.0, spread=0.1, seed=1, **counters):
    """A busy host with 600,000 collapsed packets a block; `b` times as many with the candidate. Others as (A, B) events a block."""
    source = random.Random(seed)
    arms = [arm for _pair in range(pairs) for arm in source.sample(["A", "B"], 2)]
    means = {name: (mean, mean) for name, mean in STEADY.items()}
    means.update(counters)
    means[METRIC] = (600_000, 600_000 * b)
    return a_trial(pairs, arms, {
        name: [round(both[arm == "B"] * source.lognormvariate(0, spread)) for arm in arms] for name, both in means.items()
    })


def with_column(trial, name, a, b):
    """Exactly these events, block by block, in the pairs' order; a value for each pair."""
    values = {"A": iter(a), "B": iter(b)}
    return dict(trial, counters=dict(trial["counters"], **{name: [next(values[arm]) for arm in trial["blocks"]["arm"]]}))


# A real trial on Linux 6.18, from 32 to 2 MiB: one connection a block, whose reader pauses. The smaller buffer is the one that collapses.
REAL_ARMS = "BABABABAABABBA"
REAL_COUNTERS = {
    "TcpExtTCPRcvCollapsed": [2334, 0, 2331, 0, 2334, 0, 2333, 0, 0, 2334, 0, 2254, 2334, 0],
    "TcpExtPruneCalled": [1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0],
    "TcpExtTCPWantZeroWindowAdv": [1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 148, 1, 0],
    "TcpActiveOpens": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    "TcpPassiveOpens": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    "TcpInSegs": [37362, 36058, 59655, 32281, 35230, 32813, 26245, 31721, 35914, 31244, 27358, 45182, 32578, 40131],
    "TcpOutSegs": [34814, 34820, 51527, 32040, 35232, 32286, 26246, 31721, 35304, 31245, 27233, 40883, 32576, 37295],
    "TcpRetransSegs": [2549, 1239, 8128, 242, 0, 528, 0, 1, 611, 0, 127, 4300, 2, 2837],
    "IpExtInOctets": [
        70930743, 70908356, 72818328, 70602540, 70979936, 70638064, 69975180,
        70555588, 70973832, 70534648, 70086326, 71624848, 70677276, 71293361,
    ],
    "IpExtOutOctets": [
        70903547, 70894420, 72791956, 70580856, 70953424, 70616536, 69948236,
        70538168, 70959584, 70509480, 70075362, 71599316, 70652464, 71281869,
    ],
}


# A host that is never the same for long: a load that drifts from block to block, and small overdispersed counts on top of it.

def poisson(source, mean):
    if mean > 50:
        return max(0, round(source.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, source.random()
    while product > limit:
        count, product = count + 1, product * source.random()
    return count


def restless_trial(source, pairs, b=1.0):
    """Negative binomial counts around a log-normal AR(1) load with a trend."""
    arms = [arm for _pair in range(pairs) for arm in source.sample(["A", "B"], 2)]
    load, loads = source.gauss(0, 0.4), []
    for index in range(len(arms)):
        load = 0.7 * load + source.gauss(0, 0.4 * math.sqrt(1 - 0.7 ** 2))
        loads.append(math.exp(load + 0.03 * index))
    means = dict(STEADY, **{METRIC: 40, "TcpRetransSegs": 30, "TcpExtTCPTimeouts": 4, "TcpExtRcvPruned": 0.3, "softnet_time_squeeze": 6})
    counters = {}
    for name, mean in means.items():
        effect = b if name == METRIC else 1.0
        counters[name] = [
            poisson(source, mean * level * (effect if arm == "B" else 1.0) * source.gammavariate(8, 1 / 8))
            for level, arm in zip(loads, arms)
        ]
    return a_trial(pairs, arms, counters)


def test_without_an_effect_hardly_any_trial_is_called_improved_or_regressed():
    source = random.Random(7)
    found = [verdict(restless_trial(source, pairs), PLAN)["verdict"] for pairs in (8, 12) for _trial in range(1000)]
    # 1 % of 2,000 is 20, and chance adds 11 to that less than once in a hundred times.
    assert found.count("improved") <= 31
    # The metric and all guards share the same 1 %.
    assert found.count("regressed") <= 31


def test_half_as_many_is_found_on_the_same_host():
    source = random.Random(8)
    found = [verdict(restless_trial(source, 16, b=0.5), PLAN)["verdict"] for _trial in range(200)]
    assert found.count("improved") >= 160
    assert found.count("regressed") <= 8


def test_a_clear_improvement():
    judged = verdict(made_trial(b=0.2), PLAN)
    assert judged["verdict"] == "improved"
    assert judged["metric"] == METRIC
    assert judged["before"] == pytest.approx(40_000, rel=0.1) and judged["after"] == pytest.approx(8_000, rel=0.1)
    assert judged["effect"] == pytest.approx(-0.8, abs=0.03)
    assert judged["interval"][0] < judged["effect"] < judged["interval"][1] < -0.7
    assert judged["p_value"] == 2 ** -16
    assert judged["pairs"] == 16
    assert [guard["name"] for guard in judged["guards"]] == [guard.name for guard in GUARDS]
    assert all(guard["ok"] for guard in judged["guards"])
    assert judged["reach"]["share"] is None and "made after each switch" in judged["reach"]["note"]
    json.dumps(judged, allow_nan=False)


@pytest.mark.parametrize("new, told", [("4096 131072 2097152", "a lower maximum"), ("4096 131072 67108864", "a higher maximum")])
def test_what_the_change_reaches_depends_on_its_direction(new, told):
    plan = dict(PLAN, changes=[dict(PLAN["changes"][0], new=new)])
    assert told in verdict(made_trial(), plan)["reach"]["note"]


def test_everything_gone_is_an_improvement():
    judged = verdict(made_trial(pairs=7, b=0), PLAN)
    assert judged["verdict"] == "improved" and judged["after"] == 0 and judged["effect"] < -0.99


def test_a_real_trial_whose_candidate_is_the_cause():
    trial = a_trial(7, list(REAL_ARMS), REAL_COUNTERS, absent=["MPTcpExtRcvPruned"])
    judged = verdict(trial, PLAN)
    assert judged["verdict"] == "regressed" and judged["before"] == 0
    # Retransmits came in bursts in either arm, which is no reason to blame anybody.
    assert all(guard["ok"] for guard in judged["guards"])


def test_worse_is_regressed():
    judged = verdict(made_trial(b=1.5), PLAN)
    assert judged["verdict"] == "regressed" and judged["p_value"] > 0.99


@pytest.mark.parametrize("direction, word", [("higher", "improved"), ("lower", "regressed")])
def test_the_plan_says_which_direction_is_good(direction, word):
    plan = dict(PLAN, metric={"name": METRIC, "direction": direction})
    assert verdict(made_trial(b=1.5), plan)["verdict"] == word


@pytest.mark.parametrize("name, a, b", [
    ("TcpExtTCPRcvQDrop", 0, 30),
    ("TcpExtRcvPruned", 2, 9),
    ("IpExtInOctets", 150_000_000, 75_000_000),
    ("TcpRetransSegs", 300, 600),
    ("Udp6RcvbufErrors", 10, 40),
    ("softnet_time_squeeze", 100, 200),
])
def test_a_guard_that_is_worse_is_a_regression(name, a, b):
    judged = verdict(made_trial(b=0.2, **{name: (a, b)}), PLAN)
    broken = [guard for guard in judged["guards"] if guard["ok"] is False]
    assert judged["verdict"] == "regressed"
    assert len(broken) == 1 and broken[0]["name"] in judged["reason"]


@pytest.mark.parametrize("name, a, b", [
    # Eight pairs can doubt one guard of many, not blame it.
    ("TcpExtTCPTimeouts", [20] * 8, [40] * 8),
    ("IpExtInOctets", [150_000_000] * 8, [135_000_000] * 8),
    # Too concentrated to be significant, and too many to be let through.
    ("TcpExtTCPRcvQDrop", [2] * 8, [0] * 7 + [300]),
])
def test_a_guard_in_doubt_keeps_nothing(name, a, b):
    judged = verdict(with_column(made_trial(pairs=8, b=0.2), name, a, b), PLAN)
    assert [guard["ok"] for guard in judged["guards"]].count(None) == 1
    assert judged["verdict"] == "inconclusive" and "may be worse" in judged["reason"]


@pytest.mark.parametrize("name, a, b", [
    ("TcpExtRcvPruned", [0] * 8, [0] * 7 + [1]),
    ("TcpExtRcvPruned", [1, 0, 0, 2, 0, 0, 1, 0], [0, 2, 0, 1, 0, 2, 0, 0]),
    ("TcpExtTCPTimeouts", [100] * 8, [105] * 8),  # worse, but within what is put up with
    ("TcpRetransSegs", [300] * 8, [0] * 8),
    # A smaller buffer works by closing the window earlier.
    ("TcpExtTCPToZeroWindowAdv", [10] * 8, [900] * 8),
])
def test_a_guard_in_order(name, a, b):
    assert verdict(with_column(made_trial(pairs=8, b=0.2), name, a, b), PLAN)["verdict"] == "improved"


def test_retransmits_are_judged_per_segment_sent():
    trial = made_trial(spread=0.01, b=0.2, TcpRetransSegs=(300, 600), TcpOutSegs=(60_000, 120_000))
    judged = verdict(trial, PLAN)
    guard = next(guard for guard in judged["guards"] if guard["name"] == "retransmits per segment sent")
    assert guard["before"] == pytest.approx(0.005, rel=0.05) and guard["after"] == pytest.approx(0.005, rel=0.05)
    assert judged["verdict"] == "improved"


def test_only_the_guards_of_the_plan_count():
    trial = made_trial(b=0.2, TcpExtTCPRcvQDrop=(0, 30))
    assert verdict(trial, dict(PLAN, guards=[{"name": "received octets", "direction": "higher"}]))["verdict"] == "improved"


@pytest.mark.parametrize("trial, reason", [
    (made_trial(pairs=6, b=0.2), "6 usable pairs of blocks; an exact test at 0.01 needs at least 7"),
    (made_trial(b=0.2, TcpInSegs=(150, 150)), "hardly any TCP traffic"),
    # Traffic that only comes with the candidate is none to compare with.
    (made_trial(b=0.2, TcpInSegs=(150, 75_000)), "hardly any TCP traffic"),
    (with_column(made_trial(), METRIC, [0] * 16, [0] * 16), "did not move in either arm"),
    (made_trial(b=0.2, TcpPassiveOpens=(750, 500)), "demand differed"),
    (made_trial(b=0.2, TcpActiveOpens=(750, 3000)), r"demand differed between the arms \(\+"),
    (dict(made_trial(b=0.2), status="aborted", reason="somebody else changed it"), "aborted: somebody else changed it"),
    (dict(made_trial(b=0.2), absent=[METRIC]), f"this kernel has no counter {METRIC}"),
    (
        a_trial(8, [], {}, status="aborted", reason="guardian died", blocks={"pair": [], "arm": [], "started": []}, seconds=[]),
        "guardian died",
    ),
])
def test_what_cannot_be_judged_is_inconclusive_and_says_why(trial, reason):
    judged = verdict(trial, PLAN)
    assert judged["verdict"] == "inconclusive"
    assert judged["effect"] is None and judged["interval"] is None and judged["p_value"] is None and judged["guards"] == []
    assert re.search(reason, judged["reason"])


def with_flows(trial, a, b):
    flows = [(b if arm == "B" else a) + index % 3 for index, arm in enumerate(trial["blocks"]["arm"])]
    return dict(trial, gauges={"TcpCurrEstab": flows})


@pytest.mark.parametrize("a, b, told", [(200, 150, "-25% active flows"), (200, 260, "active flows"), (200, 210, None)])
def test_other_active_flows_are_another_demand(a, b, told):
    judged = verdict(with_flows(made_trial(b=0.2, TcpPassiveOpens=(20, 20)), a, b), PLAN)
    assert judged["verdict"] == ("inconclusive" if told else "improved")
    assert (told or "every guard in order") in judged["reason"]


def test_flows_that_come_and_go_stand_for_how_long_each_takes():
    # 300 a block, of which 10 stood at its end and 5 with the candidate: each was done in half the time.
    assert verdict(with_flows(made_trial(b=0.2, TcpPassiveOpens=(300, 300)), 10, 5), PLAN)["verdict"] == "improved"
    # Those that others open more or fewer of are another demand, however long each takes.
    judged = verdict(with_flows(made_trial(b=0.2, TcpPassiveOpens=(300, 150)), 10, 10), PLAN)
    assert judged["verdict"] == "inconclusive" and "new connections" in judged["reason"]


def test_a_host_whose_flows_come_and_go_does_not_hide_those_that_last_on_another():
    brief = with_flows(made_trial(b=0.2, TcpPassiveOpens=(300, 300)), 10, 10)
    lasting = with_flows(made_trial(b=0.2, seed=2, TcpPassiveOpens=(20, 20)), 200, 150)
    assert "-25% active flows" in other_demand([brief, lasting], 0.01)


def test_a_demand_that_may_differ_by_chance_can_be_compared():
    # At a p of 0.009: one of four such looks at the same 1 %.
    ratios = [1.3, 1.2, 1.25, 1.4, 0.8, 0.9, 1.3, 1.1, 1.15, 0.85, 1.2, 1.3, 0.9, 1.1, 1.2, 1.3]
    trial = with_column(made_trial(b=0.2), "TcpPassiveOpens", [100_000] * 16, [round(100_000 * ratio) for ratio in ratios])
    assert verdict(trial, PLAN)["verdict"] == "improved"


def test_eleven_pairs_can_blame_a_guard_and_ten_can_doubt_it():
    # Ten guards move; each may be blamed at 1 % / 2 / 10, which is 2^-11.
    moving = [
        "TcpExtTCPTimeouts", "TcpExtTCPOFODrop", "TcpExtTCPBacklogDrop", "UdpRcvbufErrors", "TcpExtListenOverflows", "softnet_dropped",
        "TcpExtRcvPruned",
    ]
    for pairs, word in ((11, "regressed"), (10, "inconclusive")):
        trial = made_trial(pairs=pairs, b=0.2, TcpRetransSegs=(300, 300), **{name: (40, 40) for name in moving})
        assert verdict(with_column(trial, "TcpExtTCPTimeouts", [20] * pairs, [50] * pairs), PLAN)["verdict"] == word


def test_many_drops_at_once_are_a_doubt_not_a_proof():
    # Three times as many, but at a p that one guard of three may reach by chance.
    a, b = [4] * 16, [1, 1, 1, 40, 30, 20, 25, 30, 20, 40, 9, 9, 9, 9, 12, 12]
    judged = verdict(with_column(made_trial(b=0.2), "TcpExtTCPRcvQDrop", a, b), PLAN)
    guard = next(guard for guard in judged["guards"] if guard["name"] == "in-order data dropped")
    assert guard["ok"] is None and 0.001 < guard["p_value"] <= 0.01
    assert judged["verdict"] == "inconclusive"


def test_with_seven_pairs_the_metric_has_the_whole_error_rate():
    # No guard could be blamed with so few, so nothing is kept back for them.
    trial = made_trial(pairs=7, b=3, TcpRetransSegs=(300, 300))
    judged = verdict(trial, PLAN)
    assert judged["p_value"] == 1 and judged["verdict"] == "regressed"


def test_with_sixteen_pairs_the_guards_have_their_half():
    # Worse at a p between half of alpha and alpha: with guards that could be blamed, not proven; without any guard, proven.
    ratios = [1.3, 1.2, 1.25, 1.4, 0.8, 0.9, 1.3, 1.1, 1.15, 0.85, 1.2, 1.3, 0.9, 1.1, 1.2, 1.3]
    trial = with_column(made_trial(), METRIC, [1_000_000] * 16, [round(1_000_000 * ratio) for ratio in ratios])
    worse = verdict(trial, dict(PLAN, metric={"name": METRIC, "direction": "higher"}))["p_value"]
    assert 0.005 < worse <= 0.01
    assert verdict(trial, PLAN)["verdict"] == "inconclusive"
    assert verdict(trial, dict(PLAN, guards=[]))["verdict"] == "regressed"


def test_more_octets_are_no_other_demand():
    assert verdict(made_trial(b=0.2, IpExtInOctets=(150_000_000, 300_000_000)), PLAN)["verdict"] == "improved"


def test_no_new_connections_at_all_can_be_compared():
    trial = made_trial(b=0.2)
    del trial["counters"]["TcpPassiveOpens"]
    assert verdict(trial, PLAN)["verdict"] == "improved"


@pytest.mark.parametrize("unknown, pairs", [((3,), 15), ((2, 3), 15), ((0, 31), 14)])
def test_a_block_without_a_value_takes_its_pair_with_it(unknown, pairs):
    trial = made_trial(b=0.2)
    for block in unknown:
        trial["counters"][METRIC][block] = None
    judged = verdict(trial, PLAN)
    assert judged["pairs"] == pairs and judged["verdict"] == "improved"
    assert f"{16 - pairs} of 16 pairs left out" in judged["reason"]


def test_a_guard_that_could_not_be_watched_keeps_nothing():
    trial = made_trial(b=0.2)
    trial["counters"]["IpExtInOctets"][1:-2] = [None] * (len(trial["seconds"]) - 3)
    judged = verdict(trial, PLAN)
    assert judged["verdict"] == "inconclusive" and "received octets" in judged["reason"]


def test_no_difference_with_little_spread_is_unchanged():
    judged = verdict(made_trial(spread=0.01), PLAN)
    assert judged["verdict"] == "unchanged"
    assert 0.05 < judged["smallest_effect"] < 0.06 and f"could have seen {judged['smallest_effect']:.0%}" in judged["reason"]


def test_a_tiny_improvement_is_not_worth_keeping():
    judged = verdict(made_trial(b=0.97, spread=0.005), PLAN)
    assert judged["verdict"] == "unchanged" and judged["p_value"] <= 0.01


def test_an_improvement_that_may_be_tiny_or_not_stays_open():
    judged = verdict(with_column(made_trial(pairs=8), METRIC, [1_000_000] * 8, [970_000] * 7 + [880_000]), PLAN)
    assert judged["p_value"] <= 0.01 and judged["interval"][0] < -0.05 < judged["effect"]
    assert judged["verdict"] == "inconclusive"


def test_no_difference_with_much_spread_stays_open_and_says_what_could_have_been_seen():
    judged = verdict(made_trial(spread=0.5), PLAN)
    assert judged["verdict"] == "inconclusive"
    assert f"could have seen {judged['smallest_effect']:.0%}" in judged["reason"]


def test_bursts_that_make_up_for_the_typical_block_are_no_improvement():
    trial = with_column(made_trial(pairs=16), METRIC, [600_000] * 16, [6_000] * 15 + [30_000_000])
    judged = verdict(trial, PLAN)
    assert judged["p_value"] <= 0.01 and judged["effect"] < -0.5 and judged["after"] > judged["before"]
    assert judged["verdict"] == "inconclusive" and "bursts" in judged["reason"]


def test_the_smallest_effect_shrinks_with_more_pairs():
    few, many = (verdict(made_trial(pairs=pairs, spread=0.3), PLAN)["smallest_effect"] for pairs in (8, 24))
    assert 0 < many < few < 1


def test_rates_are_compared_not_events():
    plain = made_trial(b=0.2)
    longer = dict(plain, seconds=[30.0 if arm == "B" else 15.0 for arm in plain["blocks"]["arm"]])
    longer["counters"] = {
        name: [2 * value if arm == "B" else value for value, arm in zip(column, plain["blocks"]["arm"])]
        for name, column in plain["counters"].items()
    }
    assert verdict(longer, PLAN)["effect"] == pytest.approx(verdict(plain, PLAN)["effect"], abs=1e-4)


def with_flows_of(trial, **columns):
    """Values of each block by name, as (in A, in B) or block by block."""
    arms = trial["blocks"]["arm"]
    made = {name: [cells[arm == "B"] for arm in arms] if len(cells) == 2 else list(cells) for name, cells in columns.items()}
    return dict(trial, flows={"available": True, "reason": None, "columns": made})


@pytest.mark.parametrize("b", [0.2, 1.0, 1.5])
def test_what_the_candidate_could_not_reach_says_nothing_about_it(b):
    trial = with_flows_of(made_trial(b=b, spread=0.01), flows_old_in_bytes=(0, 147_000_000))
    judged = verdict(trial, PLAN)
    assert judged["verdict"] == "inconclusive" and judged["reach"]["share"] == pytest.approx(0.02, abs=0.01)
    assert "the candidate could reach only 2 % of the bytes: connections older than the blocks moved the rest" in judged["reason"]
    assert "restart their service" in judged["reason"] and judged["effect"] is not None


@pytest.mark.parametrize("old, told", [(55_500_000, "; it reached 63 % of the bytes"), (0, "every guard in order")])
def test_an_improvement_says_how_much_it_reached(old, told):
    judged = verdict(with_flows_of(made_trial(b=0.2, spread=0.01), flows_old_in_bytes=(0, old)), PLAN)
    assert judged["verdict"] == "improved" and judged["reason"].endswith(told)


def test_a_limit_of_unsent_data_is_a_single_number():
    change = {"key": "net.ipv4.tcp_notsent_lowat", "old": "4294967295", "new": "131072"}
    judged = verdict(made_trial(b=0.2), dict(PLAN, changes=[change]))
    assert judged["verdict"] == "improved" and judged["reach"]["share"] == 1.0


ROUND_TRIP = dict(PLAN, metric={"name": "flows_bulk_rtt_us", "direction": "lower"})


def levels(trial, a, b, unknown=()):
    """A level that wanders by a tenth; None in these blocks."""
    source = random.Random(4)
    values = [(b if arm == "B" else a) * source.lognormvariate(0, 0.1) for arm in trial["blocks"]["arm"]]
    return [None if index in unknown else value for index, value in enumerate(values)]


@pytest.mark.parametrize("unknown, pairs", [((), 16), ((0, 5, 6), 13)])
def test_a_level_is_compared_where_it_is_known(unknown, pairs):
    trial = made_trial()
    judged = verdict(with_flows_of(trial, flows_bulk_rtt_us=levels(trial, 160_000, 80_000, unknown)), ROUND_TRIP)
    assert judged["verdict"] == "improved" and judged["pairs"] == pairs
    # A mean of the blocks, not of their seconds.
    assert judged["before"] == pytest.approx(160_000, rel=0.1) and judged["after"] == pytest.approx(80_000, rel=0.1)
    assert judged["reason"].startswith("round trip of bulk flows -") and ("pairs left out" in judged["reason"]) == bool(unknown)


@pytest.mark.parametrize("before, after, verdict_is", [(10, 10, "improved"), (10, 9.5, "improved"), (10, 5, "inconclusive"), (2, 4, "inconclusive")])
def test_the_middle_of_other_connections_proves_nothing(before, after, verdict_is):
    trial = made_trial()
    counts = [after if arm == "B" else before for arm in trial["blocks"]["arm"]]
    judged = verdict(with_flows_of(trial, flows_bulk_rtt_us=levels(trial, 160_000, 80_000), flows_bulk_count=counts), ROUND_TRIP)
    assert judged["verdict"] == verdict_is
    assert (verdict_is == "improved") != ("another number of bulk connections" in judged["reason"])


def test_a_level_that_few_blocks_have_cannot_be_judged():
    trial = made_trial()
    judged = verdict(with_flows_of(trial, flows_bulk_rtt_us=levels(trial, 160_000, 80_000, range(12, 32))), ROUND_TRIP)
    assert judged["verdict"] == "inconclusive"
    assert judged["reason"] == (
        "6 usable pairs of blocks; an exact test at 0.01 needs at least 7"
        " (10 of 16 pairs left out: the metric is not known in one of their blocks)"
    )


def test_a_level_no_block_has_cannot_be_judged():
    judged = verdict(with_flows_of(made_trial(), flows_bulk_rtt_us=[None] * 32), ROUND_TRIP)
    assert judged["verdict"] == "inconclusive" and "0 usable pairs" in judged["reason"]
    assert judged["before"] is judged["after"] is None


def test_a_few_enormous_levels_outweigh_the_typical_one():
    trial = made_trial()
    values = [(20_000 if arm == "B" else 80_000) for arm in trial["blocks"]["arm"]]
    values[trial["blocks"]["arm"].index("B")] = 2_000_000
    judged = verdict(with_flows_of(trial, flows_bulk_rtt_us=values), ROUND_TRIP)
    assert judged["p_value"] <= 0.01 and judged["effect"] < -0.05 and judged["after"] > judged["before"]
    assert judged["verdict"] == "inconclusive" and "bursts" in judged["reason"]


@pytest.mark.parametrize("sent, word", [((15_000_000, 15_000_000), "improved"), ((15_000_000, 13_500_000), "regressed")])
def test_a_shorter_round_trip_is_not_bought_with_bulk(sent, word):
    """Bulk is a tenth of what this host sends: all its octets would not tell."""
    trial = made_trial(spread=0.01)
    flows = {"flows_bulk_rtt_us": levels(trial, 160_000, 40_000), "flows_bulk_out_bytes": sent, "flows_bulk_count": (5, 5)}
    judged = verdict(with_flows_of(trial, **flows), ROUND_TRIP)
    assert judged["verdict"] == word and (word == "improved" or "bulk sent" in judged["reason"])


@pytest.mark.parametrize("arguments, named", [
    ({"alpha": 0}, "alpha: wants a number between 0 and 0.5"),
    ({"alpha": 0.5}, "alpha"),
    ({"alpha": float("nan")}, "alpha"),
    ({"min_effect": 2}, "min_effect: wants a number between 0 and 1"),
])
def test_numbers_out_of_range_are_refused_by_name(arguments, named):
    with pytest.raises(ValueError, match=named):
        verdict(made_trial(pairs=8), PLAN, **arguments)


@pytest.mark.parametrize("trial, plan, named", [
    ({"status": "complete"}, PLAN, "trial: lacks reason, pairs, blocks"),
    (made_trial(pairs=7), {}, "plan: lacks changes, metric, guards"),
    (made_trial(pairs=7), dict(PLAN, metric=None, changes=[]), "plan: has no metric"),
])
def test_arguments_that_are_something_else_are_refused(trial, plan, named):
    with pytest.raises(ValueError, match=named):
        verdict(trial, plan)
