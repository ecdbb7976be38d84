# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the waves of a cohort go on. Pure. The first rule that has an answer decides.

To end costs nothing but time: hosts of later waves keep what they have. So a doubt ends them, and only an outage of hosts that never began
does not.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

GO_ON, END = "go_on", "end"


class Tally(NamedTuple):
    """What a wave came to. `failed` counts units that regressed, or whose trial did not end well; of the waves before, too."""

    pooled: Mapping[str, Any] | None  # the verdict of the wave; None when nobody tried anything
    tried: int
    failed: int
    failed_now: int


class Decision(NamedTuple):
    """`decision` is "go_on" or "end"; with `put_back` no host of the wave keeps its change."""

    decision: str
    put_back: bool
    reason: str


class Rule(NamedTuple):
    alpha: float
    on_inconclusive: str


def gate(tally: Tally, alpha: float = 0.01, on_inconclusive: str = GO_ON) -> Decision:
    """The decision on one wave of one cohort."""
    found = (rule(tally, Rule(alpha, on_inconclusive)) for rule in RULES)
    return next(decision for decision in found if decision)


def chance_of(failed: int, tried: int, rate: float) -> float:
    """How often at least so many of `tried` fail, when each fails at `rate` by chance: the upper tail of the binomial distribution."""
    return math.fsum(math.comb(tried, number) * rate ** number * (1 - rate) ** (tried - number) for number in range(failed, tried + 1))


def _regressed(tally: Tally, _rule: Rule) -> Decision | None:
    if not tally.pooled or tally.pooled["verdict"] != "regressed":
        return None
    return Decision(END, True, tally.pooled["reason"])


def _failing(tally: Tally, rule: Rule) -> Decision | None:
    """`regressed` is wrong in alpha of the trials. What happens no more often than that by chance is not taken for chance."""
    if not tally.failed_now or chance_of(tally.failed, tally.tried, rule.alpha) > rule.alpha:
        return None
    return Decision(END, True, f"{tally.failed} of {tally.tried} regressed or failed, more than chance allows")


def _untried(tally: Tally, _rule: Rule) -> Decision | None:
    return None if tally.pooled else Decision(GO_ON, False, "nobody in this wave could try it")


def _unproven(tally: Tally, rule: Rule) -> Decision | None:
    if not tally.pooled or tally.pooled["verdict"] == "improved":
        return None
    return Decision(rule.on_inconclusive, False, tally.pooled["reason"])


def _improved(tally: Tally, _rule: Rule) -> Decision:
    return Decision(GO_ON, False, tally.pooled["reason"] if tally.pooled else "")


RULES: tuple[Callable[[Tally, Rule], Decision | None], ...] = (_regressed, _failing, _untried, _unproven, _improved)
