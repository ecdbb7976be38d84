# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reading edge: every file of a host is read through here, below one injected root.

Missing is None. A file that is there but cannot be read is an OSError, which names it.
"""
import os
from typing import Container, List, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import readable


class HostFiles:
    """The files of one host. Tests point `root` at a folder of captured kernel text."""

    def __init__(self, root: str = "/") -> None:
        self.root = root

    def path(self, path: str) -> str:
        """The real path of a host path such as /proc/net/netstat."""
        return os.path.join(self.root, path.lstrip("/"))

    def read_text(self, path: str, none_for: Container[int] = ()) -> Optional[str]:
        """The whole text, or None when the file does not exist, or answers with one of these numbers of errors."""
        try:
            with open(self.path(path), encoding="utf-8", errors="replace") as handle:
                return handle.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in none_for:
                return None
            error.filename = error.filename or path  # a failed read(), unlike open(), does not name it
            raise

    def list_dir(self, path: str) -> List[str]:
        """Names in a folder, sorted; none when the folder does not exist."""
        try:
            return sorted(os.listdir(self.path(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def exists(self, path: str) -> bool:
        return os.path.exists(self.path(path))

    def stat(self, path: str) -> Optional[os.stat_result]:
        """Mode, inode and the like, or None when the file does not exist."""
        try:
            return os.stat(self.path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None


class TolerantFiles(HostFiles):
    """For facts: what cannot be read counts as missing, and is kept in `unreadable` with the reason."""

    def __init__(self, root: str = "/") -> None:
        super().__init__(root)
        self.unreadable: List[str] = []

    def read_text(self, path: str, none_for: Container[int] = ()) -> Optional[str]:
        try:
            return super().read_text(path, none_for)
        except OSError as error:
            self.unreadable.append(f"{readable(path)}: {error.strerror}")
            return None

    def list_dir(self, path: str) -> List[str]:
        try:
            return super().list_dir(path)
        except OSError as error:
            self.unreadable.append(f"{readable(path)}: {error.strerror}")
            return []


def sysctl_path(key: str) -> str:
    """net.ipv4.tcp_rmem -> /proc/sys/net/ipv4/tcp_rmem (our keys hold no interface names)."""
    return "/proc/sys/" + key.replace(".", "/")
