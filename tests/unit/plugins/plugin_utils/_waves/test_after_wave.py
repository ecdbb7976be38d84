"""What a wave means for its hosts, for those before it and for those to come."""
import random

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import schedule
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import nothing
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.after_wave import Host, Rules, after_wave, line_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.status import FAILED, SKIPPED, TRIED, Status

METRIC = "TcpExtRcvPruned"
CHANGE = {"key": "net.ipv4.tcp_rmem", "old": "4096 131072 4194304", "new": "4096 131072 8388608"}
REFUSED, LOST = Status(SKIPPED, "locked by another run"), Status(FAILED, "no route to host")


def a_plan(number, of=3, cohort="c", shared=False, **changed):
    made = dict(nothing("pruning_with_loss", "why"), changes=[CHANGE], metric={"name": METRIC, "direction": "lower"}, again=True)
    return dict(made, wave={"cohort": cohort, "number": number, "of": of, "shared": shared}, **changed)


def a_trial(factor, seed, spread=0.05, pairs=10):
    source = random.Random(seed)
    arms = [block.arm for block in schedule(pairs, seed)]
    return {
        "status": "complete", "reason": None, "seed": seed, "pairs": pairs, "absent": [], "gauges": {}, "seconds": [15.0] * (2 * pairs),
        "blocks": {"pair": [at // 2 for at in range(2 * pairs)], "arm": arms},
        "counters": {
            "TcpInSegs": [75_000] * (2 * pairs),
            METRIC: [round(9000 * (factor if arm == "B" else 1) * source.lognormvariate(0, spread)) for arm in arms],
        },
    }


def tried(plan, factor, seed=1, **given):
    trial = a_trial(factor, seed, **given)
    return Host(plan, verdict(trial, plan), Status(TRIED, "", trial))


def waits(number, **given):
    return Host(a_plan(number, **given), {}, REFUSED)


def after(hosts, number=1, lines=(), **rules):
    return after_wave(hosts, 1, number, lines, Rules(**rules))


def test_a_canary_that_improved_keeps_its_change_and_the_others_follow():
    found = after({"a": tried(a_plan(1), 0.3), "b": waits(2), "c": waits(3)})
    [line] = found["lines"]
    assert (line["decision"], line["kept"], line["hosts"], line["verdict"]["verdict"]) == ("go_on", ["a"], ["a"], "improved")
    assert [found["hosts"][host]["keep"] for host in "abc"] == [True, False, False]
    assert all(found["hosts"][host]["plan"]["changes"] for host in "abc") and found["ahead"] == 2


def test_a_single_unit_is_judged_by_its_own_verdict():
    host = tried(a_plan(1), 0.3)
    host = host._replace(verdict=dict(host.verdict, reason="after the second look"))
    assert after({"a": host})["lines"][0]["verdict"]["reason"] == "after the second look"


def test_harm_ends_the_waves_and_later_hosts_are_left_with_the_reason():
    found = after({"a": tried(a_plan(1), 3.0), "b": waits(2), "c": waits(3)})
    left = found["hosts"]["b"]["plan"]
    assert found["lines"][0]["decision"] == "end" and found["ahead"] == 0
    assert not left["changes"] and left["reason"].startswith("wave 1 of 3 ended c: ") and "made it worse" in left["reason"]
    assert left["scenario"] == "pruning_with_loss" and left["again"] and left["wave"]["left"]
    assert not any(its["keep"] for its in found["hosts"].values())


def test_a_pool_that_regressed_keeps_nobody_of_its_wave_also_who_improved():
    plan = a_plan(2)
    hosts = {"a": tried(plan, 0.3, 1), "b": tried(plan, 4.0, 2), "c": tried(plan, 4.0, 3), "d": waits(3)}
    found = after(hosts, 2)
    assert hosts["a"].verdict["verdict"] == "improved" and found["lines"][0]["verdict"]["verdict"] == "regressed"
    assert found["lines"][0]["kept"] == [] and not found["hosts"]["a"]["keep"] and not found["hosts"]["d"]["plan"]["changes"]


@pytest.mark.parametrize("on_end, back", [("keep", False), ("put_back", True)])
def test_earlier_waves_stay_or_are_put_back_by_choice(on_end, back):
    first = after({"a": tried(a_plan(1), 0.3), "b": waits(2), "c": waits(3)})
    hosts = {"a": Host(first["hosts"]["a"]["plan"], {}, REFUSED), "b": tried(a_plan(2), 3.0), "c": waits(3)}
    second = after(hosts, 2, first["lines"], on_end=on_end)
    assert second["hosts"]["a"]["put_back"] is back and not second["hosts"]["b"]["put_back"]
    own = line_of("a", a_plan(1), 1, second["lines"])
    assert own["kept"] and bool(own["put_back"]) is back and own["number"] == 1
    if back:
        assert own["put_back"].startswith("wave 2 of 3 ended c: ")


@pytest.mark.parametrize("on_inconclusive, decision, ahead", [("go_on", "go_on", 1), ("end", "end", 0)])
def test_what_a_wave_that_proved_nothing_does_is_a_choice(on_inconclusive, decision, ahead):
    found = after({"a": tried(a_plan(1, of=2), 1.0), "b": waits(2, of=2)}, on_inconclusive=on_inconclusive)
    assert (found["lines"][0]["decision"], found["ahead"]) == (decision, ahead)


def test_who_improved_in_a_wave_that_proved_nothing_keeps_its_change():
    plan = a_plan(2)
    hosts = {"a": tried(plan, 0.3, 1), "b": tried(plan, 1.3, 2, spread=0.8), "c": tried(plan, 1.7, 3, spread=0.8)}
    found = after(hosts, 2, on_inconclusive="end")
    assert found["lines"][0]["verdict"]["verdict"] == "inconclusive" and found["lines"][0]["kept"] == ["a"]


def test_who_never_began_is_skipped_and_who_was_lost_ends_the_waves():
    skipped = after({"a": Host(a_plan(1), {}, REFUSED), "b": waits(2)})["lines"][0]
    assert (skipped["decision"], skipped["verdict"], skipped["tried"], skipped["left_out"]) == ("go_on", None, 0, {"a": "locked by another run"})
    lost = after({"a": Host(a_plan(1), {}, LOST), "b": waits(2)})["lines"][0]
    assert (lost["decision"], lost["failed"], lost["left_out"]) == ("end", 1, {"a": "no route to host"})


def test_failures_add_up_over_the_waves():
    plans = [a_plan(number) for number in (2, 3)]
    second = after({name: tried(plans[0], 0.3, seed) for seed, name in enumerate("abcd", 1)} | {"e": Host(plans[0], {}, LOST)}, 2)
    assert second["lines"][0]["decision"] == "go_on"
    third = {name: tried(plans[1], 0.3, seed) for seed, name in enumerate("fghi", 1)} | {"j": Host(plans[1], {}, LOST)}
    assert after(third, 3, second["lines"])["lines"][-1]["reason"] == "2 of 10 regressed or failed, more than chance allows"
    assert after(third, 3)["lines"][-1]["decision"] == "go_on"
    # Those of another round do not count.
    other = [dict(line, round=0) for line in second["lines"]]
    assert after(third, 3, other)["lines"][-1]["decision"] == "go_on"


def test_cohorts_are_decided_apart():
    found = after({
        "a": tried(a_plan(1, cohort="good"), 0.3), "b": waits(2, cohort="good"),
        "c": tried(a_plan(1, cohort="bad"), 3.0), "d": waits(2, cohort="bad"), "e": Host(nothing(None, "fine"), {}, REFUSED),
    })
    assert {line["cohort"]: line["decision"] for line in found["lines"]} == {"good": "go_on", "bad": "end"}
    assert found["hosts"]["b"]["plan"]["changes"] and not found["hosts"]["d"]["plan"]["changes"] and found["ahead"] == 1
    assert found["hosts"]["e"] == {"plan": nothing(None, "fine"), "keep": False, "put_back": False}


@pytest.mark.parametrize("factor, keeps", [(1.0, True), (3.0, False)])
def test_hosts_that_share_a_size_keep_it_when_the_pool_improved_and_they_got_no_worse(factor, keeps):
    plan = a_plan(2, shared=True)
    hosts = {name: tried(plan, 0.2, seed) for seed, name in enumerate("abcdefg", 1)} | {"z": tried(plan, factor, 9, spread=0.2)}
    line = after(hosts, 2)["lines"][0]
    assert line["verdict"]["verdict"] == "improved" and ("z" in line["kept"]) is keeps and len(line["kept"]) == 7 + keeps


def test_both_ends_are_left_together():
    joint = {"hosts": ["b", "c"], "measured_on": ["b"]}
    found = after({"a": tried(a_plan(1), 3.0), "b": waits(2, joint=joint), "c": waits(2, joint=joint)})
    assert found["hosts"]["c"]["plan"]["joint"] == joint and not found["hosts"]["c"]["plan"]["changes"]


def test_a_pair_whose_other_end_never_began_is_no_failure():
    joint = {"hosts": ["a", "b"], "measured_on": ["a"]}
    plan = a_plan(1, joint=joint)
    end = tried(plan, 0.3)
    end = end._replace(verdict=dict(end.verdict, verdict="inconclusive", reason="b had to be tried together with a"))
    line = after({"a": end, "b": Host(plan, {}, REFUSED)})["lines"][0]
    assert (line["tried"], line["failed"], line["decision"], line["kept"]) == (0, 0, "go_on", [])


@pytest.mark.parametrize("plan, turn", [(nothing(None, "fine"), 1), (a_plan(1), 2), (a_plan(2), 1), (a_plan(1, cohort="other"), 1)])
def test_a_host_without_a_wave_has_no_line(plan, turn):
    lines = after({"a": tried(a_plan(1), 0.3)})["lines"]
    assert line_of("a", plan, turn, lines) is None
