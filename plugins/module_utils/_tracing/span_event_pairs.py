# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing by raw events: the kernel notes entry and exit, and they are paired here. Works without histogram triggers."""

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_reader import Consumer
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.kernel_probes import KernelProbes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.log2_histogram import EMPTY, merged, of_nanoseconds
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_pairs import SpanPairs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_reading import SpanReading
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_table import Span
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Tracing


class EventPairs:
    """One span of one instance."""

    def __init__(self, tracing: Tracing, span: Span) -> None:
        self._instance = tracing.instance
        self._tracefs = tracing.tracefs
        self._reader = tracing.reader
        self._sightings = []  # type: List[Sighting]
        self._probes = KernelProbes(tracing, span) if span.function else None
        self._events = [event.format(group=tracing.instance.name) for event in (span.entry, span.exit)]
        try:
            for event, is_entry in zip(self._events, (True, False)):
                self._reader.subscribe(event, self._consumer(is_entry))
                if span.condition:
                    self._tracefs.write(self._instance.event(event, "filter"), span.condition)
                self._tracefs.write(self._instance.event(event, "enable"), "1")
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Count from nothing."""
        self._sightings.clear()
        self._pairs = SpanPairs()
        self._histogram = EMPTY
        self._lost = 0
        self._missed_before = self._missed()

    def poll_cpu(self) -> None:
        """One CPU has been read. A softirq stays on its CPU, so it is paired at once: a busy machine has hundreds of thousands."""
        if not self._probes:
            self._pair()

    def poll(self) -> None:
        """All CPUs have been read."""
        lost = self._reader.lost()
        gap = lost > self._lost
        if gap:
            self._pairs.forget()
        self._pair()
        if gap:  # what was lost may belong before or behind what was read
            self._pairs.forget()
        self._lost = lost

    def _pair(self) -> None:
        durations = self._pairs.durations(self._sightings)
        self._histogram = merged(self._histogram, of_nanoseconds(durations))
        self._sightings.clear()

    def reading(self) -> SpanReading:
        return SpanReading(self._histogram, self._lost + self._missed() - self._missed_before, self._pairs.unpaired)

    def close(self) -> None:
        for event in self._events:
            if self._tracefs.exists(self._instance.event(event, "enable")):
                self._tracefs.write(self._instance.event(event, "enable"), "0")
        if self._probes:
            self._probes.remove()

    def _consumer(self, is_entry: bool) -> Consumer:
        def note(when: int, cpu: int, process: int, _page: bytes, _offset: int) -> None:
            self._sightings.append((when, is_entry, cpu, process))
        return note

    def _missed(self) -> int:
        return self._probes.missed() if self._probes else 0
