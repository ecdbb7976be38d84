# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The experiment: blocks under the present values and under the candidate, recorded, and then the originals again."""
import datetime
import os
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.columns import Step, WindowRefused, columns
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import take_snapshot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.journal import (
    JOURNAL_NAME,
    PENDING,
    JournalError,
    epoch,
    parse,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.signals import noted_signals
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import (
    Busy,
    UnsafeStateDir,
    hold_lock,
    refuse_if_held,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.residual import residual_now
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue, canonical
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.transaction import (
    TransactionFailed,
    apply_values,
    check_writable,
    read_values,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.guardian import start_ticks
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_flows import FlowRecorder
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_guard import Guard, GuardianFailed, NothingToGuard
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_record import Record, RecordError, TriedKey
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_recovery import (
    find_killed,
    lost_keys,
    outlived,
    recover,
    restore_arms,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import (
    Block,
    Timetable,
    end_of,
    limit_seconds,
    schedule,
    total_seconds,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_stalls import StallRecorder

# What keeps a trial from starting, each with a message for the user. Later trouble is the reason of an aborted trial.
ERRORS = (Busy, GuardianFailed, JournalError, OSError, RecordError, TransactionFailed, UnsafeStateDir, ValueError)

POLL_SECONDS = 0.5

Values = Dict[str, str]
Recorders = Tuple[Any, ...]  # of what each block is asked for: start_block, poll, end_block


class Request(NamedTuple):
    """What the user asked for; `candidate` is validated. An empty one tries nothing: both arms are the present values."""

    candidate: Values
    pairs: int
    block_seconds: float
    washout_seconds: float
    seed: int
    state_dir: str

    def blocks(self) -> List[Block]:
        return schedule(self.pairs, self.seed)

    def total_seconds(self) -> float:
        return total_seconds(self.pairs, self.block_seconds, self.washout_seconds)


class Outcome(NamedTuple):
    """The `trial` of docs/data_shapes.md, the killed trial cleaned up before it, and what could not be restored."""

    trial: Dict[str, Any]
    recovered: Optional[Dict[str, Any]]
    lost: Dict[str, str]


class Aborted(Exception):
    """Why a trial ends before its time."""


def refuse(files: HostFiles, request: Request) -> None:
    """What would keep this trial from starting, found without writing anything."""
    refuse_if_held(request.state_dir)
    check_writable(files, request.candidate)
    _refuse_unfinished(files, request.state_dir)
    originals = read_values(files, request.candidate)
    killed = find_killed(files, request.state_dir)
    if killed and outlived(killed, read_identity(files)):
        originals.update((key, text) for key, text in killed.originals().items() if key in originals)
    _refuse_nothing_to_try(originals, request.candidate)


def run_trial(files: HostFiles, writer: HostWriter, request: Request) -> Outcome:
    """Ends at the originals. The lock is held throughout: whoever writes here holds it."""
    check_writable(files, request.candidate)
    with hold_lock(request.state_dir, f"socket_buffer_trial of {', '.join(request.candidate) or 'nothing'}, {request.total_seconds():g} s"):
        _refuse_unfinished(files, request.state_dir)
        identity = read_identity(files)
        recovered = recover(files, writer, request.state_dir)
        originals = read_values(files, request.candidate)
        _refuse_nothing_to_try(originals, request.candidate)
        trial = _guarded_trial(files, writer, request, identity, originals)
    return Outcome(trial, recovered, lost_keys(trial["restored"]))


def _refuse_unfinished(files: HostFiles, state_dir: str) -> None:
    """Half of what a killed run was enforcing is no baseline for anything."""
    path = os.path.join(state_dir, JOURNAL_NAME)
    if any(entry.phase == PENDING for entry in parse(files.read_text(path), path)):
        raise JournalError(f"{path}: socket_buffer_tuning was killed before it was done; run it again (state present or absent), then try")


def _refuse_nothing_to_try(originals: Values, candidate: Values) -> None:
    if candidate and all(canonical(originals[key]) == candidate[key] for key in candidate):
        held = ", ".join(f"{key} = {candidate[key]}" for key in sorted(candidate))
        raise InvalidValue(f"values: this host already holds {held}; there is nothing to try")


def _guarded_trial(files: HostFiles, writer: HostWriter, request: Request, identity: Dict[str, Any], originals: Values) -> Dict[str, Any]:
    guard = Guard(files, writer, request.state_dir) if request.candidate else NothingToGuard()
    with noted_signals() as signals, StallRecorder(files) as stalls:
        guard.start(_record(request, identity, originals))
        flows = FlowRecorder(files, request.block_seconds)
        experiment = _Experiment(files, writer, request, originals, guard, signals, (flows, stalls))
        try:
            experiment.run()
        finally:
            restored = restore_arms(files, writer, originals, request.candidate)
            # A key that refuses stays on record, for the guardian and for the next run.
            if not lost_keys(restored):
                guard.dismiss()
        residual = residual_now(files)  # in here, where being asked to end is noted and no more
    report = _report(request, identity, originals, experiment, restored)
    blocks = len(report["seconds"])
    return dict(report, stalls=stalls.table(blocks), flows=flows.table(blocks), residual=residual)


def _record(request: Request, identity: Dict[str, Any], originals: Values) -> Record:
    pid = os.getpid()
    return Record(
        started=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        identity=epoch(identity),
        pid=pid,
        start_ticks=start_ticks(pid),
        limit_seconds=limit_seconds(request.total_seconds()),
        keys={key: TriedKey(sysctl_path(key), originals[key], text) for key, text in request.candidate.items()},
    )


class _Experiment:
    """Runs the blocks and keeps what they recorded."""

    def __init__(
        self, files: HostFiles, writer: HostWriter, request: Request, originals: Values, guard: Guard, signals: List[str],
        recorders: Recorders,
    ) -> None:
        self._files = files
        self._writer = writer
        self._request = request
        self._arms = {"A": originals, "B": request.candidate}
        self._guard = guard
        self._signals = signals
        self._recorders = recorders
        self._in_force = originals
        self.done = []  # type: List[Tuple[Block, Step]]
        self.began_epoch_seconds = None  # type: Optional[float]
        self.reason = None  # type: Optional[str]

    def run(self) -> None:
        try:
            self._switch("A")  # proves that the way back is open before anything else is written
            self.began_epoch_seconds = time.time()
            timetable = Timetable(time.monotonic(), self._request.washout_seconds, self._request.block_seconds)
            for index, block in enumerate(self._request.blocks()):
                self.done.append((block, self._record(block.arm, timetable, index)))
        except (Aborted, MalformedText, OSError, TransactionFailed) as error:
            self.reason = str(error)

    def _switch(self, arm: str) -> None:
        self._check()
        apply_values(self._files, self._writer, self._arms[arm])
        self._in_force = self._arms[arm]

    def _record(self, arm: str, timetable: Timetable, index: int) -> Step:
        self._switch(arm)
        self._watch(end_of(timetable.washout_due(index), time.monotonic(), timetable.washout_seconds))
        for recorder in self._recorders:
            recorder.start_block()
        before = take_snapshot(self._files)
        self._watch(end_of(timetable.block_due(index), time.monotonic(), timetable.block_seconds))
        after = take_snapshot(self._files)
        for recorder in reversed(self._recorders):
            recorder.end_block()
        return before, after

    def _watch(self, end: float) -> None:
        self._check()
        while time.monotonic() < end:
            time.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))
            self._check()
            for recorder in self._recorders:
                recorder.poll()

    def _check(self) -> None:
        if self._signals:
            raise Aborted(f"the trial was asked to end ({self._signals[0]})")
        if not self._guard.is_watching():
            raise Aborted("the trial's guardian died")
        for key, text in read_values(self._files, self._in_force).items():
            found, ours = canonical(text), canonical(self._in_force[key])
            if found != ours:
                raise Aborted(f"somebody else set {key} to {found!r} while the trial had {ours!r} there")


def _report(
    request: Request, identity: Dict[str, Any], originals: Values, experiment: _Experiment, restored: Dict[str, Dict[str, Any]]
) -> Dict[str, Any]:
    done, reason = experiment.done, experiment.reason
    table = {"seconds": [], "counters": {}, "gauges": {}, "absent": []}  # type: Dict[str, Any]
    try:
        if done:
            table = columns([step for _block, step in done])
    except WindowRefused as error:
        done, reason = [], str(error)
    return {
        "version": 1,
        "identity": identity,
        "status": "complete" if reason is None else "aborted",
        "reason": reason,
        "seed": request.seed,
        "pairs": request.pairs,
        "block_seconds": request.block_seconds,
        "washout_seconds": request.washout_seconds,
        "began_epoch_seconds": experiment.began_epoch_seconds,
        "baseline": {key: canonical(text) for key, text in originals.items()},
        "candidate": request.candidate,
        "blocks": {
            "pair": [block.pair for block, _step in done],
            "arm": [block.arm for block, _step in done],
            "started": [before.boottime_seconds for _block, (before, _after) in done],
        },
        "seconds": table["seconds"],
        "counters": table["counters"],
        "gauges": table["gauges"],
        "absent": table["absent"],
        "restored": restored,
    }
