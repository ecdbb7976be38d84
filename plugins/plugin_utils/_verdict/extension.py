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

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.sign_flip import least_pairs

FIRST_SHARE = 0.8
# A candidate that does nothing is as promising once in five times.
PROMISING_P = 0.2


def first_alpha(alpha: float) -> float:
    return FIRST_SHARE * alpha


def second_alpha(alpha: float) -> float:
    return alpha - first_alpha(alpha)


def is_worth_another(verdict: Mapping[str, Any], alpha: float, min_effect: float) -> bool:
    """Whether twice the pairs may tell what this trial did not. `alpha` is that of both looks."""
    if verdict["verdict"] != "inconclusive":
        return False
    return _is_promising(verdict, min_effect) if verdict["p_value"] is not None else _is_short(verdict, alpha)


def _is_promising(verdict: Mapping[str, Any], min_effect: float) -> bool:
    """Better by an effect worth having, but not proven, or with a guard in doubt. No guard may be worse."""
    broken = any(guard["ok"] is False for guard in verdict["guards"])
    return verdict["p_value"] <= PROMISING_P and abs(verdict["effect"]) >= min_effect and not broken


def _is_short(verdict: Mapping[str, Any], alpha: float) -> bool:
    """Too few pairs had a value that can be used; as many again would be enough."""
    return verdict["pairs"] < least_pairs(first_alpha(alpha)) and 2 * verdict["pairs"] >= least_pairs(second_alpha(alpha))
