# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the traffic a change could touch, in the blocks that had it. Pure."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import CORE_RMEM, CORE_WMEM, LOWAT, RMEM, WMEM
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import LEAST_REACHED_SHARE, column, summed

TRIPLET, SINGLE = ("min", "default", "max"), ("value",)


class Traffic(NamedTuple):
    """What connections older than their block (of a step: older than that) moved, and all that came or went."""

    old: str
    octets: tuple[str, ...]


IN = Traffic("flows_old_in_bytes", ("IpExtInOctets", "Ip6InOctets"))
OUT = Traffic("flows_old_out_bytes", ("IpExtOutOctets", "Ip6OutOctets"))


class Reach(NamedTuple):
    """What a person reads, and whose traffic it is: all (1.0), nobody can tell (None), or what newer connections moved."""

    note: str
    share: float | Traffic | None


DEFAULT = "a default reaches connections made after each switch, those of a server only once it listens anew"
MINIMUM = "a minimum counts for every connection, but only while memory is short"
ASKED = "another core maximum reaches sockets whose program asks for a size after each switch, maybe those of a listener that is made anew"
UNSENT = "a limit of unsent data counts for open connections at once, and for new ones, unless their program sets its own"

# By sysctl, field and direction.
REACH = {
    (WMEM, "max", "raise"): Reach("a higher maximum reaches open connections at once, and new ones", 1.0),
    (WMEM, "max", "lower"): Reach(
        "a lower maximum reaches open connections within some two seconds where their buffer is the limit, and new ones at once", None,
    ),
    (RMEM, "max", "raise"): Reach(
        "a higher maximum reaches connections made after each switch fully; open ones only as far as their window scale goes", None,
    ),
    (RMEM, "max", "lower"): Reach("a lower maximum reaches connections made after each switch; open ones keep buffers that have grown", IN),
    **{(RMEM, "default", direction): Reach(DEFAULT, IN) for direction in ("raise", "lower")},
    **{(WMEM, "default", direction): Reach(DEFAULT, OUT) for direction in ("raise", "lower")},
    **{(key, "min", direction): Reach(MINIMUM, 1.0) for key in (RMEM, WMEM) for direction in ("raise", "lower")},
    **{(CORE_RMEM, "value", direction): Reach(ASKED, IN) for direction in ("raise", "lower")},
    **{(CORE_WMEM, "value", direction): Reach(ASKED, OUT) for direction in ("raise", "lower")},
    **{(LOWAT, "value", direction): Reach(UNSENT, 1.0) for direction in ("raise", "lower")},
}
UNKNOWN = Reach("", None)


class Tried(NamedTuple):
    """Changes, and the trials in which they were tried."""

    changes: Sequence[Mapping[str, Any]]
    trials: Sequence[Mapping[str, Any]] = ()


def reach(candidate: Sequence[Tried]) -> dict[str, Any]:
    """The `reach` of docs/data_shapes.md, of all that was changed at once."""
    found = [(row, tried.trials) for tried in candidate for change in tried.changes for row in _rows(change)]
    notes = dict.fromkeys(row.note for row, _trials in found if row.note)
    return {"share": _largest([_share(row.share, trials) for row, trials in found]), "note": "; ".join(notes) or None}


def _rows(change: Mapping[str, Any]) -> Iterator[Reach]:
    """One for each field that differs."""
    old, new = ([int(number) for number in change[side].split()] for side in ("old", "new"))
    for field, before, after in zip(TRIPLET if len(new) > 1 else SINGLE, old, new):
        if before != after:
            yield REACH.get((change["key"], field, "lower" if after < before else "raise"), UNKNOWN)


def _largest(shares: Sequence[float | None]) -> float | None:
    """A byte is reached when any part reaches it. One part that nobody knows leaves open how many more there are."""
    known = [share for share in shares if share is not None]
    return max(known, default=None) if len(known) == len(shares) or 1.0 in known else None


def _share(share: float | Traffic | None, trials: Sequence[Mapping[str, Any]]) -> float | None:
    if not isinstance(share, Traffic):
        return share
    cells = [
        (old, octets)
        for trial in trials
        for arm, old, octets in zip(trial["blocks"]["arm"], column(trial, share.old) or (), summed(trial, share.octets) or ())
        if arm == "B" and old is not None and octets is not None
    ]
    moved = sum(octets for _old, octets in cells)
    return round(min(1.0, max(0.0, 1 - sum(old for old, _octets in cells) / moved)), 4) if moved else None


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def too_small(found: Mapping[str, Any]) -> str | None:
    """Why a verdict on so little traffic would be none, or None."""
    if found["share"] is None or found["share"] >= LEAST_REACHED_SHARE:
        return None
    return (
        f"the candidate could reach only {percent(found['share'])} of the bytes: connections older than the blocks moved the rest;"
        " they would have to be closed first (restart their service), or the blocks made longer"
    )


def told(found: Mapping[str, Any]) -> str:
    """For the reason of an improvement; empty when it reached everything, or nobody knows."""
    partial = found["share"] is not None and round(found["share"], 2) < 1
    return f"; it reached {percent(found['share'])} of the bytes" if partial else ""
