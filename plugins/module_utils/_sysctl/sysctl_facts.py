# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sysctl of the table on one host: its value now, what a boot would give it, and whether root may write it here."""
import stat
from typing import Any, Dict, List, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import (
    HostFiles,
    sysctl_path,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.mounts import is_read_only
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_boot import (
    BootSetting,
    boot_settings,
    read_boot_files,
    settings_by_file,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS, Sysctl
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical


def read_sysctls(files: HostFiles) -> Dict[str, Dict[str, Any]]:
    """One record for each key of the table, absent ones too."""
    ordered = read_boot_files(files)
    boot, by_file = boot_settings(ordered, SYSCTLS), settings_by_file(ordered, SYSCTLS)
    mounts = files.read_text("/proc/self/mountinfo")
    return {key: dict(_record(files, row, boot.get(key), mounts), set_in=_rows(by_file[key])) for key, row in SYSCTLS.items()}


def _rows(settings: List[BootSetting]) -> List[Dict[str, str]]:
    return [{"file": setting.file, "value": setting.value} for setting in settings]


def _record(files: HostFiles, row: Sysctl, boot: Optional[BootSetting], mounts: Optional[str]) -> Dict[str, Any]:
    path = sysctl_path(row.key)
    text = files.read_text(path)
    status = files.stat(path)
    value = None if text is None else canonical(text)
    return {
        "present": status is not None,
        "scope": row.scope,
        "unit": row.unit,
        "writable": None if status is None else writable_by_root(status.st_mode, is_read_only(mounts, path)),
        "value": value,
        "boot_value": boot.value if boot else None,
        "boot_file": boot.file if boot else None,
        "differs_from_boot": value != boot.value if boot and value is not None else None,
    }


def writable_by_root(mode: int, mount_is_read_only: Optional[bool]) -> Optional[bool]:
    """Below /proc/sys not even root gets past the owner's write bit."""
    if not mode & stat.S_IWUSR:
        return False
    return None if mount_is_read_only is None else not mount_is_read_only
