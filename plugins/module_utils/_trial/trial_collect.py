# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody asks who comes to a host: which results wait, what runs, and what forbids a trial. And clearing away what has been taken."""
import os
import re
import stat
from typing import Any, Dict, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.boottime import read_boottime
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import (
    Busy,
    UnsafeStateDir,
    check_state_dir,
    current_holder,
    hold_lock,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_guard import record_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_namespaces import children_in_use
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_recovery import recover
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_result import (
    kept_ids,
    read_kept,
    remove,
    result_path,
    unfinished_ids,
)

_JOB_NAME = re.compile(r"j?[0-9]+\.[0-9]+")  # as Ansible calls the files of its jobs


def collect(files: HostFiles, writer: HostWriter, state_dir: str, check_mode: bool) -> Dict[str, Any]:
    """Results stay where they are. What a killed trial left is put back first, except in check mode. Creates nothing."""
    recovered = None if check_mode else _recover(files, writer, state_dir)
    results, damaged = read_kept(files, state_dir) if check_state_dir(state_dir) else ([], [])
    return {
        "changed": recovered is not None, "recovered": recovered, "running": running_trial(state_dir), "results": results, "damaged": damaged,
        "child_namespaces": children_in_use(read_identity(files)),
    }


def running_trial(state_dir: str) -> Optional[Dict[str, Any]]:
    """The `running` of docs/data_shapes.md, or None."""
    holder = current_holder(state_dir)
    return holder.running_trial(read_boottime()) if holder else None


def trial_facts(files: HostFiles, state_dir: str) -> Dict[str, Any]:
    """For facts: `running`, and how many results wait, or why nobody can tell."""
    folder = files.path(state_dir)
    try:
        waiting = len(kept_ids(files, state_dir)) if check_state_dir(folder) else 0
        return {"running": running_trial(folder), "uncollected": waiting, "reason": None}
    except (OSError, UnsafeStateDir) as error:
        reason = str(error) if os.geteuid() == 0 else f"{state_dir} is for root to look into"
        return {"running": None, "uncollected": None, "reason": reason}


def discard(
    files: HostFiles, writer: HostWriter, state_dir: str, trial_id: Optional[str], job_file: Optional[str], check_mode: bool
) -> Dict[str, Any]:
    """What has gone already is no error. Needs no lock, so that a trial of somebody else does not matter."""
    kept = trial_id is not None and check_state_dir(state_dir) and files.exists(result_path(state_dir, trial_id))
    job = job_file is not None and _is_job(files, job_file)
    if not check_mode:
        if kept:
            remove(writer, state_dir, str(trial_id))
            _remove_unused(state_dir)
        if job:
            writer.remove_file(str(job_file))
    return {"changed": kept or job}


def _recover(files: HostFiles, writer: HostWriter, state_dir: str) -> Optional[Dict[str, Any]]:
    """None when there was nothing to put back, or a trial runs."""
    if not check_state_dir(state_dir) or not (files.exists(record_path(state_dir)) or unfinished_ids(files, state_dir)):
        return None
    try:
        with hold_lock(state_dir, "socket_buffer_trial (state collected)"):
            return recover(files, writer, state_dir)
    except Busy:
        return None


def _remove_unused(state_dir: str) -> None:
    """The directory too, where this was the last thing in it."""
    try:
        with hold_lock(state_dir, "socket_buffer_trial (state discarded)"):
            pass
    except Busy:
        pass  # whoever holds it removes it


def _is_job(files: HostFiles, path: str) -> bool:
    """Whether it is there. ValueError, naming the option, for what is no job of Ansible's: it is removed by root."""
    if not os.path.isabs(path) or not _JOB_NAME.fullmatch(os.path.basename(path)):
        raise ValueError(f"job_file: wants the results_file of a job that Ansible started, got {path!r}")
    try:
        mode = os.lstat(files.path(path)).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        raise ValueError(f"job_file: {path} is not a regular file")
    return True
