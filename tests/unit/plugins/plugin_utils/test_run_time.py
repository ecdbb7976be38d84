"""How long a run takes, and how long to wait for it."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import run_time, trial_seconds, unfinished


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
