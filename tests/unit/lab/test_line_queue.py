"""One direction of a line: due times, drops at the tail of the queue, losses."""
import pytest
from line_queue import Direction, Shape, Way

# 8 Mbit/s: a byte takes a microsecond.
SLOW = Way(mbit=8, delay_ms=10, queue_bytes=10_000)


def single(size):
    return Shape(1, size, size)


def admitted(way, arrivals, seed=0):
    """[(arrival, shape)] through a new line."""
    direction = Direction(way, seed)
    return direction, [[(round(due, 9), first, end) for due, first, end in direction.admit(now, shape)] for now, shape in arrivals]


@pytest.mark.parametrize("arrivals, due", [
    ([(5.0, 1000)], [5.011]),  # its own time on the line, and the delay
    ([(5.0, 1000), (5.0, 500)], [5.011, 5.0115]),  # behind another
    ([(5.0, 1000), (5.0005, 500)], [5.011, 5.0115]),  # behind what is left of another
    ([(5.0, 1000), (7.0, 500)], [5.011, 7.0105]),  # an idle line saves no credit
])
def test_due_times(arrivals, due):
    direction, delivered = admitted(SLOW, [(now, single(size)) for now, size in arrivals])
    assert delivered == [[(time, 0, 1)] for time in due]
    assert (direction.full, direction.lost) == (0, 0)


@pytest.mark.parametrize("arrivals, kept", [
    ([(0.0, 1000)] * 12, [1] * 10 + [0] * 2),
    ([(0.0, 1000)] * 11 + [(0.001, 1000)], [1] * 10 + [0, 1]),  # the line has sent one, so there is room for one
    ([(0.0, 20_000)], [1]),  # an idle line takes any size
    ([(0.0, 20_000), (0.0, 1)], [1, 0]),
])
def test_the_queue_drops_at_its_tail(arrivals, kept):
    direction, delivered = admitted(SLOW, [(now, single(size)) for now, size in arrivals])
    assert [len(runs) for runs in delivered] == kept
    assert direction.full == kept.count(0)


@pytest.mark.parametrize("shape, end, due", [
    (Shape(10, 1000, 400), 10, 0.0194),
    (Shape(20, 1000, 400), 10, 0.020),  # as many as there is room for
    (Shape(3, 20_000, 1), 1, 0.030),  # none of them fits, but an idle line takes one
])
def test_a_frame_larger_than_the_room_loses_its_tail(shape, end, due):
    direction, delivered = admitted(SLOW, [(0.0, shape)])
    assert delivered == [[(due, 0, end)]]
    assert direction.full == shape.segments - end


def test_what_was_dropped_takes_no_time_on_the_line():
    _direction, delivered = admitted(SLOW, [(0.0, single(9000)), (0.0, single(2000)), (0.0, single(1000))])
    assert delivered == [[(0.019, 0, 1)], [], [(0.020, 0, 1)]]


def test_a_lost_segment_takes_its_time_and_divides_the_frame():
    direction = Direction(SLOW._replace(loss=0.3), 3)
    runs = direction.admit(0.0, Shape(10, 1000, 400))
    kept = [number for _due, first, end in runs for number in range(first, end)]
    assert 0 < direction.lost == 10 - len(kept) < 10 and len(runs) > 1
    assert [round(due, 9) for due, _first, _end in runs] == [round(0.010 + min(0.0094, end / 1000), 9) for _due, _first, end in runs]


@pytest.mark.parametrize("segments", [1, 44])
@pytest.mark.parametrize("loss", [0.003, 0.2])
def test_the_share_lost_does_not_depend_on_the_size_of_frames(segments, loss):
    direction = Direction(Way(mbit=1e6, queue_bytes=1 << 40, loss=loss), 7)
    total = 200_000
    kept = sum(end - first for _turn in range(total // segments) for _due, first, end in direction.admit(0.0, Shape(segments, 1500, 1500)))
    assert direction.lost == total // segments * segments - kept
    assert direction.lost / total == pytest.approx(loss, rel=0.1)


def test_a_seed_gives_the_same_losses_again():
    lossy = Way(loss=0.1)
    first, again, other = (admitted(lossy, [(0.0, Shape(44, 1500, 1500))] * 5, seed)[1] for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("wrong", [{"mbit": 0}, {"delay_ms": -1}, {"queue_bytes": -1}, {"loss": 1.0}])
def test_an_impossible_line_is_refused(wrong):
    with pytest.raises(ValueError, match="no such line"):
        Direction(Way(**wrong))


@pytest.mark.parametrize("way, seconds", [(SLOW, 0.02), (SLOW._replace(queue_bytes=0, delay_ms=5), 0.005)])
def test_a_full_queue_has_arrived_after(way, seconds):
    assert way.drain_seconds() == pytest.approx(seconds)
