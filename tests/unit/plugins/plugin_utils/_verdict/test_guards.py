"""Guards of a class of connections: judged only while they speak of the same connections."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.guards import judge_all, of_guard

BY_NAME = {guard.name: guard for guard in GUARDS}
ROUND_TRIP, BULK = BY_NAME["round trip of requests"], BY_NAME["bulk sent"]
ARMS = ["A", "B", "B", "A"] * 8


def a_trial(seed=1, **columns):
    """Blocks of two pairs in turn; a column is (value in A, value in B) or all its values."""
    made = {name: [cells[arm == "B"] for arm in ARMS] if len(cells) == 2 else cells for name, cells in columns.items()}
    return {
        "seed": seed, "pairs": 16, "blocks": {"pair": [index // 2 for index in range(32)], "arm": ARMS}, "seconds": [15.0] * 32,
        "counters": {}, "gauges": {}, "absent": [], "flows": {"available": True, "reason": None, "columns": made},
    }


def judged(guard, *trials):
    return judge_all([guard], trials, 0.01)[0][0]


@pytest.mark.parametrize("rtt, flows, ok", [
    ((10_000, 20_000), (50, 50), False),
    ((10_000, 20_000), (50, 54), False),
    ((10_000, 20_000), (50, 56), True),  # others than before
    ((10_000, 20_000), (56, 50), True),
    ((10_000, 12_000), (50, 50), True),  # within what is put up with
    ((20_000, 10_000), (50, 50), True),
    ((10_000, 20_000), (1, 1.5), False),  # one more in half of the blocks
    ((10_000, 20_000), (1, 1.6), True),
    ((10_000, 20_000), (1.125, 1), False),
    ((100, 200), (50, 50), True),  # microseconds that nobody feels
    ((300, 450), (50, 50), True),
    ((100, 850), (50, 50), False),  # a mean of less than what is felt is no excuse
    ((200, 2_000), (50, 50), False),
])
def test_a_slower_answer_is_worse_where_as_many_were_asked(rtt, flows, ok):
    found = judged(ROUND_TRIP, a_trial(flows_request_rtt_us=rtt, flows_request_count=flows))
    assert found["ok"] is ok
    assert (found["effect"] is None) == (flows in ((50, 56), (56, 50), (1, 1.6)) or rtt == (100, 200))


def test_blocks_without_a_request_are_no_doubt():
    rtt = [None if index > 3 else 10_000 for index in range(32)]
    assert judged(ROUND_TRIP, a_trial(flows_request_rtt_us=rtt, flows_request_count=(1, 1)))["ok"] is True


def test_some_blocks_without_a_request_leave_the_others():
    rtt = [None if index < 8 else 30_000 if arm == "B" else 10_000 for index, arm in enumerate(ARMS)]
    assert judged(ROUND_TRIP, a_trial(flows_request_rtt_us=rtt, flows_request_count=(3, 3)))["ok"] is False


@pytest.mark.parametrize("trial", [
    a_trial(flows_request_rtt_us=(10_000, 30_000)),  # a record of before they were counted
    a_trial(flows_request_count=(3, 3)),
    dict(a_trial(), flows={"available": False, "reason": "no sock_diag"}),
])
def test_what_is_not_known_guards_nothing(trial):
    assert judged(ROUND_TRIP, trial)["ok"] is True


@pytest.mark.parametrize("sent, flows, ok", [
    ((15_000_000, 13_500_000), (4, 4), False),
    ((15_000_000, 14_500_000), (4, 4), True),
    ((15_000_000, 13_500_000), (4, 3), True),  # done sooner, so not seen at the end
    ((1_500_000, 1_350_000), (4, 4), True),  # answers to what was received
])
def test_less_bulk_is_worse_where_as_many_sent_it(sent, flows, ok):
    assert judged(BULK, a_trial(flows_bulk_out_bytes=sent, flows_bulk_count=flows))["ok"] is ok


def test_of_two_ends_each_has_to_have_its_class():
    steady, fewer = (a_trial(flows_request_rtt_us=(10_000, 30_000), flows_request_count=flows) for flows in ((40, 40), (40, 20)))
    without = a_trial(flows_request_rtt_us=[None] * 32, flows_request_count=(0, 0))
    assert [judged(ROUND_TRIP, steady, other)["ok"] for other in (steady, without, fewer)] == [False, False, True]


def test_a_class_that_changed_size_takes_its_share_all_the_same():
    guards = [ROUND_TRIP, BULK]
    columns = {"flows_bulk_out_bytes": (15_000_000, 15_000_000), "flows_bulk_count": (4, 4), "flows_request_rtt_us": (10_000, 20_000)}
    levels = [judge_all(guards, [a_trial(flows_request_count=flows, **columns)], 0.01)[1] for flows in ((50, 50), (50, 20))]
    assert levels[0] == levels[1]


def octets_trial(octets, segments, absent=()):
    trial = a_trial()
    columns = {"IpExtInOctets": octets, "TcpInSegs": segments}
    trial["counters"] = {name: [cells[arm == "B"] for arm in ARMS] for name, cells in columns.items() if name not in absent}
    return dict(trial, absent=list(absent))


@pytest.mark.parametrize("octets, segments, ok", [
    ((1_500_000, 1_000_000), (1000, 1000), False),
    ((60_000, 40_000), (1000, 700), True),  # fewer acknowledgements of as much
    ((130_000, 90_000), (1000, 1000), True),  # 110 bytes in each, over both arms
    ((150_000, 100_000), (1000, 1000), False),
])
def test_acknowledgements_are_no_work(octets, segments, ok):
    assert judged(BY_NAME["received octets"], octets_trial(octets, segments))["ok"] is ok


def test_octets_count_where_segments_are_not_known():
    assert judged(BY_NAME["received octets"], octets_trial((60_000, 40_000), (1, 1), absent=["TcpInSegs"]))["ok"] is False


@pytest.mark.parametrize("seen, ok", [((0, 0), False), ((390_000, 290_000), False), ((400_000, 300_000), True)])
def test_octets_do_not_count_where_most_of_their_payload_is_known_as_read_or_unread(seen, ok):
    """Small messages: 130 octets each, of which 78 are payload: 780,000 and 599,984."""
    trial = octets_trial((1_300_000, 1_000_000), (10_000, 1_000_000 // 130))
    trial["flows"] = a_trial(flows_in_bytes=seen)["flows"]
    assert judged(BY_NAME["received octets"], trial)["ok"] is ok


@pytest.mark.parametrize("acknowledged, flows, ok", [
    ((1_000_000, 1_000_000), (2, 2), True),  # of 1,400,000 payload or so; the rest fills a queue
    ((1_000_000, 1_000_000), (2, 1), False),  # of other connections
    ((800_000, 800_000), (2, 2), False),  # hardly more than half of it
    ((0, 0), (0, 0), False),
])
def test_what_fills_a_queue_is_no_work_where_most_of_it_is_known_as_acknowledged(acknowledged, flows, ok):
    trial = octets_trial((0, 0), (0, 0))
    trial["counters"] = {"IpExtOutOctets": [(1_500_000, 1_300_000)[arm == "B"] for arm in ARMS], "TcpOutSegs": [1000] * 32}
    trial["flows"] = a_trial(flows_bulk_out_bytes=acknowledged, flows_bulk_count=flows)["flows"]
    assert judged(BY_NAME["sent octets"], trial)["ok"] is ok


@pytest.mark.parametrize("read, octets, ok", [
    ((3e7, 3e7), 4e7, True),
    ((3e7, 2e7), 4e7, False),
    ((1e6, 1e5), 1e6, True),  # over 15 s: hardly anything
    ((3e7, 2e7), 6e7, True),  # the rest came for connections that no look met
])
def test_what_programs_read_is_work_where_most_of_it_was_seen(read, octets, ok):
    trial = a_trial(flows_read_bytes=read, flows_in_bytes=read)
    trial["counters"] = {"IpExtInOctets": [octets] * 32, "TcpInSegs": [1000] * 32}
    assert judged(BY_NAME["read by programs"], trial)["ok"] is ok


@pytest.mark.parametrize("longest, ok", [((70, 400), True), ((900, 1_000), True), ((1_000, 3_000), False), ((100, 5_000), False)])
def test_so_short_a_stall_is_what_any_interrupt_does(longest, ok):
    trial = a_trial()
    values = [longest[arm == "B"] for arm in ARMS]
    trial["stalls"] = {
        "available": True, "reason": None, "longest_us": values, "stalled_us": [0] * 32, "stalls": [0] * 32, "lost_events": [0] * 32,
        "upper_us": [8192], "counts": [[9]] * 32,
    }
    assert judged(BY_NAME["longest stall"], trial)["ok"] is ok


@pytest.mark.parametrize("resent, ok", [((0, 180), True), ((100, 240), True), ((0, 330), False), ((0, 600), False), ((300, 600), False)])
def test_a_path_that_is_filled_loses_a_little(resent, ok):
    trial = a_trial()
    columns = {"TcpRetransSegs": resent, "TcpOutSegs": (100_000, 100_000)}
    trial["counters"] = {name: [cells[arm == "B"] for arm in ARMS] for name, cells in columns.items()}
    assert judged(BY_NAME["retransmits per segment sent"], trial)["ok"] is ok


HOST = {"boot_id": "b", "netns": "n"}


@pytest.mark.parametrize("shares, identities, pairs", [
    ((0.55, 0.46), (HOST, HOST), None),  # half of both together
    ((0.52, 0.40), (HOST, HOST), 32),
    ((0.52, 0.40), (HOST, dict(HOST, netns="o")), 16),
    ((0.52, 0.40), (None, None), 16),
])
def test_two_looks_at_one_host_are_guarded_alike(shares, identities, pairs):
    trials = []
    for number, (share, identity) in enumerate(zip(shares, identities)):
        trial = dict(a_trial(seed=number, flows_in_bytes=(share * 948_000, share * 948_000)), identity=identity)
        trial["counters"] = {"TcpInSegs": [1000] * 32, "IpExtInOctets": [1_000_000] * 32}
        trials.append(trial)
    arms = of_guard(BY_NAME["received octets"], trials)
    assert (arms and arms.compared()) == pairs
