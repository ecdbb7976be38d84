"""Who goes when: cohorts that share a question, canaries, strata, and one draw for one seed."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.cohorts import cohorts
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.draw import plan_waves

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"


def a_plan(scenario="pruning_with_loss", key=RMEM, metric="TcpExtRcvPruned", joint=None, changes=True):
    change = {"key": key, "field": "max", "old": "4096 131072 4194304", "new": "4096 131072 8388608", "limit_bytes": 1 << 26, "ceiling": "c"}
    return {
        "scenario": scenario, "changes": [change] if changes else [], "metric": {"name": metric, "direction": "lower"}, "joint": joint,
        "reason": "why", "again": True,
    }


def a_host(group="web", release="6.1.0", speed=10_000):
    return {"group": group, "facts": {"identity": {"kernel_release": release}, "host": {"link_mbps": speed}}}


def fleet(number, **given):
    names = [f"h{at:02}" for at in range(number)]
    return {name: a_plan() for name in names}, {name: a_host(**given) for name in names}


def waves_of(plans):
    """{wave: [hosts]} of plans."""
    found = {}
    for host, plan in plans.items():
        if plan["wave"]:
            found.setdefault(plan["wave"]["number"], []).append(host)
    return {number: sorted(found[number]) for number in sorted(found)}


def test_one_seed_is_one_draw_whatever_the_order_of_the_hosts():
    plans, hosts = fleet(20)
    turned = dict(reversed(list(plans.items())))
    assert plan_waves(plans, hosts, seed=7) == plan_waves(turned, hosts, seed=7)
    assert len({waves_of(plan_waves(plans, hosts, seed=seed))[1][0] for seed in range(40)}) > 8


def test_sizes_are_of_the_cohort():
    found = plan_waves(*fleet(8), seed=1)
    assert [len(hosts) for hosts in waves_of(found).values()] == [1, 1, 1, 1, 2, 2]
    assert {plan["wave"]["of"] for plan in found.values()} == {6}


def test_a_host_with_nothing_to_try_has_no_wave():
    plans, hosts = fleet(2)
    plans["h01"] = a_plan(changes=False)
    assert plan_waves(plans, hosts)["h01"]["wave"] is None
    assert plan_waves(plans, hosts)["h00"]["wave"] == {
        "cohort": "pruning_with_loss in web (net.ipv4.tcp_rmem, TcpExtRcvPruned)", "number": 1, "of": 1, "shared": False,
    }


@pytest.mark.parametrize("odd_plan, odd_host", [
    ({"scenario": "receiver_window_too_small"}, {}), ({"key": WMEM}, {}), ({"metric": "octets_in"}, {}), ({}, {"group": "db"}),
])
def test_another_question_is_another_cohort_at_the_same_time(odd_plan, odd_host):
    plans, hosts = fleet(3)
    plans["h02"], hosts["h02"] = a_plan(**odd_plan), a_host(**odd_host)
    found = plan_waves(plans, hosts)
    assert found["h02"]["wave"]["number"] == found["h02"]["wave"]["of"] == 1
    assert len(cohorts(plans, hosts)) == 2


def test_both_ends_are_one_unit_of_one_wave():
    joint = {"hosts": ["h01", "h00"], "measured_on": ["h00"]}
    plans, hosts = fleet(4)
    plans["h00"], plans["h01"] = a_plan("both_ends_too_small", WMEM, joint=joint), a_plan("receiver_window_too_small", joint=joint)
    other = {"hosts": ["h02", "h03"], "measured_on": ["h03"]}
    plans["h03"], plans["h02"] = a_plan("both_ends_too_small", WMEM, joint=other), a_plan("receiver_window_too_small", joint=other)
    hosts["h01"]["group"] = hosts["h02"]["group"] = "db"
    found = plan_waves(plans, hosts, seed=3)
    assert sorted(waves_of(found).values()) == [["h00", "h01"], ["h02", "h03"]]
    assert {plan["wave"]["cohort"] for plan in found.values()} == {
        "both_ends_too_small in db+web (net.ipv4.tcp_rmem, net.ipv4.tcp_wmem, TcpExtRcvPruned)",
    }


@pytest.mark.parametrize("canaries, first", [(["h07"], [["h07"]]), (["h07", "h02"], [["h07"], ["h02"]]), (["elsewhere", "h03"], [["h03"]])])
def test_named_canaries_go_first_as_they_are_named(canaries, first):
    for seed in range(5):
        assert list(waves_of(plan_waves(*fleet(8), canaries=canaries, seed=seed)).values())[:len(first)] == first


def test_a_named_end_takes_the_other_with_it():
    joint = {"hosts": ["h00", "h01"], "measured_on": ["h00"]}
    plans, hosts = fleet(6)
    plans.update((host, a_plan(joint=joint)) for host in joint["hosts"])
    assert waves_of(plan_waves(plans, hosts, canaries=["h01"]))[1] == ["h00", "h01"]


def test_each_stratum_is_tried_before_many_are_and_the_largest_first():
    plans, hosts = fleet(20)
    hosts.update(h05=a_host(release="5.10.0"), h06=a_host(release="5.10.0"), h11=a_host(speed=1000))
    for seed in range(10):
        found = waves_of(plan_waves(plans, hosts, waves=[1, 1, 1, "100%"], seed=seed))
        assert found[1][0] not in ("h05", "h06", "h11") and found[2][0] in ("h05", "h06") and found[3] == ["h11"]


def test_strata_are_spread_over_the_waves_in_proportion():
    plans, hosts = fleet(40)
    hosts.update((f"h{at:02}", a_host(speed=1000)) for at in range(20))
    for members in waves_of(plan_waves(plans, hosts, waves=["25%"], seed=2)).values():
        assert 4 <= sum(host < "h20" for host in members) <= 6


def test_a_host_that_nobody_knows_is_named():
    plans, _hosts = fleet(1)
    with pytest.raises(ValueError, match="h00: lacks facts, group"):
        plan_waves(plans, {})
