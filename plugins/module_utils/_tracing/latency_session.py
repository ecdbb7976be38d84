# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive latency as this kernel can tell it: the best means of each span, found by trying, and a session that reads them."""
import os
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.drop_reasons import DropReasons
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_reader import EventReader
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.log2_histogram import shown
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.rcvbuf_growth import RcvbufGrowth
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_event_pairs import EventPairs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_function_graph import FunctionGraph
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_kernel_histogram import KernelHistogram
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_reading import SpanReading
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_table import SPANS, Span
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance import INSTANCES, TraceInstance
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracefs import Tracefs, tracefs_root
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Tracing, Unavailable

# Best first: the first costs next to nothing, the last may be somebody else's.
MEANS = (("kernel_histogram", KernelHistogram), ("event_pairs", EventPairs), ("function_graph", FunctionGraph))
MEANS_NAMES = tuple(name for name, _timer in MEANS)
LOCKDOWN = "/sys/kernel/security/lockdown"

Skipped = List[Dict[str, str]]


class TimedSpan(NamedTuple):
    """A span, the means that times it (None: no means does) and why better ones were skipped."""

    span: Span
    means: Optional[str]
    timer: Any
    skipped: Skipped

    def reading(self) -> Optional[SpanReading]:
        return self.timer.reading() if self.timer else None


class LatencySession:
    """Times spans in a tracing instance of its own. A context: whatever happens inside, the instance goes away.

    Raises Unavailable when there is no tracing here at all.
    """

    def __init__(
        self, files: HostFiles, spans: Sequence[Span] = SPANS, means: Iterable[str] = MEANS_NAMES, extras: bool = True,
        tracefs: Optional[Tracefs] = None,
    ) -> None:
        self._files = files
        self._spans = spans
        self._means = frozenset(means)
        self._wants_extras = extras
        self._tracefs = tracefs or Tracefs(tracefs_root())
        self._reader = None  # type: Optional[EventReader]
        self.timed = []  # type: List[TimedSpan]
        self.extras = {}  # type: Dict[str, Tuple[Any, Optional[str]]]

    def __enter__(self) -> "LatencySession":
        self._refuse_without_tracing()
        try:
            self._instance = TraceInstance(self._tracefs).__enter__()
        except OSError as error:
            raise Unavailable(self._explained(error))
        try:
            self._reader = EventReader(self._tracefs, self._instance.path(""))
            tracing = Tracing(self._tracefs, self._instance, self._reader, self._files)
            self.timed = [self._best(tracing, span) for span in self._spans]
            if self._wants_extras:
                self.extras = {name: self._tried(extra, tracing) for name, extra in EXTRAS}
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        # The reader first: the kernel changes no tracer while its buffer is being read. What a means fails to undo, the instance does.
        if self._reader:
            self._reader.close()
        try:
            for timed in self.timed:
                if timed.timer:
                    timed.timer.close()
        finally:
            self._instance.__exit__()

    @property
    def cleaned(self) -> List[str]:
        """Instances of killed runs that were removed before this one began."""
        return self._instance.cleaned

    def start(self) -> None:
        """Count from nothing."""
        self._reader.start()
        for counter in self._counters():
            counter.start()

    def poll(self) -> None:
        """To be called about twice a second: buffers are small."""
        timers = [timed.timer for timed in self.timed if timed.timer]
        self._reader.poll(lambda: [timer.poll_cpu() for timer in timers])
        for timer in timers:
            timer.poll()

    def lost(self) -> int:
        """Events since the start for which the instance's buffer had no room."""
        return self._reader.lost()

    def _counters(self) -> List[Any]:
        return [timed.timer for timed in self.timed if timed.timer] + [extra for extra, _reason in self.extras.values() if extra]

    def _best(self, tracing: Tracing, span: Span) -> TimedSpan:
        skipped = []  # type: Skipped
        for name, means in MEANS:
            if name not in self._means:
                skipped.append({"means": name, "reason": "not asked for"})
                continue
            timer, reason = self._tried(lambda given, means=means: means(given, span), tracing)
            if timer:
                return TimedSpan(span, name, timer, skipped)
            skipped.append({"means": name, "reason": reason})
        return TimedSpan(span, None, None, skipped)

    def _tried(self, make: Callable[[Tracing], Any], tracing: Tracing) -> Tuple[Any, Optional[str]]:
        try:
            return make(tracing), None
        except Unavailable as error:
            return None, str(error)
        except OSError as error:
            return None, self._explained(error)

    def _refuse_without_tracing(self) -> None:
        if os.geteuid() != 0:
            raise Unavailable("tracing needs root; run the task with become")
        try:
            present = self._tracefs.exists(INSTANCES)
        except OSError as error:
            raise Unavailable(self._explained(error))
        if not present:
            raise Unavailable(f"tracefs is not mounted at {self._tracefs.root} (mount -t tracefs tracefs {self._tracefs.root})")

    def _explained(self, error: OSError) -> str:
        state = self._files.read_text(LOCKDOWN) or ""
        return f"{error}; kernel lockdown is at confidentiality" if "[confidentiality]" in state else str(error)


EXTRAS = (("drop_reasons", DropReasons), ("rcvbuf_growth", RcvbufGrowth))


def shown_span(timed: TimedSpan) -> Dict[str, Any]:
    """One span of docs/data_shapes.md."""
    reading = timed.reading()
    head = {
        "available": reading is not None,
        "means": timed.means,
        "skipped": timed.skipped,
        "meaning": timed.span.meaning,
    }
    if reading:
        head.update(shown(reading.histogram), lost_events=reading.lost_events, unpaired=reading.unpaired)
    return head


def shown_extra(extra: Any, reason: Optional[str], lost_events: int) -> Dict[str, Any]:
    """`lost_events` of the instance's buffer: some of them may have been this one's."""
    return dict(extra.shown(), available=True, reason=None, lost_events=lost_events) if extra else {"available": False, "reason": reason}
