# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns of a trial beside its counters: stalls and flows, by the names of the metrics they are. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_measures import MEASURES
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import COLUMNS as STALLS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import LONGEST, stall_column

FLOWS = frozenset(measure.name for measure in MEASURES)
NAMES = FLOWS | set(STALLS)
# What a block's value is, however long the block; all others are counted per second.
LEVELS = frozenset([LONGEST, *(measure.name for measure in MEASURES if measure.is_level)])


def block_column(record: Mapping[str, Any], name: str) -> Sequence[float | None] | None:
    """A value for each block, None where it is not known; None when nobody could tell."""
    if name in STALLS:
        return stall_column(record, name)
    flows = record.get("flows") or {}
    return flows["columns"].get(name) if flows.get("available") else None


def why_missing(record: Mapping[str, Any], name: str) -> str:
    """Why a record has no such metric."""
    if name in STALLS:
        reason = (record.get("stalls") or {}).get("reason") or "the trial did not try"
        return f"stalls could not be timed on this host ({reason}); without them no change against collapsing is kept"
    if name in FLOWS:
        reason = (record.get("flows") or {}).get("reason") or "the trial did not try"
        return f"the connections of this host could not be looked at ({reason})"
    return f"this kernel has no counter {name}"
