# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change made worse what it must not (_measured/guard_table.py). Pure."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import Guard, Told
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import total_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.comparison import Comparison, Trial, compared
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.error_budget import Levels, levels

# Sign of a log ratio that is bad, by the direction that is good.
WORSE = {"lower": 1, "higher": -1}
# Drops that at least triple, and are more than a handful, are not waved through for lack of proof: they are in doubt.
LARGE_RATIO, LARGE_EVENTS = 3.0, 20
# A class of connections may differ in size by this much between the arms, and its numbers still are of the same connections; or by less than
# half a connection, as a login in one of the blocks does not make others of a few.
CLASS_MARGIN, CLASS_MARGIN_CONNECTIONS = 0.10, 0.5
# An acknowledgement takes 40 to 88 bytes: octets that are hardly more than that are no work done, and how many a peer sends is its own affair.
LEAST_OCTETS_PER_SEGMENT = 120
# The rest of the octets is payload, as long as headers are without options but time stamps.
HEADER_OCTETS = 52


def judge_all(guards: Sequence[Guard], trials: Sequence[Mapping[str, Any]], alpha: float) -> tuple[list[dict[str, Any]], Levels]:
    """Each guard over these hosts together, and the levels that they and the metric were left with.

    A guard whose class changed size takes its share of the levels all the same: the coins had a say in that.
    """
    found = [(guard, of_guard(guard, trials)) for guard in guards]
    shares = levels(alpha, [arms.least_p() for guard, arms in found if arms is not None and _moved(guard, arms)])
    return [judge_arms(guard, arms if _speaks(guard, trials) else None, shares, alpha) for guard, arms in found], shares


def of_guard(guard: Guard, trials: Sequence[Mapping[str, Any]]) -> Comparison | None:
    """None when no kernel counts it, or there is nothing to guard."""
    guarded = [its for its in _by_host(trials) if _knows(guard, its) and not _acknowledges_only(guard, its)]
    return compared([trial for its in guarded for trial in its], guard.counters, guard.per)


def _by_host(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Two looks at one host are guarded alike: half of them alone could not be judged. A trial of nobody knows whom is alone."""
    found: dict[str, list[Trial]] = {}
    for number, trial in enumerate(trials):
        found.setdefault(repr(trial.get("identity") or number), []).append(trial)
    return list(found.values())


def _total(its: Sequence[Trial], counters: Sequence[str]) -> float:
    """Of both arms together, so that no coin has a say in it."""
    return sum(total_of(trial, counters) for trial in its)


def _acknowledges_only(guard: Guard, its: Sequence[Trial]) -> bool:
    return guard.segments is not None and 0 < _total(its, guard.counters) < LEAST_OCTETS_PER_SEGMENT * _total(its, (guard.segments,))


def _knows(guard: Guard, its: Sequence[Trial]) -> bool:
    """Whether this is the guard to ask of one host: no other knows more, and it does not know too little."""
    better_asked = guard.unless is not None and guard.unless.members is None and _is_told(guard.unless, its)
    return not better_asked and (guard.where is None or _is_told(guard.where, its))


def _is_told(told: Told, its: Sequence[Trial]) -> bool:
    payload = _total(its, told.octets) - HEADER_OCTETS * _total(its, (told.segments,))
    return _total(its, (told.by,)) >= told.share * payload > 0


def _moved(guard: Guard, arms: Comparison) -> bool:
    """No coin has a say in this: where the mean of both arms is less than half of it, neither has as much as the guard asks for."""
    return arms.moved() and arms.rate_of_both() >= guard.least / 2


def _speaks(guard: Guard, trials: Sequence[Mapping[str, Any]]) -> bool:
    """Of the same connections in both arms, and no other guard knows more of them."""
    if guard.members is not None:
        return as_many(guard.members, trials)
    told = guard.unless
    if told is None or told.members is None:
        return True
    return not (as_many(told.members, trials) and all(_is_told(told, its) for its in _by_host(trials)))


def as_many(members: str, trials: Sequence[Mapping[str, Any]]) -> bool:
    """On every host that counts them."""
    counted = [arms.rates() for arms in (compared([trial], (members,)) for trial in trials) if arms is not None]
    return bool(counted) and all(_as_large(min(sizes), max(sizes)) for sizes in counted)


def _as_large(least: float, most: float) -> bool:
    return most <= max((1 + CLASS_MARGIN) * least, least + CLASS_MARGIN_CONNECTIONS)


def judge_arms(guard: Guard, arms: Comparison | None, shares: Levels, alpha: float) -> dict[str, Any]:
    """ok: true in order, false worse, null in doubt."""
    judged: dict[str, Any] = {"name": guard.name, "before": None, "after": None, "effect": None, "p_value": None, "ok": True}
    if arms is None:
        return judged  # this kernel does not count it, or it is of other connections
    if arms.why_too_few(alpha):
        # Too many blocks whose value is unknown; but those without any such connection have none.
        return dict(judged, ok=True if guard.members else None)
    if not _moved(guard, arms) or not arms.compared():
        return judged
    sign = WORSE[guard.direction]
    worsening, p_value = sign * arms.estimate(), arms.p_greater(sign)
    before, after = arms.rates()
    judged.update(before=before, after=after, effect=math.expm1(arms.estimate()), p_value=p_value)
    beyond = worsening > math.log1p(guard.margin) and max(before, after) >= guard.least
    large = guard.counts_events and guard.direction == "lower" and arms.events_after() >= LARGE_EVENTS and after >= LARGE_RATIO * before
    if beyond and p_value <= shares.blame:
        judged["ok"] = False
    elif large or (beyond and p_value <= shares.doubt_of(arms.least_p(), alpha)):
        judged["ok"] = None
    return judged
