"""The main playbook where a run ended before it could judge its trials: the next one goes on with what it left on the hosts."""
import pytest
from stand_ins import Fleet

BETTER = {"factor": 0.3}
VARIABLES = {"socket_buffers_waves": ["100%"]}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """The results of a whole run are given to the next one as if nobody had judged them."""
    made = Fleet(tmp_path_factory.mktemp("fleet"))
    made.run({"better": BETTER, "later": BETTER, "equal": {}, "moved": BETTER, "running": BETTER}, VARIABLES)
    left = {
        "better": dict(BETTER, left=True), "later": dict(BETTER, left=True, wave=2), "equal": {"left": True},
        "moved": dict(BETTER, left=True, max=8 << 20), "fresh": BETTER, "running": dict(BETTER, left=True, runs=True),
    }
    made.report, made.text = made.run(left, VARIABLES)
    return made


def rows(fleet, host):
    return [row for row in fleet.report["rows"] if row["host"] == host]


def states(fleet, host, part):
    return [row["state"] for row in fleet.asked(host, part)]


def test_what_was_left_is_judged_and_kept_before_anything_is_measured(fleet):
    first, _second = rows(fleet, "better")
    assert (first["round"], first["verdict"], first["outcome"]) == (1, "improved", "kept"), fleet.text
    assert "The trial was begun by" in first["reason"] and ", a run that ended before it" in first["reason"]
    assert states(fleet, "better", "tuning")[:2] == ["recovered", "present"]
    assert states(fleet, "better", "trial")[:2] == ["collected", "discarded"]


def test_each_wave_is_judged_by_itself(fleet):
    """Whatever host comes first: that of another wave is not left behind."""
    first, _second = rows(fleet, "later")
    assert (first["round"], first["verdict"], first["outcome"]) == (1, "improved", "kept"), fleet.text
    assert states(fleet, "later", "trial")[:2] == ["collected", "discarded"]
    waves = {wave["number"]: wave["hosts"] for wave in fleet.report["waves"] if wave["round"] == 0}
    assert waves == {1: ["better", "equal", "running"], 2: ["later"]}


def test_what_proves_nothing_is_no_change(fleet):
    first, *_others = rows(fleet, "equal")
    assert first["outcome"] == "reverted" and "begun by" in first["reason"]
    assert "present" not in states(fleet, "equal", "tuning")


def test_what_compared_with_another_value_is_of_no_use_any_more(fleet):
    assert "begun by" not in " ".join(row["reason"] for row in rows(fleet, "moved"))
    assert states(fleet, "moved", "trial")[:3] == ["collected", "discarded", None]


def test_a_trial_that_runs_is_waited_for_and_its_candidate_is_not_taken_for_the_original(fleet):
    first, _second = rows(fleet, "running")
    assert first["outcome"] == "kept" and "begun by" in first["reason"], fleet.text
    assert states(fleet, "running", "trial")[:3] == ["collected", "collected", "discarded"]


def test_hosts_with_and_without_such_a_result_go_the_same_rounds(fleet):
    assert [row["outcome"] for row in rows(fleet, "fresh")] == ["kept"]
    assert len(rows(fleet, "better")) == 2
