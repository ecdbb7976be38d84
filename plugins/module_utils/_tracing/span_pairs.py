# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries and exits into durations. Pure but for its memory of what has begun."""
from operator import itemgetter
from typing import List, Tuple

# A call that runs in a process may be interrupted by one more in a softirq, never by two.
DEEPEST = 2
MOST_OPEN = 4096

Sighting = Tuple[int, bool, int, int]  # nanoseconds, whether it is an entry, CPU, process


class SpanPairs:
    """Pairs the entries and exits of one function, which may come out of order from several CPUs.

    A call belongs to its process, wherever that moves in between. The idle process is another one on each CPU.
    """

    def __init__(self) -> None:
        self._open = {}  # type: Dict[Tuple[int, int], List[int]]
        self.unpaired = 0

    def durations(self, sightings: List[Sighting]) -> List[int]:
        """Of the calls that ended among these sightings, in nanoseconds."""
        found = []
        # Stable: of equal times those of one CPU keep the order in which they came.
        for when, is_entry, cpu, process in sorted(sightings, key=itemgetter(0)):
            key = (process, 0 if process else cpu)
            begun = self._open.setdefault(key, [])
            if is_entry:
                begun.append(when)
                if len(begun) > DEEPEST:
                    del begun[0]
                    self.unpaired += 1
            elif begun:
                found.append(when - begun.pop())
            else:
                self.unpaired += 1
            if not begun:
                del self._open[key]
        if len(self._open) > MOST_OPEN:
            self.forget()
        return found

    def forget(self) -> None:
        """After events were lost an entry's own exit may be among them: the next one would make a call of hours."""
        self.unpaired += sum(map(len, self._open.values()))
        self._open.clear()
