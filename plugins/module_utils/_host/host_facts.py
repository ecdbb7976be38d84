# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine around the sockets: memory, page size, processors, container, and who else sets buffers."""
import os
import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import decimal

# What engines leave in a container: path, what to find in its text, and the kind (or the text that was found).
CONTAINER_MARKS = (
    ("/run/systemd/container", r"[\w-]+", None),
    ("/run/.containerenv", r"", "podman"),
    ("/proc/1/cgroup", r"docker|kubepods|libpod|lxc", None),
)
# Also left over in the file system of a machine that was made from an image, so the weaker mark.
DOCKER_MARK = "/.dockerenv"

# Programs that set buffers by themselves: process name, and the file that says what they follow.
MANAGERS = (
    ("tuned", "/etc/tuned/active_profile"),
    ("bpftune", None),
)


def read_host(files: HostFiles) -> Dict[str, Any]:
    """What the sizes of buffers are judged against."""
    processes = read_processes(files)
    inside, kind = read_container(files, processes)
    return {
        "ram_bytes": ram_bytes(files.read_text("/proc/meminfo")),
        "page_size_bytes": os.sysconf("SC_PAGE_SIZE"),
        "cpus": count_cpus(files.read_text("/sys/devices/system/cpu/online")),
        "container": inside,
        "container_kind": kind,
        "managers": read_managers(files, processes),
    }


def ram_bytes(meminfo: Optional[str]) -> Optional[int]:
    match = re.search(r"^MemTotal: +([0-9]+) kB$", meminfo or "", re.MULTILINE)
    kilobytes = decimal(match.group(1)) if match else None
    return None if kilobytes is None else kilobytes * 1024


def count_cpus(online: Optional[str]) -> Optional[int]:
    """How many CPUs a list such as "0-3,8" names; None for any other text."""
    counts = [_count_range(*part.partition("-")) for part in (online or "").strip().split(",")]
    return sum(count for count in counts if count) if all(counts) else None


def _count_range(first: str, dash: str, last: str) -> Optional[int]:
    low = decimal(first)
    high = decimal(last) if dash else low
    return high - low + 1 if low is not None and high is not None and 0 <= low <= high else None


def read_processes(files: HostFiles) -> Dict[int, str]:
    """Names of the processes that can be seen, by id."""
    # Processes end while we look: that is worth no warning, so not through a TolerantFiles.
    quiet = HostFiles(files.root)
    names = {}
    for pid in filter(str.isdigit, quiet.list_dir("/proc")):
        try:
            name = quiet.read_text(f"/proc/{pid}/comm")
        except OSError:
            continue
        if name is not None:
            names[int(pid)] = name.strip()
    return names


def read_container(files: HostFiles, processes: Mapping[int, str]) -> Tuple[Optional[bool], Optional[str]]:
    """Whether this is a container, and of what kind; None where that can't be told."""
    for path, pattern, kind in CONTAINER_MARKS:
        text = files.read_text(path)
        found = None if text is None else re.search(pattern, text)
        if found:
            return True, kind or found.group()
    if processes.get(2) == "kthreadd":  # kernel threads show only in the machine's own process namespace
        return False, None
    if files.exists(DOCKER_MARK):
        return True, "docker"
    # The first process shows and no kernel thread does: a process namespace of unknown make.
    return (True if 1 in processes else None), None


def read_managers(files: HostFiles, processes: Mapping[int, str]) -> List[Dict[str, Any]]:
    """Those that run, or have left a profile behind."""
    running = set(processes.values())
    found = []
    for name, detail_file in MANAGERS:
        detail = (files.read_text(detail_file) or "").strip() if detail_file else ""
        if name in running or detail:
            found.append({"name": name, "active": name in running, "detail": detail or None})
    return found
