# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One signal: a value, its unit and where it comes from. Pure."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Reading(NamedTuple):
    """`value` is None when this kernel, or this window, does not tell."""

    value: Any
    unit: str
    source: str


Signals = Mapping[str, Reading]


def above(signals: Signals, name: str, threshold: float) -> bool:
    """What is not known is above nothing."""
    value = signals[name].value
    return value is not None and value > threshold


def at_least(signals: Signals, name: str, threshold: float) -> bool:
    value = signals[name].value
    return value is not None and value >= threshold
