"""What a run goes on with that another one began."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._resume import SPARE_SECONDS, owners, resumable

RMEM = "net.ipv4.tcp_rmem"
NOW = {RMEM: {"value": "4096 131072 4194304"}}
CHANGE = {"key": RMEM, "old": "4096 131072 4194304", "new": "4096 131072 8388608"}
PLAN = {"changes": [CHANGE], "metric": {}, "guards": [], "scenario": "pruning_with_loss", "again": True}


def result(trial="a", owner="me", **context):
    return {"id": trial, "owner": owner, "context": {"plan": PLAN, **context}, "trial": {}}


def waiting(*results, running=None, damaged=()):
    return {"results": list(results), "running": running, "damaged": list(damaged)}


@pytest.mark.parametrize("results, ended, adopt, taken, discarded", [
    ([result()], ["me"], False, "a", []),
    ([result()], [], False, None, []),  # that run may go on: it collects by itself
    ([result()], [], True, "a", []),
    ([result(owner=None)], ["me"], False, None, []),
    ([result("new"), result("old")], ["me"], False, "new", ["old"]),
    ([result("new", owner="you"), result("old")], ["me"], False, "old", []),
    ([result(plan=dict(PLAN, changes=[dict(CHANGE, old="4096 131072 6291456")]))], ["me"], False, None, ["a"]),
    ([result(plan=None)], ["me"], False, None, ["a"]),
    ([result(plan={"changes": [CHANGE]})], ["me"], False, None, ["a"]),  # of a collection that planned otherwise
    ([result(plan=dict(PLAN, changes=[]))], ["me"], False, None, ["a"]),
    ([], ["me"], False, None, []),
])
def test_only_what_can_be_judged_and_is_nobody_elses(results, ended, adopt, taken, discarded):
    found = resumable(waiting(*results), ended, NOW, adopt)
    assert (found["result"] and found["result"]["id"], found["discard"], found["wait_seconds"]) == (taken, discarded, None)
    assert found["waves"] == ([1] if taken else [])


@pytest.mark.parametrize("wave, number", [({"number": 3, "of": 4}, 3), ({"number": "2"}, 2), (None, 1)])
def test_a_result_is_of_its_wave(wave, number):
    assert resumable(waiting(result(plan=dict(PLAN, wave=wave))), ["me"], NOW)["waves"] == [number]


@pytest.mark.parametrize("owner, ended, adopt, waits", [("me", ["me"], False, True), ("you", ["me"], False, False), ("you", [], True, True)])
def test_a_trial_that_runs_is_waited_for_when_its_run_has_ended(owner, ended, adopt, waits):
    found = resumable(waiting(running={"owner": owner, "seconds_left": 40.5}), ended, NOW, adopt)
    assert found["wait_seconds"] == (41 + SPARE_SECONDS if waits else None)


def test_what_cannot_be_read_is_removed():
    found = resumable(waiting(damaged=[{"id": "b", "reason": "it is damaged"}]), [], NOW)
    assert found["discard"] == ["b"]


def test_whose_trials_there_are():
    left = waiting(result(owner="a"), result(owner="a"), result(owner=None), running={"owner": "b", "seconds_left": 1})
    assert owners(left) == {"a", "b"} and owners(waiting(running={"owner": None})) == owners({}) == set()


def test_what_was_recorded_beside_another_host_is_taken_and_need_not_wait_any_longer():
    control = {"id": "c", "owner": "me", "context": {"control_of": "web1"}, "trial": {}}
    found = resumable(waiting(control, result()), ["me"], NOW)
    assert (found["control"], found["result"]["id"], found["discard"]) == (control, "a", ["c"])
    assert resumable(waiting(control), [], NOW)["control"] is None and resumable(waiting(result()), ["me"], NOW)["control"] is None
