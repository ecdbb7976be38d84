# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What enforcing, or taking back, means on this host now. Pure: from what was found and the journal to what to write."""
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import (
    DROPIN_MODE,
    MARKER,
    dropin_settings,
    dropin_text,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import epoch
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.journal import (
    DONE,
    PENDING,
    UNDONE,
    Entry,
    FileChange,
    KeyChange,
    compacted,
    managed,
    next_id,
    reduced,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_boot import (
    BootFiles,
    boot_settings,
    with_file,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.transaction import FOREIGN, MISSING, is_ours

UNKNOWN = "written by this module, but no journal knows what was here before"


class FileState(NamedTuple):
    """A file's text and permission bits; both None: no such file."""

    text: Optional[str]
    mode: Optional[int]


class View(NamedTuple):
    """What was found on the host: raw sysctls (None: no such key), the drop-in, and the journal's entries."""

    values: Dict[str, Optional[str]]
    dropin: FileState
    entries: List[Entry]


class Change(NamedTuple):
    """Sysctls to write, and the drop-in's next state (None: leave it alone)."""

    runtime: Dict[str, str]
    dropin: Optional[FileState]


class Step(NamedTuple):
    """One transaction, with what undoes it and the journal before, during and after it."""

    change: Change
    back: Change
    before: List[Entry]
    announced: List[Entry]
    after: List[Entry]


class Outcome(NamedTuple):
    """A step that is wanted (None: nothing to do), the view it leads to, and what to report."""

    step: Optional[Step]
    view: View
    report: Dict[str, Any]


class Work(NamedTuple):
    """A recovery, then the change itself: each may have nothing to do."""

    found: View
    outcomes: List[Outcome]
    killed_trial: Optional[Dict[str, Any]] = None  # what ending a killed trial put back

    @property
    def steps(self) -> List[Step]:
        return [outcome.step for outcome in self.outcomes if outcome.step]


class PersistenceConflict(Exception):
    """Another file would win at the next boot; the message names it."""


def refuse_conflicts(boot_files: BootFiles, path: str, text: str, wanted: Mapping[str, str]) -> None:
    """Raise unless a boot with this text in our drop-in would give every key the wanted value."""
    settings = boot_settings(with_file(boot_files, path, text), wanted)
    winners = [(key, settings[key]) for key in sorted(wanted) if canonical(settings[key].value) != wanted[key]]
    if winners:
        found = "; ".join(f"{winner.file} sets {key} = {winner.value}, wanted {wanted[key]}" for key, winner in winners)
        raise PersistenceConflict(
            f"at boot another file would win over {path}: {found}. Remove the key from that file, set it to the same value there, "
            "or use persist: false. Nothing was changed"
        )


def plan_recovery(view: View, path: str, identity: Mapping[str, Any]) -> Outcome:
    """Back to the state before a run that was killed. What somebody else changed since is left, and stays in the journal."""
    if not view.entries or view.entries[-1].phase != PENDING:
        return Outcome(None, view, {"recovered": None, "left": []})
    pending = view.entries[-1]
    keys = pending.keys if pending.identity == epoch(identity) else _set_again(pending, view.dropin)
    runtime, left, keys_left = runtime_back(view, keys, force=False)
    dropin, file_left = dropin_back(view, pending.file, force=False)
    rest = reduced([pending._replace(phase=DONE)], set(keys_left), file=bool(file_left))
    recovered = {
        "started": pending.started,
        "keys": {key: canonical(value) for key, value in runtime.items()},
        "dropin": path if dropin else None,
    }
    step = step_of(view, Change(runtime, dropin), announced=view.entries, after=view.entries[:-1] + rest)
    return Outcome(step, view_after(view, step), {"recovered": recovered, "left": left + file_left})


def _set_again(pending: Entry, dropin: FileState) -> Dict[str, KeyChange]:
    """Of an earlier boot: what this one was given anew, because the drop-in was written before the run ended."""
    if not pending.file or pending.file.written_text is None or dropin.text != pending.file.written_text:
        return {}
    settings = dropin_settings(pending.file.written_text)
    return {key: change for key, change in pending.keys.items() if key in settings}


def plan_present(view: View, path: str, stamp: Entry, wanted: Mapping[str, str], persist: bool) -> Outcome:
    """Make the host hold these values. `stamp` is the entry to journal, still without keys and file."""
    return holding(view, path, stamp, wanted, FileState(dropin_content(view, wanted), DROPIN_MODE) if persist else view.dropin)


def holding(view: View, path: str, stamp: Entry, wanted: Mapping[str, str], dropin: FileState) -> Outcome:
    """What differs from these values and this drop-in is written; what differs from our last write is told as drifted."""
    entries = of_this_boot(view.entries, stamp.identity)
    known = managed(entries)
    runtime = {key: wanted[key] for key in wanted if canonical(view.values[key]) != wanted[key]}
    drifted = [
        difference(key, known.keys[key].written, canonical(view.values[key]))
        for key in runtime
        if key in known.keys and canonical(view.values[key]) != canonical(known.keys[key].written)
    ]
    file = FileChange(path, view.dropin.text, view.dropin.mode, dropin.text) if dropin.text != view.dropin.text else None
    if file and known.file and known.file.written_text != view.dropin.text:
        drifted.append(difference(path, "our settings", "another text" if view.dropin.text else None))
    if not runtime and file is None:
        return Outcome(None, view, report_of(view, entries, drifted, []))
    # A key that holds the wanted value already becomes ours too: its original is what absent must know.
    keys = {key: KeyChange(view.values[key], wanted[key]) for key in wanted if key in runtime or key not in known.keys}
    entry = stamp._replace(id=next_id(entries), keys=keys, file=file)
    after = compacted(entries + [entry._replace(phase=DONE)], stamp.identity)
    step = step_of(view, Change(runtime, dropin if file else None), announced=entries + [entry], after=after)
    return Outcome(step, view_after(view, step), report_of(view, after, drifted, []))


def dropin_content(view: View, wanted: Mapping[str, str]) -> str:
    """The drop-in with these settings: what was in it before us, and what earlier runs persisted, stay."""
    file = managed(view.entries).file
    original = file.original_text if file else view.dropin.text
    settings = dropin_settings(file.written_text) if file else {}
    return dropin_text(original, dict(settings, **wanted))


def plan_nothing(view: View) -> Outcome:
    """After a recovery, all is as it should be."""
    return Outcome(None, view, report_of(view, view.entries, [], []))


def plan_absent(view: View, path: str, stamp: Entry, force: bool) -> Outcome:
    """Bring back the first originals of everything that still is as we wrote it."""
    entries = of_this_boot(view.entries, stamp.identity)
    known = managed(entries)
    runtime, left, keys_left = runtime_back(view, known.keys, force)
    dropin, file_left = dropin_back(view, known.file, force)
    report = report_of(view, entries, [], left + unknown_dropin(view, path, known.file) + file_left)
    after = reduced(entries, keys_left, file=bool(file_left))
    if after == view.entries:
        return Outcome(None, view, report)
    return Outcome(*taking_back(view, path, stamp, entries, Change(runtime, dropin), after), report)


def taking_back(view: View, path: str, stamp: Entry, entries: List[Entry], change: Change, after: List[Entry]) -> Tuple[Step, View]:
    """The step that brings back what was there before, announced in the journal where it writes anything."""
    keys = {key: KeyChange(view.values[key], text) for key, text in change.runtime.items()}
    file = FileChange(path, view.dropin.text, view.dropin.mode, change.dropin.text) if change.dropin else None
    entry = stamp._replace(id=next_id(entries), keys=keys, file=file)
    step = step_of(view, change, entries + [entry] if keys or file else view.entries, after)
    return step, view_after(view, step)


def of_this_boot(entries: List[Entry], identity: Mapping[str, Any]) -> List[Entry]:
    """Values that were written in another boot or namespace live on only where the drop-in sets them again, and as it does."""
    file = managed(entries).file
    persisted = dropin_settings(file.written_text) if file else {}
    kept: List[Entry] = []
    for entry in entries:
        here = entry.phase == UNDONE or epoch(entry.identity) == epoch(identity)
        kept += [entry] if here else [_set_by(persisted, lasting) for lasting in reduced([entry], set(persisted), file=True)]
    return kept


def _set_by(persisted: Mapping[str, str], entry: Entry) -> Entry:
    return entry._replace(keys={key: change._replace(written=persisted[key]) for key, change in entry.keys.items()})


def runtime_back(view: View, keys: Mapping[str, KeyChange], force: bool) -> Tuple[Dict[str, str], List[Dict[str, Any]], List[str]]:
    """What to write to undo these changes, what is left to somebody else, and the keys of the latter."""
    runtime: Dict[str, str] = {}
    left: List[Dict[str, Any]] = []
    for key in sorted(keys):
        present, change = view.values[key], keys[key]
        if present is None:
            left.append(dict(difference(key, change.written, None), reason=MISSING))
        elif canonical(present) == canonical(change.original):
            continue
        elif force or is_ours(present, [change.original, change.written]):
            runtime[key] = change.original
        else:
            left.append(dict(difference(key, change.written, canonical(present)), reason=FOREIGN))
    return runtime, left, [row["name"] for row in left]


def dropin_back(view: View, file: Optional[FileChange], force: bool) -> Tuple[Optional[FileState], List[Dict[str, Any]]]:
    if file is None or view.dropin.text == file.original_text:
        return None, []
    if force or view.dropin.text == file.written_text:
        return FileState(file.original_text, file.original_mode), []
    found = None if view.dropin.text is None else "another text"
    return None, [dict(difference(file.path, "our settings", found), reason=FOREIGN)]


def unknown_dropin(view: View, path: str, file: Optional[FileChange]) -> List[Dict[str, Any]]:
    """Our settings are in place, and no journal knows what was there before them."""
    if file or MARKER not in (view.dropin.text or ""):
        return []
    return [dict(difference(path, None, "our settings"), reason=UNKNOWN)]


def step_of(view: View, change: Change, announced: List[Entry], after: List[Entry]) -> Step:
    back = Change({key: view.values[key] for key in change.runtime}, view.dropin if change.dropin else None)
    return Step(change, back, view.entries, announced, after)


def view_after(view: View, step: Step) -> View:
    return View(dict(view.values, **step.change.runtime), step.change.dropin or view.dropin, step.after)


def report_of(view: View, entries: List[Entry], drifted: List[Dict[str, Any]], left: List[Dict[str, Any]]) -> Dict[str, Any]:
    originals = {key: canonical(change.original) for key, change in managed(entries).keys.items()}
    return {"drifted": drifted, "left": left, "originals": originals}


def difference(name: str, written: Optional[str], found: Optional[str]) -> Dict[str, Any]:
    return {"name": name, "written": written, "found": found}
