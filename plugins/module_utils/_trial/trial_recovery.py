# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cleaning up after a trial that was killed together with its guardian."""
from typing import Any, Dict, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import epoch, read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.services import unlike
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.transaction import (
    FOREIGN,
    TransactionFailed,
    restore_values,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_guard import Guard, record_path, step_was_made
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_namespaces import lost_children, put_born_back
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_record import Record, parse
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_result import remove_unfinished
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_services import restart_after_death

GONE = "the host, or its network namespace, was started anew since, and the trial's values went with that"


def find_killed(files: HostFiles, state_dir: str) -> Optional[Record]:
    """The record that a killed trial left; whoever calls holds the lock, or knows that nobody does."""
    path = record_path(state_dir)
    return parse(files.read_text(path), path)


def outlived(record: Record, identity: Dict[str, Any]) -> bool:
    """Whether what the trial wrote may still be in force."""
    return epoch(record.identity) == epoch(identity)


def recover(files: HostFiles, writer: HostWriter, state_dir: str) -> Optional[Dict[str, Any]]:
    """Bring back the originals of a killed trial and remove its files. None when there was none. Under the lock."""
    record = find_killed(files, state_dir)
    report = _undo(files, writer, state_dir, record) if record else None
    Guard(files, writer, state_dir).dismiss()
    remove_unfinished(files, writer, state_dir)
    # Said once: the values are back, and whatever else a service needs is not ours to know.
    for unit, reason in sorted(unlike(report["restarted"]).items() if report else ()):
        raise TransactionFailed(unit, f"a killed trial had restarted it, and with the originals back it {reason}")
    return report


def restore_arms(files: HostFiles, writer: HostWriter, originals: Dict[str, str], candidate: Dict[str, str]) -> Dict[str, Dict[str, Any]]:
    """Back to the originals, from either arm or from a triple that was written half."""
    return restore_values(files, writer, originals, {key: [text] for key, text in candidate.items()})


def lost_keys(restored: Dict[str, Dict[str, Any]]) -> Dict[str, str]:
    """Keys that could not be brought back, and why. What somebody else set is theirs and not lost."""
    return {key: row["reason"] for key, row in restored.items() if not row["restored"] and row["reason"] != FOREIGN}


def _undo(files: HostFiles, writer: HostWriter, state_dir: str, record: Record) -> Dict[str, Any]:
    told = {"id": record.id, "owner": record.owner, "started": record.started}
    if not outlived(record, read_identity(files)):
        return dict(told, restored={}, child_namespaces=None, restarted={}, reason=GONE)
    restored = restore_arms(files, writer, record.originals(), record.candidate())
    for key, reason in sorted(lost_keys(restored).items()):
        raise TransactionFailed(key, f"a killed trial left {restored[key]['value']!r}, which cannot be put back: {reason}")
    children = put_born_back(record.known_namespaces, record.originals(), record.candidate())
    for key, reason in sorted(lost_children(children).items()):
        raise TransactionFailed(key, f"a killed trial left its candidate there, which cannot be put back: {reason}")
    restarted = restart_after_death(record.services if step_was_made(files, state_dir, record) else [])
    return dict(told, restored=restored, child_namespaces=children, restarted=restarted, reason=None)
