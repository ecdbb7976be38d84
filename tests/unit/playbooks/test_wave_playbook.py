"""The main playbook in waves, on hosts that act: who tries, who keeps, who is left and who is put back."""
import json

import pytest
from stand_ins import Fleet

BETTER, WORSE = {"factor": 0.3}, {"factor": 3.0}
VARIABLES = {
    "socket_buffers_waves": [1, 1, "100%"], "socket_buffers_canaries": ["bad1", "bad2", "busy1", "torn1", "dead1", "gone1"],
    "socket_buffers_waves_on_end": "put_back",
}
HOSTS = {
    "bad1": BETTER, "bad2": WORSE, "bad3": BETTER, "bad4": BETTER, "busy1": dict(BETTER, end="refused"), "busy2": BETTER,
    "torn1": dict(BETTER, end="aborted"), "torn2": BETTER, "dead1": dict(BETTER, end="killed"), "dead2": BETTER, "alone": BETTER,
    "gone1": dict(BETTER, end="killed_all"), "gone2": BETTER, "slow": dict(BETTER, late=20),
    "docked": dict(BETTER, children={"count": 2, "names": ["/run/netns/web", "process 7"]}), "bare": dict(BETTER, children={"count": 0, "names": []}),
    "modest": dict(BETTER, variables={"socket_buffers_policy": {"rmem_max_ceiling_bytes": 6 << 20}}),
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    made = Fleet(tmp_path_factory.mktemp("fleet"))
    parts = {host: dict(part, variables={**part.get("variables", {}), "socket_buffers_group": host.rstrip("1234")}) for host, part in HOSTS.items()}
    made.report, made.text = made.run(parts, VARIABLES)
    return made


def tuned(fleet, host):
    return [row["state"] for row in fleet.asked(host, "tuning")]


def row(fleet, host):
    [found] = [each for each in fleet.report["rows"] if each["host"] == host]
    return found


def waves(fleet, group):
    return [each for each in fleet.report["waves"] if each["cohort"].startswith(f"pruning_with_loss in {group} ")]


def test_every_host_is_in_the_report(fleet):
    assert {each["host"]: each["outcome"] for each in fleet.report["rows"]} == {
        "bad1": "reverted", "bad2": "reverted", "bad3": "left", "bad4": "left", "busy1": "failed", "busy2": "kept", "torn1": "failed",
        "torn2": "left", "dead1": "failed", "dead2": "left", "gone1": "failed", "gone2": "left", "alone": "kept", "slow": "kept",
        "docked": "left", "bare": "kept", "modest": "kept",
    }, fleet.text


def test_how_many_waves_are_ahead_is_said_before_the_first(fleet):
    assert "3 waves ahead" in fleet.text.split("TASK [linuxnet.socket_buffers.tune : Start a trial")[0]
    assert fleet.text.count("bad1; bad2; ") == 1


def test_harm_ends_the_waves_puts_back_the_earlier_one_and_leaves_the_others_untouched(fleet):
    assert [(wave["hosts"], wave["verdict"]["verdict"], wave["decision"]) for wave in waves(fleet, "bad")] == [
        (["bad1"], "improved", "go_on"), (["bad2"], "regressed", "end"),
    ]
    assert (tuned(fleet, "bad1"), tuned(fleet, "bad2")) == (["present", "previous"], [])
    assert not any(fleet.asked(host, part) for host in ("bad3", "bad4") for part in ("trial", "tuning"))
    assert row(fleet, "bad3")["reason"].startswith("wave 2 of 3 ended pruning_with_loss in bad")
    assert row(fleet, "bad1")["reason"].startswith("put back, as wave 2 of 3 ended")


def test_a_host_that_refuses_is_skipped_and_the_next_goes_on(fleet):
    assert [(wave["hosts"], wave["decision"], wave["left_out"]) for wave in waves(fleet, "busy")] == [
        (["busy1"], "go_on", {"busy1": "somebody else is at it"}), (["busy2"], "go_on", {}),
    ]
    assert tuned(fleet, "busy2") == ["present"] and not row(fleet, "busy2")["needs_person"]


@pytest.mark.parametrize("group", ["torn", "dead", "gone"])
def test_a_canary_whose_trial_gave_up_or_died_ends_the_waves(fleet, group):
    assert [wave["reason"] for wave in waves(fleet, group)] == ["1 of 1 regressed or failed, more than chance allows"]
    assert not fleet.asked(f"{group}2", "trial")


def test_a_trial_whose_process_is_gone_is_not_waited_for(fleet):
    """One look at the host, and two for what the job may have written; a trial that still runs is waited for."""
    assert [asked["state"] for asked in fleet.asked("gone1", "trial")] == [None, "collected"]
    assert row(fleet, "gone1")["reason"].endswith("it left no result: its process hangs or was killed, or the host started anew")
    assert fleet.text.count("FAILED - RETRYING: [gone1]") == 2
    assert {asked["state"] for asked in fleet.asked("slow", "trial")} == {None, "collected", "discarded"}


def test_a_host_that_shares_its_question_with_nobody_is_tried_once_and_keeps_what_improved(fleet):
    assert [wave["of"] for wave in waves(fleet, "alone")] == [1]
    assert [row["state"] for row in fleet.asked("alone", "trial")] == [None, "discarded"]
    assert tuned(fleet, "alone") == ["present"]
    [asked] = fleet.asked("alone", "tuning")
    assert json.dumps(asked["values"]) == '{"net.ipv4.tcp_rmem": "4096 131072 8388608"}'


def test_containers_are_looked_for_before_the_plan_and_not_only_when_a_trial_begins(fleet):
    assert [asked["state"] for asked in fleet.asked("docked", "trial")] == ["collected"]
    assert "other network namespaces in use (2, as /run/netns/web, process 7)" in row(fleet, "docked")["reason"]
    assert [asked["state"] for asked in fleet.asked("bare", "trial")] == ["collected", None, "discarded"]


def test_a_host_is_planned_by_its_own_policy(fleet):
    assert [asked["values"] for asked in fleet.asked("modest", "tuning")] == [{"net.ipv4.tcp_rmem": "4096 131072 6291456"}]
    assert [asked["values"] for asked in fleet.asked("bare", "tuning")] == [{"net.ipv4.tcp_rmem": "4096 131072 8388608"}]
