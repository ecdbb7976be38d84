# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the running value, our drop-in and the next boot disagree on one host, and who fights us. Pure.

Our drop-in is what was proven. What it does not set is not ours, and is no drift.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

DROPIN = "99-zz-linuxnet-socket-buffers.conf"
REPAIR = "socket_buffers_repair=true brings back what was written last"


class Seen(NamedTuple):
    """One sysctl that our drop-in sets."""

    key: str
    running: str | None
    ours: str
    at_boot: str | None
    decided_by: str | None
    writable: bool | None
    rivals: list[str]  # files and programs that may have set the running value

    @property
    def moved(self) -> bool:
        return self.running != self.ours

    @property
    def overruled(self) -> bool:
        return self.at_boot != self.ours


class Kind(NamedTuple):
    """One way to drift; the first that holds names it. `reason` and `remedy` may use the fields of Seen."""

    name: str
    holds: Callable[[Seen], bool]
    reason: str
    remedy: str


KINDS = (
    Kind("missing", lambda seen: seen.running is None,
         "this kernel or network namespace does not have it", "the playbook rollback takes it out of our drop-in"),
    Kind("overruled", lambda seen: seen.moved and seen.overruled,
         "{decided_by} wins over our drop-in at boot, with {at_boot}", "take the key out of it or set {ours} there, then repair"),
    Kind("next_boot", lambda seen: seen.overruled,
         "{decided_by} will win over our drop-in at the next boot, with {at_boot}", "take the key out of it or set {ours} there"),
    Kind("read_only", lambda seen: seen.moved and seen.writable is False,
         "it cannot be written here", "have it set by a boot, or by whoever starts this container"),
    Kind("running", lambda seen: seen.moved,
         "the running value or our drop-in was changed{suspects} since both were written", REPAIR),
)

NO_DROPIN = (
    "a journal of ours is here, but no drop-in: it was removed, values were kept until the next boot only, or a trial runs or was killed"
)
UNREADABLE = "our drop-in is there, and cannot be read without root"
AS_ROOT = "socket_buffers_repair=true looks as root, and brings back what was written last"


def drift_rows(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of docs/data_shapes.md without host and outcome; `key` is None where the drop-in itself is the matter."""
    tried = tried_keys(facts)
    return [*_file_rows(facts["host"], bool(tried)), *(row for row in _key_rows(facts) if row["key"] not in tried)]


def tried_keys(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of a trial that runs, as far as the host tells: it changes them all the time, and ends at what was there before."""
    return tuple(((facts["host"].get("trial") or {}).get("running") or {}).get("keys") or ())


def is_ours(facts: Mapping[str, Any]) -> bool:
    """Whether the collection ever left anything on this host."""
    return bool(facts["host"]["has_state_dir"] or facts["host"]["has_dropin"] is not False)


def row_of(key: str | None, kind: str | None, reason: str, remedy: str | None = None, seen: Seen | None = None) -> dict[str, Any]:
    values = {name: getattr(seen, name, None) for name in ("running", "ours", "at_boot", "decided_by")}
    return {"key": key, "kind": kind, **values, "rivals": seen.rivals if seen else [], "reason": reason, "remedy": remedy}


def _file_rows(host: Mapping[str, Any], trial_runs: bool) -> Iterator[dict[str, Any]]:
    if host["has_dropin"] is None:
        yield row_of(None, "unreadable", UNREADABLE, AS_ROOT)
    elif host["has_state_dir"] and not host["has_dropin"] and not trial_runs:
        yield row_of(None, "no_dropin", NO_DROPIN, AS_ROOT)


def _key_rows(facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, sysctl in sorted(facts["sysctls"].items()):
        if sysctl["our_value"] is None:
            continue
        seen = Seen(
            key, sysctl["value"], sysctl["our_value"], sysctl["boot_value"], sysctl["boot_file"], sysctl["writable"],
            [*_files(sysctl), *_programs(facts["host"]["managers"])],
        )
        kind = next((kind for kind in KINDS if kind.holds(seen)), None)
        if kind:
            reason, remedy = (text.format(suspects=_suspects(seen.rivals), **seen._asdict()) for text in (kind.reason, kind.remedy))
            yield row_of(key, kind.name, reason, remedy, seen)


def _files(sysctl: Mapping[str, Any]) -> list[str]:
    """Files that set just the running value: somebody may have loaded one by hand, as packages do."""
    loaded = [row["file"] for row in sysctl["set_in"] if row["value"] == sysctl["value"]]
    return [file for file in loaded if not file.endswith(f"/{DROPIN}")]


def _programs(managers: list[Mapping[str, Any]]) -> list[str]:
    active = [manager for manager in managers if manager["active"]]
    return [f"{manager['name']} ({manager['detail']})" if manager["detail"] else manager["name"] for manager in active]


def _suspects(rivals: list[str]) -> str:
    return f", perhaps by {' or '.join(rivals)}," if rivals else ""
