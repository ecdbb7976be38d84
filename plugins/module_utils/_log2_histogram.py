# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations by powers of two. Pure.

The buckets are those of the kernel's own `.log2` histograms: 2^n holds what is above 2^(n-1) and at most 2^n microseconds, and the
lowest one holds 0 and 1.
"""
from typing import Any, Dict, Iterable, NamedTuple, Tuple


class Histogram(NamedTuple):
    """`buckets` counts by upper edge in microseconds; the total and the maximum are exact, not read off the buckets."""

    buckets: Dict[int, int]
    total_us: float
    max_us: float

    @property
    def count(self) -> int:
        return sum(self.buckets.values())


EMPTY = Histogram({}, 0, 0)


def of_nanoseconds(durations: Iterable[int]) -> Histogram:
    """The histogram of single durations."""
    buckets = {}  # type: Dict[int, int]
    total = longest = 0
    for duration in durations:
        edge = 1 if duration <= 1000 else 1 << ((duration - 1) // 1000).bit_length()
        buckets[edge] = buckets.get(edge, 0) + 1
        total += duration
        longest = max(longest, duration)
    return Histogram(buckets, total / 1000, longest / 1000)


def merged(one: Histogram, other: Histogram) -> Histogram:
    buckets = dict(one.buckets)
    for edge, count in other.buckets.items():
        buckets[edge] = buckets.get(edge, 0) + count
    return Histogram(buckets, one.total_us + other.total_us, max(one.max_us, other.max_us))


def shown(histogram: Histogram) -> Dict[str, Any]:
    """{count, total_us, max_us, upper_us, counts}: the last two are columns without a gap, shortest durations first."""
    edges = _without_gap(histogram.buckets)
    return {
        "count": histogram.count,
        "total_us": round(histogram.total_us, 3),
        "max_us": round(histogram.max_us, 3),
        "upper_us": list(edges),
        "counts": [histogram.buckets.get(edge, 0) for edge in edges],
    }


def _without_gap(buckets: Dict[int, int]) -> Tuple[int, ...]:
    if not buckets:
        return ()
    low, high = min(buckets).bit_length(), max(buckets).bit_length()
    return tuple(1 << power for power in range(low - 1, high))
