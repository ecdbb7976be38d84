# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boot, which network namespace, which kernel: records that differ in it are never subtracted."""
from typing import Any, Callable, Dict, Mapping, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import (
    HostFiles,
    sysctl_path,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import decimal
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.namespaces import netns_cookie

NAMESPACE = "/proc/{pid}/ns/net"
_EPOCH = ("boot_id", "netns")


def read_identity(files: HostFiles, cookie: Callable[[], Optional[int]] = netns_cookie) -> Dict[str, Any]:
    """The identity that every record of this host carries."""
    is_initial = _netns_is_initial(files)
    return {
        "boot_id": _stripped(files.read_text("/proc/sys/kernel/random/boot_id")),
        "netns": _netns(files, cookie(), is_initial),
        "netns_is_initial": is_initial,
        "kernel_release": _stripped(files.read_text("/proc/sys/kernel/osrelease")),
    }


def epoch(identity: Mapping[str, Any]) -> Dict[str, Any]:
    """The part of an identity that a sysctl's value does not outlive."""
    return {name: identity[name] for name in _EPOCH}


def _stripped(text: Optional[str]) -> Optional[str]:
    return None if text is None else text.strip()


def _netns_is_initial(files: HostFiles) -> Optional[bool]:
    # /proc/sys/net shows the reader's namespace, and host-wide keys only to readers in the initial one.
    # Neither the cookie nor the inode of the initial namespace is the same number on every kernel.
    if files.exists(sysctl_path("net.ipv4.tcp_mem")):
        return True
    return False if files.exists(sysctl_path("net.ipv4.tcp_rmem")) else None


def _netns(files: HostFiles, cookie: Optional[int], is_initial: Optional[bool]) -> Optional[str]:
    if cookie is not None:
        return f"cookie:{cookie}"
    namespace = files.stat(NAMESPACE.format(pid="self"))
    if namespace is None:
        return None
    # Inodes are reused as soon as a namespace is gone. The initial one never goes.
    start = 0 if is_initial else _oldest_start(files, namespace.st_ino)
    return None if start is None else f"inode:{namespace.st_ino}+start:{start}"


def _oldest_start(files: HostFiles, inode: int) -> Optional[int]:
    """Start time, in ticks since boot, of the oldest process that can be seen in the namespace."""
    starts = (_start_in(files, pid, inode) for pid in files.list_dir("/proc") if pid.isdigit())
    return min((start for start in starts if start is not None), default=None)


def _start_in(files: HostFiles, pid: str, inode: int) -> Optional[int]:
    try:
        namespace = files.stat(NAMESPACE.format(pid=pid))
        stat = files.read_text(f"/proc/{pid}/stat")
    except OSError:  # another user's process, or one that has just ended
        return None
    return None if namespace is None or namespace.st_ino != inode else start_ticks(stat or "")


def start_ticks(stat: str) -> Optional[int]:
    """Field 22 of a process's stat; None for any other text. The name in parentheses may hold spaces and parentheses."""
    fields = stat.rpartition(")")[2].split()
    return decimal(fields[19]) if len(fields) > 19 else None
