# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writing edge: everything that changes a host goes through here, below one injected root.

Every failure is an OSError that names the file.
"""
import os

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.named_errors import naming


class HostWriter:
    """Writes sysctls and files of one host. Callers hold the lock of the state directory."""

    def __init__(self, root: str = "/") -> None:
        self.root = root

    def write_sysctl(self, key: str, text: str) -> None:
        """One write(2): the kernel takes a value from a single buffer."""
        path = self._path(sysctl_path(key))
        with naming(path):
            _write_all(os.open(path, os.O_WRONLY | os.O_TRUNC), text + "\n")

    def replace_file(self, path: str, text: str, mode: int) -> None:
        """The new text or, whatever happens, the old one: never a part of either."""
        target = self._path(path)
        temporary = _temporary(target)
        with naming(target):
            try:
                descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
                _write_all(descriptor, text, mode)
                os.replace(temporary, target)
            except OSError:
                _unlink(temporary)
                raise
            _sync_dir(target)

    def remove_file(self, path: str) -> None:
        """Afterwards there is no such file, nor what a killed replace_file left beside it."""
        target = self._path(path)
        with naming(target):
            _unlink(_temporary(target))
            _unlink(target)
            _sync_dir(target)

    def discard_leftover(self, path: str) -> None:
        """Remove what a killed replace_file left beside this file."""
        target = self._path(path)
        with naming(target):
            _unlink(_temporary(target))

    def _path(self, path: str) -> str:
        return os.path.join(self.root, path.lstrip("/"))


def _temporary(target: str) -> str:
    # A fixed name, so that the next run finds it; no .conf at its end, so that no boot reads it.
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.tmp")


def _write_all(descriptor: int, text: str, mode: int = -1) -> None:
    """Write and close; with a mode the text is on disk afterwards."""
    try:
        data = text.encode("utf-8", "surrogateescape")
        if os.write(descriptor, data) != len(data):
            raise OSError("only a part was written (no space left?)")
        if mode >= 0:
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _sync_dir(target: str) -> None:
    descriptor = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
