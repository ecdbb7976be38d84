# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many flows into few numbers: counts, sums and quantiles by class and direction, and by listening port. Pure.

Flows are taken one by one, and of each only what is ranked is kept, as packed numbers, two hundred bytes in all: there may be very many.
"""
import array
import collections
import heapq
import math
import operator
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_parts import PARTS
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_signs import Signs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flows import IDLE, Flow
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import LOCAL_ADDRESS, address_text, addresses

QUANTILES = (0.5, 0.9, 0.99, 1.0)
QUANTILE_NAMES = ("p50", "p90", "p99", "max")
MOST_PORTS = 10
MOST_LOCAL_ADDRESSES = 100

SUMMED = (
    "bytes_in", "bytes_out", "old_bytes_in", "old_bytes_out", "bytes_read", "data_segments_out", "retransmitted_segments", "busy_us",
    "rwnd_limited_us", "sndbuf_limited_us", "drops", "receive_queue_bytes", "receive_memory_bytes", "send_queue_bytes", "send_memory_bytes", "notsent_bytes",
)
COUNTED = (
    "born", "app_limited", "rcvbuf_at_default", "rcvbuf_at_max", "rcvbuf_above_max", "rcvbuf_probably_locked",
    "sndbuf_at_default", "sndbuf_at_max", "sndbuf_above_max",
) + Signs._fields
RANKED = (
    "goodput_in_bytes_per_second", "goodput_out_bytes_per_second", "delivery_rate_bytes_per_second", "rtt_us", "min_rtt_us",
    "rtt_over_min", "receiver_rtt_us", "cwnd_bytes", "retransmitted_share", "rwnd_limited_share", "sndbuf_limited_share", "rcvbuf_bytes",
    "sndbuf_bytes", "receive_queue_bytes", "receive_memory_share", "send_queue_bytes", "send_memory_share", "notsent_bytes",
    "half_full_share", "mean_receive_queue_bytes", "mean_notsent_bytes", "bdp_bytes", "receive_bdp_bytes",
    "send_payload_share", "window_share",
)

Key = Tuple[str, str, Optional[int]]  # class, direction, listening port
BATCH = 1000  # flows: enough that a column costs little more than its numbers
TOTALLED, IN_ORDER = frozenset(SUMMED + COUNTED), frozenset(RANKED)


class Table:
    """The flows of one key: a total for what is summed or counted, a column of numbers for what is ranked."""

    def __init__(self, flows: int, totals: Dict[str, Optional[int]], ranked: Dict[str, Any]) -> None:
        self.flows = flows
        self.totals = totals
        self.ranked = ranked

    @classmethod
    def empty(cls) -> "Table":
        return cls(0, dict.fromkeys(SUMMED + COUNTED), {name: array.array("d") for name in RANKED})

    def take(self, flows: List[Tuple[Any, ...]]) -> None:
        """The parts of each. Those that are one and the same object are looked at once."""
        self.flows += len(flows)
        for part, rows in zip(PARTS, zip(*flows)):
            distinct = dict(zip(map(id, rows), rows))
            self._take(part._fields, distinct.values(), 1)
            for key, times in collections.Counter(map(id, rows)).items():
                if times > 1:
                    self._take(part._fields, [distinct[key]], times - 1)

    def _take(self, names: Iterable[str], rows: Iterable[Any], times: int) -> None:
        """Column by column, without a loop of ours over each number: that takes twice as long."""
        for name, column in zip(names, zip(*rows)):
            present = [value for value in column if value is not None]
            if present and name in TOTALLED:
                self.totals[name] = (self.totals[name] or 0) + times * sum(present)
            if present and name in IN_ORDER:
                self.ranked[name] += array.array("d", present) * times  # a third of what extend takes

    @classmethod
    def joined(cls, tables: Iterable["Table"]) -> "Table":
        parts = list(tables)
        if len(parts) == 1:
            return parts[0]
        totals = {name: _total([part.totals[name] for part in parts if part.totals[name] is not None]) for name in SUMMED + COUNTED}
        ranked = {name: array.array("d", b"".join(part.ranked[name] for part in parts)) for name in RANKED}
        return cls(sum(part.flows for part in parts), totals, ranked)

    def _quantiles(self, name: str) -> Optional[Dict[str, float]]:
        column = sorted(self.ranked[name])
        if not column:
            return None
        return dict(zip(QUANTILE_NAMES, (_plain(column[max(0, math.ceil(share * len(column)) - 1)]) for share in QUANTILES)))

    def summary(self) -> Dict[str, Any]:
        return {
            "flows": self.flows,
            "counts": {name: self.totals[name] for name in COUNTED},
            "sums": {name: self.totals[name] for name in SUMMED},
            "quantiles": {name: self._quantiles(name) for name in RANKED},
        }


def _total(numbers: List[Any]) -> Optional[int]:
    return int(sum(numbers)) if numbers else None


def _plain(value: float) -> Any:
    return int(value) if value.is_integer() else float(f"{value:.6g}")


class Worst(NamedTuple):
    """An order of flows, worst first. `value` is None or 0 for a flow that has no place in it."""

    name: str
    value: Callable[[Flow], Optional[float]]


WORST = (
    Worst("retransmitted_segments", lambda flow: flow.moved.retransmitted_segments),
    Worst("rwnd_limited_us", lambda flow: flow.moved.rwnd_limited_us),
    Worst("sndbuf_limited_us", lambda flow: flow.moved.sndbuf_limited_us),
    Worst("receive_queue_bytes", lambda flow: flow.queues.receive_queue_bytes),
    Worst("notsent_bytes", lambda flow: flow.queues.notsent_bytes),
    # Not the ratio: a minimum of 5 us makes any rtt look bad.
    Worst("queueing_us", lambda flow: _excess(flow.path.rtt_us, flow.path.min_rtt_us)),
)


def _excess(value: Optional[int], least: Optional[int]) -> Optional[int]:
    return None if value is None or least is None else value - least


class FlowSummary:
    """Takes flows, and gives the groups, ports and worst flows of docs/data_shapes.md."""

    def __init__(self, top: int = 0) -> None:
        self._top = top
        self._tables = collections.defaultdict(Table.empty)  # type: Dict[Key, Table]
        self._waiting = collections.defaultdict(list)  # type: Dict[Key, List[Tuple[Any, ...]]]
        self._worst = {worst.name: [] for worst in WORST}  # type: Dict[str, List[Tuple[float, int, Flow]]]
        self._added = 0
        self._local_addresses = set()  # type: Set[Tuple[int, bytes]]

    def add(self, flow: Flow) -> None:
        self._waiting[flow.kind, flow.direction, flow.port].append(flow.parts)
        self._added += 1
        if self._added % BATCH == 0:
            self._take()
        if self._top:
            if flow.kind != IDLE:  # nothing moved and nothing waits, and its rtt is old
                self._keep_worst(flow)
            self._local_addresses.add((flow.socket.family, flow.socket.endpoints[LOCAL_ADDRESS]))

    def _take(self) -> None:
        for key, flows in self._waiting.items():
            self._tables[key].take(flows)
        self._waiting.clear()

    def _keep_worst(self, flow: Flow) -> None:
        for worst in WORST:
            value, kept = worst.value(flow), self._worst[worst.name]
            if value and value > 0:
                keep = heapq.heappush if len(kept) < self._top else heapq.heappushpop
                keep(kept, (value, self._added, flow))  # the number: equal values are not compared by flow

    def result(self) -> Dict[str, Any]:
        self._take()
        groups = {}  # type: Dict[Tuple[str, str], List[Table]]
        ports = {}  # type: Dict[int, Dict[str, Table]]
        for (kind, direction, port), table in self._tables.items():
            groups.setdefault((kind, direction), []).append(table)
            if port is not None:
                ports.setdefault(port, {})[kind] = table
        busiest = sorted(ports, key=lambda port: (_busiest_first(ports[port].values()), port))
        result = {
            "groups": [
                dict(Table.joined(parts).summary(), **{"class": kind, "direction": direction})
                for (kind, direction), parts in sorted(groups.items(), key=operator.itemgetter(0))
            ],
            "ports": [_port_row(port, ports[port]) for port in busiest[:MOST_PORTS]],
            "ports_left_out": len(busiest[MOST_PORTS:]),
        }  # type: Dict[str, Any]
        if self._top:
            result["top"] = {name: [_row(entry[2]) for entry in sorted(kept, reverse=True)] for name, kept in self._worst.items()}
            # Of all flows: one that has nothing wrong, as the receiver of a slow flow may be, has no place in `top`.
            local = {address_text(family, raw) for family, raw in self._local_addresses}
            result["local_addresses"] = sorted(local)[:MOST_LOCAL_ADDRESSES]
        return result


def _busiest_first(tables: Iterable[Table]) -> Tuple[int, int]:
    """Negative, so that the port with the most payload comes first, then the one with the most flows."""
    parts = list(tables)
    return -sum(part.totals[name] or 0 for part in parts for name in ("bytes_in", "bytes_out")), -sum(part.flows for part in parts)


def _port_row(port: int, tables: Dict[str, Table]) -> Dict[str, Any]:
    classes = {kind: table.flows for kind, table in sorted(tables.items())}
    return dict(Table.joined(tables.values()).summary(), port=port, classes=classes)


def _row(flow: Flow) -> Dict[str, Any]:
    measures = {name: _plain(value) if isinstance(value, float) else value for name, value in flow.measures._asdict().items()}
    return dict(measures, **{"class": flow.kind, "direction": flow.direction}, **addresses(flow.socket))
