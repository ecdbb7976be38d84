"""What blocks could not tell is not tried in them."""
import re

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import (
    CORE_RMEM,
    CORE_WMEM,
    RMEM,
    WMEM,
    Knob,
    Metric,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.blocks_fit import (
    FOLLOWED_LATE,
    FOLLOWED_WITH_LESS_UNSENT,
    NEW_LISTENERS,
    NEW_SOCKETS,
    Step,
    least_washout_seconds,
    look_seconds,
    metric_for,
    out_of_reach,
    read_step,
)

LOWER, RAISE, DEFAULT = Knob(RMEM, "max", "lower"), Knob(RMEM, "max", "raise"), Knob(RMEM, "default", "raise")


def window(old_bytes=None, octets=None, direction="inbound", pausing=4, **listeners):
    counts, sums = {"reader_pausing": pausing}, {"old_bytes_in": old_bytes}
    return {
        "seconds": [1.0] * 10, "absent": [], "counters": {} if octets is None else {"IpExtInOctets": [octets / 10] * 10},
        "sockets": {
            "available": True, "listeners": listeners,
            "groups": [{"class": "bulk", "direction": direction, "flows": 4, "counts": counts, "sums": sums, "quantiles": {}}],
        },
    }


@pytest.mark.parametrize("seen, reachable", [
    (window(old_bytes=90, octets=100), True),
    (window(old_bytes=96, octets=100), False),
    (window(old_bytes=200, octets=100), False),
    (window(old_bytes=96), True),  # nobody counted the octets
    (window(old_bytes=None, octets=100), True),
])
@pytest.mark.parametrize("knob", [LOWER, RAISE])
def test_a_maximum_reaches_new_connections(seen, reachable, knob):
    assert (out_of_reach(knob, seen) is None) == reachable


def test_the_reason_says_how_much_and_what_to_do():
    reason = out_of_reach(LOWER, window(old_bytes=96, octets=100)).reason
    assert "96% of what came in was for connections older than the window, which keep what their buffers have grown to" in reason
    assert "hardly ever follow" in out_of_reach(RAISE, window(old_bytes=96, octets=100)).reason


@pytest.mark.parametrize("seen, reachable, washout", [
    (window(renewed=0), False, 10.0),
    (window(renewed=2), True, 10.0),
    (window(direction="outbound", renewed=0), True, 0.0),  # a client's sockets take the default when they are made
    (window(pausing=0), False, 10.0),
])
def test_a_default_reaches_what_listens_anew(seen, reachable, washout):
    assert (out_of_reach(DEFAULT, seen) is None) == reachable
    assert least_washout_seconds(DEFAULT, seen) == washout
    assert reachable or "needs_listener_restart" in out_of_reach(DEFAULT, seen).reason


ASKED = {
    CORE_RMEM: ("old_bytes_in", "IpExtInOctets", "so_rcvbuf_bound", "rcvbuf_not_default"),
    CORE_WMEM: ("old_bytes_out", "IpExtOutOctets", "so_sndbuf_bound", "sndbuf_not_default"),
}


@pytest.mark.parametrize("key", ASKED)
@pytest.mark.parametrize("old, direction, asked_by_listeners, renewed, reason", [
    (90, "outbound", 1, 0, None),
    (96, "outbound", 0, 0, "connections older than the window moved 96% of the bytes"),
    (None, "outbound", 0, 0, None),
    (90, "inbound", 0, 0, None),  # the program asks after it accepted
    (90, "inbound", None, 0, None),
    (90, "inbound", 1, 0, "inherit the buffers of their listener.*needs_listener_restart"),
    (90, "inbound", 1, 1, None),
])
def test_what_a_program_asked_for_it_keeps(key, old, direction, asked_by_listeners, renewed, reason):
    measure, octets, sign, listeners = ASKED[key]
    seen = window(direction=direction, renewed=renewed, **{listeners: asked_by_listeners})
    seen["counters"][octets] = [10] * 10
    seen["sockets"]["groups"][0].update(counts={sign: 4}, sums={measure: old})
    found = out_of_reach(Knob(key, None, "raise"), seen)
    assert found is None if reason is None else re.search(reason, found.reason)
    assert reason is None or found.means == (NEW_LISTENERS if "needs_listener_restart" in reason else NEW_SOCKETS)
    assert least_washout_seconds(Knob(key, None, "raise"), seen) == 0.0


@pytest.mark.parametrize("knob", [Knob(WMEM, "max", "lower"), Knob(WMEM, "max", "raise")])
def test_what_open_connections_follow_is_tried(knob):
    assert out_of_reach(knob, window(old_bytes=100, octets=100)) is None and least_washout_seconds(knob, window()) == 0.0


@pytest.mark.parametrize("stay, born, reachable", [(3, 0, False), (2, 0, True), (4, 1, False), (4, 2, True), (None, None, True)])
def test_a_lower_maximum_leaves_buffers_alone_that_would_not_follow(stay, born, reachable):
    seen = window(direction="outbound")
    seen["sockets"]["groups"][0]["counts"] = {"path_queue_bloated": 4, "sndbuf_stays": stay, "born": born}
    found = out_of_reach(Knob(WMEM, "max", "lower"), seen)
    assert (found is None) == reachable and out_of_reach(Knob(WMEM, "max", "raise"), seen) is None
    assert reachable or f"{stay} of 4 would keep their send buffer" in found.reason


@pytest.mark.parametrize("seen, seconds", [
    ({"sockets": {"cpu_seconds": [0.3, 0.2, 0.9]}}, 0.9), ({"sockets": {"cpu_seconds": []}}, 0.0), ({"sockets": None}, 0.0), ({}, 0.0),
])
def test_the_dearest_look_counts(seen, seconds):
    assert look_seconds(seen) == seconds


@pytest.mark.parametrize("seen, total, name", [(80, 100, "flows_bulk_read_bytes"), (60, 100, "octets_in"), (None, 100, "flows_bulk_read_bytes")])
def test_transfers_that_come_and_go_are_counted_by_octets(seen, total, name):
    watched = window(old_bytes=seen, octets=total)
    assert metric_for(Metric("flows_bulk_read_bytes", "higher"), watched) == Metric(name, "higher")
    assert metric_for(Metric("flows_bulk_rtt_us", "lower"), watched).name == "flows_bulk_rtt_us"


@pytest.mark.parametrize("stale, means", [
    (0, FOLLOWED_LATE), (2, FOLLOWED_LATE), (3, FOLLOWED_WITH_LESS_UNSENT), (None, FOLLOWED_LATE),
])
def test_buffers_that_follow_late_are_tried_in_a_step_back(stale, means):
    seen = window(direction="outbound")
    seen["sockets"]["groups"][0]["counts"] = {"path_queue_bloated": 4, "sndbuf_stays": 4, "send_queue_stale": stale}
    found = out_of_reach(Knob(WMEM, "max", "lower"), seen)
    assert found.means == means and means.allowed(Step())


def test_a_step_back_needs_nothing():
    assert FOLLOWED_LATE.trial(Step(600, ("web.service",))) == {"design": "step_back"}


OLD_CONNECTIONS, OLD_LISTENERS = out_of_reach(LOWER, window(old_bytes=96, octets=100)), out_of_reach(DEFAULT, window(renewed=0))


@pytest.mark.parametrize("allowed, connections, listeners", [
    (Step(), False, False),
    (Step(0, ("web.service",)), False, False),
    (Step(3600), True, False),  # connections turn over, a listener stays
    (Step(3600, ("web.service",)), True, True),
])
def test_what_pairs_cannot_tell_is_tried_in_a_step_where_that_is_allowed(allowed, connections, listeners):
    means = OLD_CONNECTIONS.means, OLD_LISTENERS.means
    assert tuple(its.allowed(allowed) for its in means) == (connections, listeners)
    assert [its.trial(allowed) for its in means] == [
        {"design": "step", "step_seconds": allowed.seconds, "restart_services": list(allowed.services)},
    ] * 2


@pytest.mark.parametrize("unreachable", [OLD_CONNECTIONS, OLD_LISTENERS])
def test_what_it_needs_is_told_by_variables(unreachable):
    assert all(name in unreachable.means.needs for name in ("socket_buffers_step_seconds", "socket_buffers_restart_services"))


@pytest.mark.parametrize("given, step", [
    (None, Step()), ({}, Step()), ({"seconds": "3600", "services": "a.service,b.service"}, Step(3600.0, ("a.service", "b.service"))),
    ({"seconds": 0, "services": None}, Step()),
])
def test_what_is_allowed_is_read_as_variables_hand_it_over(given, step):
    assert read_step(given) == step


def test_a_length_that_is_none_is_refused():
    with pytest.raises(ValueError, match="step_seconds: wants a number, got 'an hour'"):
        read_step({"seconds": "an hour"})
