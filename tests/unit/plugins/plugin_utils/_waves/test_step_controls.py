"""Who records beside a trial in one step."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.cohorts import cohorts
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.step_controls import MOST_CONTROLS, step_controls


def a_plan(number=None, design="step", again=False):
    """One with a wave tries something."""
    wave = {"cohort": "c", "number": number, "of": 3} if number else None
    return {"changes": [{"key": "k"}] if number else [], "wave": wave, "design": design if number else "pairs", "again": again or bool(number)}


def beside(plans, wave=2, **groups):
    found = step_controls(plans, {host: {"group": groups.get(host, "web"), "window": {}} for host in plans}, wave)
    return found["controls"], found["follows"]


def window(address, *peers):
    flows = [{"local_address": address, "local_port": port, "peer_address": peer, "peer_port": 80} for port, peer in enumerate(peers, 1024)]
    return {"sockets": {"top": {"goodput_bytes_per_second": flows}, "local_addresses": [address]}}


@pytest.mark.parametrize("other, is_control", [
    (a_plan(), True),  # without a finding, or not writable
    (a_plan(3), True),
    (a_plan(3, design="pairs"), True),
    (a_plan(2, design="pairs"), False),  # tries something now
    (a_plan(1), False),  # what it tried, or kept, may still be at work
    (a_plan(again=True), False),  # waits for the other end of its connections
])
def test_who_tries_nothing_now_and_has_not_yet(other, is_control):
    controls, follows = beside({"web1": a_plan(2), "other": other})
    assert controls == {"web1": ["other"] if is_control else []} and follows == ({"other": "web1"} if is_control else {})


def test_whoever_is_at_the_other_end_of_a_connection_is_none():
    A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
    plans = {"web1": a_plan(2), "peer": a_plan(), "calm": a_plan(3)}
    windows = {"web1": window(A), "peer": window(B, A), "calm": window(C)}
    hosts = {host: {"group": "web", "window": its} for host, its in windows.items()}
    assert step_controls(plans, hosts, 2)["controls"] == {"web1": ["calm"]}


def test_only_those_of_its_group():
    controls, _follows = beside({"web1": a_plan(2), "db1": a_plan(), "web2": a_plan()}, db1="db")
    assert controls == {"web1": ["web2"]}


def test_a_few_are_enough_and_all_of_a_group_have_the_same():
    plans = {f"calm{at:02}": a_plan() for at in range(15)} | {"web1": a_plan(2), "web2": a_plan(2)}
    controls, follows = beside(plans)
    assert controls["web1"] == controls["web2"] == [f"calm{at:02}" for at in range(MOST_CONTROLS)]
    assert set(follows.values()) == {"web1"}


def test_pairs_need_nobody():
    assert beside({"web1": a_plan(2, design="pairs"), "calm": a_plan()}) == ({}, {})


def test_a_step_is_another_question_than_pairs():
    plan = {"scenario": "collapsing", "changes": [{"key": "k"}], "metric": {"name": "m"}, "joint": None}
    hosts = {host: {"group": "web", "facts": {}} for host in ("a", "b", "c")}
    assert list(cohorts({"a": plan, "b": dict(plan, design="step"), "c": dict(plan, design="step_back")}, hosts)) == [
        "collapsing in web (k, m)", "collapsing in web (k, m, in one step back)", "collapsing in web (k, m, in one step)",
    ]
