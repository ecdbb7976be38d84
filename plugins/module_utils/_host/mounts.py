# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mount covers a path, read from the text of /proc/self/mountinfo. Pure."""
import re
from typing import Iterator, Optional, Tuple


def is_read_only(mountinfo: Optional[str], path: str) -> Optional[bool]:
    """Whether the mount that covers the path is read-only; None when no mount is known to cover it."""
    covering = [mount for mount in _mounts(mountinfo or "") if _covers(mount[0], path)]
    # Of two mounts on one point the later one hides the earlier: max keeps the last of the reversed list.
    return max(reversed(covering), key=lambda mount: len(mount[0]))[1] if covering else None


def _mounts(mountinfo: str) -> Iterator[Tuple[str, bool]]:
    """Mount point and whether it is read-only, by its own flags (field 6) or the file system's (the last)."""
    # The kernel escapes what it separates by, and nothing else: a mount point may hold any other blank or line end that Python knows.
    for line in mountinfo.split("\n"):
        own, _separator, filesystem = line.partition(" - ")
        own_fields = own.split(" ")
        if len(own_fields) >= 6 and filesystem:
            flags = own_fields[5].split(",") + filesystem.split(" ")[-1].split(",")
            yield _unescaped(own_fields[4]), "ro" in flags


def _covers(mount_point: str, path: str) -> bool:
    return path == mount_point or path.startswith(mount_point.rstrip("/") + "/")


def _unescaped(text: str) -> str:
    r"""The kernel writes a space as \040."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)
