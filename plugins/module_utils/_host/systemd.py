# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the host's systemd for what has to outlive a login: its end may end all processes of the session (KillUserProcesses=)."""
import os
import shutil
import subprocess
from typing import List, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles

ANSWER_SECONDS = 10

# A unit of systemd sees this host as we do when we are in the same namespaces.
_NAMESPACES = ("net", "mnt", "pid")
_MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")


def systemd_sees_this_host(files: HostFiles) -> bool:
    if not files.exists("/run/systemd/system"):
        return False
    try:
        return all(_same(files.stat(f"/proc/1/ns/{name}"), files.stat(f"/proc/self/ns/{name}")) for name in _NAMESPACES)
    except OSError:
        return False


def _same(one: Optional[os.stat_result], other: Optional[os.stat_result]) -> bool:
    """Their times tell nothing: of a namespace the kernel makes them up each time that it has forgotten its inode."""
    return one is not None and other is not None and os.path.samestat(one, other)


def run_as_service(files: HostFiles, command: List[str], description: str) -> bool:
    """Whether it started. Killed by whomever, it is started again."""
    options = ["--collect", "--quiet", "--property=Restart=on-failure", f"--description={description}"]
    return systemd_sees_this_host(files) and _succeeds(["systemd-run", *options, *command])


def leave_session(files: HostFiles, unit: str, description: str) -> bool:
    """Move this process, and the job of Ansible's that waits for it, out of a login session into a scope of their own. Whether it did."""
    if "/user.slice/" not in (files.read_text("/proc/self/cgroup") or "") or not systemd_sees_this_host(files):
        return False
    pids = [str(pid) for pid in _with_job()]
    properties = ["2", "Description", "s", description, "PIDs", "au", str(len(pids)), *pids]
    call = ["busctl", "call", *_MANAGER, "StartTransientUnit", "ssa(sv)a(sa(sv))", f"{unit}.scope", "fail", *properties, "0"]
    return _succeeds(call)


def _with_job() -> List[int]:
    """A parent in our own process group has started us and nothing else."""
    pids, parent = [os.getpid()], os.getppid()
    try:
        # 0 is a parent that cannot be seen from here, 1 one that has gone.
        return pids + ([parent] if parent > 1 and os.getpgid(parent) == os.getpgrp() else [])
    except ProcessLookupError:
        return pids


def _succeeds(command: List[str]) -> bool:
    null = subprocess.DEVNULL
    if not shutil.which(command[0]):
        return False
    try:
        return subprocess.call(command, stdin=null, stdout=null, stderr=null, timeout=ANSWER_SECONDS) == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
