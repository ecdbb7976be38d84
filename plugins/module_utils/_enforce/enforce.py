# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enforcing sysctls and a drop-in, or bringing the originals back, as one transaction under the lock."""
import os
import stat
from typing import Dict, List, Mapping, NamedTuple, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import DROPIN_PATH, dropin_settings
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_plan import (
    Change,
    FileState,
    Outcome,
    PersistenceConflict,
    Step,
    View,
    Work,
    dropin_content,
    plan_absent,
    plan_nothing,
    plan_present,
    plan_recovery,
    refuse_conflicts,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_previous import plan_previous
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_repair import plan_repaired, repair_of
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_replaces import Interfered, refuse_interference
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.boottime import utc_text
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import epoch, read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import (
    Busy,
    UnsafeStateDir,
    hold_lock,
    refuse_if_held,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.journal import (
    JOURNAL_NAME,
    PENDING,
    Entry,
    JournalError,
    parse,
    render,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_boot import read_boot_files
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.transaction import (
    TransactionFailed,
    apply_values,
    check_writable,
    read_values,
    restore_values,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_guard import record_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_record import RecordError
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_recovery import recover

# Everything that can go wrong here, each with a message for the user.
ERRORS = (Busy, Interfered, InvalidValue, JournalError, OSError, PersistenceConflict, RecordError, TransactionFailed, UnsafeStateDir)


class Request(NamedTuple):
    """What the user asked for; `values` are validated, and empty unless the state is present; so is what they replace, which may be anything."""

    state: str
    values: Dict[str, str]
    persist: bool
    force: bool
    state_dir: str
    replaces: Mapping[str, str] = {}


def enforce(files: HostFiles, writer: HostWriter, request: Request, check_mode: bool) -> Work:
    """Do the work, or in check mode only say what it would be. Nothing to do writes nothing, not even the lock."""
    refuse_if_held(request.state_dir)
    work = _plan(files, request)
    trial = record_path(request.state_dir)
    if check_mode and files.exists(trial):
        raise TransactionFailed(trial, "a trial was killed here; what a run would find after ending it cannot be told in check mode")
    if check_mode or not (work.steps or files.exists(trial) or _is_untidy(files, request, work.found)):
        return work
    with hold_lock(request.state_dir, "socket_buffer_tuning"):
        # Before anything else: its candidate must not become an original of ours.
        killed_trial = recover(files, writer, request.state_dir)
        work = _plan(files, request)._replace(killed_trial=killed_trial)
        _tidy(writer, request, work.found)
        for step in work.steps:
            _carry_out(files, writer, _journal_path(request), step)
    return work


def _plan(files: HostFiles, request: Request) -> Work:
    identity = read_identity(files)
    found = _read_view(files, request)
    recovery = plan_recovery(found, DROPIN_PATH, identity)
    stamp = Entry(0, utc_text(), epoch(identity), PENDING, {}, None)
    main = PLANS[request.state](files, request, recovery.view, stamp)
    work = Work(found, [recovery, main])
    for step in work.steps:
        _refuse_unwritable(files, step.change)
    return work


def _present(files: HostFiles, request: Request, view: View, stamp: Entry) -> Outcome:
    if request.replaces:
        refuse_interference(view, DROPIN_PATH, stamp.identity, request.values, request.replaces)
    if request.persist:
        text = dropin_content(view, request.values)
        refuse_conflicts(read_boot_files(files), DROPIN_PATH, text, request.values)
    return plan_present(view, DROPIN_PATH, stamp, request.values, request.persist)


def _repaired(files: HostFiles, request: Request, view: View, stamp: Entry) -> Outcome:
    repair = repair_of(view, DROPIN_PATH, stamp.identity, request.force)
    if repair.values:
        refuse_conflicts(read_boot_files(files), DROPIN_PATH, repair.dropin.text or "", repair.values)
    return plan_repaired(view, DROPIN_PATH, stamp, repair)


# How each state is reached, from what a recovery leaves.
PLANS = {
    "present": _present,
    "repaired": _repaired,
    "previous": lambda _files, request, view, stamp: plan_previous(view, DROPIN_PATH, stamp, request.force),
    "absent": lambda _files, request, view, stamp: plan_absent(view, DROPIN_PATH, stamp, request.force),
    "recovered": lambda _files, _request, view, _stamp: plan_nothing(view),
}  # type: Dict[str, Callable[[HostFiles, Request, View, Entry], Outcome]]


def _is_untidy(files: HostFiles, request: Request, found: View) -> bool:
    """Whether a run was killed before its journal was in place."""
    return not found.entries and files.exists(request.state_dir)


def _tidy(writer: HostWriter, request: Request, found: View) -> None:
    """Remove the unfinished copies of a killed run."""
    writer.discard_leftover(_journal_path(request))
    for entry in found.entries:
        if entry.phase == PENDING and entry.file:
            writer.discard_leftover(entry.file.path)


def _read_view(files: HostFiles, request: Request) -> View:
    path = _journal_path(request)
    entries = parse(_read_file(files, path).text, path)
    dropin = _read_file(files, DROPIN_PATH)
    values: Dict[str, Optional[str]] = dict(read_values(files, request.values))
    for key in {key for entry in entries for key in entry.keys}.union(dropin_settings(dropin.text)) - set(values):
        values[key] = _read_if_there(files, key)
    return View(values, dropin, entries)


def _read_if_there(files: HostFiles, key: str) -> Optional[str]:
    try:
        return read_values(files, [key])[key]
    except TransactionFailed:
        return None


def _read_file(files: HostFiles, path: str) -> FileState:
    """Every byte of the text, whatever its encoding, because it may have to be put back."""
    real = files.path(path)
    try:
        status = os.lstat(real)
        if not stat.S_ISREG(status.st_mode):
            raise TransactionFailed(path, "is not a regular file; look at what it is, then remove it")
        with open(real, "rb") as handle:
            return FileState(handle.read().decode("utf-8", "surrogateescape"), stat.S_IMODE(status.st_mode))
    except FileNotFoundError:
        return FileState(None, None)


def _refuse_unwritable(files: HostFiles, change: Change) -> None:
    check_writable(files, change.runtime)
    folder = os.path.dirname(DROPIN_PATH)
    if change.dropin is None:
        return
    if not files.exists(folder):
        raise TransactionFailed(DROPIN_PATH, f"{folder} does not exist, so nothing reads it at boot here; use persist: false")
    if not os.access(files.path(folder), os.W_OK):
        raise TransactionFailed(DROPIN_PATH, f"{folder} cannot be written (a read-only file system, or become: true is missing)")


def _carry_out(files: HostFiles, writer: HostWriter, journal: str, step: Step) -> None:
    """Announce in the journal, write, settle the journal; what fails is undone."""
    announces = step.announced != step.before
    if announces:
        _write_journal(writer, journal, step.announced)
    try:
        apply_values(files, writer, step.change.runtime)
        _finish(files, writer, journal, step)
    except TransactionFailed as error:
        if announces and not error.unrestored:
            _withdraw(writer, journal, step)
        raise


def _withdraw(writer: HostWriter, journal: str, step: Step) -> None:
    try:
        _write_journal(writer, journal, step.before)
    except OSError:
        pass  # the entry stays pending: the next run finds everything undone and drops it


def _finish(files: HostFiles, writer: HostWriter, journal: str, step: Step) -> None:
    try:
        if step.change.dropin:
            _put_file(writer, DROPIN_PATH, step.change.dropin)
        _write_journal(writer, journal, step.after)
    except OSError as error:
        raise TransactionFailed(str(error.filename), str(error.strerror), _undo(files, writer, step))


def _undo(files: HostFiles, writer: HostWriter, step: Step) -> Dict[str, str]:
    """What could not be undone, and why."""
    restored = restore_values(files, writer, step.back.runtime, {}, force=True)
    lost = {key: row["reason"] for key, row in restored.items() if not row["restored"]}
    try:
        if step.back.dropin and step.back.dropin != _read_file(files, DROPIN_PATH):
            _put_file(writer, DROPIN_PATH, step.back.dropin)
    except OSError as error:
        lost[DROPIN_PATH] = str(error.strerror)
    return lost


def _put_file(writer: HostWriter, path: str, state: FileState) -> None:
    if state.text is None:
        writer.remove_file(path)
    else:
        writer.replace_file(path, state.text, state.mode)


def _write_journal(writer: HostWriter, path: str, entries: List[Entry]) -> None:
    _put_file(writer, path, FileState(render(entries), 0o600) if entries else FileState(None, None))


def _journal_path(request: Request) -> str:
    return os.path.join(request.state_dir, JOURNAL_NAME)
