"""One size for hosts that share a question."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.draw import plan_waves

MIB = 1 << 20
HOST = {"group": "web", "facts": {"identity": {"kernel_release": "6.1.0"}, "host": {"link_mbps": None}}}


def a_plan(old, new, limit, field="max", joint=None):
    sides = {side: f"4096 131072 {size}" if field == "max" else str(size) for side, size in (("old", old), ("new", new))}
    change = {"key": "net.ipv4.tcp_rmem", "field": field if field == "max" else None, "limit_bytes": limit, "ceiling": f"not above {limit}", **sides}
    return {"scenario": "x", "changes": [change], "metric": {"name": "m"}, "joint": joint, "reason": "why", "again": True}


def sizes(*plans, plan_by="group"):
    found = plan_waves({f"h{at}": plan for at, plan in enumerate(plans)}, {f"h{at}": HOST for at in range(len(plans))}, plan_by=plan_by)
    return [int(plan["changes"][0]["new"].split()[-1]) if plan["changes"] else None for plan in found.values()], list(found.values())


@pytest.mark.parametrize("plans, expected", [
    # Raised: the largest that any would try.
    ([(4 * MIB, 8 * MIB, 64 * MIB), (8 * MIB, 16 * MIB, 64 * MIB)], [16 * MIB, 16 * MIB]),
    # Nobody goes above its own ceiling.
    ([(4 * MIB, 8 * MIB, 12 * MIB), (8 * MIB, 16 * MIB, 64 * MIB)], [12 * MIB, 16 * MIB]),
    # Lowered: the largest, too, so that nobody has less than it needs.
    ([(32 * MIB, 2 * MIB, MIB), (32 * MIB, 4 * MIB, MIB)], [4 * MIB, 4 * MIB]),
    # Who has no more than that has nothing to lower.
    ([(32 * MIB, 4 * MIB, MIB), (3 * MIB, 2 * MIB, MIB)], [4 * MIB, None]),
])
def test_the_size_that_is_shared(plans, expected):
    found, made = sizes(*(a_plan(*plan) for plan in plans))
    assert found == expected
    assert all(plan["wave"]["shared"] for plan in made if plan["changes"])
    assert all("would try" in plan["reason"] for plan in made)


def test_a_single_number_is_shared_too():
    assert sizes(a_plan(MIB, 16384, 16384, field="value"), a_plan(MIB, 65536, 16384, field="value"))[0] == [65536, 65536]


def test_a_host_that_is_left_without_a_change_has_no_wave_and_is_looked_at_again():
    _found, made = sizes(a_plan(32 * MIB, 4 * MIB, MIB), a_plan(3 * MIB, 2 * MIB, MIB))
    assert made[1]["wave"] is None and made[1]["again"] and "3145728 bytes is not above" in made[1]["reason"]


def test_by_host_and_alone_and_in_pairs_each_has_its_own():
    raised = a_plan(4 * MIB, 8 * MIB, 64 * MIB), a_plan(8 * MIB, 16 * MIB, 64 * MIB)
    assert sizes(*raised, plan_by="host")[0] == [8 * MIB, 16 * MIB]
    assert not sizes(raised[0])[1][0]["wave"]["shared"]
    joint = {"hosts": ["h0", "h1"], "measured_on": ["h0"]}
    assert sizes(*(dict(plan, joint=joint) for plan in raised))[0] == [8 * MIB, 16 * MIB]


def test_what_goes_with_a_size_stays_as_it_is():
    plans = [a_plan(32 * MIB, size, MIB) for size in (2 * MIB, 4 * MIB)]
    for number, plan in enumerate(plans):
        plan["changes"].append({"key": "net.ipv4.tcp_notsent_lowat", "field": None, "old": "4294967295", "new": str(5120 + number)})
    found, made = sizes(*plans)
    assert found == [4 * MIB, 4 * MIB] and [plan["changes"][1]["new"] for plan in made] == ["5120", "5121"]
