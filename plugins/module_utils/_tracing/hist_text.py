# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel prints of a histogram trigger (events/*/*/hist). Pure."""
import re
from typing import Dict, List, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.log2_histogram import Histogram

WORD_BITS = 64
# Blanks stay in their line, and a number has at most 64 bits: other text would keep a pattern busy for hours, or be cut to a number.
_NUMBER = r"([0-9]{1,20})(?![0-9])"
_ENTRY = re.compile(r"^\{ *(\w+): *(~ 2\^)?" + _NUMBER + r" *\} hitcount: *" + _NUMBER + r"(?: +\w+: *" + _NUMBER + ")?", re.MULTILINE)
_MAXIMUM = re.compile(r"^[ \t]+max: *" + _NUMBER, re.MULTILINE)
_TOTAL = re.compile(r"^ +(Hits|Dropped): " + _NUMBER + "\n", re.MULTILINE)


class HistText(NamedTuple):
    """`keys` as numbers (a power of two for a log2 key), hits and the sum of the value beside them; the maximum seen by onmax."""

    hits: Dict[int, int]
    sums: Dict[int, int]
    maxima: List[int]
    total_hits: int
    dropped: int


def parse_hist(text: str) -> HistText:
    hits, sums = {}, {}  # type: Dict[int, int], Dict[int, int]
    for _name, power, key, count, total in _ENTRY.findall(text):
        # A duration of 0 has no logarithm: some processors make it the lowest power, some 2^64 - 1.
        number = int(key) if not power else 1 << int(key) if int(key) < WORD_BITS else 1
        hits[number] = hits.get(number, 0) + int(count)
        sums[number] = sums.get(number, 0) + int(total or 0)
    totals = dict(_TOTAL.findall(text))
    if set(totals) != {"Hits", "Dropped"}:
        raise MalformedText(f"no histogram, or not all of it: {text[:60]!r}")
    maxima = [int(value) for value in _MAXIMUM.findall(text)]
    return HistText(hits, sums, maxima, int(totals["Hits"]), int(totals["Dropped"]))


def log2_histogram(durations: HistText, worst: HistText) -> Histogram:
    """From the histogram of the durations, in microseconds, and the one that kept the maxima."""
    return Histogram(durations.hits, dict(durations.sums), max(worst.maxima, default=0))
