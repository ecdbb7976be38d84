"""plan_fleet and trial_lengths: what templates and -e hand over, and errors that name it."""
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.filter.plan_fleet import filter_plan_fleet
from ansible_collections.linuxnet.socket_buffers.plugins.filter.trial_lengths import filter_trial_lengths
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import policy_of

HOST = {"window": {"seconds": [1.0], "counters": {}, "absent": [], "sockets": None}, "findings": [], "facts": {"host": {}, "tcp_rmem": None, "sysctls": {}}}


@pytest.mark.parametrize("given, policy", [
    (None, {}), ("", {}), ({}, {}), ({"goal": "latency"}, {"goal": "latency"}), ('{"goal": "latency"}', {"goal": "latency"}),
])
def test_a_policy_may_be_text(given, policy):
    assert policy_of(given) == policy
    assert not filter_plan_fleet({"a": HOST}, given)["a"]["changes"]
    assert not filter_plan_fleet({"a": dict(HOST, policy=given)})["a"]["changes"]


@pytest.mark.parametrize("hosts, policy, seed, named", [
    ([], None, 0, "wants a dictionary of dictionaries by host, got list"),
    ({"a": 1}, None, 0, "wants a dictionary of dictionaries by host"),
    ({"a": {}}, None, 0, "a: lacks window, findings, facts"),
    ({"a": HOST}, "{", 0, "policy: is text but not JSON"),
    ({"a": HOST}, [1], 0, "policy: wants a dictionary or none, got list"),
    ({"a": HOST}, {"goals": 1}, 0, "policy: goals is unknown; it takes goal,"),
    ({"a": dict(HOST, policy={"goals": 1})}, None, 0, "policy: goals is unknown; it takes goal,"),
    ({"a": HOST}, None, "x", "invalid literal"),
])
def test_a_wrong_argument_is_named(hosts, policy, seed, named):
    with pytest.raises(AnsibleFilterError, match="plan_fleet: .*" + named):
        filter_plan_fleet(hosts, policy, seed)


@pytest.mark.parametrize("least, block, washout", [(0, 15.0, 3.0), (2, 15.0, 3.0), (10, 15.0, 10.0), (30, 31.0, 30.0), (None, 15.0, 3.0)])
def test_a_wash_out_is_as_long_as_the_change_needs(least, block, washout):
    found = filter_trial_lengths({"least_washout_seconds": least}, "16", 15, "3")
    assert (found["pairs"], found["block_seconds"], found["washout_seconds"]) == (16, block, washout)
    assert found["run_time"]["seconds"] == 32 * (block + washout)


@pytest.mark.parametrize("arguments, named", [(([], 16, 15, 3), "plan: wants a dictionary, got list"), (({}, "x", 15, 3), "trial_lengths: invalid literal")])
def test_lengths_that_are_none_are_named(arguments, named):
    with pytest.raises(AnsibleFilterError, match=named):
        filter_trial_lengths(*arguments)
