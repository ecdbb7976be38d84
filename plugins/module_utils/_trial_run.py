# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trial from the lock to the originals: blocks of A and B, each recorded after its wash-out."""
import signal
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._columns import WindowRefused, columns
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._guardian import Guardian, GuardianFailed, start_guardian
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host_identity import read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._snapshot import Snapshot, take_snapshot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._state_dir import Busy, UnsafeStateDir, hold_lock, refuse_if_held
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl_value import InvalidValue, canonical
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._transaction import (
    FOREIGN,
    TransactionFailed,
    apply_values,
    check_writable,
    read_values,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial_record import (
    Record,
    RecordError,
    end_killed_trial,
    end_trial,
    write_record,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial_schedule import Block, Schedule, blocks

# How often the keys and the guardian are looked at.
POLL_SECONDS = 0.5
# A hung trial is ended this long after its schedule.
GRACE_SECONDS = 30
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class NothingToTry(ValueError):
    """The candidate is what the host has."""


class Ended(Exception):
    """The trial gives up; the message says why. The originals come back."""


# Everything that can go wrong before or after the blocks, each with a message for the user.
ERRORS = (Busy, GuardianFailed, InvalidValue, OSError, RecordError, TransactionFailed, UnsafeStateDir, ValueError)


class Recorded(NamedTuple):
    """One block and the snapshots around its recorded part."""

    block: Block
    start: Snapshot
    end: Snapshot


class Host(NamedTuple):
    """The two edges of the host that a trial runs on."""

    files: HostFiles
    writer: HostWriter


def inspect(host: Host, candidate: Dict[str, str], state_dir: str) -> Dict[str, str]:
    """The present values, or why a trial could not start. Writes nothing."""
    refuse_if_held(state_dir)
    return _originals(host, candidate)


def _originals(host: Host, candidate: Dict[str, str]) -> Dict[str, str]:
    originals = read_values(host.files, candidate)
    check_writable(host.files, candidate)
    if all(canonical(originals[key]) == candidate[key] for key in candidate):
        raise NothingToTry(f"values: the host has {', '.join(f'{key} = {text}' for key, text in candidate.items())} already; nothing to try")
    return originals


def run_trial(host: Host, candidate: Dict[str, str], schedule: Schedule, state_dir: str) -> Dict[str, Any]:
    """{trial, recovered}. The host ends at its originals, whatever happens."""
    refuse_if_held(state_dir)
    with hold_lock(state_dir, f"socket_buffer_trial of {', '.join(sorted(candidate))}, {schedule.total_seconds():g} s") as lock:
        recovered = end_killed_trial(host.files, host.writer, state_dir)
        originals = _originals(host, candidate)
        identity = read_identity(host.files)
        record = Record(originals, candidate, identity["boot_id"], identity["netns"])
        write_record(host.writer, state_dir, record)
        recorded, reason, restored = _guarded(host, record, schedule, state_dir, lock)
    return {"trial": _result(identity, record, schedule, recorded, reason, restored), "recovered": recovered}


def _guarded(
    host: Host, record: Record, schedule: Schedule, state_dir: str, lock: int
) -> Tuple[List[Recorded], Optional[str], Dict[str, Dict[str, Any]]]:
    """Run the blocks between the guardian's start and its release."""
    recorded = []  # type: List[Recorded]
    reason = None  # type: Optional[str]
    handlers = {number: signal.signal(number, _end_by_signal) for number in ENDING_SIGNALS}
    guardian = None  # type: Optional[Guardian]
    try:
        guardian = start_guardian(lock, schedule.total_seconds() + GRACE_SECONDS, lambda: end_trial(host.files, host.writer, state_dir, record))
        _run_blocks(host, record, schedule, guardian, recorded)
    except (Ended, TransactionFailed) as error:
        reason = str(error)
    finally:
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        restored = end_trial(host.files, host.writer, state_dir, record)
        if guardian is not None:
            guardian.release()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return recorded, reason, restored


def _end_by_signal(number: int, _frame: Any) -> None:
    raise Ended(f"ended by signal {number}")


def _run_blocks(host: Host, record: Record, schedule: Schedule, guardian: Guardian, recorded: List[Recorded]) -> None:
    arms = {"A": record.originals, "B": dict(record.originals, **record.candidate)}
    in_force = "A"
    for block in blocks(schedule):
        if block.arm != in_force:
            apply_values(host.files, host.writer, arms[block.arm])
            in_force = block.arm
        _watch(host, arms[in_force], guardian, schedule.washout_seconds)
        start = take_snapshot(host.files)
        _watch(host, arms[in_force], guardian, schedule.block_seconds)
        recorded.append(Recorded(block, start, take_snapshot(host.files)))


def _watch(host: Host, values: Dict[str, str], guardian: Guardian, seconds: float) -> None:
    """Let time pass, and give up when the guardian dies or somebody else changes a key."""
    end = time.monotonic() + seconds
    while True:
        if not guardian.is_alive():
            raise Ended("the guardian process died")
        for key, text in read_values(host.files, values).items():
            if canonical(text) != canonical(values[key]):
                raise Ended(f"somebody else changed {key} to {canonical(text)!r} (it held {canonical(values[key])!r})")
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(POLL_SECONDS, left))


def _result(
    identity: Dict[str, Any], record: Record, schedule: Schedule, recorded: List[Recorded], reason: Optional[str], restored: Dict[str, Dict[str, Any]]
) -> Dict[str, Any]:
    result = dict(schedule._asdict())  # type: Dict[str, Any]
    try:
        table = columns([(one.start, one.end) for one in recorded]) if recorded else {"seconds": [], "counters": {}, "gauges": {}, "absent": []}
    except WindowRefused as error:
        table, reason = {"seconds": [], "counters": {}, "gauges": {}, "absent": []}, reason or str(error)
        recorded = []
    result.update(
        version=1,
        identity=identity,
        status="aborted" if reason else "complete",
        reason=reason,
        baseline={key: canonical(text) for key, text in record.originals.items()},
        candidate=record.candidate,
        blocks={
            "pair": [one.block.pair for one in recorded],
            "arm": [one.block.arm for one in recorded],
            "started": [one.start.boottime_seconds for one in recorded],
        },
        restored=restored,
    )
    result.update((name, table[name]) for name in ("seconds", "counters", "gauges", "absent"))
    return result


def unrestored(trial: Dict[str, Any]) -> Dict[str, str]:
    """Keys that should hold their original and do not, and why. Those somebody else changed are not ours to restore."""
    return {
        key: outcome["reason"] for key, outcome in trial["restored"].items()
        if not outcome["restored"] and outcome["reason"] != FOREIGN
    }
