# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running trial leaves on disk before its first write, so that whoever comes next can end it.

The record is there exactly as long as the candidate may be in force. It says what was there, what
the trial writes, and which boot and network namespace that belongs to.
"""
import json
import os
from typing import Any, Dict, NamedTuple, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host_identity import read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._transaction import FOREIGN, TransactionFailed, restore_values

RECORD_NAME = "trial.json"
VERSION = 1


class RecordError(Exception):
    """A record that cannot be read; the message says what to do."""


class Record(NamedTuple):
    """Originals as the kernel printed them, the candidate, and where they belong."""

    originals: Dict[str, str]
    candidate: Dict[str, str]
    boot_id: Optional[str]
    netns: Optional[str]


def record_path(state_dir: str) -> str:
    return os.path.join(state_dir, RECORD_NAME)


def render_record(record: Record) -> str:
    return json.dumps(dict(record._asdict(), version=VERSION), indent=1, sort_keys=True) + "\n"


def parse_record(text: str, path: str) -> Record:
    try:
        fields = json.loads(text)
        version = fields.pop("version")
        if version == VERSION:
            return Record(**fields)
        problem = f"has version {version}, this collection knows {VERSION}; use the newer one to clean up"
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        problem = f"cannot be understood ({error}); a reboot puts the sysctls right, then remove the file"
    raise RecordError(f"{path}: the record of a trial that was killed {problem}")


def write_record(writer: HostWriter, state_dir: str, record: Record) -> None:
    writer.replace_file(record_path(state_dir), render_record(record), 0o600)


def end_trial(files: HostFiles, writer: HostWriter, state_dir: str, record: Record) -> Dict[str, Dict[str, Any]]:
    """Put the originals back and then remove the record: killed in between, the next run does it again.

    A key that somebody else changed is theirs and stays. One that cannot be written keeps the record.
    """
    restored = restore_values(files, writer, record.originals, {key: [text] for key, text in record.candidate.items()})
    if all(outcome["restored"] or outcome["reason"] == FOREIGN for outcome in restored.values()):
        writer.remove_file(record_path(state_dir))
    return restored


def end_killed_trial(files: HostFiles, writer: HostWriter, state_dir: str) -> Optional[Dict[str, Dict[str, Any]]]:
    """Restore what a killed trial and its killed guardian left, or None when there is nothing. Call it under the lock."""
    text = files.read_text(record_path(state_dir))
    if text is None:
        return None
    record = parse_record(text, record_path(state_dir))
    identity = read_identity(files)
    if (record.boot_id, record.netns) != (identity["boot_id"], identity["netns"]):
        # The values went away with their boot, or with their network namespace.
        writer.remove_file(record_path(state_dir))
        return {}
    restored = end_trial(files, writer, state_dir, record)
    for key, outcome in sorted(restored.items()):
        if not outcome["restored"] and outcome["reason"] != FOREIGN:
            raise TransactionFailed(key, f"a killed trial left {outcome['value']!r} and it cannot be put back: {outcome['reason']}")
    return restored
