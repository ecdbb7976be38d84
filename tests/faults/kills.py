"""When the controller is killed: moments all over a run. Whichever fleet has time takes the next. Pure."""
import random
from collections import deque
from typing import NamedTuple

RESUME_EVERY = 20


class Kill(NamedTuple):
    share: float  # of the time a run takes
    everything: bool  # its workers and ssh, too, as when the machine loses power; else only the main process
    again: bool  # the same command is run once more afterwards


def kills(number, seed):
    """Moments spread evenly over a run, each drawn within its share."""
    source = random.Random(seed)
    return [
        Kill((index + source.random()) / number, everything=index % 2 == 0, again=index % RESUME_EVERY == RESUME_EVERY - 1)
        for index in range(number)
    ]


class Shared:
    """Each of these once, whoever asks: several threads may. And what they all go by: how long a run takes that nothing happens to."""

    def __init__(self, items):
        self._left = deque(items)
        self.run_seconds = None

    def __iter__(self):
        while True:
            try:
                yield self._left.popleft()
            except IndexError:
                return
