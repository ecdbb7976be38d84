"""The main playbook where blocks in pairs would compare a value with itself: in one step, beside hosts that try nothing."""
import pytest
from stand_ins import Fleet

SERVICE = "linuxnet-no-such.service"
OLD = {"old": True, "factor": 0.3}
ALLOWED = {"socket_buffers_step_seconds": 5, "socket_buffers_group": "web"}
VARIABLES = {"socket_buffers_waves": [1, "100%"], "socket_buffers_canaries": ["first"], "socket_buffers_alpha": 0.2}
HOSTS = {
    "first": dict(OLD, variables=dict(ALLOWED, socket_buffers_restart_services=[SERVICE])), "later": dict(OLD, variables=ALLOWED),
    "calm": {"calm": True, "variables": ALLOWED}, "lost": {"calm": True, "end": "lost", "variables": ALLOWED},
    "stranger": {"calm": True, "variables": dict(ALLOWED, socket_buffers_group="db")},
    "never": dict(OLD, variables={"socket_buffers_group": "web"}),
    # Its stalls are to be timed, and cannot be.
    "locked": {"calm": True, "collapses": True, "variables": {"socket_buffers_group": "mail"}},
    "late": {"calm": True, "bloated": True, "factor": 0.3, "variables": {"socket_buffers_group": "mail"}},
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    made = Fleet(tmp_path_factory.mktemp("fleet"))
    made.report, made.text = made.run(HOSTS, VARIABLES)
    return made


def row(fleet, host):
    [found] = [each for each in fleet.report["rows"] if each["host"] == host]
    return found


def trials(fleet, host):
    return [each for each in fleet.asked(host, "trial") if each["state"] is None]


def test_what_it_allows_is_tried_in_one_step_and_kept(fleet):
    assert [(each["design"], each["pairs"], bool(each["values"])) for each in trials(fleet, "first")] == [("step", 5, True)], fleet.text
    assert trials(fleet, "first")[0]["restart_services"] == [SERVICE]
    assert (row(fleet, "first")["verdict"], row(fleet, "first")["outcome"]) == ("improved", "kept")
    assert "beside calm, later, never, which changed nothing; not beside lost (no trial came back)" in row(fleet, "first")["reason"]


def test_others_of_its_group_record_the_same_blocks_and_try_nothing(fleet):
    """The one whose wave is to come, and then it tries itself."""
    assert [bool(each["values"]) for each in trials(fleet, "later")] == [False, True]
    assert [(each["design"], each["pairs"], each["values"]) for each in trials(fleet, "calm")] == [("step", 5, None)] * 2
    assert not trials(fleet, "stranger")


def test_a_host_that_fails_before_it_is_planned_leaves_the_others_alone(fleet):
    assert "Missing sudo password" in row(fleet, "locked")["reason"] and row(fleet, "locked")["needs_person"]
    assert not trials(fleet, "locked")


def test_they_are_no_trials_in_the_report(fleet):
    assert {each["host"]: each["outcome"] for each in fleet.report["rows"]} == {
        "first": "kept", "later": "kept", "calm": "left", "lost": "left", "stranger": "left", "never": "left", "late": "kept", "locked": "failed",
    }, fleet.text
    assert [wave["hosts"] for wave in fleet.report["waves"]] == [["first"], ["late"], ["later"]]


def test_what_was_recorded_is_taken_from_the_hosts(fleet):
    assert [each["state"] for each in fleet.asked("calm", "trial")] == [None, "discarded"] * 2


def test_services_are_restarted_where_it_was_kept_and_the_report_says_which_were_not(fleet):
    assert f"NOT restarted: {SERVICE}" in row(fleet, "first")["reason"]
    assert "hold what they were started with" in row(fleet, "later")["reason"] and "restarted:" not in row(fleet, "later")["reason"]


def test_without_it_nothing_is_tried_and_the_reason_names_the_variable(fleet):
    assert not [each for each in trials(fleet, "never") if each["values"]]
    assert "socket_buffers_step_seconds" in row(fleet, "never")["reason"]


def test_what_open_connections_follow_late_is_tried_in_one_step_back_and_nobody_has_to_allow_it(fleet):
    assert [(each["design"], list(each["values"]), each["restart_services"]) for each in trials(fleet, "late")] == [
        ("step_back", ["net.ipv4.tcp_wmem"], None),
    ], fleet.text
    assert (row(fleet, "late")["finding"], row(fleet, "late")["verdict"], row(fleet, "late")["outcome"]) == ("queue_bloat", "improved", "kept")


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    """The results of a whole run are given to the next one as if nobody had judged them; the host that recorded beside has nothing else."""
    made = Fleet(tmp_path_factory.mktemp("resumed"))
    hosts = {"first": dict(OLD, variables=ALLOWED), "calm": {"calm": True, "variables": ALLOWED}}
    made.run(hosts, VARIABLES)
    made.report, made.text = made.run({host: dict(part, left=True) for host, part in hosts.items()}, VARIABLES)
    return made


def test_what_was_left_is_judged_with_its_design_and_beside_who_recorded(resumed):
    found = next(each for each in resumed.report["rows"] if each["host"] == "first")
    assert (found["round"], found["verdict"], found["outcome"]) == (1, "improved", "kept"), resumed.text
    assert "beside calm, which changed nothing" in found["reason"] and "begun by" in found["reason"]
    assert {each["outcome"] for each in resumed.report["rows"] if each["host"] == "calm"} == {"left"}
    assert [each["state"] for each in resumed.asked("calm", "trial")][:2] == ["collected", "discarded"]
