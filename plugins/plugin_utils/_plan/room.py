# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host leaves a candidate: the sizes now, memory, stalls, and what its connections need. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import RMEM, WMEM, Knob
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import active_groups
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.earlier_rounds import Raise, Record, last_raise
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import SPANS

# The kernel's own tcp_rmem maximum is an eighth of tcp_mem's pressure mark, and that is 1/16 of memory.
ONE_SOCKET_SHARE = 8
RAM_SHARE = 16
# Where the fact module has the triplet of a sysctl.
TRIPLETS = {RMEM: "tcp_rmem", WMEM: "tcp_wmem"}
FIELDS = ("min", "default", "max")
RTTS = ("rtt_us", "receiver_rtt_us")  # as a sender and as a receiver


class Stall(NamedTuple):
    """The longest that was timed on this host under its present tcp_rmem, and what was timed."""

    longest_us: float
    span: str


class Flows(NamedTuple):
    """What the connections of the window need. None: not seen, or this kernel does not tell."""

    active: int  # how many move anything
    bulk: int  # how many move much
    bdp_bytes: float | None  # the largest of any: what its path holds without a queue
    payload_share: float | None  # of send memory
    goodput_bytes_per_second: float | None  # out, the largest of any
    rtt_us: float | None  # of bulk connections, the slowest in a hundred left out
    seconds: float | None  # how long they were watched


class Sizes(NamedTuple):
    """A sysctl's fields; a single number has only a maximum."""

    key: str
    values: tuple[int, ...]

    def of(self, field: str | None) -> int:
        return self.values[FIELDS.index(field) if field else -1]

    def with_field(self, field: str | None, size: int) -> Sizes:
        """The others move along where the order min <= default <= max asks for it."""
        if len(self.values) == 1:
            return self._replace(values=(size,))
        at = FIELDS.index(field or "max")
        moved = tuple(size if place == at else min(value, size) if place < at else max(value, size) for place, value in enumerate(self.values))
        return self._replace(values=moved)

    def like(self, text: str) -> Sizes:
        """Another value of the same sysctl."""
        return self._replace(values=tuple(map(int, text.split())))

    def text(self) -> str:
        return " ".join(map(str, self.values))


class Room(NamedTuple):
    """For one candidate."""

    sizes: Sizes
    page_bytes: int
    memory_bytes: int | None  # what all of TCP may hold before it is under pressure
    link_bytes_per_second: float | None  # of the fastest interface; None where none tells
    stall: Stall | None
    flows: Flows
    raised: Raise | None  # by an earlier round of this run, to what it is now

    def whole_pages(self, size: float) -> int:
        return int(size) // self.page_bytes * self.page_bytes

    def pages_up(self, size: float) -> int:
        return -(-int(size) // self.page_bytes) * self.page_bytes


def read_room(
    knob: Knob, facts: Mapping[str, Any], latency: Mapping[str, Any] | None, sockets: Mapping[str, Any] | None, earlier: Sequence[Record] = (),
) -> Room:
    """The host must have the key: see `sizes_of`."""
    host = facts["host"]
    memory = _pressure_bytes(host, facts["sysctls"].get("net.ipv4.tcp_mem", {}))
    sizes = sizes_of(knob.key, facts)
    if sizes is None:
        raise ValueError(f"facts: {knob.key} has no value")
    raised = last_raise(earlier, knob.key)
    if raised and raised.new != sizes.of("max"):
        raised = None  # somebody changed it since
    return Room(sizes, host["page_size_bytes"], memory, _link(host), _stall(latency), read_flows(sockets), raised)


def _link(host: Mapping[str, Any]) -> float | None:
    return host["link_mbps"] * 1e6 / 8 if host.get("link_mbps") else None


def sizes_of(key: str, facts: Mapping[str, Any]) -> Sizes | None:
    """None where this host does not have, or show, the sysctl."""
    if key in TRIPLETS:
        triplet = facts.get(TRIPLETS[key])
        return Sizes(key, tuple(triplet[field] for field in FIELDS)) if triplet else None
    value = (facts["sysctls"].get(key) or {}).get("value")
    return Sizes(key, (int(value),)) if value is not None and SYSCTLS[key].integers == 1 else None


def best_span(latency: Mapping[str, Any] | None) -> str | None:
    """Of those that can be timed on this host."""
    return next((span for span in SPANS if ((latency or {}).get(span) or {}).get("available")), None)


def _stall(latency: Mapping[str, Any] | None) -> Stall | None:
    """Of the best span. One that did not happen while it was watched says nothing about its length."""
    span = best_span(latency)
    return Stall(latency[span]["max_us"], span) if latency and span and latency[span]["count"] else None


def read_flows(sockets: Mapping[str, Any] | None) -> Flows:
    groups = active_groups({"sockets": sockets})
    bulk = [group for group in groups if group["class"] == "bulk"]
    busiest = max(bulk, key=lambda group: group["sums"].get("bytes_out") or 0, default=None)
    return Flows(
        active=sum(group["flows"] for group in groups),
        bulk=sum(group["flows"] for group in bulk),
        bdp_bytes=_largest(groups, "bdp_bytes"),
        payload_share=_quantile(busiest, "send_payload_share", "p50") if busiest else None,
        goodput_bytes_per_second=_largest(bulk, "goodput_out_bytes_per_second"),
        rtt_us=max((value for name in RTTS for group in bulk if (value := _quantile(group, name, "p99"))), default=None),
        seconds=(sockets or {}).get("seconds"),
    )


def _largest(groups: Sequence[Mapping[str, Any]], measure: str) -> float | None:
    known = [value for group in groups if (value := _quantile(group, measure, "max")) is not None]
    return max(known, default=None)


def _quantile(group: Mapping[str, Any], measure: str, name: str) -> float | None:
    return (group["quantiles"].get(measure) or {}).get(name)


def _pressure_bytes(host: Mapping[str, Any], tcp_mem: Mapping[str, Any]) -> int | None:
    """tcp_mem cannot be seen from a network namespace other than the first; RAM can."""
    if tcp_mem.get("value"):
        _low, pressure_pages, _limit = map(int, tcp_mem["value"].split())
        return pressure_pages * host["page_size_bytes"]
    return host["ram_bytes"] // RAM_SHARE if host["ram_bytes"] else None
