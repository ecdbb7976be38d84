# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tracing instance of our own, and what goes with it. It leaves nothing behind; what a killed run left, the next one removes.

An instance has its own buffer, triggers and switches. Probes and synthetic events are the kernel's alone, so their names carry the
instance's. A lock on the instance's folder says that its owner lives: it needs no process number, which another container would
read differently.
"""
import os
import random
from functools import partial
from typing import Callable, Iterator, List

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_table import SPANS
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracefs import Tracefs, take_lock

PREFIX = "linuxnet_sb_"
INSTANCES = "instances"
KPROBES = "kprobe_events"
SYNTHETICS = "synthetic_events"
# While our own claim of this name exists, the tracer of the whole machine is ours.
GRAPH_CLAIM = "_graph"
TRACER = "function_graph"
# Events whose triggers we may have set, an event after those that refer to it.
_TRIGGERED = ("irq/softirq_exit", "irq/softirq_entry", "skb/kfree_skb")

# For all CPUs together, and the bounds of each: it has to hold what happens between two looks, half a second.
BUFFER_KB = 32768
LEAST_BUFFER_KB, MOST_BUFFER_KB = 64, 8192


class TraceInstance:
    """A folder below instances/. Use as a context; paths given to its methods are relative to it."""

    def __init__(self, tracefs: Tracefs) -> None:
        self.tracefs = tracefs
        self.name = ""
        self.cleaned = []  # type: List[str]
        self._lock = -1

    def __enter__(self) -> "TraceInstance":
        with self.tracefs.locked(INSTANCES):
            self.cleaned = remove_leftovers(self.tracefs)
            self.name = PREFIX + f"{random.SystemRandom().getrandbits(32):08x}"
            self.tracefs.make_dir(self.path(""))
            try:
                self._lock = self.tracefs.open(self.path(""))
                take_lock(self._lock)
                self._settle()
            except BaseException:
                self._remove()
                raise
        return self

    def __exit__(self, *_error: object) -> None:
        with self.tracefs.locked(INSTANCES):
            self._remove()

    def path(self, path: str) -> str:
        return f"{INSTANCES}/{self.name}/{path}".rstrip("/")

    def event(self, event: str, path: str) -> str:
        return self.path(f"events/{event}/{path}")

    def _settle(self) -> None:
        kilobytes = max(LEAST_BUFFER_KB, min(MOST_BUFFER_KB, BUFFER_KB // (os.cpu_count() or 1)))
        self.tracefs.write(self.path("buffer_size_kb"), str(kilobytes))
        # One clock for all CPUs: a call may begin on one and end on another.
        self.tracefs.write(self.path("trace_clock"), "mono")

    def _remove(self) -> None:
        try:
            remove(self.tracefs, self.name)
        finally:
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1


def remove_leftovers(tracefs: Tracefs) -> List[str]:
    """Names of the instances whose owner had died, now gone. The lock of the folder of instances must be held."""
    gone = []
    for name in tracefs.list_dir(INSTANCES):
        if not name.startswith(PREFIX) or name.endswith(GRAPH_CLAIM):
            continue
        descriptor = tracefs.open(f"{INSTANCES}/{name}")
        try:
            if take_lock(descriptor):
                remove(tracefs, name)
                gone.append(name)
        except OSError:
            pass  # somebody uses what is left of it: a later run tries again
        finally:
            os.close(descriptor)
    return gone


def remove(tracefs: Tracefs, name: str) -> None:
    """An instance and all that carries its name, in the reverse order of how it is made. What is not there is no error.

    Every step is tried; the first that failed is the error. Then the folder stays, so that a later run finds the rest.
    """
    failures = []  # type: List[OSError]
    for step in _removal(tracefs, name):
        try:
            step()
        except OSError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    tracefs.remove_dir(f"{INSTANCES}/{name}")


def _removal(tracefs: Tracefs, name: str) -> Iterator[Callable[[], None]]:
    base = f"{INSTANCES}/{name}"
    synthetics = _lines_of(tracefs, SYNTHETICS, lambda line: line.startswith(name + "_"))
    probes = [line.split()[0].partition(":")[2] for line in _lines_of(tracefs, KPROBES, lambda line: f":{name}/" in line)]
    yield partial(release_tracer, tracefs, name)
    yield partial(tracefs.write, f"{base}/events/enable", "0")
    for event in ["synthetic/" + line.split()[0] for line in synthetics] + list(_TRIGGERED) + sorted(probes, reverse=True):
        if tracefs.exists(f"{base}/events/{event}/trigger"):
            yield partial(tracefs.clear, f"{base}/events/{event}/trigger")
    for line in synthetics:
        yield partial(tracefs.write, SYNTHETICS, "!" + line)
    for probe in probes:
        yield partial(tracefs.write, KPROBES, "-:" + probe)


def claim_tracer(tracefs: Tracefs, name: str) -> None:
    """Say that the tracer of the whole machine is ours from now on."""
    tracefs.make_dir(f"{INSTANCES}/{name}{GRAPH_CLAIM}")
    tracefs.write(f"{INSTANCES}/{name}{GRAPH_CLAIM}/buffer_size_kb", "4")


def release_tracer(tracefs: Tracefs, name: str) -> None:
    """Give the machine's tracer back, if this instance had claimed it, and nobody has taken it since."""
    claim = f"{INSTANCES}/{name}{GRAPH_CLAIM}"
    if not tracefs.exists(claim):
        return
    tracer, functions = tracefs.read("current_tracer").strip(), functions_in(tracefs.read("set_ftrace_filter"))
    if tracer in (TRACER, "nop") and set(functions) <= {span.function for span in SPANS}:
        tracefs.write("current_tracer", "nop")
        tracefs.clear("set_ftrace_filter")
    tracefs.remove_dir(claim)


def functions_in(text: str) -> List[str]:
    """Of set_ftrace_filter; none means all."""
    return [line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _lines_of(tracefs: Tracefs, path: str, wanted: Callable[[str], bool]) -> List[str]:
    if not tracefs.exists(path):
        return []
    return [line.rstrip() for line in tracefs.read(path).splitlines() if wanted(line)]
