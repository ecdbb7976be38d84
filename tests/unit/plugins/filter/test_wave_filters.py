"""plan_waves, waves_ahead, judge_wave and agreed_variables: what templates and -e hand over, and errors that name it."""
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.filter.agreed_variables import filter_agreed_variables
from ansible_collections.linuxnet.socket_buffers.plugins.filter.judge_wave import filter_judge_wave
from ansible_collections.linuxnet.socket_buffers.plugins.filter.plan_waves import filter_plan_waves
from ansible_collections.linuxnet.socket_buffers.plugins.filter.step_controls import filter_step_controls
from ansible_collections.linuxnet.socket_buffers.plugins.filter.waves_ahead import filter_waves_ahead
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import listed
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import nothing

HOSTS = {"a": {"facts": {}, "group": "web"}}
PLAN = dict(
    nothing("x", "why"), changes=[{"key": "k", "field": None, "old": "1", "new": "2"}], metric={"name": "m", "direction": "lower"}, least_washout_seconds=0,
)


@pytest.mark.parametrize("given, found", [
    (None, []), ("", []), ([], []), (("a",), ["a"]), ("a, b", ["a", "b"]), ("[1, '10%']", ["1", "10%"]), ('["a"]', ["a"]), ("[]", []), ("a,", ["a"]),
])
def test_a_list_may_be_text(given, found):
    assert listed(given) == found


def test_text_from_the_command_line_is_understood():
    planned = filter_plan_waves({"a": PLAN}, HOSTS, waves="1,100%", canaries="a", seed="7", plan_by="group")
    assert planned["a"]["wave"]["of"] == 1
    assert filter_waves_ahead(planned, "16", "15", "3", "0")["seconds"] == 576
    results = {"plan": planned, "tried": {"a": ""}, "verdict": {"a": None}, "started": {}, "collected": {"a": {}}}
    judged = filter_judge_wave(results, "1", "1", None, alpha="0.01", min_effect="0.05")
    assert judged["ahead"] == 0 and judged["lines"][0]["left_out"] == {"a": "it left the run before its trial"}


@pytest.mark.parametrize("arguments, named", [
    (([], HOSTS), "plans: wants a dictionary by host, got list"),
    (({}, "x"), "hosts: wants a dictionary by host, got str"),
    (({"a": PLAN}, {}), "a: lacks facts, group"),
    (({}, {}, [0]), "wants whole numbers above 0 and percents"),
    (({}, {}, []), "wants a list of numbers and percents"),
    (({}, {}, 5), "wants a list, got int"),
    (({}, {}, [1], {"a": 1}), "wants a list, got dict"),
    (({}, {}, [1], [], "x"), "invalid literal"),
    (({}, {}, [1], [], 0, "fleet"), "plan_by: wants one of host, group, got 'fleet'"),
])
def test_plan_waves_names_a_wrong_argument(arguments, named):
    with pytest.raises(AnsibleFilterError, match="plan_waves: .*" + named):
        filter_plan_waves(*arguments)


@pytest.mark.parametrize("arguments, named", [
    (([], 1, 1), "wants a dictionary with the plans"),
    (({"plan": None}, 1, 1), "wants a dictionary with the plans"),
    (({"plan": {}}, "x", 1), "invalid literal"),
    (({"plan": {}}, 1, 1, (), "x"), "alpha: wants a number, got 'x'"),
    (({"plan": {}}, 1, 1, (), 0.01, 0.05, "stop"), "on_inconclusive: wants one of go_on, end, got 'stop'"),
    (({"plan": {}}, 1, 1, (), 0.01, 0.05, "end", "undo"), "on_end: wants one of keep, put_back, got 'undo'"),
])
def test_judge_wave_names_a_wrong_argument(arguments, named):
    with pytest.raises(AnsibleFilterError, match="judge_wave: " + named):
        filter_judge_wave(*arguments)


@pytest.mark.parametrize("arguments", [([], 1, 1, 1), ({"a": PLAN}, "x", 1, 1)])
def test_waves_ahead_names_a_wrong_argument(arguments):
    with pytest.raises(AnsibleFilterError, match="waves_ahead: "):
        filter_waves_ahead(*arguments)


def test_agreed_variables_names_a_wrong_argument():
    with pytest.raises(AnsibleFilterError, match="wants a dictionary of dictionaries by host"):
        filter_agreed_variables({"a": 1}, [])


def test_controls_are_found_by_the_group_of_their_look():
    step = dict(PLAN, design="step", wave={"cohort": "c", "number": 1, "of": 1})
    looks = {"a": dict(HOSTS["a"], window={}), "b": {"group": "web", "window": {}}}
    found = filter_step_controls({"a": step, "b": nothing("x", "why")}, looks, "1")
    assert found["controls"] == {"a": ["b"]} and found["lead_seconds"] > 0


@pytest.mark.parametrize("arguments, named", [
    (([], HOSTS, 1), "plans: wants a dictionary by host, got list"), (({}, None, 1), "hosts: wants a dictionary by host, got NoneType"),
    (({"a": PLAN}, {}, 1), "KeyError"), (({}, {}, "x"), "invalid literal"),
])
def test_what_names_no_controls_is_refused(arguments, named):
    with pytest.raises(AnsibleFilterError, match=named):
        filter_step_controls(*arguments)
