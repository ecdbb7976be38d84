# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may ask of the planner. Pure. A new wish is one row, and its line in the documentation of the filter plan."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MIB = 1048576
BALANCED, THROUGHPUT, LATENCY = "balanced", "throughput", "latency"
GOALS = (BALANCED, THROUGHPUT, LATENCY)


class Policy(NamedTuple):
    """socket_buffers_policy; every field but `goal` is a whole number above 0."""

    goal: str = BALANCED
    stall_budget_us: int = 1000  # what a round trip in a data centre takes: a stall should not be what users notice first
    memory_percent: int = 50  # of what TCP may hold before it is under pressure, for all bulk connections together
    collapse_divisor: int = 16
    rmem_max_floor_bytes: int = MIB
    rmem_max_ceiling_bytes: int = 64 * MIB
    rmem_default_ceiling_bytes: int = 4 * MIB
    rmem_raise_factor: int = 8
    wmem_max_floor_bytes: int = 16384  # what the kernel starts a connection with
    wmem_max_ceiling_bytes: int = 64 * MIB
    wmem_raise_factor: int = 2


def read_policy(wanted: Mapping[str, Any]) -> Policy:
    """ValueError names what is unknown or no such value."""
    unknown = sorted(set(wanted) - set(Policy._fields))
    if unknown:
        raise ValueError(f"policy: {', '.join(unknown)} is unknown; it takes {', '.join(Policy._fields)}")
    return Policy(**{name: _goal(value) if name == "goal" else _positive(name, value) for name, value in wanted.items()})


def _goal(value: Any) -> str:
    if value not in GOALS:
        raise ValueError(f"policy: goal wants {', '.join(GOALS)}, got {value!r}")
    return str(value)


def _positive(name: str, value: Any) -> int:
    text = str(value)  # variables given with -e are text; True and 2.5 are no whole numbers
    if not (re.fullmatch("[0-9]+", text) and int(text)):
        raise ValueError(f"policy: {name} wants a whole number above 0, got {value!r}")
    return int(text)
