# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of trials, kept in the state directory until somebody has collected them.

A trial outlives its controller, and so does what it found. There are never more than a few, as a disk must not fill up with what
nobody comes back for.
"""
import json
import os
import random
import re
from typing import Any, Dict, List, Optional, Pattern, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter

MOST_KEPT = 5
MOST_BYTES = 16 * 1024 * 1024
ID_BITS = 64

_ID = re.compile(r"[0-9a-f]{16}")
_NAME = re.compile(r"result-([0-9a-f]{16})\.json")
_UNFINISHED = re.compile(r"\.result-([0-9a-f]{16})\.json\.tmp")


def new_id() -> str:
    return f"{random.SystemRandom().getrandbits(ID_BITS):016x}"


def check_id(text: str) -> str:
    """It becomes part of a path. ValueError, naming the option, for what no trial is called."""
    if not _ID.fullmatch(text):
        raise ValueError(f"id: wants the 16 hexadecimal digits of a trial, got {text!r}")
    return text


def result_path(state_dir: str, trial_id: str) -> str:
    return os.path.join(state_dir, f"result-{trial_id}.json")


def keep(files: HostFiles, writer: HostWriter, state_dir: str, result: Dict[str, Any]) -> Optional[str]:
    """Keep one result, and of the others only the newest. None, or why it could not be kept. Under the lock."""
    text = json.dumps(result)
    if len(text) > MOST_BYTES:
        return f"it takes {len(text)} bytes, more than {MOST_BYTES}"
    try:
        surplus = kept_ids(files, state_dir)[MOST_KEPT - 1:]
        writer.replace_file(result_path(state_dir, result["id"]), text, 0o600)
        for trial_id in surplus:
            remove(writer, state_dir, trial_id)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return None


def kept_ids(files: HostFiles, state_dir: str) -> List[str]:
    """Those that wait, newest first."""
    return sorted(_ids(files, state_dir, _NAME), key=lambda trial_id: _written(files, result_path(state_dir, trial_id)), reverse=True)


def read_kept(files: HostFiles, state_dir: str) -> Tuple[List[Dict[str, Any]], List[Dict[str, str]]]:
    """The results, newest first, and {id, reason} of those that cannot be read."""
    results, damaged = [], []  # type: List[Dict[str, Any]], List[Dict[str, str]]
    for trial_id in kept_ids(files, state_dir):
        try:
            results.append(_parsed(files.read_text(result_path(state_dir, trial_id)), trial_id))
        except (OSError, ValueError) as error:
            damaged.append({"id": trial_id, "reason": f"{result_path(state_dir, trial_id)} is damaged: {error}"})
    return results, damaged


def remove(writer: HostWriter, state_dir: str, trial_id: str) -> None:
    writer.remove_file(result_path(state_dir, trial_id))


def unfinished_ids(files: HostFiles, state_dir: str) -> List[str]:
    """Those whose trial was killed while it wrote them."""
    return _ids(files, state_dir, _UNFINISHED)


def remove_unfinished(files: HostFiles, writer: HostWriter, state_dir: str) -> None:
    """Under the lock: nobody writes one now."""
    for trial_id in unfinished_ids(files, state_dir):
        writer.discard_leftover(result_path(state_dir, trial_id))


def _ids(files: HostFiles, state_dir: str, pattern: Pattern[str]) -> List[str]:
    matches = [pattern.fullmatch(name) for name in files.list_dir(state_dir)]
    return [match.group(1) for match in matches if match]


def _parsed(text: Optional[str], trial_id: str) -> Dict[str, Any]:
    result = json.loads(text or "")
    if not isinstance(result, dict) or result.get("id") != trial_id or not isinstance(result.get("trial"), dict):
        raise ValueError("it is not the result of this trial")
    return result


def _written(files: HostFiles, path: str) -> float:
    status = files.stat(path)
    return status.st_mtime if status else 0.0
