# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether others asked as much of these hosts with the candidate as without it; if not, the arms cannot be compared. Pure.

Never told by octets or segments: a change is meant to move those.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import total_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.comparison import Comparison, compared, compared_gauge
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.error_budget import demand_level

OPENED = ("TcpPassiveOpens", "TcpActiveOpens")
FLOWS = "TcpCurrEstab"
# Either may differ by this much before the two arms count as different days.
MARGIN = 0.10


def other_demand(trials: Sequence[Mapping[str, Any]], alpha: float) -> str | None:
    """What differed, proven, or None."""
    lasting = [trial for trial in trials if not _come_and_go(trial)]
    return (
        _differs("new connections", compared(trials, OPENED), alpha)
        or _differs("active flows", compared_gauge(lasting, FLOWS), alpha)
    )


def _come_and_go(trial: Mapping[str, Any]) -> bool:
    """Whether as many connections came during the blocks as stood at their ends.

    How many stand at a moment is how many came times how long each takes (Little's law). Where most are gone before their block ends,
    that is the time each takes, which a better buffer shortens: no demand. How many came tells that alone.
    """
    stood = sum(value or 0 for value in trial.get("gauges", {}).get(FLOWS, ()))
    return total_of(trial, OPENED) >= stood


def _differs(what: str, demand: Comparison | None, alpha: float) -> str | None:
    shift = demand.estimate() if demand else 0.0
    if demand is None or abs(shift) <= math.log1p(MARGIN):
        return None
    if demand.p_greater(1 if shift > 0 else -1) > demand_level(alpha, demand.least_p()):
        return None
    return f"demand differed between the arms ({math.expm1(shift):+.0%} {what} with the candidate), so they cannot be compared"
