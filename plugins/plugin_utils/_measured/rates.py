# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading rates out of a window or a trial. Pure.

A counter that is not listed did not move; one listed as absent is unknown, never 0.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.block_columns import LEVELS, NAMES, block_column

Column = Sequence["float | None"]

# Half an event is added to each block, so that a block without any can be compared too.
HALF_EVENT = 0.5
# What all connections moved, those that are opened and closed within a block too.
OCTETS = {"octets_in": ("IpExtInOctets", "Ip6InOctets"), "octets_out": ("IpExtOutOctets", "Ip6OutOctets")}
# Of the bytes: a change that reaches less of them is tried in vain.
LEAST_REACHED_SHARE = 0.05


def check_keys(argument: str, record: Mapping[str, Any], keys: Sequence[str], remedy: str) -> None:
    """ValueError, naming the argument and what to give instead, unless the record has all these keys."""
    missing = [key for key in keys if key not in record]
    if missing:
        raise ValueError(f"{argument}: lacks {', '.join(missing)}; give it {remedy}")


def column(record: Mapping[str, Any], name: str) -> Column | None:
    """Increase per bucket or block; zeros for a counter that did not move, None for one the kernel lacks. Stalls and flows are columns too."""
    if name in OCTETS:
        return summed(record, OCTETS[name])
    if name in NAMES:
        return block_column(record, name)
    if name in record["absent"]:
        return None
    return record["counters"].get(name, [0] * len(record["seconds"]))


def summed(record: Mapping[str, Any], names: Sequence[str]) -> Column | None:
    """The sum of several counters; those the kernel lacks are left out, None when it has none of them."""
    columns = [found for found in (column(record, name) for name in names) if found is not None]
    if not columns:
        return None
    return [None if None in cells else sum(cells) for cells in zip(*columns)]


def total_of(record: Mapping[str, Any], names: Sequence[str]) -> float:
    """Of all buckets, or of the blocks of both arms together, those whose value is known."""
    return sum(value for value in summed(record, names) or () if value is not None)


def exposure_of(record: Mapping[str, Any], names: Sequence[str], per: Sequence[str] = ()) -> Column | None:
    """What each block's events are counted per: its seconds, other counters, or nothing where it is a level."""
    if per:
        return summed(record, per)
    return [1.0] * len(record["seconds"]) if LEVELS.issuperset(names) else record["seconds"]


def log_rate(events: float, exposure: float) -> float:
    return math.log((events + HALF_EVENT) / exposure)


def ratio(events: float, exposure: float) -> float:
    return events / exposure if exposure else 0.0


def mean_rate(record: Mapping[str, Any], name: str) -> float | None:
    """Events per second over all buckets whose value is known."""
    known = [(value, length) for value, length in zip(column(record, name) or (), record["seconds"]) if value is not None]
    watched = sum(length for _value, length in known)
    return sum(value for value, _length in known) / watched if watched else None


def highest(record: Mapping[str, Any], name: str) -> int | None:
    """The largest value a gauge had, or None."""
    values = [value for value in record["gauges"].get(name, [record["still"].get(name)]) if value is not None]
    return max(values, default=None)
