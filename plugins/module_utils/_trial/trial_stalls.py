# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stalls of each block of a trial: how long receiving kept a CPU from everything else."""
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.latency_session import LatencySession
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.log2_histogram import Histogram
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_table import SPANS


class StallRecorder:
    """Never ends a trial: without tracing, or when it breaks, the trial goes on without stalls and says why.

    A context, in which blocks are started and ended; `table()` after it.
    """

    def __init__(self, files: HostFiles) -> None:
        self._files = files
        self._session = None  # type: Optional[LatencySession]
        self._timed = None  # type: Optional[TimedSpan]
        self._reason = None  # type: Optional[str]
        self._skipped = []  # type: List[Dict[str, str]]
        self._rows = []  # type: List[SpanReading]

    def __enter__(self) -> "StallRecorder":
        # One span is enough, and tracing has a price: the receive softirq only where collapsing itself cannot be timed.
        for span in SPANS:
            session = LatencySession(self._files, spans=(span,), extras=False)
            try:
                session.__enter__()
            except Exception as error:  # whatever a kernel prints, the trial goes on
                self._reason = str(error) or repr(error)
                return self
            timed = session.timed[0]
            self._skipped += [dict(row, span=span.name) for row in timed.skipped]
            if timed.timer:
                self._session, self._timed = session, timed
                self.start_block()  # so that it can be polled from now on
                return self
            self._session = session
            self._end(None)
            if self._reason:
                return self
        self._reason = "; ".join(sorted({row["reason"] for row in self._skipped}))
        return self

    def __exit__(self, *_error: object) -> None:
        self._end(None)

    def start_block(self) -> None:
        self._attempt(lambda session: session.start())

    def poll(self) -> None:
        """To be called about twice a second."""
        self._attempt(lambda session: session.poll())

    def end_block(self) -> None:
        self._attempt(self._note)

    def table(self, blocks: int) -> Dict[str, Any]:
        """The `stalls` of docs/data_shapes.md for the first blocks of the trial."""
        if self._reason or self._timed is None:
            return {"available": False, "reason": self._reason or "the trial ended before its first block", "skipped": self._skipped}
        span, rows = self._timed.span, self._rows[:blocks]
        edges, counts = _buckets([row.histogram for row in rows])
        return {
            "available": True,
            "reason": None,
            "span": span.name,
            "means": self._timed.means,
            "skipped": self._skipped,
            "ordinary_us": span.ordinary_us,
            "longest_us": [round(row.histogram.max_us, 3) for row in rows],
            "stalled_us": [round(row.histogram.total_us_above(span.ordinary_us), 3) for row in rows],
            "stalls": [row.histogram.count_above(span.ordinary_us) for row in rows],
            "lost_events": [row.lost_events for row in rows],
            "upper_us": edges,
            "counts": counts,
        }

    def _note(self, session: LatencySession) -> None:
        session.poll()
        self._rows.append(self._timed.reading())

    def _attempt(self, step: Any) -> None:
        if self._session:
            try:
                step(self._session)
            except Exception as error:
                self._end(f"tracing broke down in the trial: {error}")

    def _end(self, reason: Optional[str]) -> None:
        session, self._session = self._session, None
        self._reason = self._reason or reason
        if session:
            try:
                session.__exit__()
            except Exception as error:
                # The next session tries again: it removes what a dead one left.
                self._reason = self._reason or f"tracing could not be ended: {error}"


def _buckets(histograms: List[Histogram]) -> Tuple[List[int], List[List[int]]]:
    """Upper edges that any block has, and each block's counts in that order."""
    edges = sorted({edge for histogram in histograms for edge in histogram.counts})
    return edges, [[histogram.counts.get(edge, 0) for edge in edges] for histogram in histograms]
