# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP sockets of this namespace, now or between two moments: the `sockets` of docs/data_shapes.md.

Walks from the netlink edge through the pure parts. A host without sock_diag gets a reason instead of numbers, and nothing fails.
"""
import functools
import gc
import random
import resource
import socket
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.boottime import read_boottime
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import read_buffer_sizes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_summary import FlowSummary
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flows import Context, flow, mark
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import (
    FLOW_STATES,
    INFO,
    LISTEN,
    SKMEMINFO,
    MalformedDump,
    drained,
    parse_sockets,
    unique,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.listeners import listeners, listening_sockets, remembered
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.occupancy import Occupancy, seconds_to_next
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.sock_diag import Dump, DumpRefused, read_dump

FAMILIES = (socket.AF_INET, socket.AF_INET6)
MOST_TOP = 100
MOST_PASSING = 5000  # of a window: remembered until its end


class Sample(NamedTuple):
    """Undigested. The dumps follow each other closely, so that all sockets are seen at nearly the same moment."""

    boottime_seconds: float
    listeners: List[bytes]
    flows: List[bytes]
    retries: int


def take_sample(dump: Callable[..., Dump] = read_dump) -> Sample:
    boottime_seconds = read_boottime()
    flows = [dump(family, FLOW_STATES, (INFO, SKMEMINFO)) for family in FAMILIES]
    listeners = [dump(family, (LISTEN,), (SKMEMINFO,)) for family in FAMILIES]
    return Sample(
        boottime_seconds=boottime_seconds,
        listeners=[data for one in listeners for data in one.datagrams],
        flows=[data for one in flows for data in one.datagrams],
        retries=sum(one.retries for one in flows + listeners),
    )


def check_top(top: int) -> None:
    if not 0 <= top <= MOST_TOP:
        raise ValueError(f"top: wants 0 to {MOST_TOP}, got {top}")


def without_collecting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of the many tuples of a sample none refers back to another: to look for cycles among them finds none, in a quarter of the time."""
    @functools.wraps(function)
    def uncollected(*args: Any, **keywords: Any) -> Any:
        enabled = gc.isenabled()
        gc.disable()
        try:
            return function(*args, **keywords)
        finally:
            if enabled:
                gc.enable()
    return uncollected


class SocketWatch:
    """The start of a window. `look` now and then, and `end` gives what happened since.

    Old is what was there at the start, or who is in `older` (`cookies_now` of an earlier moment).
    """

    @without_collecting
    def __init__(
        self, files: HostFiles, top: int = 0, window_seconds: float = 0.0, dump: Callable[..., Dump] = read_dump,
        older: Optional[FrozenSet[int]] = None,
    ) -> None:
        self._files, self._top, self._window_seconds, self._dump, self._older = files, top, window_seconds, dump, older
        self._reason = None  # type: Optional[str]
        self._occupancy, self._cpu_seconds = Occupancy(), []  # type: Occupancy, List[float]
        self._place = 0.5
        # Connections that are not there at both ends of the window, as they were when they were seen last.
        self._passing = {}  # type: Dict[int, Any]
        cpu_before = _cpu_seconds()
        try:
            sample = take_sample(dump)
            self._marks = {found.cookie: mark(found) for found in self._occupancy.seen(flows_of(sample))}
            self._listening = remembered(listening_sockets(sample.listeners))
            self._started, self._retries = sample.boottime_seconds, sample.retries
        except (DumpRefused, MalformedDump) as error:
            self._reason = str(error)
        self._spent(cpu_before)

    @without_collecting
    def look(self) -> None:
        """At the queues, and at what may be gone before the end; only when it is time again."""
        if self._reason is not None or read_boottime() < self._next_look:
            return
        cpu_before = _cpu_seconds()
        try:
            sample = take_sample(self._dump)
            self._retries += sample.retries
            for found in self._occupancy.seen(flows_of(sample)):
                if found.cookie not in self._marks and (found.cookie in self._passing or len(self._passing) < MOST_PASSING):
                    self._passing[found.cookie] = found
        except DumpRefused:
            pass  # then there is one look less; the next may do better
        except MalformedDump as error:
            self._reason = str(error)
        self._spent(cpu_before)

    @without_collecting
    def end(self) -> Dict[str, Any]:
        if self._reason is not None:
            return unavailable(self._reason)
        cpu_before = _cpu_seconds()
        try:
            sample = take_sample(self._dump)
            seconds = sample.boottime_seconds - self._started
            found = listening_sockets(sample.listeners)
            ports = self._listening.ports | remembered(found).ports
            context = Context(seconds, self._marks, ports, read_buffer_sizes(self._files), self._occupancy, self._older)
            result = summarise(sample, context, self._top, listeners(found, context.sizes, self._listening), self._passing)
        except (DumpRefused, MalformedDump) as error:
            return unavailable(str(error))
        self._spent(cpu_before)
        return dict(result, retries=result["retries"] + self._retries, cpu_seconds=self._cpu_seconds)

    def _spent(self, cpu_before: float) -> None:
        self._cpu_seconds.append(round(_cpu_seconds() - cpu_before, 6))
        here, self._place = self._place, random.random()
        self._next_look = read_boottime() + seconds_to_next(self._cpu_seconds[-1], self._window_seconds, here, self._place)


@without_collecting
def cookies_now(dump: Callable[..., Dump] = read_dump) -> FrozenSet[int]:
    """Who is there. DumpRefused or MalformedDump where nobody can tell."""
    return frozenset(found.cookie for found in flows_of(take_sample(dump)))


@without_collecting
def sockets_now(files: HostFiles, top: int = 0, dump: Callable[..., Dump] = read_dump) -> Dict[str, Any]:
    """Without a window: what is a change is null."""
    cpu_before = _cpu_seconds()
    try:
        sample = take_sample(dump)
        found = listening_sockets(sample.listeners)
        context = Context(None, {}, remembered(found).ports, read_buffer_sizes(files), Occupancy())
        result = summarise(sample, context, top, listeners(found, context.sizes, None))
    except (DumpRefused, MalformedDump) as error:
        return unavailable(str(error))
    return dict(result, cpu_seconds=[round(_cpu_seconds() - cpu_before, 6)])


def unavailable(reason: str) -> Dict[str, Any]:
    return {"available": False, "reason": reason}


def summarise(
    sample: Sample, context: Context, top: int, shown_listeners: Dict[str, Any], passing: Optional[Dict[int, Any]] = None,
) -> Dict[str, Any]:
    """A sample, used up, and what is known from before into `sockets`. Of those that passed, what is still there is no passer-by."""
    summary, flows, known, passed = FlowSummary(top), 0, 0, dict(passing or {})
    for found in context.occupancy.seen(flows_of(sample)):
        summary.add(flow(found, context))
        flows += 1
        known += found.cookie in context.marks
        passed.pop(found.cookie, None)
    for found in passed.values():
        summary.add(flow(found, context))
    watched = context.seconds is not None
    return dict(
        summary.result(), available=True, reason=None,
        seconds=round(context.seconds, 6) if context.seconds is not None else None,
        looks=context.occupancy.looks if watched else None,
        flows=flows,
        born=flows - known if watched else None,
        closed=len(context.marks) - known if watched else None,
        passed=len(passed) if watched else None,
        listeners=shown_listeners,
        retries=sample.retries,
    )


def flows_of(sample: Sample) -> Iterator[Any]:
    """The connections of a sample, which is used up by that."""
    return unique(parse_sockets(drained(sample.flows)))


def _cpu_seconds() -> float:
    """Of this process, the kernel's part included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
