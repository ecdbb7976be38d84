# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the earlier rounds of a run measured, from their outcome records. Pure."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Record = Mapping[str, Any]

# Beside what a gain takes: a trial's rates have an error, and a buffer that just holds the path leaves no room for it.
SPARE = 1.03


class Raise(NamedTuple):
    """A maximum that was tried larger, and how many times as much moved with it."""

    round: int
    old: int
    new: int
    gain: float

    @property
    def needed(self) -> int:
        """Bytes. While a buffer limits its flows they move as much as it holds in each round trip, so what more is moved is how much larger it has to be
        for that. The rest of it fills with what waits."""
        return int(self.old * self.gain * SPARE)


def was_kept(record: Record) -> bool:
    """By its verdict; in a wave by what was decided of that, and of the waves after it."""
    wave = record.get("wave")
    if wave:
        return bool(wave["kept"] and not wave["put_back"])
    return (record.get("verdict") or {}).get("verdict") == "improved"


def refuted(records: Sequence[Record]) -> set[str]:
    """Scenarios that were tried and not kept."""
    return {record["plan"]["scenario"] for record in records if (record.get("plan") or {}).get("changes") and not was_kept(record)}


def last_raise(records: Sequence[Record], key: str) -> Raise | None:
    """The latest kept change of a key's maximum, if that was up and its gain is known. `records` oldest first."""
    for number, record in reversed(list(enumerate(records, 1))):
        if was_kept(record) and any(row["key"] == key for row in (record.get("plan") or {}).get("changes") or ()):
            return raise_of(number, record, key)
    return None


def raise_of(number: int, record: Record, key: str) -> Raise | None:
    """What the trial of a round says of a key; None where it did not raise its maximum, or measured nothing."""
    change = next((row for row in record["plan"]["changes"] if row["key"] == key), None)
    verdict = record.get("verdict") or {}
    if change is None or not (verdict.get("before") and verdict.get("after")):
        return None
    old, new = maximum(change["old"]), maximum(change["new"])
    return Raise(number, old, new, verdict["after"] / verdict["before"]) if new > old else None


def maximum(text: str) -> int:
    """Of a triplet, or of a single number."""
    return int(text.split()[-1])
