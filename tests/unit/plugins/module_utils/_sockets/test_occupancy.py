"""Queues over several looks, and how often one looks."""
import collections
import itertools
import random

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.occupancy import UNKNOWN_FILL, Fill, Occupancy, seconds_to_next

Socket = collections.namedtuple("Socket", "cookie rmem_alloc rcvbuf receive_queue notsent_bytes")


def looked(*looks):
    occupancy = Occupancy()
    for sockets in looks:
        assert list(occupancy.seen(sockets)) == sockets
    return occupancy


EMPTY = Socket(1, 0, 1000, 0, 0)


def test_a_pausing_reader_is_told_from_a_good_one():
    pausing = [EMPTY._replace(rmem_alloc=500, receive_queue=400), EMPTY._replace(rmem_alloc=499, receive_queue=100), EMPTY, EMPTY]
    good = EMPTY._replace(cookie=2)
    occupancy = looked(*[[one, good] for one in pausing])
    assert occupancy.looks == 4
    assert occupancy.fill(pausing[-1]) == Fill(0.25, 125.0, 0.0, 1000) and occupancy.fill(good) == Fill(0, 0, 0)


def test_what_is_new_is_known_by_the_size_that_was_full():
    full = EMPTY._replace(rmem_alloc=500)
    occupancy = looked([full._replace(rcvbuf=900)], [full], [EMPTY._replace(rcvbuf=6000)])
    assert occupancy.passing_fill(EMPTY) == Fill(None, None, None, 900)
    assert looked([EMPTY._replace(receive_queue=9)]).passing_fill(EMPTY) == looked([]).passing_fill(EMPTY) == UNKNOWN_FILL


def test_what_waits_to_be_sent():
    assert looked([EMPTY._replace(notsent_bytes=300)], [EMPTY]).fill(EMPTY) == Fill(0, 0, 150.0)


def test_memory_without_payload_counts_as_full():
    full = EMPTY._replace(rmem_alloc=900)
    assert looked([full]).fill(full).half_full_share == 1


@pytest.mark.parametrize("queued", [0, 10])
def test_a_kernel_that_does_not_tell_what_is_unsent(queued):
    old = EMPTY._replace(notsent_bytes=None, receive_queue=queued)
    assert looked([old]).fill(old) == Fill(0, queued, None)


def test_only_what_has_something_queued_takes_memory():
    assert not looked([EMPTY._replace(cookie=number, rmem_alloc=499) for number in range(1000)])._sums


@pytest.mark.parametrize("cpu, window, seconds", [
    (0.0001, 10, 0.25),  # few sockets: four times a second
    (0.5, 30, 25),  # very many: 2 % of a CPU
    (0.0001, 6100, 100),  # a long window: at most 60 between its ends
])
def test_looks_are_as_rare_as_they_are_dear(cpu, window, seconds):
    waits = [seconds_to_next(cpu, window, *places) for places in itertools.product((0.0, 0.5, 1.0), repeat=2)]
    assert sum(waits) / len(waits) == pytest.approx(seconds, rel=0.03) and min(waits) == 0 and max(waits) == pytest.approx(2 * seconds, rel=0.03)


@pytest.mark.parametrize("window", [10, 30, 60])
@pytest.mark.parametrize("period", [0.25, 0.3, 0.5, 1.0, 1.5, 2.0])
def test_what_comes_again_and_again_is_seen_now_and_then(window, period):
    """A fifth of the time, wherever it begins, in all windows together."""
    draw = random.Random(1)
    moments = []
    for _window in range(20):
        places = [0.5, *(draw.random() for _look in range(39))]
        moments += itertools.accumulate(seconds_to_next(0, window, *pair) for pair in zip(places, places[1:]))
    for begin in range(5):
        assert 0.12 < sum(begin <= moment % period / period * 5 < begin + 1 for moment in moments) / len(moments) < 0.28
