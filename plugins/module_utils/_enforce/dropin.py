# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of our own sysctl.d file. Pure.

The name sorts behind 99-sysctl.conf, where distributions link /etc/sysctl.conf.
"""
from typing import Dict, Mapping, Optional, Set

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_boot import boot_settings
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS

DROPIN_PATH = "/etc/sysctl.d/99-zz-linuxnet-socket-buffers.conf"
DROPIN_MODE = 0o644
MARKER = "# Managed by linuxnet.socket_buffers.socket_buffer_tuning; state: absent brings back what was here before.\n"


def dropin_text(before: Optional[str], settings: Mapping[str, str]) -> str:
    """Our settings behind whatever the file held before us: the last assignment of a key counts, and none is lost."""
    kept = before or ""
    if kept and not kept.endswith("\n"):
        kept += "\n"
    return kept + MARKER + "".join(f"{key} = {settings[key]}\n" for key in sorted(settings))


def dropin_settings(text: Optional[str]) -> Dict[str, str]:
    """What our part of a text sets, as a boot reads it: somebody may have edited it. Nothing in a text without our marker."""
    _before, marker, ours = (text or "").rpartition(MARKER)
    settings = boot_settings([(DROPIN_PATH, ours)], SYSCTLS) if marker else {}
    return {key: setting.value for key, setting in settings.items()}


def is_only_ours(text: Optional[str], written: Optional[str]) -> bool:
    """Whether nothing is lost with this text but values of the keys that we wrote: somebody edited those, or removed the file."""
    if not (text or "").strip():
        return True
    head, marker, tail = text.rpartition(MARKER)
    head_written, _marker, tail_written = (written or "").rpartition(MARKER)
    return bool(marker) and head == head_written and _names(tail) <= _names(tail_written)


def _names(lines: str) -> Set[str]:
    return {line.partition("=")[0].strip() for line in lines.splitlines() if line.strip()}
