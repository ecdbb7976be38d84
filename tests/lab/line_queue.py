"""One direction of a line: when what arrives is delivered, and what is lost. Arithmetic only; the caller brings the time."""
import math
import random
from typing import NamedTuple


class Way(NamedTuple):
    """What a line does in one direction."""

    mbit: float = 1000.0
    delay_ms: float = 10.0  # from the last bit sent to the last bit received
    queue_bytes: int = 4 << 20  # waiting in front of the line; what finds it full is lost
    loss: float = 0.0  # share of the segments that the line itself loses, at random

    def check(self):
        if not self.mbit > 0 or self.delay_ms < 0 or self.queue_bytes < 0 or not 0 <= self.loss < 1:
            raise ValueError(f"no such line: {self}; the rate is above 0, delay and queue are 0 or more, loss is from 0 to below 1")
        return self

    def drain_seconds(self):
        """Until the last byte of a full queue has arrived."""
        return self.queue_bytes * 8e-6 / self.mbit + self.delay_ms / 1000


class Shape(NamedTuple):
    """A frame's segments on the line, in bytes with their headers: all but the last are of one size."""

    segments: int
    segment_bytes: int
    last_bytes: int


class Direction:
    """A queue that drops at its tail, then serialisation at the line's rate, then loss, then delay.

    A frame arrives in one instant and is taken apart for all but its delivery: each of its segments finds the queue
    full or not, and is lost or not. Those that stay together are delivered together, when the last of them is through.
    """

    def __init__(self, way, seed=0):
        self._seconds_per_byte = 8e-6 / way.check().mbit
        self._delay = way.delay_ms / 1000
        self._queue_bytes = way.queue_bytes
        self._loss = way.loss
        self._random = random.Random(seed)
        self._free_at = 0.0  # when the line will have sent all that it took
        self._passing = self._until_next_loss()
        self.full = 0  # segments that found the queue full
        self.lost = 0  # segments lost at random

    def admit(self, now, shape):
        """What is delivered of a frame: [(due time, first segment, end)], in the order of delivery."""
        waiting = round(max(0.0, (self._free_at - now) / self._seconds_per_byte))
        count, size, last = shape
        total = (count - 1) * size + last
        taken = count
        # An idle line takes a segment however small the queue is: it need not wait.
        if waiting + total > self._queue_bytes and (waiting or count > 1):
            taken = min(count - 1, max(0 if waiting else 1, (self._queue_bytes - waiting) // size))
            self.full += count - taken
            total = taken * size
            if not taken:
                return []
        begin = max(now, self._free_at)
        self._free_at = begin + total * self._seconds_per_byte
        if self._passing >= taken:
            self._passing -= taken
            return [(self._free_at + self._delay, 0, taken)]
        return [
            (begin + self._delay + min(total, end * size) * self._seconds_per_byte, first, end)
            for first, end in self._spared(taken)
        ]

    def _spared(self, taken):
        """Runs of segments between those that the line loses."""
        first = 0
        while first < taken:
            end = int(min(taken, first + self._passing))
            if end > first:
                yield first, end
            self._passing -= end - first
            if end < taken:
                self.lost += 1
                self._passing = self._until_next_loss()
            first = end + 1

    def _until_next_loss(self):
        """How many segments pass before one is lost: one draw per loss, not per segment."""
        if not self._loss:
            return math.inf
        return int(math.log(1.0 - self._random.random()) / math.log1p(-self._loss))
