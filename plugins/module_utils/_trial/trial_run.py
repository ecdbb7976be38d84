# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The experiment: blocks under the present values and under the candidate, recorded, and then the originals again."""
import os
from typing import Any, ContextManager, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.boottime import read_boottime, utc_text
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import epoch, read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.services import unlike
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.signals import noted_signals
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import (
    Busy,
    UnsafeStateDir,
    hold_lock,
    refuse_if_held,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.systemd import leave_session
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.residual import residual_now
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.journal import (
    JOURNAL_NAME,
    PENDING,
    JournalError,
    parse,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue, canonical
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.transaction import (
    TransactionFailed,
    check_writable,
    read_values,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.guardian import log, start_ticks
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_experiment import Experiment, Request, Values, report
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_flows import FlowRecorder
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_guard import Guard, GuardianFailed, NothingToGuard
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_log import begin_text, end_text
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_namespaces import (
    ChildNamespaces,
    known_before,
    lost_children,
    put_born_back,
    refuse_children,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_record import Record, RecordError, TriedKey
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_recovery import (
    find_killed,
    lost_keys,
    outlived,
    recover,
    restore_arms,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_result import keep
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import STEP, limit_seconds
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_services import (
    Restarts,
    most_seconds,
    refuse_services,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_stalls import StallRecorder

# What keeps a trial from starting, each with a message for the user. Later trouble is the reason of an aborted trial.
_REFUSALS = (Busy, ChildNamespaces, GuardianFailed, JournalError, OSError, RecordError, TransactionFailed, UnsafeStateDir, ValueError)


class AfterRecovery(Exception):
    """What keeps a trial from starting once a killed one was cleaned up, which has changed the host."""

    def __init__(self, refusal: Exception, recovered: Dict[str, Any]) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.recovered = recovered


ERRORS = (AfterRecovery, *_REFUSALS)


def failure(error: Exception) -> Dict[str, Any]:
    """What the module returns of one of the ERRORS."""
    if isinstance(error, AfterRecovery):
        return dict(failure(error.refusal), changed=True, recovered=error.recovered)
    return {"msg": str(error), "refused": True} if isinstance(error, ChildNamespaces) else {"msg": str(error)}


class Outcome(NamedTuple):
    """The `trial` of docs/data_shapes.md, the killed trial cleaned up before it, and what could not be restored."""

    request: Request
    trial: Dict[str, Any]
    recovered: Optional[Dict[str, Any]]
    lost: Dict[str, str]

    def result(self) -> Dict[str, Any]:
        """What the module returns."""
        result = {
            "id": self.request.id, "owner": self.request.owner, "trial": self.trial, "recovered": self.recovered,
            "total_seconds": self.request.total_seconds(), "changed": bool(self.lost) or self.recovered is not None,
        }
        if self.lost:
            lost = "; ".join(f"{key}: {reason}" for key, reason in sorted(self.lost.items()))
            result.update(failed=True, msg=f"NOT restored after the trial: {lost}")
        return result


def refuse(files: HostFiles, request: Request) -> None:
    """What would keep this trial from starting, found without writing anything."""
    refuse_if_held(request.state_dir)
    check_writable(files, request.candidate)
    _refuse_unfinished(files, request.state_dir)
    refuse_services(files, request.services)
    identity = read_identity(files)
    refuse_children(identity, request.candidate, request.child_namespaces)
    originals = read_values(files, request.candidate)
    killed = find_killed(files, request.state_dir)
    if killed and outlived(killed, identity):
        originals.update((key, text) for key, text in killed.originals().items() if key in originals)
    _refuse_nothing_to_try(originals, request.candidate)


class Undone(NamedTuple):
    """What could not be done once the originals were back, and why; it costs nothing of the result."""

    keeping: Optional[str]
    clearing: Optional[str]


def run_trial(files: HostFiles, writer: HostWriter, request: Request) -> Tuple[Dict[str, Any], Undone]:
    """Ends at the originals. The result, and why it could not be kept on the host, where it was to be, or the trial's files not removed.

    The lock is held throughout: whoever writes here holds it.
    """
    check_writable(files, request.candidate)
    with _hold_lock(request):
        _refuse_unfinished(files, request.state_dir)
        identity = read_identity(files)
        recovered = recover(files, writer, request.state_dir)
        try:
            trial, not_cleared = _begun(files, writer, request, identity)
        except _REFUSALS as error:
            if recovered is None:
                raise
            raise AfterRecovery(error, recovered) from error
        result = Outcome(request, trial, recovered, dict(_lost(trial), **unlike(trial["restarted"]))).result()
        wanted = request.context is not None
        not_kept = keep(files, writer, request.state_dir, dict(result, context=request.context)) if wanted else None
        return result, Undone(not_kept, not_cleared)


def _begun(files: HostFiles, writer: HostWriter, request: Request, identity: Dict[str, Any]) -> Tuple[Dict[str, Any], Optional[str]]:
    """As _guarded_trial, where nothing forbids it."""
    refuse_services(files, request.services)
    refuse_children(identity, request.candidate, request.child_namespaces)
    originals = read_values(files, request.candidate)
    _refuse_nothing_to_try(originals, request.candidate)
    return _guarded_trial(files, writer, request, identity, originals)


def _hold_lock(request: Request) -> ContextManager[int]:
    seconds = request.total_seconds()
    due = read_boottime() + request.wait_seconds() + seconds
    return hold_lock(
        request.state_dir, f"socket_buffer_trial of {', '.join(request.candidate) or 'nothing'}, {seconds:g} s",
        owner=request.owner, trial_id=request.id, keys=sorted(request.candidate), due_boottime_seconds=due,
    )


def _lost(trial: Dict[str, Any]) -> Dict[str, str]:
    return dict(lost_keys(trial["restored"]), **lost_children(trial["child_namespaces"]))


def _refuse_unfinished(files: HostFiles, state_dir: str) -> None:
    """Half of what a killed run was enforcing is no baseline for anything."""
    path = os.path.join(state_dir, JOURNAL_NAME)
    if any(entry.phase == PENDING for entry in parse(files.read_text(path), path)):
        raise JournalError(f"{path}: socket_buffer_tuning was killed before it was done; run it again (state present or absent), then try")


def _refuse_nothing_to_try(originals: Values, candidate: Values) -> None:
    if candidate and all(canonical(originals[key]) == candidate[key] for key in candidate):
        held = ", ".join(f"{key} = {candidate[key]}" for key in sorted(candidate))
        raise InvalidValue(f"values: this host already holds {held}; there is nothing to try")


def _guarded_trial(
    files: HostFiles, writer: HostWriter, request: Request, identity: Dict[str, Any], originals: Values,
) -> Tuple[Dict[str, Any], Optional[str]]:
    """The trial, and why its files could not be removed."""
    guard = Guard(files, writer, request.state_dir) if request.candidate else NothingToGuard()
    known = known_before(identity, request.candidate)
    leave_session(files, f"socket-buffer-trial-{request.id}", "A socket buffer trial")
    with noted_signals() as signals, StallRecorder(files) as stalls:
        guard.start(_record(request, identity, originals, known))
        seconds = request.wait_seconds() + request.total_seconds()
        log(begin_text(request.id, request.owner, request.candidate, request.services, round(seconds, 1)))
        flows = FlowRecorder(files, request.block_seconds, request.design == STEP)
        restarts = Restarts(request.services, lambda: guard.mark_step(request.id))
        experiment = Experiment(files, writer, request, identity, originals, guard, signals, (flows, restarts), (flows, stalls))
        try:
            experiment.run()
        finally:
            restored = restore_arms(files, writer, originals, request.candidate)
            children = put_born_back(known, originals, request.candidate)
            restarts.at_end()
            # What refuses stays on record, for the guardian and for the next run.
            lost = _lost({"restored": restored, "child_namespaces": children})
            not_cleared = None if lost else _dismiss(guard)
        residual = residual_now(files)  # in here, where being asked to end is noted and no more
    trial = dict(
        report(request, identity, originals, experiment), restored=restored, child_namespaces=children, restarted=restarts.rows,
        residual=residual,
    )
    blocks = len(trial["seconds"])
    log(end_text(request.id, request.owner, trial))
    return dict(trial, stalls=stalls.table(blocks), flows=flows.table(blocks)), not_cleared


def _dismiss(guard: Any) -> Optional[str]:
    """None, or why its files are still there, as on a file system that has become read-only."""
    try:
        guard.dismiss()
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return None


def _record(request: Request, identity: Dict[str, Any], originals: Values, known: Optional[List[str]]) -> Record:
    pid, begin, seconds = os.getpid(), read_boottime() + request.wait_seconds(), request.total_seconds()
    return Record(
        id=request.id,
        owner=request.owner,
        started=utc_text(),
        identity=epoch(identity),
        pid=pid,
        start_ticks=start_ticks(pid),
        due_boottime_seconds=begin + seconds,
        limit_boottime_seconds=begin + limit_seconds(seconds) + most_seconds(request.services),
        known_namespaces=known,
        design=request.design,
        services=list(request.services),
        keys={key: TriedKey(sysctl_path(key), originals[key], text) for key, text in request.candidate.items()},
    )
