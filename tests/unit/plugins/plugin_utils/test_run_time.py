"""How long a run takes, and how long to wait for it."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import check_lengths
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import (
    run_time,
    trial_lengths,
    trial_seconds,
    unfinished,
)


def test_a_trial_is_two_blocks_for_each_pair():
    assert trial_seconds(16, 15, 3) == 576


@pytest.mark.parametrize("seconds, text", [(8, "8 s"), (60, "1 min"), (576, "9 min 36 s"), (0.4, "1 s")])
def test_a_person_can_read_it(seconds, text):
    assert run_time(seconds)["text"] == text


def test_the_wait_covers_the_run_and_the_looks_cover_the_limit():
    times = run_time(575.5)
    assert times["pause_seconds"] == 576
    looks = [times["pause_seconds"] + times["try_seconds"] * tries for tries in (times["late_tries"], times["late_tries"] + 1)]
    assert looks[0] <= times["limit_seconds"] <= looks[1]


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_impossible_lengths_are_refused(seconds):
    with pytest.raises(ValueError, match="more than 0 seconds"):
        run_time(seconds)


@pytest.mark.parametrize("result, told", [
    ({"ansible_job_id": "j1.2", "started": 1, "finished": 0, "failed": True}, True),
    ({"ansible_job_id": "j1.2", "started": True, "finished": False, "failed": True, "msg": "Unknown error."}, True),  # since ansible-core 2.19
    ({"ansible_job_id": "j1.2", "finished": 1, "failed": True, "msg": "refused"}, False),
    ({"ansible_job_id": "j1.2", "unreachable": True, "msg": "no route"}, False),
    ({"msg": "some other step"}, False),
    ({}, False),
])
def test_a_job_that_was_waited_for_in_vain_says_so(result, told):
    assert bool(unfinished(result)) is told


def in_one_step(seconds, **changed):
    return dict({"design": "step", "step_seconds": seconds, "least_washout_seconds": 0.0}, **changed)


@pytest.mark.parametrize("plan, pairs, block, washout", [
    ({}, 16, 15, 3),
    ({"least_washout_seconds": 10.0}, 16, 15, 10.0),
    ({"least_washout_seconds": 20.0}, 16, 21.0, 20.0),
    (in_one_step(3600.0), 100, 15, 3),
    (in_one_step(3610.0), 100, 15.05, 3),
    (in_one_step(3600.0, least_washout_seconds=10.0), 72, 15, 10.0),
    (in_one_step(86400.0), 1000, 40.2, 3),
])
def test_a_step_fills_its_time_with_blocks(plan, pairs, block, washout):
    found = trial_lengths(plan, 16, 15, 3)
    assert (found["pairs"], found["block_seconds"], found["washout_seconds"]) == (pairs, pytest.approx(block), washout)
    lead = 60 if plan.get("design") == "step" else 0
    assert found["lead_seconds"] == lead
    assert found["run_time"]["seconds"] == pytest.approx(lead + trial_seconds(pairs, found["block_seconds"], washout))


@pytest.mark.parametrize("together, hosts, lead", [(0, 0, 0), (0, 40, 0), (2, 0, 0), (2, 5, 0), (2, 6, 60), (5, 0, 0), (6, 0, 60)])
def test_those_in_step_that_cannot_be_started_at_once_begin_at_an_appointed_time(together, hosts, lead):
    found = trial_lengths({"joint": {"hosts": list(map(str, range(together)))} if together else None}, 16, 15, 3, hosts=hosts)
    assert found["lead_seconds"] == lead and found["run_time"]["seconds"] == lead + 576


def test_a_step_back_has_no_more_blocks_than_a_trial_may_have():
    found = trial_lengths({"design": "step_back"}, 16, 15, 3, 0.0001)
    assert found["pairs"] == 1000 and "too few for a proof at 0.0001: it takes 16" in found["note"]
    assert trial_lengths({"design": "step_back"}, 16, 15, 3)["note"] is None


@pytest.mark.parametrize("seconds, alpha, note", [
    (3024.0, 0.01, None),
    (3000.0, 0.01, "has 166 blocks, too few for a proof at 0.01: it takes 168 of them, so give socket_buffers_step_seconds at least 3024"),
    (3000.0, 0.05, None),
])
def test_a_step_that_is_too_short_for_a_proof_says_what_it_takes(seconds, alpha, note):
    found = trial_lengths(in_one_step(seconds), 16, 15, 3, alpha)["note"]
    assert found is None if note is None else note in found


def test_a_step_with_hardly_a_block_is_refused():
    with pytest.raises(ValueError, match="want at least 180"):
        trial_lengths(in_one_step(179.0), 16, 15, 3)


@pytest.mark.parametrize("given, look, alpha, lengths", [
    ((16, 15, 3), 0.0, 0.01, (84, 2.286, 1.142)),  # 576 s in 168 blocks
    ((8, 5, 3), 0.3, 0.01, (84, 2.0, 1.0)),  # 504 s at least
    ((8, 5, 3), 0.9, 0.01, (84, 6.0, 3.0)),  # of very many connections
    ((90, 30, 5), 0.9, 0.01, (84, 25.0, 12.5)),
    ((16, 15, 3), 0.0, 0.05, (17, 11.294, 5.647)),
])
def test_a_step_back_takes_the_time_of_a_trial_in_as_many_blocks_as_a_proof_takes(given, look, alpha, lengths):
    found = trial_lengths({"design": "step_back", "least_washout_seconds": 0.0, "look_seconds": look}, *given, alpha)
    assert (found["pairs"], found["block_seconds"], found["washout_seconds"]) == lengths
    assert found["lead_seconds"] == 0 and found["note"] is None
    check_lengths(*lengths, "step_back")
