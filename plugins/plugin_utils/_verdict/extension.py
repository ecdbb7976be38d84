# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One more trial of the same length, by a rule that is fixed before the first. Pure.

Whoever looks at a trial and goes on until it is good, finds something in nothing. So there are two looks at most, and they share alpha: together
they are wrong no more often than one look with all of it. Most goes to the first, which is the only one for most candidates; the second has twice
the pairs.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIRST_SHARE = 0.8
# A candidate that does nothing is as promising once in five times.
PROMISING_P = 0.2


def first_alpha(alpha: float) -> float:
    return FIRST_SHARE * alpha


def second_alpha(alpha: float) -> float:
    return alpha - first_alpha(alpha)


def is_promising(verdict: Mapping[str, Any], min_effect: float) -> bool:
    """Better by an effect worth having, but not proven, or with a guard in doubt: twice the pairs may tell. No guard may be worse."""
    if verdict["verdict"] != "inconclusive" or verdict["p_value"] is None or verdict["effect"] is None:
        return False
    broken = any(guard["ok"] is False for guard in verdict["guards"])
    return verdict["p_value"] <= PROMISING_P and abs(verdict["effect"]) >= min_effect and not broken
