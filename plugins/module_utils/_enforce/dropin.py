# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of our own sysctl.d file. Pure.

The name sorts behind 99-sysctl.conf, where distributions link /etc/sysctl.conf.
"""
from typing import Dict, Mapping, Optional

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
    """Our settings in a text that dropin_text made; none in any other text."""
    lines = (text or "").rpartition(MARKER)
    pairs = [line.split(" = ", 1) for line in lines[2].split("\n") if " = " in line]
    return {key: value for key, value in pairs} if lines[1] else {}
