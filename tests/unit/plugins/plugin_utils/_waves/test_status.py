"""Tried, failed, or never begun."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import unfinished
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.results import hosts_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.status import FAILED, SKIPPED, TRIED, status_of

TRIAL, TORN = {"status": "complete", "seed": 1}, {"status": "aborted", "reason": "somebody changed it"}
STARTED, COLLECTED = {"ansible_job_id": "j1", "started": 1}, {"finished": 1, "trial": TRIAL}
ONCE = {"trial": TRIAL, "first": None}
UNFINISHED = {"ansible_job_id": "j1.2", "finished": 0, "failed": True}
LOST = {"unreachable": True, "msg": "no route to host"}
WINDOW = {"finished": 1, "window": {}}  # what was collected last, where the trial did not begin


@pytest.mark.parametrize("tried, started, collected, name, reason", [
    (ONCE, STARTED, COLLECTED, TRIED, ""),
    ({"trial": TORN}, STARTED, {"finished": 1, "trial": TORN}, FAILED, "the trial gave up: somebody changed it"),
    ({}, LOST, WINDOW, SKIPPED, "no route to host"),
    ({}, {"failed": True, "msg": "sudo: a password is required"}, WINDOW, SKIPPED, "sudo: a password is required"),
    ({}, {}, {}, SKIPPED, "it left the run before its trial"),
    ({}, STARTED, {"finished": True, "failed": True, "msg": "locked by"}, SKIPPED, "locked by"),
    ({}, STARTED, LOST, FAILED, "no route to host"),
    ({}, STARTED, {"finished": 0, "failed": True, "msg": "could not find job"}, FAILED, "could not find job"),
    ({}, STARTED, {"finished": 1, "failed": 1, "cmd": "/usr/bin/python3", "data": "", "msg": "no JSON"}, FAILED, "the trial died without a word"),
    ({}, STARTED, {"finished": 1, "failed": True, "msg": "NOT restored", "trial": TRIAL}, FAILED, "NOT restored"),
    ({}, STARTED, COLLECTED, FAILED, "it left the run before its trial was judged"),
    # The second trial of a candidate: what the first told stays.
    ({"trial": TRIAL, "first": TRIAL}, STARTED, COLLECTED, TRIED, ""),
    (ONCE, LOST, COLLECTED, TRIED, "no route to host"),
    (ONCE, STARTED, LOST, FAILED, "no route to host"),
    (ONCE, STARTED, {}, FAILED, "no result came back"),
    (ONCE, STARTED, UNFINISHED, FAILED, unfinished(UNFINISHED)),
])
def test_status(tried, started, collected, name, reason):
    found = status_of(tried, started, collected)
    assert (found.name, found.reason) == (name, reason)
    assert (found.trial is not None) == bool(tried)


@pytest.mark.parametrize("turn, wave, counts", [("1", "2", True), (1, 2, True), ("1", "1", False), ("2", "2", False)])
def test_what_is_of_another_turn_or_wave_is_not_there(turn, wave, counts):
    results = {
        "plan": {"a": {"changes": []}}, "tried": {"a": dict(ONCE, turn=turn, wave=wave)}, "verdict": {"a": {"verdict": "improved"}},
        "started": {"a": STARTED}, "collected": {"a": COLLECTED},
    }
    found = hosts_of(results, 1, 2)["a"]
    assert bool(found.verdict) == counts == (found.status.name == TRIED)


@pytest.mark.parametrize("missing", [None, "", {}])
def test_what_is_missing_may_be_empty_in_any_way(missing):
    found = hosts_of({"plan": {"a": {"changes": []}}, "tried": {"a": missing}, "verdict": missing, "started": {"a": missing}}, 1, 1)["a"]
    assert found.verdict == {} and found.status.name == SKIPPED


@pytest.mark.parametrize("tried, controls", [({"controls": {"db": {"status": "complete"}}}, {"db": {"status": "complete"}}), ({"controls": ""}, {}), ({}, {})])
def test_who_recorded_beside_it_comes_along(tried, controls):
    handed = dict({"turn": 1, "wave": 1, "trial": {"status": "complete"}, "first": None}, **tried)
    assert hosts_of({"plan": {"a": {"changes": []}}, "tried": {"a": handed}}, 1, 1)["a"].controls == controls
