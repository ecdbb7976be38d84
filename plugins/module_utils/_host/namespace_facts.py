# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many network namespaces a host has besides its initial one, and which hold other sizes."""
import os
from typing import Any, Dict, Mapping, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.namespaces import COPIED_KEYS, FOLDERS, find, look

MOST_SHOWN = 100

INNER = "this is not the initial network namespace, whose values others copy"
NO_ROOT = "the processes of other users can be looked into by root only"


def read_namespaces(files: HostFiles, is_initial: Optional[bool], values: Mapping[str, Optional[str]]) -> Dict[str, Any]:
    """{count, differing, reason}; `values` are those of the initial namespace, canonical. Anywhere else nothing is looked at."""
    reason = INNER if not is_initial else NO_ROOT if os.geteuid() != 0 else None
    if reason:
        return _unknown(reason)
    ours = {key: values[key] for key in COPIED_KEYS if values.get(key) is not None}
    try:
        found = find(files.path("/proc"), [files.path(folder) for folder in FOLDERS])
        rows = look(found, {key: files.path(sysctl_path(key)) for key in ours})
    except (OSError, ValueError) as error:
        return _unknown(f"cannot be looked at: {error}")
    differing = [{"name": row["name"], "values": row.get("values"), "reason": row["reason"]} for row in rows if _differs(row, ours)]
    return {"count": len(rows), "differing": differing[:MOST_SHOWN], "reason": None}


def _differs(row: Mapping[str, Any], ours: Mapping[str, str]) -> bool:
    """Also one that could not be read: nobody knows. Before Linux 4.15 others have no such sysctls, and share those of the machine."""
    return "values" not in row or any(text != ours[key] for key, text in row["values"].items())


def _unknown(reason: str) -> Dict[str, Any]:
    return {"count": None, "differing": None, "reason": reason}
