# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a running trial: what its guardian, or the next run, needs to undo it. Model and text, pure."""
import json
from typing import Any, Dict, List, NamedTuple, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import epoch
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.services import unit_name
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import WRITABLE_KEYS

VERSION = 3
# What a version did not say yet: the collection may have been upgraded since that trial was killed.
ADDED = (
    (1, {"id": None, "owner": None, "due_boottime_seconds": 0.0, "limit_boottime_seconds": 0.0, "known_namespaces": None}),
    (2, {"design": "pairs", "services": []}),
)  # type: Tuple[Tuple[int, Dict[str, Any]], ...]


class RecordError(Exception):
    """A record that cannot be used; the message names it and the remedy."""


class TriedKey(NamedTuple):
    """One sysctl: its file, and its two values as the kernel printed the one and as we write the other."""

    path: str
    original: str
    candidate: str


class Record(NamedTuple):
    """One trial, from before its first write until its originals are back.

    Its end is due, and beyond the limit it counts as hung, by the clock since boot. `known_namespaces` are those that were there before it,
    where others that come to be may copy its candidate (_host/namespaces.py); else None. `services` are restarted at its step, and once
    more with the originals back.
    """

    id: Optional[str]
    owner: Optional[str]
    started: str
    identity: Dict[str, Any]
    pid: int
    start_ticks: int
    due_boottime_seconds: float
    limit_boottime_seconds: float
    known_namespaces: Optional[List[str]]
    design: str
    services: List[str]
    keys: Dict[str, TriedKey]

    def originals(self) -> Dict[str, str]:
        return {key: row.original for key, row in self.keys.items()}

    def candidate(self) -> Dict[str, str]:
        return {key: row.candidate for key, row in self.keys.items()}


def render(record: Record) -> str:
    keys = {key: dict(row._asdict()) for key, row in record.keys.items()}
    return json.dumps(dict(record._asdict(), version=VERSION, keys=keys), indent=1, sort_keys=True) + "\n"


def parse(text: Optional[str], path: str) -> Optional[Record]:
    """None when there is no record."""
    if text is None:
        return None
    try:
        document = json.loads(text)
        version = document.pop("version")
        if version == 1:
            document.pop("limit_seconds")
        if version in [1, 2, VERSION]:
            missing = {name: value for older, added in ADDED if version <= older for name, value in added.items()}
            return _record(dict(missing, **document))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise RecordError(
            f"{path} is damaged ({type(error).__name__}: {error}). It holds the original values of a trial that was killed: "
            "set them by hand, then remove it"
        )
    raise RecordError(f"{path} has version {version!r}, this collection knows {VERSION}: use the collection that wrote it")


def _record(document: Dict[str, Any]) -> Record:
    record = Record(**document)
    keys = {key: TriedKey(**row) for key, row in record.keys.items()}
    if not keys:
        raise ValueError("it names no sysctl")
    for key, row in keys.items():
        if key not in WRITABLE_KEYS or not all(isinstance(text, str) for text in row):
            raise ValueError(f"{key} with {tuple(row)}")
    if [unit_name(name) for name in record.services] != record.services:
        raise ValueError(f"services {record.services!r}")
    if not isinstance(record.identity, dict):
        raise TypeError(f"identity {record.identity!r}")
    return record._replace(keys=keys, identity=epoch(record.identity))
