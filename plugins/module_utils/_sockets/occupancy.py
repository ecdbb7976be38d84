# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How full the queues of sockets are, over several looks. Pure.

A reader that pauses fills its buffer and empties it again within seconds: one look at the end of a window does not tell it from a
good one. Only sockets with something queued are kept, as most have nothing.
"""
from typing import Any, Iterable, Iterator, NamedTuple, Optional

# Between two looks. Connections that are opened together are mostly in the same state: of those that live for half a second, and are seen once, a few
# looks tell little, however many connections there are.
MEAN_SECONDS = 0.25
MOST_LOOKS = 60  # about, between the first and the last of a window
MOST_CPU_SHARE = 0.02  # of one CPU


class Fill(NamedTuple):
    """Of one socket, over all looks."""

    half_full_share: Optional[float]  # of the looks: receive memory at least half of rcvbuf
    mean_receive_queue_bytes: Optional[float]
    mean_notsent_bytes: Optional[float]
    full_rcvbuf: Optional[int] = None  # the smallest that was seen half full


UNKNOWN_FILL = Fill(None, None, None)
EMPTY_FILL = Fill(0.0, 0.0, 0.0)
EMPTY_FILL_OLD = Fill(0.0, 0.0, None)


class Occupancy:
    def __init__(self) -> None:
        self.looks = 0
        self._sums = {}  # type: Dict[int, List[int]]

    def seen(self, sockets: Iterable[Any]) -> Iterator[Any]:
        """The sockets of one more look, each handed on once it is taken into account."""
        self.looks += 1
        for found in sockets:
            self._add(found)
            yield found

    def _add(self, found: Any) -> None:
        if found.receive_queue or found.notsent_bytes or 2 * found.rmem_alloc >= found.rcvbuf:
            sums = self._sums.setdefault(found.cookie, [0, 0, 0, 0])
            if 2 * found.rmem_alloc >= found.rcvbuf:
                sums[0] += 1
                sums[3] = min(sums[3] or found.rcvbuf, found.rcvbuf)
            sums[1] += found.receive_queue
            sums[2] += found.notsent_bytes or 0

    def fill(self, found: Any) -> Fill:
        """Of a socket that was there at every look."""
        if found.cookie not in self._sums:
            return EMPTY_FILL if found.notsent_bytes is not None else EMPTY_FILL_OLD
        half_full, queued, notsent, full_rcvbuf = self._sums[found.cookie]
        means = (half_full / self.looks, queued / self.looks, None if found.notsent_bytes is None else notsent / self.looks)
        return Fill(*means, full_rcvbuf or None)

    def passing_fill(self, found: Any) -> Fill:
        """Of a socket that was there at some of the looks: whether it was ever half full."""
        return UNKNOWN_FILL._replace(full_rcvbuf=self._sums[found.cookie][3] or None) if found.cookie in self._sums else UNKNOWN_FILL


def seconds_to_next(cpu_seconds: float, window_seconds: float, here: float, there: float) -> float:
    """Until the next look is due, after one that cost so much: many sockets are looked at less often.

    One look in each stretch of the mean; `here` and `there`, drawn by lot from 0 to 1, are where in its stretch the last one came and the next one
    does. At regular moments, what comes as regularly would be seen always or never.
    """
    return max(MEAN_SECONDS, cpu_seconds / MOST_CPU_SHARE, window_seconds / (MOST_LOOKS + 1)) * (1 + there - here)
