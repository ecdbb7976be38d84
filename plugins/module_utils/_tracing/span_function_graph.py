# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing by the function_graph tracer. Where an instance cannot have a tracer of its own, only if nobody uses the machine's."""
import errno
import re
import struct
from typing import List

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_reader import EventReader
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.log2_histogram import EMPTY, merged, of_nanoseconds
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_reading import SpanReading
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_table import Span
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance import (
    TRACER,
    claim_tracer,
    functions_in,
    release_tracer,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Tracing, Unavailable

CALL_ENDED = "ftrace/funcgraph_exit"
TIMES = {"calltime", "rettime"}
_RECORDED = re.compile(r"^entries: [1-9]", re.MULTILINE)


class FunctionGraph:
    """One span of one instance; the kernel writes down a call when it ends, with both times."""

    def __init__(self, tracing: Tracing, span: Span) -> None:
        self._tracefs = tracing.tracefs
        self._name = tracing.instance.name
        self._base = None  # type: Optional[str]
        self._machines = None  # type: Optional[EventReader]
        self._durations = []  # type: List[int]
        if not span.function:
            raise Unavailable("times functions only")
        if TRACER not in self._tracefs.read("available_tracers").split():
            raise Unavailable(f"this kernel has no tracer {TRACER} (CONFIG_FUNCTION_GRAPH_TRACER)")
        try:
            self._base = self._take_tracer(tracing.instance.path(""), span.function)
            self._machines = None if self._base else EventReader(self._tracefs, "")
            self._reader = self._machines or tracing.reader
            self._fields = self._reader.subscribe(CALL_ENDED, self._note).fields
            if not TIMES <= set(self._fields):
                raise Unavailable(f"the event {CALL_ENDED} of this kernel does not have both times of a call")
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Count from nothing."""
        if self._machines:
            self._machines.start()
        self._durations.clear()
        self._histogram = EMPTY

    def poll_cpu(self) -> None:
        """Calls come whole."""

    def poll(self) -> None:
        """Add up what the reader has handed on."""
        if self._machines:
            self._machines.poll()
        self._histogram = merged(self._histogram, of_nanoseconds(self._durations))
        self._durations.clear()

    def reading(self) -> SpanReading:
        return SpanReading(self._histogram, self._reader.lost(), 0)

    def close(self) -> None:
        if self._machines:
            self._machines.close()
        if self._base:
            self._tracefs.write(f"{self._base}/current_tracer", "nop")
            self._tracefs.clear(f"{self._base}/set_ftrace_filter")
        else:
            release_tracer(self._tracefs, self._name)

    def _take_tracer(self, own: str, function: str) -> str:
        """The folder whose tracer is at work: our instance's, or else the root's."""
        try:
            self._trace_only(function, own + "/")
            return own
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOENT, errno.EBUSY):
                raise
        if self._tracefs.exists(f"{own}/set_ftrace_filter"):
            self._tracefs.clear(f"{own}/set_ftrace_filter")
        self._refuse_in_use()
        claim_tracer(self._tracefs, self._name)
        self._trace_only(function, "")
        return ""

    def _trace_only(self, function: str, base: str) -> None:
        """The filter is read back before the tracer is switched on: an empty one would mean every function of the kernel."""
        self._tracefs.write(f"{base}set_ftrace_filter", function + "\n")
        if functions_in(self._tracefs.read(f"{base}set_ftrace_filter")) != [function]:
            raise Unavailable(f"{TRACER} does not know the function {function}")
        self._tracefs.write(f"{base}current_tracer", TRACER)

    def _refuse_in_use(self) -> None:
        for in_use, what in (
            (self._tracefs.read("current_tracer").strip() != "nop", "the tracer"),
            (functions_in(self._tracefs.read("set_ftrace_filter")), "the filter of functions"),
            (self._tracefs.read("set_event").strip(), "the buffer of events"),
            (any(map(_RECORDED.search, self._stats())), "what was recorded in the buffer"),
            (self._tracefs.read("tracing_on").strip() != "1", "the switch"),
        ):
            if in_use:
                raise Unavailable(f"somebody else uses {what} of this machine, and this kernel has but one {TRACER}")

    def _stats(self) -> List[str]:
        return [self._tracefs.read(f"per_cpu/{name}/stats") for name in self._tracefs.list_dir("per_cpu")]

    def _note(self, _when: int, _cpu: int, _process: int, page: bytes, offset: int) -> None:
        begun, ended = (struct.unpack_from("=Q", page, offset + self._fields[name].offset)[0] for name in ("calltime", "rettime"))
        self._durations.append(ended - begun)
