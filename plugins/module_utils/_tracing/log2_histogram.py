# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations by powers of two. Pure.

The buckets are those of the kernel's own `.log2` histograms: 2^n holds what is above 2^(n-1) and at most 2^n microseconds, and the
lowest one holds 0 and 1.
"""
from typing import Any, Dict, Iterable, NamedTuple, Tuple


class Histogram(NamedTuple):
    """How many, and how long in all, by the upper edge of the bucket in microseconds; and the longest. Sums and maximum are exact."""

    counts: Dict[int, int]
    sums_us: Dict[int, float]
    max_us: float

    def count_above(self, edge: int) -> int:
        """How many were longer than this edge of a bucket."""
        return sum(count for upper, count in self.counts.items() if upper > edge)

    def total_us_above(self, edge: int) -> float:
        return sum(total for upper, total in self.sums_us.items() if upper > edge)


EMPTY = Histogram({}, {}, 0)


def of_nanoseconds(durations: Iterable[int]) -> Histogram:
    """The histogram of single durations."""
    counts, sums = {}, {}  # type: Dict[int, int], Dict[int, float]
    longest = 0
    for duration in durations:
        edge = 1 if duration <= 1000 else 1 << ((duration - 1) // 1000).bit_length()
        counts[edge] = counts.get(edge, 0) + 1
        sums[edge] = sums.get(edge, 0) + duration / 1000
        longest = max(longest, duration)
    return Histogram(counts, sums, longest / 1000)


def merged(one: Histogram, other: Histogram) -> Histogram:
    return Histogram(_added(one.counts, other.counts), _added(one.sums_us, other.sums_us), max(one.max_us, other.max_us))


def _added(one: Dict[int, Any], other: Dict[int, Any]) -> Dict[int, Any]:
    return {edge: one.get(edge, 0) + other.get(edge, 0) for edge in set(one) | set(other)}


def shown(histogram: Histogram) -> Dict[str, Any]:
    """{count, total_us, max_us, upper_us, counts}: the last two are columns without a gap, shortest durations first."""
    edges = _without_gap(histogram.counts)
    return {
        "count": histogram.count_above(0),
        "total_us": round(histogram.total_us_above(0), 3),
        "max_us": round(histogram.max_us, 3),
        "upper_us": list(edges),
        "counts": [histogram.counts.get(edge, 0) for edge in edges],
    }


def _without_gap(counts: Dict[int, int]) -> Tuple[int, ...]:
    if not counts:
        return ()
    low, high = min(counts).bit_length(), max(counts).bit_length()
    return tuple(1 << power for power in range(low - 1, high))
