"""What is on its way in one direction, between descriptors that are no devices and a clock that is set by hand."""
import socket
import sys

import pytest

if sys.version_info < (3, 9):
    pytest.skip("the lab runs on Python 3.9 or newer", allow_module_level=True)

import delay_line
import segments
from line_queue import Direction, Way

# 8 Mbit/s: a byte takes a microsecond.
WAY = Way(mbit=8, delay_ms=10, queue_bytes=10_000)


def plain(size):
    return segments.HEADER.pack(0, 0, 0, 0, 0, 0) + bytes(size)


class Line:
    def __init__(self, way=WAY):
        self.now = 50.0
        self._ends = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _end in range(2)]
        for end in (*self._ends[0], *self._ends[1]):
            end.setblocking(False)
        (self.source, near), (far, self.target) = self._ends
        self.traveller = delay_line.Traveller(near.fileno(), far.fileno(), Direction(way))

    def arrive(self, *frames):
        for frame in frames:
            self.source.send(frame)
        self.traveller.take(lambda: self.now)

    def delivered(self, at):
        self.now = at
        self.traveller.deliver(lambda: self.now)
        sizes = []
        while True:
            try:
                sizes.append(len(self.target.recv(1 << 17)) - segments.HEADER.size)
            except BlockingIOError:
                return sizes


@pytest.fixture
def line():
    made = []

    def make(*args):
        made.append(Line(*args))
        return made[-1]
    yield make
    for one in made:
        for end in (*one._ends[0], *one._ends[1]):
            end.close()


def test_frames_leave_when_they_are_due_and_in_order(line):
    line = line()
    assert line.traveller.next_due() is None
    line.arrive(plain(1000), plain(500))
    assert round(line.traveller.next_due(), 6) == 50.011
    assert line.delivered(50.0109) == []
    assert line.delivered(50.0111) == [1000]
    assert line.delivered(50.02) == [500]
    assert line.traveller.next_due() is None


def test_a_line_tells_what_happened_once(line):
    line = line()
    line.arrive(*[plain(1000)] * 12)
    assert len(line.delivered(50.025)) == 10
    told = line.traveller.told()
    assert (told["frames"], told["bytes"], told["full"], told["lost"], told["refused"]) == (10, 10_000, 2, 0, 0)
    assert told["late_us"] in (13_999, 14_000)  # the first was due at 50.011
    assert not any(line.traveller.told().values())


def test_what_the_other_end_refuses_is_counted_and_the_line_goes_on(line):
    line = line()
    line.arrive(plain(1000))
    line.target.close()
    line.now = 51.0
    line.traveller.deliver(lambda: line.now)
    told = line.traveller.told()
    assert (told["refused"], told["frames"]) == (1, 1)


def test_one_turn_takes_only_so_much(line):
    line = line()
    line.arrive(*[plain(10)] * (delay_line.FRAMES_PER_TURN + 3))
    assert len(line.delivered(60.0)) == delay_line.FRAMES_PER_TURN
    line.traveller.take(lambda: line.now)
    assert len(line.delivered(70.0)) == 3


def test_only_the_segments_that_are_left_are_delivered(line):
    header = bytearray(40)
    header[0], header[9], header[32] = 0x45, 6, 5 << 4
    frame = segments.HEADER.pack(1, 1, 40, 1000, 20, 16) + bytes(header) + bytes(20_000)
    line = line(WAY._replace(queue_bytes=5_200))
    line.arrive(frame)
    assert line.delivered(60.0) == [5_040]
    assert line.traveller.told()["full"] == 15
