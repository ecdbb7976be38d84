"""One candidate on both ends of the same flows: one verdict for both, and every reason for none."""
import json
import math
import random

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import schedule
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.joint import verdicts
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict

METRIC = "flows_bulk_out_bytes"
JOINT = {"hosts": ["web", "db"], "measured_on": ["web"]}
RAISED = {
    "web": {"key": "net.ipv4.tcp_wmem", "old": "4096 16384 4194304", "new": "4096 16384 33554432"},
    "db": {"key": "net.ipv4.tcp_rmem", "old": "4096 131072 4194304", "new": "4096 131072 33554432"},
}
STEADY = {"TcpInSegs": 75_000, "TcpOutSegs": 60_000, "TcpPassiveOpens": 750, "IpExtInOctets": 150_000_000, "IpExtOutOctets": 150_000_000}


def a_plan(host, **changed):
    made = {
        "changes": [RAISED[host]] if host in RAISED else [], "metric": {"name": METRIC, "direction": "higher"}, "joint": JOINT,
        "guards": [{"name": guard.name} for guard in GUARDS if METRIC not in guard.counters],
    }
    return dict(made, **changed)


def a_trial(b=1.0, seed=9, pairs=16, load=None, source=None, **changed):
    """A host on which the metric is `b` times as much with the candidate; every number follows `load`."""
    source = source or random.Random(1)
    arms = [block.arm for block in schedule(pairs, seed)]
    load = load or [1.0] * (2 * pairs)
    out = [60_000_000 * factor * (b if arm == "B" else 1) * source.lognormvariate(0, 0.05) for arm, factor in zip(arms, load)]
    made = {
        "status": "complete", "reason": None, "seed": seed, "pairs": pairs, "block_seconds": 15.0, "washout_seconds": 3.0, "absent": [],
        "blocks": {"pair": [index // 2 for index in range(2 * pairs)], "arm": arms, "started": [18.0 * at for at in range(2 * pairs)]},
        "began_epoch_seconds": 1_800_000_000.0, "seconds": [15.0] * (2 * pairs), "gauges": {},
        "counters": {name: [round(mean * factor * source.lognormvariate(0, 0.02)) for factor in load] for name, mean in STEADY.items()},
        "flows": {"available": True, "reason": None, "columns": {METRIC: out}},
    }
    return dict(made, **changed)


def both(web=None, db=None, **changed):
    """Two members; `web` and `db` replace parts of their trials."""
    return {
        "web": {"trial": a_trial(b=2.0, **(web or {})), "plan": a_plan("web", **changed)},
        "db": {"trial": a_trial(source=random.Random(2), **(db or {})), "plan": a_plan("db", **changed)},
    }


def test_every_member_has_the_same_verdict_of_the_measured_end():
    found = verdicts(both())
    assert list(found) == ["web", "db"] and found["web"] == found["db"]
    judged = found["db"]
    assert judged["verdict"] == "improved" and judged["hosts"] == ["web", "db"]
    assert judged["pairs"] == 16 and judged["p_value"] == 2 ** -16 and judged["effect"] == pytest.approx(1.0, abs=0.1)
    assert judged["reason"].startswith("web and db together: bulk sent +") and "left out" not in judged["reason"]
    # Sending reaches everything at once.
    assert judged["reach"]["share"] == 1.0
    assert all(words in judged["reach"]["note"] for words in ("window scale", "open connections at once"))
    json.dumps(found, allow_nan=False)


def test_pairs_of_two_measured_ends_flip_together():
    judged = verdicts(both(joint={"hosts": ["web", "db"], "measured_on": ["web", "db"]}))["web"]
    assert judged["pairs"] == 32 and judged["p_value"] >= 2 ** -16


def test_the_guards_see_both_ends():
    hosts = both()
    columns = hosts["db"]["trial"]["counters"]
    columns["TcpExtTCPRcvQDrop"] = [60 if arm == "B" else 5 for arm in hosts["db"]["trial"]["blocks"]["arm"]]
    judged = verdicts(hosts)["web"]
    assert judged["verdict"] == "regressed" and "in-order data dropped" in judged["reason"]


def test_another_demand_on_the_other_end_is_another_demand():
    hosts = both()
    arms = hosts["db"]["trial"]["blocks"]["arm"]
    hosts["db"]["trial"]["counters"]["TcpPassiveOpens"] = [2250 if arm == "B" else 750 for arm in arms]
    assert "demand differed" in verdicts(hosts)["web"]["reason"]


def test_a_plan_of_its_own_has_the_ordinary_verdict():
    hosts = dict(both(), alone={"trial": a_trial(b=0.5), "plan": a_plan("web", joint=None)})
    found = verdicts(hosts)
    assert found["alone"] == verdict(hosts["alone"]["trial"], hosts["alone"]["plan"]) and "hosts" not in found["alone"]
    assert found["web"]["verdict"] == "improved"


def test_plans_of_before_there_were_joint_ones_are_their_own():
    plan = a_plan("web")
    del plan["joint"]
    assert verdicts({"web": {"trial": a_trial(b=2.0), "plan": plan}})["web"]["verdict"] == "improved"


def test_a_host_without_a_trial_is_inconclusive_by_itself():
    plan = a_plan("web", joint=None)
    found = verdicts({"one": {"trial": None, "plan": plan}, "two": {"trial": a_trial(b=2.0), "plan": plan}})
    assert found["one"]["verdict"] == "inconclusive" and "no trial" in found["one"]["reason"] and found["two"]["verdict"] == "improved"


@pytest.mark.parametrize("web, db, reason", [
    ({}, {"status": "aborted", "reason": "somebody else changed it"}, "db: the trial was aborted: somebody else changed it"),
    ({}, {"seed": 10}, "db ran other blocks than web: seed 10 instead of 9"),
    ({}, {"pairs": 15}, "db ran other blocks than web: pairs 15 instead of 16"),
    ({}, {"block_seconds": 10.0}, "db ran other blocks than web: block_seconds 10.0 instead of 15.0"),
    ({"began_epoch_seconds": None}, {}, "web: when its first block began is not known"),
    (
        {}, {"began_epoch_seconds": 1_800_000_004.2},
        "the two ends did not run in step (4.2 s apart, wash-out 3 s); their clocks or their starts differ",
    ),
    (
        {"flows": {"available": False, "reason": "no sock_diag"}}, {},
        "web: the connections of this host could not be looked at (no sock_diag)",
    ),
])
def test_what_cannot_be_judged_together_is_inconclusive_on_both(web, db, reason):
    found = verdicts(both(web, db))
    assert found["web"] == found["db"] and found["web"]["verdict"] == "inconclusive" and found["web"]["hosts"] == ["web", "db"]
    assert reason in found["web"]["reason"]
    assert found["web"]["p_value"] is None and found["web"]["guards"] == []


def test_within_the_washout_is_in_step():
    assert verdicts(both({}, {"began_epoch_seconds": 1_800_000_002.9}))["web"]["verdict"] == "improved"


def test_ends_that_drift_apart_are_not_in_step():
    hosts = both()
    blocks = hosts["db"]["trial"]["blocks"]
    hosts["db"]["trial"]["blocks"] = dict(blocks, started=[1.01 * at for at in blocks["started"]])
    assert "(5.58 s apart" in verdicts(hosts)["web"]["reason"]


@pytest.mark.parametrize("block, apart", [(0, True), (7, True), (None, False)])
def test_one_late_block_is_late_by_itself(block, apart):
    hosts = both()
    blocks = hosts["db"]["trial"]["blocks"]
    hosts["db"]["trial"]["blocks"] = dict(blocks, started=[at + 3.5 * (number == block) for number, at in enumerate(blocks["started"])])
    assert ("(3.5 s apart" in verdicts(hosts)["web"]["reason"]) == apart


def test_began_may_be_missing_from_a_record():
    hosts = both()
    del hosts["db"]["trial"]["began_epoch_seconds"]
    assert verdicts(hosts)["db"]["reason"].startswith("db: when its first block began is not known")


@pytest.mark.parametrize("lost", [{}, {"db": {"trial": None, "plan": a_plan("db")}}])
def test_without_a_member_nothing_is_judged(lost):
    found = verdicts(dict({"web": both()["web"]}, **lost))
    assert all(judged["verdict"] == "inconclusive" for judged in found.values())
    assert found["web"]["reason"] == "db had to be tried together with web, but there is no such trial of it"


def test_a_member_that_was_planned_otherwise_is_judged_by_itself():
    hosts = both()
    hosts["db"] = {"trial": a_trial(b=2.0), "plan": a_plan("db", joint=None)}
    found = verdicts(hosts)
    assert "no such trial" in found["web"]["reason"] and found["db"]["verdict"] == "improved"


@pytest.mark.parametrize("plan, named", [
    ({"joint": {"hosts": ["a", "b"], "measured_on": ["a"]}}, "web: plan: joint: hosts a, b do not name this host"),
    ({"joint": {"hosts": ["web"], "measured_on": ["db"]}}, "web: plan: joint: measured_on wants some of its hosts web, got db"),
    ({"joint": {"hosts": ["web"], "measured_on": []}}, "got none"),
    ({"joint": {"hosts": ["web"]}}, "web: plan: joint: lacks measured_on"),
    ({"metric": None}, "web: plan: has no metric"),
    ({"metric": {"name": "other", "direction": "lower"}}, "web: plan: the metric of db is another"),
])
def test_plans_that_do_not_fit_are_refused_by_name(plan, named):
    hosts = both()
    hosts["web"]["plan"] = dict(hosts["web"]["plan"], **plan)
    with pytest.raises(ValueError, match=named):
        verdicts(hosts)


def test_a_trial_without_its_schedule_is_refused_by_name():
    hosts = both()
    del hosts["db"]["trial"]["washout_seconds"]
    with pytest.raises(ValueError, match="trial of db: lacks washout_seconds"):
        verdicts(hosts)


def test_a_load_that_both_ends_share_fools_nobody():
    """What one end sends the other receives: as if they were independent, every burst would count twice."""
    source, words = random.Random(3), []
    joint = {"hosts": ["web", "db"], "measured_on": ["web", "db"]}
    for number in range(200):
        load, step = [], 0.0
        for _block in range(32):
            step = 0.5 * step + source.gauss(0, 0.4)
            load.append(math.exp(step))
        hosts = {
            host: {"trial": a_trial(seed=number + 1, load=load, source=source), "plan": a_plan(host, joint=joint)}
            for host in joint["hosts"]
        }
        words.append(verdicts(hosts)["web"]["verdict"])
    # 1 % of 200 is 2; chance adds 5 to that less than once in a hundred times.
    assert words.count("improved") <= 7 and words.count("regressed") <= 7
