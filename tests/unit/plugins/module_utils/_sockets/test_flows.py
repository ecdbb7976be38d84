"""One socket, and what it was before, into a classed flow with measures."""

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import BufferSizes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_parts import Measures, Queues
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_signs import NO_SIGNS
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flows import CUMULATIVE, MARK, Context, flow, mark, subtract
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import (
    APP_LIMITED,
    INFO_FIELDS,
    MEMORY_FIELDS,
    Socket,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.occupancy import Occupancy

SIZES = BufferSizes(131072, 33554432, 16384, 4194304, 4194304, 4194304, True)
QUIET = dict(
    {field.name: 0 for field in MEMORY_FIELDS + INFO_FIELDS},
    family=2, state=1, endpoints=b"\x00\x50\x9c\x40" + bytes(32), cookie=7, receive_queue=0, send_queue=0,
    rcvbuf=131072, sndbuf=87040, snd_mss=1448, snd_cwnd=10, last_data_sent_ms=9000, last_data_recv_ms=9000,
)
OLD_KERNEL = dict.fromkeys(field.name for field in INFO_FIELDS if field.offset >= 120)


def found(**values):
    return Socket(**dict(QUIET, **values))


def occupancy_of(sockets):
    occupancy = Occupancy()
    list(occupancy.seen(sockets))
    return occupancy


def context(*before, seconds=10.0, ports=()):
    return Context(seconds, {one.cookie: mark(one) for one in before}, frozenset(ports), SIZES, occupancy_of(before))


def changed(seconds=10.0, before=None, **values):
    """The flow of a socket that was quiet at the start of a window, or as `before` says."""
    return flow(found(**values), context(found(**(before or {})), seconds=seconds))


def test_every_measure_is_what_its_name_says():
    now = dict(
        delivery_rate=5000, rtt_us=300, min_rtt_us=200, rcv_rtt_us=400, snd_cwnd=20, rmem_alloc=65536, receive_queue=30000, send_queue=40000,
        wmem_queued=43520, notsent_bytes=12000, bytes_received=1500, bytes_acked=3000, data_segs_out=80, total_retrans=20, busy_us=500,
        rwnd_limited_us=100, sndbuf_limited_us=50, drops=3, rate_flags=APP_LIMITED, rcv_wnd=32768,
    )
    assert changed(**now).measures._asdict() == {
        "goodput_in_bytes_per_second": 150.0, "goodput_out_bytes_per_second": 300.0, "delivery_rate_bytes_per_second": 5000,
        "rtt_us": 300, "min_rtt_us": 200, "rtt_over_min": 1.5, "receiver_rtt_us": 400, "cwnd_bytes": 28960,
        "retransmitted_share": 0.25, "rwnd_limited_share": 0.2, "sndbuf_limited_share": 0.1,
        "rcvbuf_bytes": 131072, "sndbuf_bytes": 87040, "receive_queue_bytes": 30000, "receive_memory_bytes": 65536, "receive_memory_share": 0.5,
        "send_queue_bytes": 40000, "send_memory_bytes": 43520, "send_memory_share": 0.5, "notsent_bytes": 12000,
        "half_full_share": 0, "mean_receive_queue_bytes": 0, "mean_notsent_bytes": 0,
        "bdp_bytes": 0.06, "receive_bdp_bytes": 0.03, "send_payload_share": 40000 / 43520, "window_share": 0.25,
        "bytes_in": 1500, "bytes_out": 3000, "old_bytes_in": 1500, "old_bytes_out": 3000, "bytes_read": 0,
        "data_segments_out": 80, "retransmitted_segments": 20,
        "busy_us": 500, "rwnd_limited_us": 100, "sndbuf_limited_us": 50, "drops": 3, "born": False, "app_limited": True,
        "rcvbuf_at_default": True, "rcvbuf_at_max": False, "rcvbuf_above_max": False, "rcvbuf_probably_locked": False,
        "sndbuf_at_default": False, "sndbuf_at_max": False, "sndbuf_above_max": False, **dict(NO_SIGNS._asdict(), sndbuf_stays=True),
    }


def test_sndbuf_stands_by_its_own_sysctl():
    assert changed(sndbuf=16384).measures.sndbuf_at_default
    assert changed(sndbuf=4194304).measures.sndbuf_at_max
    assert changed(sndbuf=4194305).measures.sndbuf_above_max
    assert changed(rcvbuf=33554432).measures.rcvbuf_at_max


def test_the_other_bits_beside_app_limited_are_not_it():
    assert changed(rate_flags=0xff ^ APP_LIMITED).measures.app_limited is False


def test_queues_are_those_of_all_looks():
    one = found(receive_queue=1000, notsent_bytes=500, rmem_alloc=65536)
    measures = flow(one, context(one)).measures
    assert (measures.half_full_share, measures.mean_receive_queue_bytes, measures.mean_notsent_bytes) == (1, 1000, 500)
    for born_or_now in (flow(one, context()), flow(one, context(seconds=None))):
        assert born_or_now.queues[-3:] == (None, None, None) and Queues._fields[-3] == "half_full_share"


@pytest.mark.parametrize("full, pausing", [(131072, True), (262145, False), (None, False)])
def test_what_was_opened_in_the_window_is_known_by_how_large_it_was_when_it_was_full(full, pausing):
    now = found(bytes_received=600_000, data_segs_in=400, rcvbuf=3_000_000, snd_wnd=65536)
    seen = context()
    if full:
        list(seen.occupancy.seen([now._replace(rcvbuf=full, rmem_alloc=full)]))
    assert flow(now, seen).measures.reader_pausing is pausing


@pytest.mark.parametrize("field, measure", [
    ("receive_queue", "receive_queue_bytes"), ("rmem_alloc", "receive_memory_bytes"), ("send_queue", "send_queue_bytes"),
    ("wmem_queued", "send_memory_bytes"), ("notsent_bytes", "notsent_bytes"),
])
def test_each_queue_is_told_where_all_others_are_empty(field, measure):
    assert getattr(changed(**{field: 700}).measures, measure) == 700 and getattr(changed().measures, measure) == 0


def test_a_buffer_that_moved_in_the_window_is_not_locked():
    much = dict(rcvbuf=65536, bytes_received=10 ** 9)
    assert changed(before=dict(rcvbuf=65536), **much).measures.rcvbuf_probably_locked is True
    assert changed(before=dict(rcvbuf=65534), **much).measures.rcvbuf_probably_locked is False


PATH = dict(min_rtt_us=20000, delivery_rate=10 ** 7)


@pytest.mark.parametrize("expected, one", [
    ((20000, 40000), changed(bytes_received=10 ** 7, bytes_acked=2 * 10 ** 7, **PATH)),
    ((0, 0), changed(**PATH)),  # what it delivered before the window is no rate of the window
    ((None, 200000), flow(found(bytes_received=10 ** 7, bytes_acked=10 ** 7, **PATH), context())),  # born: nobody knows in how long
    ((None, 200000), flow(found(**PATH), context(seconds=None))),
    ((None, None), flow(found(min_rtt_us=20000), context(seconds=None))),
    ((None, None), changed(bytes_received=10 ** 7, bytes_acked=10 ** 7, delivery_rate=10 ** 7, min_rtt_us=2 ** 32 - 1)),
    ((None, None), changed(before=OLD_KERNEL, **OLD_KERNEL)),
])
def test_what_the_path_itself_holds(expected, one):
    assert (one.measures.receive_bdp_bytes, one.measures.bdp_bytes) == expected


def test_how_much_of_the_memory_is_payload_and_of_the_buffer_window():
    for one in (changed(), changed(rcv_wnd=None)):
        assert one.measures.send_payload_share is None  # nothing is queued
    assert changed(send_queue=630, wmem_queued=1000).measures.send_payload_share == 0.63
    assert changed(rcv_wnd=0).measures.window_share == 0 and changed(rcv_wnd=None).measures.window_share is None  # before Linux 6.2


def test_only_what_was_there_at_the_first_look_moves_old_bytes():
    moved = dict(bytes_received=300, bytes_acked=200)
    was_there, born, in_a_snapshot = changed(**moved), flow(found(**moved), context()), flow(found(**moved), context(seconds=None))
    for one, old in ((was_there, (300, 200)), (born, (0, 0)), (in_a_snapshot, (None, None))):
        assert (one.measures.old_bytes_in, one.measures.old_bytes_out) == old
    born_on_an_old_kernel = flow(found(**OLD_KERNEL), context()).measures
    assert (born_on_an_old_kernel.born, born_on_an_old_kernel.old_bytes_in, born_on_an_old_kernel.old_bytes_out) == (True, None, None)


@pytest.mark.parametrize("before, now, read", [
    ((0, 0), (1000, 0), 1000),
    ((0, 0), (1000, 400), 600),  # more waits than before
    ((500, 500), (1000, 100), 900),  # what waited was read, too
    ((500, 0), (500, 1), 0),  # a FIN waits
])
def test_what_is_read_is_not_what_waits(before, now, read):
    was, one = (found(bytes_received=received, receive_queue=waits) for received, waits in (before, now))
    assert flow(one, context(was)).measures.bytes_read == read


def test_of_a_new_connection_what_waits_is_not_read():
    assert flow(found(bytes_received=1000, receive_queue=300), context()).measures.bytes_read == 700
    assert flow(found(**OLD_KERNEL), context()).measures.bytes_read is None
    assert flow(found(bytes_received=1000), context(seconds=None)).measures.bytes_read is None


def test_only_changes_count():
    before = dict(bytes_received=10 ** 9, bytes_acked=10 ** 9, total_retrans=50, data_segs_out=900, busy_us=10 ** 6, rwnd_limited_us=10 ** 6)
    now = found(**before)._replace(bytes_received=10 ** 9 + 100, data_segs_out=910, busy_us=10 ** 6 + 10)
    measures = flow(now, context(found(**before))).measures
    assert (measures.bytes_in, measures.bytes_out, measures.retransmitted_segments, measures.rwnd_limited_us) == (100, 0, 0, 0)
    assert measures.rwnd_limited_share == 0 and measures.retransmitted_share == 0


def test_what_was_never_measured_is_none():
    measures = changed(min_rtt_us=2 ** 32 - 1).measures
    assert [measures.rtt_us, measures.min_rtt_us, measures.rtt_over_min, measures.receiver_rtt_us] == [None] * 4
    assert [measures.delivery_rate_bytes_per_second, measures.rwnd_limited_share, measures.retransmitted_share] == [None] * 3
    assert measures.goodput_in_bytes_per_second == 0


def test_a_counter_of_32_bits_wraps_and_one_of_64_is_not_known():
    changes = subtract([5] * len(CUMULATIVE), [2 ** 32 - 5] * len(CUMULATIVE))._asdict()
    assert {name for name, change in changes.items() if change == 10} == {"total_retrans", "data_segs_in", "data_segs_out", "drops"}
    assert set(changes.values()) == {10, None}


def test_an_old_kernel_has_a_flow_without_a_class():
    for one in (changed(before=OLD_KERNEL, **OLD_KERNEL), flow(found(**OLD_KERNEL), context(seconds=None)), flow(found(**OLD_KERNEL), context())):
        assert one.kind == "unknown" and one.measures.bytes_in is None and one.measures.rcvbuf_bytes == 131072
        assert one.measures.rwnd_limited_share is None and one.measures.notsent_bytes is None


def test_born_in_the_window():
    one = flow(found(bytes_received=10 ** 6, data_segs_in=700, busy_us=100, rwnd_limited_us=50), context())
    assert one.measures.born is True and one.measures.bytes_in == 10 ** 6 and one.measures.rwnd_limited_share == 0.5
    assert one.measures.goodput_in_bytes_per_second is None  # in less than the window, and nobody knows how much less
    assert one.kind == "bulk"
    assert changed().measures.born is False and flow(found(), context(seconds=None)).measures.born is None


def test_a_snapshot_has_no_changes():
    measures = flow(found(bytes_received=10 ** 6, rtt_us=100, busy_us=9, drops=4), context(seconds=None)).measures
    nulls = {name for name, value in measures._asdict().items() if value is None}
    assert nulls >= {"bytes_in", "bytes_out", "busy_us", "drops", "goodput_in_bytes_per_second", "rwnd_limited_share", "retransmitted_share", "born"}
    assert measures.rtt_us == 100


@pytest.mark.parametrize("ports, direction, port", [((80,), "inbound", 80), ((40000, 8080), "outbound", None)])
def test_inbound_is_what_comes_to_a_listening_port(ports, direction, port):
    for seconds in (None, 10.0):
        one = flow(found(), context(seconds=seconds, ports=ports))
        assert (one.direction, one.port) == (direction, port)


MiB = 2 ** 20
KINDS = {
    "nothing": ("idle", {}),
    "one way": ("bulk", dict(bytes_received=MiB, data_segs_in=700)),
    "the other way": ("bulk", dict(bytes_acked=MiB, data_segs_out=700)),
    "one way, with a window update every 32 KiB": ("bulk", dict(bytes_received=10 * MiB, data_segs_in=7000, data_segs_out=320, bytes_acked=320 * 13)),
    "both ways, as a relay": ("request_response", dict(bytes_received=MiB, bytes_acked=MiB, data_segs_in=700, data_segs_out=700)),
    "large answers to few requests": ("bulk", dict(bytes_acked=10 * MiB, data_segs_out=7000, data_segs_in=10, bytes_received=2000)),
    "many small answers": ("request_response", dict(bytes_acked=4000 * 1000, data_segs_out=3000, data_segs_in=1000, bytes_received=200 * 1000)),
    "one small message": ("request_response", dict(bytes_acked=200, data_segs_out=1)),
    "too little to be bulk": ("request_response", dict(bytes_received=65535, data_segs_in=50)),
    "stalled with a full queue": ("bulk", dict(receive_queue=65536)),
    "stalled with much to send": ("bulk", dict(send_queue=65536)),
    "something waits": ("request_response", dict(receive_queue=1)),
    "closed by the peer, and nobody reads that": ("idle", dict(state=8, receive_queue=1)),
    "closed by the peer, with payload before it": ("request_response", dict(state=8, receive_queue=3)),
    "closed by both": ("idle", dict(state=9, receive_queue=1, send_queue=1)),
    "its SYN or FIN acknowledged": ("idle", dict(bytes_acked=1)),
    "a FIN received": ("idle", dict(bytes_received=1)),
    "one byte out": ("request_response", dict(bytes_acked=1, data_segs_out=1)),
    "one byte in": ("request_response", dict(bytes_received=1, data_segs_in=1)),
}


@pytest.mark.parametrize("kind, values", KINDS.values(), ids=KINDS)
def test_classes_in_a_window(kind, values):
    before = dict(bytes_received=5 * MiB, bytes_acked=5 * MiB, data_segs_in=1, data_segs_out=1)
    now = dict(values, **{name: before[name] + values.get(name, 0) for name in before})
    assert changed(before=before, **now).kind == kind


@pytest.mark.parametrize("kind, values", KINDS.values(), ids=KINDS)
def test_classes_of_a_snapshot_are_those_of_the_whole_life(kind, values):
    recently = {} if kind == "idle" else {"last_data_recv_ms": 10}
    assert flow(found(**dict(values, **recently)), context(seconds=None)).kind == kind


def test_in_a_snapshot_silence_is_idle_whatever_went_before():
    assert flow(found(bytes_received=MiB, data_segs_in=700, last_data_recv_ms=1000), context(seconds=None)).kind == "idle"
    assert flow(found(bytes_received=MiB, data_segs_in=700, last_data_sent_ms=999), context(seconds=None)).kind == "bulk"


@pytest.mark.parametrize("bytes_acked, kind", [(100 * 1448, "request_response"), (4 * 1448, "bulk")])
def test_without_counted_segments_answers_are_guessed_from_bytes(bytes_acked, kind):
    """Linux 4.1 to 4.5 count bytes, but not the segments with payload."""
    without = dict.fromkeys(("data_segs_in", "data_segs_out", "busy_us", "rwnd_limited_us", "sndbuf_limited_us"))
    one = changed(bytes_received=MiB, bytes_acked=bytes_acked, **without)
    assert one.kind == kind and one.measures.goodput_in_bytes_per_second == pytest.approx(MiB / 10)
    assert one.measures.rwnd_limited_us is None


def test_a_mark_is_small():
    assert len(mark(found(bytes_received=2 ** 40))) == MARK.size <= 100


def test_a_row_of_measures_is_all_numbers():
    """Summaries keep them as doubles."""
    assert all(value is None or value >= 0 for value in changed(bytes_received=MiB).measures) and len(Measures._fields) == 57


@pytest.mark.parametrize("older, old_in", [(None, 1500), (frozenset([7]), 1500), (frozenset([8]), 0), (frozenset(), 0)])
def test_what_is_old_may_be_told_by_an_earlier_moment_than_the_window(older, old_in):
    """The connection was there when the window began."""
    measures = flow(found(bytes_received=1500), context(found())._replace(older=older)).measures
    assert (measures.bytes_in, measures.old_bytes_in, measures.born) == (1500, old_in, False)
