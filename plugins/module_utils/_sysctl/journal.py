# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: what was there before our changes, and before the last of them. Model and text, pure.

Only the newest entry can be pending: its change was announced, and its end is not known. An undone one holds nothing any
more but that the last change was taken back, so that whoever asks for that again does not take back the one before it.
"""
import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import epoch
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical

VERSION = 2  # 1 had no undone entry, and repairs and several older changes beside the last
READABLE = (1, VERSION)
JOURNAL_NAME = "journal.json"
PENDING = "pending"
DONE = "done"
UNDONE = "undone"


class JournalError(Exception):
    """A journal that cannot be used; the message names it and the remedy."""


class KeyChange(NamedTuple):
    """One sysctl, as the kernel printed it before the change and as it was written."""

    original: str
    written: str


class FileChange(NamedTuple):
    """One file before and after a change; a text that is None stands for no file."""

    path: str
    original_text: Optional[str]
    original_mode: Optional[int]
    written_text: Optional[str]


class Entry(NamedTuple):
    """One change of a host."""

    id: int
    started: str
    identity: Dict[str, Any]
    phase: str
    keys: Dict[str, KeyChange]
    file: Optional[FileChange]


class Managed(NamedTuple):
    """What all finished entries come to: the first originals, and what we wrote last."""

    keys: Dict[str, KeyChange]
    file: Optional[FileChange]


def next_id(entries: Sequence[Entry]) -> int:
    return 1 + max((entry.id for entry in entries), default=0)


def managed(entries: Sequence[Entry]) -> Managed:
    keys: Dict[str, KeyChange] = {}
    file = None
    for entry in entries:
        for key, change in entry.keys.items():
            keys[key] = KeyChange(keys.get(key, change).original, change.written)
        if entry.file:
            file = (file or entry.file)._replace(written_text=entry.file.written_text)
    return Managed(keys, file)


def reduced(entries: Sequence[Entry], keys: Set[str], file: bool) -> List[Entry]:
    """The entries as far as they concern these keys, and the file if wanted."""
    kept = [
        entry._replace(
            keys={key: change for key, change in entry.keys.items() if key in keys},
            file=entry.file if file else None,
        )
        for entry in entries
    ]
    return [entry for entry in kept if entry.keys or entry.file]


def compacted(entries: Sequence[Entry], identity: Mapping[str, Any]) -> List[Entry]:
    """At most two: what all changes but the last come to, and the last, or that it was undone. For entries that hold here and now.

    A repair is no change and is forgotten. So neither somebody who keeps changing a host fills its disk, nor does
    taking back the last change bring back what had been repaired.
    """
    older: List[Entry] = []
    last: List[Entry] = []
    for entry in entries:
        if entry.phase == UNDONE or not _repeats(entry, managed(older + last)):
            older, last = older + last, [entry]
    return squashed(older, identity) + last


def squashed(entries: Sequence[Entry], identity: Mapping[str, Any]) -> List[Entry]:
    """One entry that comes to the same as all of these, or none where they come to nothing."""
    keys, file = managed(entries)
    return [entries[-1]._replace(identity=epoch(identity), phase=DONE, keys=keys, file=file)] if keys or file else []


def _repeats(entry: Entry, known: Managed) -> bool:
    """Whether it wrote only what had been written before."""
    if entry.file and (known.file is None or known.file.written_text != entry.file.written_text):
        return False
    written = {key: canonical(change.written) for key, change in known.keys.items()}
    return all(written.get(key) == canonical(change.written) for key, change in entry.keys.items())


def render(entries: Sequence[Entry]) -> str:
    rows = [
        dict(
            entry._asdict(),
            keys={key: dict(change._asdict()) for key, change in entry.keys.items()},
            file=dict(entry.file._asdict()) if entry.file else None,
        )
        for entry in entries
    ]
    return json.dumps({"version": VERSION, "entries": rows}, indent=1, sort_keys=True) + "\n"


def parse(text: Optional[str], path: str) -> List[Entry]:
    """The entries, oldest first; none when there is no journal."""
    if text is None:
        return []
    try:
        document = json.loads(text)
        version = document["version"]
        if version in READABLE:
            entries = [_entry(row) for row in document["entries"]]
            if any(entry.phase == PENDING for entry in entries[:-1]):
                raise ValueError("an entry before the last is pending")
            return entries
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise JournalError(
            f"{path} is damaged ({type(error).__name__}: {error}). It holds the original values: repair it, "
            "or note what you need from it and remove it; then the present values count as the originals"
        )
    raise JournalError(f"{path} has version {version!r}, this collection knows up to {VERSION}: use the collection that wrote it")


def _entry(row: Dict[str, Any]) -> Entry:
    if row["phase"] not in (PENDING, DONE, UNDONE):
        raise ValueError(f"phase {row['phase']!r}")
    return Entry(
        id=_typed(row["id"], int),
        started=_typed(row["started"], str),
        identity=epoch(row["identity"]),
        phase=row["phase"],
        keys={key: KeyChange(_typed(change["original"], str), _typed(change["written"], str)) for key, change in row["keys"].items()},
        file=_file(row["file"]),
    )


def _file(row: Optional[Dict[str, Any]]) -> Optional[FileChange]:
    if row is None:
        return None
    return FileChange(
        path=_typed(row["path"], str),
        original_text=_typed(row["original_text"], str, type(None)),
        original_mode=_typed(row["original_mode"], int, type(None)),
        written_text=_typed(row["written_text"], str, type(None)),
    )


def _typed(value: Any, *types: type) -> Any:
    if not isinstance(value, types) or isinstance(value, bool):
        raise TypeError(f"{value!r} where {' or '.join(kind.__name__ for kind in types)} belongs")
    return value
