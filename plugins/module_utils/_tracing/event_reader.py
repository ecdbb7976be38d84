# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw events of a tracing instance, fetched from the buffer of each CPU and handed to whoever asked for them."""
import os
import re
from typing import Any, Callable, List

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_format import EventFormat, parse_event_format
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.ring_buffer import events, parse_header_page
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracefs import Tracefs

# Of all CPUs in one round: a storm must not keep us here. What does not fit the buffers meanwhile counts as lost.
MOST_PAGES = 2048
_LOSSES = re.compile(r"^(?:overrun|dropped events|commit overrun): ([0-9]{1,20})$", re.MULTILINE)

# Time in nanoseconds, CPU, process, page, offset of the event in the page.
Consumer = Callable[[int, int, int, bytes, int], None]


class EventReader:
    """Reads (and so empties) the buffers below `base`, an instance's folder or the root of tracefs."""

    def __init__(self, tracefs: Tracefs, base: str) -> None:
        self._tracefs = tracefs
        self._base = base
        self._layout = parse_header_page(tracefs.read("events/header_page"))
        self._consumers = {}  # type: Dict[int, Consumer]
        self._pipes = {}  # type: Dict[int, int]
        self._lost_before = 0

    def subscribe(self, event: str, consumer: Consumer) -> EventFormat:
        """From now on `consumer` gets these events, once they are switched on."""
        form = parse_event_format(self._tracefs.read(f"events/{event}/format"))
        self._consumers[form.number] = consumer
        return form

    def start(self) -> None:
        """Forget what is in the buffers."""
        if not self._pipes:
            names = self._tracefs.list_dir(self._path("per_cpu"))
            self._pipes = {int(name[3:]): self._tracefs.open(self._path(f"per_cpu/{name}/trace_pipe_raw")) for name in names}
        consumers, self._consumers = self._consumers, {}
        self.poll()
        self._consumers = consumers
        self._lost_before = self._losses()

    def poll(self, after_cpu: Callable[[], Any] = int) -> None:
        """Hand on what has come; `after_cpu` is called when all of a CPU has been."""
        for cpu, pipe in self._pipes.items():
            for page in self._pages(pipe):
                self._hand_on(cpu, page)
            after_cpu()

    def lost(self) -> int:
        """Events since the start for which there was no room."""
        return self._losses() - self._lost_before

    def close(self) -> None:
        for pipe in self._pipes.values():
            os.close(pipe)
        self._pipes.clear()

    def _hand_on(self, cpu: int, page: bytes) -> None:
        consumers = self._consumers
        for when, number, process, offset in events(page, self._layout):
            consumer = consumers.get(number)
            if consumer:
                consumer(when, cpu, process, page, offset)

    def _pages(self, pipe: int) -> List[bytes]:
        pages = []
        for _page in range(max(1, MOST_PAGES // len(self._pipes))):
            try:
                page = os.read(pipe, self._layout.page_bytes)
            except BlockingIOError:
                break
            if not page:
                break
            pages.append(page)
        return pages

    def _losses(self) -> int:
        texts = [self._tracefs.read(self._path(f"per_cpu/cpu{cpu}/stats")) for cpu in self._pipes]
        return sum(int(number) for text in texts for number in _LOSSES.findall(text))

    def _path(self, path: str) -> str:
        return f"{self._base}/{path}" if self._base else path
