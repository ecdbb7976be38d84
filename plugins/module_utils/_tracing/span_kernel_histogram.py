# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing in the kernel alone: histogram triggers pair entry and exit, and count. Nothing is copied to user space until it is read.

Needs CONFIG_HIST_TRIGGERS and CONFIG_SYNTH_EVENTS. See the kernel's Documentation/trace/histogram.rst.
"""

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.hist_text import log2_histogram, parse_hist
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.kernel_probes import KernelProbes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_reading import SpanReading
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_table import Span
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance import SYNTHETICS
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Tracing, Unavailable

CPU_KEYS = ("common_cpu", "cpu")  # the second until Linux 5.14
MOST_KEYS = 8192  # of sockets, mainly; what goes beyond counts as lost


class KernelHistogram:
    """One span of one instance."""

    def __init__(self, tracing: Tracing, span: Span) -> None:
        self._instance = instance = tracing.instance
        self._tracefs = tracing.tracefs
        self._span = span
        self._probes = None  # type: Optional[KernelProbes]
        if not self._tracefs.exists(SYNTHETICS):
            raise Unavailable("this kernel has no histogram triggers or no synthetic events (CONFIG_HIST_TRIGGERS, CONFIG_SYNTH_EVENTS)")
        try:
            self._probes = KernelProbes(tracing, span) if span.function else None
            self._entry, self._exit = (event.format(group=instance.name) for event in (span.entry, span.exit))
            self._synthetic = f"{instance.name}_{span.name}"
            self._tracefs.write(SYNTHETICS, f"{self._synthetic} u64 us")
            self._key = self._working_key()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Count from nothing."""
        self._disarm()
        self._arm(self._key)
        self._missed_before = self._missed()

    def poll(self) -> None:
        """Nothing to fetch."""

    def poll_cpu(self) -> None:
        """Nothing to fetch."""

    def reading(self) -> SpanReading:
        # In this order: an event between the two reads must not look like one that was never paired.
        worst = parse_hist(self._tracefs.read(self._instance.event(self._exit, "hist")))
        durations = parse_hist(self._tracefs.read(self._instance.event("synthetic/" + self._synthetic, "hist")))
        return SpanReading(
            histogram=log2_histogram(durations, worst),
            lost_events=self._missed() - self._missed_before + durations.dropped + worst.dropped,
            unpaired=max(0, worst.total_hits - durations.total_hits),
        )

    def close(self) -> None:
        if hasattr(self, "_synthetic"):
            self._disarm()
            if self._tracefs.exists("events/synthetic/" + self._synthetic):
                self._tracefs.write(SYNTHETICS, f"!{self._synthetic} u64 us")
        if self._probes:
            self._probes.remove()

    def _working_key(self) -> str:
        """A socket is collapsed by one CPU at a time, a CPU may be interrupted in it: the better key is the socket."""
        keys = (("sk",) if self._probes and self._probes.has_socket else ()) + CPU_KEYS
        refusal = None
        for key in keys:
            try:
                self._arm(key)
                return key
            except OSError as error:
                refusal = error
                self._disarm()
        raise Unavailable(f"this kernel refuses the histogram trigger: {refusal}")

    def _arm(self, key: str) -> None:
        span, condition = self._span.name, f" if {self._span.condition}" if self._span.condition else ""
        system, _slash, event = self._entry.partition("/")
        took = f"us_{span}=common_timestamp.usecs-$begun_{span}:onmatch({system}.{event}).{self._synthetic}($us_{span})"
        for path, trigger in (
            (self._entry, f"hist:keys={key}:begun_{span}=common_timestamp.usecs:size={MOST_KEYS}{condition}"),
            (self._exit, f"hist:keys={key}:{took}:onmax($us_{span}).save(common_pid):size={MOST_KEYS}{condition}"),
            ("synthetic/" + self._synthetic, "hist:keys=us.log2:vals=hitcount,us"),
        ):
            self._tracefs.write(self._instance.event(path, "trigger"), trigger)

    def _disarm(self) -> None:
        for path in ("synthetic/" + self._synthetic, self._exit, self._entry):
            if self._tracefs.exists(self._instance.event(path, "trigger")):
                self._tracefs.clear(self._instance.event(path, "trigger"))

    def _missed(self) -> int:
        return self._probes.missed() if self._probes else 0
