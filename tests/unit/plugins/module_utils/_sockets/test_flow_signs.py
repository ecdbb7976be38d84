"""What one flow shows of the buffers that bound it. Sockets are made by hand, with numbers such as the delay line gave."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import BufferSizes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_parts import Measures
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_signs import NO_SIGNS, UNKNOWN_SIGNS, Signs, signs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flows import CUMULATIVE, STILL, Changes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import INFO_FIELDS, MEMORY_FIELDS, Socket
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.occupancy import UNKNOWN_FILL, Fill

MIB = 1048576
SIZES = BufferSizes(131072, 4 * MIB, 16384, 4 * MIB, 4 * MIB, 4 * MIB, True)
QUIET = dict(
    {field.name: 0 for field in MEMORY_FIELDS + INFO_FIELDS},
    family=2, state=1, endpoints=bytes(36), cookie=7, receive_queue=0, send_queue=0, rcvbuf=131072, sndbuf=87040, snd_mss=1448, snd_cwnd=10,
)
# 25 MB/s over 40 ms: a megabyte in flight, with the buffer at its maximum and a congestion window that would allow four times as much.
SENDING = dict(
    sndbuf=4 * MIB, wmem_queued=3 * MIB, send_queue=2 * MIB, notsent_bytes=100_000, snd_cwnd=3000, rtt_us=40_400, min_rtt_us=40_000,
    snd_wnd=16 * MIB,
)
SENT = dict(bytes_acked=250_000_000, busy_us=9_900_000)
# 50 MB/s over 40 ms: two megabytes, of a window of three, in every round trip.
RECEIVING = dict(rcvbuf=4 * MIB, rmem_alloc=100_000, rcv_rtt_us=40_300, min_rtt_us=40_000, rcv_wnd=3 * MIB)
RECEIVED = dict(bytes_received=500_000_000, data_segs_in=350_000)
# A small buffer, half full in four looks of ten.
PAUSING = dict(rcvbuf=200_000, rcv_wnd=65536)
EMPTY, FOUR_OF_TEN = Fill(0.0, 0.0, 0.0), Fill(0.4, 60_000.0, 0.0)


def shown(values, changes, fill=EMPTY, seconds=10.0, born=False, sizes=SIZES, **more):
    """Names of the signs of what bounds it."""
    found = found_in(values, changes, fill, seconds, born, sizes, **more)
    return [name for name, value in zip(found._fields, found) if value and name != "sndbuf_stays"]


def found_in(values, changes, fill=EMPTY, seconds=10.0, born=False, sizes=SIZES, **more):
    found = signs(Socket(**dict(QUIET, **dict(values, **more))), STILL._replace(**changes), seconds, born, sizes, fill)
    assert set(map(type, found)) == {bool}
    return found


def test_signs_are_the_last_of_the_measures():
    assert Measures._fields[-len(Signs._fields):] == Signs._fields


@pytest.mark.parametrize("more, names", [
    ({}, ["sender_buffer_bound"]),
    ({"sndbuf": 4 * MIB * 9 // 10}, []),  # may grow by itself
    ({"sndbuf": 4 * MIB + 1}, []),  # SO_SNDBUF, or an earlier maximum
    ({"wmem_queued": 2 * MIB - 1}, []),  # not full: there is not enough to send
    ({"rtt_us": 50_001}, []),  # the path is full already
    ({"rtt_us": 1_000, "min_rtt_us": 5}, ["sender_buffer_bound"]),  # a large ratio of very little
    ({"rtt_us": 1_006, "min_rtt_us": 5}, []),
    ({"min_rtt_us": 2 ** 32 - 1}, []),
    ({"send_queue": 0}, []),
])
def test_sender_buffer(more, names):
    assert shown(SENDING, SENT, **more) == names


@pytest.mark.parametrize("snd_cwnd, unsent, names", [
    (3000, 400_000, ["sender_buffer_bound"]),
    (2500, 400_000, []),  # it has hardly more room than the buffer
    (2500, 70_000, ["sender_buffer_bound"]),  # but nothing waits for it: it was left early, and did not grow since
    (2500, 80_000, []),
    (3000, 1_100_000, []),
])
def test_room_in_the_congestion_window(snd_cwnd, unsent, names):
    assert shown(SENDING, SENT, Fill(0.0, 0.0, float(unsent)), snd_cwnd=snd_cwnd) == names


@pytest.mark.parametrize("more, sizes, names", [
    ({}, SIZES, ["so_sndbuf_bound"]),
    ({"sndbuf": 8 * MIB - 1}, SIZES, []),  # SO_SNDBUF of a size of its own
    ({"wmem_queued": 4 * MIB - 1}, SIZES, []),
    ({"rtt_us": 50_001}, SIZES, []),
    ({}, SIZES._replace(sndbuf_max=8 * MIB), ["sender_buffer_bound"]),  # tcp_wmem's own maximum
    ({}, SIZES._replace(sndbuf_max=8 * MIB + 1), ["so_sndbuf_bound"]),  # almost
    ({}, SIZES._replace(so_sndbuf_max=2 * MIB), []),  # lowered since
])
def test_a_send_buffer_that_the_core_maximum_cut_off(more, sizes, names):
    assert shown(SENDING, SENT, sizes=sizes, **dict({"sndbuf": 8 * MIB, "wmem_queued": 4 * MIB, "snd_cwnd": 4000}, **more)) == names


@pytest.mark.parametrize("more, sizes, names", [
    ({}, SIZES, ["so_rcvbuf_bound"]),
    ({"rcvbuf": 8 * MIB + 1}, SIZES, []),
    ({"rmem_alloc": 3 * MIB}, SIZES, []),  # the reader does not keep up
    ({"rcv_wnd": 5 * MIB}, SIZES, []),  # not used up
    ({}, SIZES._replace(rcvbuf_max=8 * MIB), ["receive_window_bound"]),
    ({}, SIZES._replace(rcvbuf_max=8 * MIB + 1), ["so_rcvbuf_bound"]),
])
def test_a_receive_buffer_that_the_core_maximum_cut_off(more, sizes, names):
    assert shown(RECEIVING, RECEIVED, sizes=sizes, **dict({"rcvbuf": 8 * MIB}, **more)) == names


def test_a_namespace_that_hides_the_core_maxima_cannot_tell():
    hidden = SIZES._replace(so_sndbuf_max=None, so_rcvbuf_max=None)
    sending = signs(Socket(**dict(QUIET, **SENDING)), STILL._replace(**SENT), 10.0, False, hidden, EMPTY)
    receiving = signs(Socket(**dict(QUIET, **RECEIVING)), STILL._replace(**RECEIVED), 10.0, False, hidden, EMPTY)
    assert sending.sender_buffer_bound is True and sending.so_sndbuf_bound is None
    assert receiving.receive_window_bound is True and receiving.so_rcvbuf_bound is None


@pytest.mark.parametrize("waited_us, more, names", [
    (500_000, {}, ["sender_buffer_bound"]),
    (490_000, {}, []),
    (5_000_000, {"rtt_us": 50_001}, []),  # the path is full already
    (5_000_000, {"sndbuf": 2 * MIB}, []),  # it may grow by itself
])
def test_a_sender_that_ran_dry_was_bound_whatever_the_congestion_window_is_at_the_end(waited_us, more, names):
    """After a loss it is down to what is queued."""
    assert shown(SENDING, dict(SENT, sndbuf_limited_us=waited_us), Fill(0.0, 0.0, 200_000.0), snd_cwnd=1100, **more) == names


LIMITED = dict(SENT, rwnd_limited_us=8_000_000)


@pytest.mark.parametrize("more, changes, names", [
    ({"snd_wnd": MIB}, LIMITED, ["both_buffers_bound"]),
    ({"snd_wnd": MIB, "sndbuf": 2 * MIB}, LIMITED, ["peer_window_bound"]),
    ({"snd_wnd": MIB, "sndbuf": 2 * MIB}, dict(LIMITED, rwnd_limited_us=1_900_000), []),  # not for most of the time
    ({"snd_wnd": MIB, "sndbuf": 2 * MIB, "rtt_us": 51_000}, LIMITED, []),  # the path is full already
    ({"snd_wnd": 65_535, "sndbuf": 2 * MIB}, LIMITED, []),  # a reader closes it
    ({"snd_wnd": 65_536, "sndbuf": 2 * MIB}, LIMITED, ["peer_window_bound"]),
    ({"snd_wnd": MIB, "sndbuf": 2 * MIB}, dict(LIMITED, bytes_acked=100_000_000), []),  # and opens it late
])
def test_peer_window(more, changes, names):
    assert shown(SENDING, changes, **more) == names


@pytest.mark.parametrize("unsent, names", [
    (MIB, ["peer_window_bound"]),  # as much again is queued: enough for twice the window
    (MIB - 1, ["both_buffers_bound"]),
])
def test_both_buffers(unsent, names):
    assert shown(SENDING, LIMITED, Fill(0.0, 0.0, float(unsent)), snd_wnd=MIB) == names


@pytest.mark.parametrize("unsent, fill, names", [
    (10 ** 6, Fill(0.0, 0.0, 1_085_000.0), ["sender_buffer_bound"]),
    (10 ** 6, Fill(0.0, 0.0, 1_087_000.0), []),  # waits for the congestion window, not for the buffer
    (1_085_000, UNKNOWN_FILL, ["sender_buffer_bound"]),  # of a new connection there is one look only
    (1_087_000, UNKNOWN_FILL, []),
])
def test_unsent_data_is_that_of_all_looks(unsent, fill, names):
    assert shown(SENDING, SENT, fill, notsent_bytes=unsent, seconds=None) == names


BLOATED = dict(SENDING, rtt_us=300_000, min_rtt_us=20_000, snd_cwnd=800)


@pytest.mark.parametrize("more, changes, names", [
    ({}, SENT, ["path_queue_bloated"]),
    ({"min_rtt_us": 5, "rtt_us": 8_004}, SENT, []),  # a ratio of 1600, but of less than 8 ms
    ({"min_rtt_us": 1_000, "rtt_us": 9_000}, SENT, ["path_queue_bloated"]),
    ({}, dict(SENT, bytes_acked=0, bytes_received=9), []),  # it hangs, and its round trip is of the past
    ({"min_rtt_us": 201_000}, SENT, []),  # 99 ms, but not half as long again
    ({"min_rtt_us": 200_000}, SENT, ["path_queue_bloated"]),
    ({"send_queue": 16_383}, SENT, []),  # it is not this flow that fills the queue
    ({"send_queue": 16_384}, SENT, ["path_queue_bloated"]),
    ({}, LIMITED, []),  # the peer's window bounds what is queued
])
def test_path_queue(more, changes, names):
    assert shown(BLOATED, changes, **more) == names


@pytest.mark.parametrize("more, changes, maximum, stays", [
    ({"sndbuf": 348_160}, SENT, 348_160, False),  # 2 x 40 segments, in 4096 bytes and an sk_buff each
    ({"sndbuf": 348_161}, SENT, 348_161, True),
    ({"sndbuf": 348_161, "snd_cwnd": 41}, SENT, 348_161, False),
    ({"sndbuf": 87_040, "snd_cwnd": 2}, SENT, 87_040, False),  # as every connection has it from its start
    ({"sndbuf": 184_321, "snd_mss": 1396}, SENT, 184_321, True),  # 2048 and an sk_buff
    ({"sndbuf": 184_320, "snd_mss": 1396}, SENT, 184_320, False),
    ({"sndbuf": 184_321, "snd_mss": 1397}, SENT, 184_321, False),
    ({"sndbuf": 95_000}, SENT, 100_000, False),
    ({"sndbuf": 94_999}, SENT, 100_000, True),  # not the maximum's doing, but that of its largest window so far
    ({"sndbuf": 348_161}, dict(SENT, bytes_acked=0, bytes_received=9), 348_161, False),  # it hangs
])
def test_a_send_buffer_that_would_not_follow_a_lower_maximum(more, changes, maximum, stays):
    found = found_in(BLOATED, changes, sizes=SIZES._replace(sndbuf_max=maximum), **dict({"snd_cwnd": 40}, **more))
    assert found.sndbuf_stays is stays


@pytest.mark.parametrize("unsent, stays", [(57_919, False), (57_920, True)])
def test_nor_does_one_that_has_a_whole_congestion_window_waiting(unsent, stays):
    found = found_in(BLOATED, SENT, Fill(0.0, 0.0, float(unsent)), sizes=SIZES._replace(sndbuf_max=348_160), snd_cwnd=40, sndbuf=348_160)
    assert found.sndbuf_stays is stays


STALE = dict(SENDING, snd_cwnd=40, sndbuf=MIB, rtt_us=20_100, min_rtt_us=20_000)


@pytest.mark.parametrize("notsent, names", [(16_383, []), (16_384, ["send_queue_stale"])])
def test_a_send_queue_of_next_to_nothing_is_not_stale(notsent, names):
    assert shown(STALE, dict(SENT, bytes_acked=10_000), Fill(0.0, 0.0, float(notsent)), snd_cwnd=1) == names


@pytest.mark.parametrize("notsent, changes, names", [
    (1_501_000, SENT, ["send_queue_stale"]),
    (1_499_000, SENT, []),
    (149_000, dict(SENT, bytes_acked=25_000_000), []),  # gone in three round trips of 20 ms
    (151_000, dict(SENT, bytes_acked=25_000_000), ["send_queue_stale"]),
    (1_000_000, LIMITED, []),  # the peer does not take it: a shorter queue would not make it
    (1_000_000, dict(SENT, bytes_acked=0), []),  # it hangs
])
def test_stale_send_queue(notsent, changes, names):
    assert shown(STALE, changes, Fill(0.0, 0.0, float(notsent))) == names


@pytest.mark.parametrize("min_rtt_us, notsent, names", [(100, 499_000, []), (100, 501_000, ["send_queue_stale"]), (10_000, 751_000, ["send_queue_stale"])])
def test_what_is_gone_in_20_ms_is_not_stale(min_rtt_us, notsent, names):
    assert shown(STALE, SENT, Fill(0.0, 0.0, float(notsent)), min_rtt_us=min_rtt_us, rtt_us=min_rtt_us + 100) == names


def test_a_window_that_is_bloated_itself_excuses_no_stale_data():
    """One window of unsent data, 300 ms of it."""
    found = found_in(BLOATED, dict(SENT, bytes_acked=6_000_000), Fill(0.0, 0.0, 180_000.0), snd_cwnd=120, send_queue=400_000)
    assert found.path_queue_bloated and found.send_queue_stale and found.sndbuf_stays


@pytest.mark.parametrize("more, changes, names", [
    ({}, RECEIVED, ["receive_window_bound"]),
    ({"rcvbuf": 3 * MIB}, RECEIVED, []),  # grows by itself
    ({"rcvbuf": 5 * MIB}, RECEIVED, []),
    ({"rmem_alloc": 2 * MIB}, RECEIVED, []),  # the reader does not keep up
    ({}, dict(RECEIVED, bytes_received=300_000_000), []),  # a third of the window stays unused
    ({"rcv_rtt_us": 90_000}, RECEIVED, []),  # the path is full already
    ({"rcv_wnd": None}, RECEIVED, ["receive_window_bound"]),  # before Linux 6.2
    ({"rcv_wnd": None}, dict(RECEIVED, bytes_received=300_000_000), []),
])
def test_receive_window(more, changes, names):
    assert shown(RECEIVING, changes, **more) == names


@pytest.mark.parametrize("fill, more, changes, names", [
    (FOUR_OF_TEN, {}, RECEIVED, ["reader_pausing"]),
    (FOUR_OF_TEN, {"rcvbuf": 262_145}, RECEIVED, []),  # it has grown: its default is history
    (FOUR_OF_TEN, {}, dict(RECEIVED, bytes_received=499 * 350_000), []),  # small segments: collapsing has its own cure
    (FOUR_OF_TEN, {"rcvbuf": 131_071}, RECEIVED, []),  # SO_RCVBUF: no default reaches it
    (Fill(0.1, 60_000.0, 0.0), {}, RECEIVED, []),
    (Fill(1.0, 60_000.0, 0.0), {}, RECEIVED, []),  # never empty: a slow reader
    # Opened in the window: full at any look, while it was small. Later it grows.
    (UNKNOWN_FILL._replace(full_rcvbuf=262_144), {"born": True, "seconds": None, "rcvbuf": 4 * MIB}, RECEIVED, ["reader_pausing"]),
    (UNKNOWN_FILL._replace(full_rcvbuf=262_145), {"born": True, "seconds": None}, RECEIVED, []),
    (UNKNOWN_FILL._replace(full_rcvbuf=131_071), {"born": True, "seconds": None}, RECEIVED, []),
    (UNKNOWN_FILL, {"born": True, "seconds": None}, RECEIVED, []),
    (FOUR_OF_TEN, {}, dict(bytes_received=1), []),  # a FIN
])
def test_pausing_reader(fill, more, changes, names):
    assert shown(PAUSING, changes, fill, **more) == names


def test_what_did_nothing_shows_nothing():
    assert signs(Socket(**dict(QUIET, **dict(SENDING, send_queue=0))), STILL, 10.0, False, SIZES, FOUR_OF_TEN) == NO_SIGNS


@pytest.mark.parametrize("changes, sizes, snd_wnd", [
    (Changes(*[None] * len(CUMULATIVE)), SIZES, 0),  # a snapshot
    (STILL._replace(**SENT), SIZES._replace(sndbuf_max=None), 0),
    (STILL._replace(**SENT), SIZES, None),  # before Linux 5.4
])
def test_what_cannot_be_told_is_not_said(changes, sizes, snd_wnd):
    assert signs(Socket(**dict(QUIET, **dict(SENDING, snd_wnd=snd_wnd))), changes, 10.0, False, sizes, EMPTY) == UNKNOWN_SIGNS


@pytest.mark.parametrize("taken, names", [(2 * MIB, ["receive_window_bound"]), (1_800_000, [])])
def test_the_window_of_a_young_flow_is_held_against_what_its_reader_takes_in_a_round_trip(taken, names):
    assert shown(RECEIVING, RECEIVED, seconds=None, born=True, rcv_space=taken) == names


@pytest.mark.parametrize("rate, names", [(250_000_000, ["peer_window_bound"]), (100_000, []), (None, [])])
def test_the_rate_of_a_young_flow_is_the_kernels(rate, names):
    assert shown(SENDING, LIMITED, UNKNOWN_FILL, None, born=True, snd_wnd=8 * MIB, notsent_bytes=9 * MIB, delivery_rate=rate) == names
