# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracing edge: every file of tracefs is read and written through here, below one injected root.

Every failure is an OSError that names the file.
"""
import errno
import fcntl
import os
import time
from contextlib import contextmanager
from typing import Iterator, List

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.named_errors import naming

# Where systemd mounts it, and where older ones do.
ROOTS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
TRACEFS = ROOTS[0]
LOCK_SECONDS = 5


def tracefs_root() -> str:
    return next((root for root in ROOTS if os.path.isdir(os.path.join(root, "instances"))), TRACEFS)


class Tracefs:
    """Paths are relative to the root, which tests may point elsewhere."""

    def __init__(self, root: str = TRACEFS) -> None:
        self.root = root

    def path(self, path: str) -> str:
        return os.path.join(self.root, path)

    def exists(self, path: str) -> bool:
        return os.path.exists(self.path(path))

    def read(self, path: str) -> str:
        with naming(self.path(path)):
            with open(self.path(path), encoding="utf-8", errors="replace") as handle:
                return handle.read()

    def write(self, path: str, text: str) -> None:
        """One write(2), added to what is there. Opening one of these files with O_TRUNC would clear it for everybody."""
        self._write(path, text, os.O_WRONLY | os.O_APPEND)

    def clear(self, path: str) -> None:
        """Empty a file of our own instance: its triggers or its filter of functions."""
        self._write(path, "", os.O_WRONLY | os.O_TRUNC)

    def list_dir(self, path: str) -> List[str]:
        with naming(self.path(path)):
            return sorted(os.listdir(self.path(path)))

    def make_dir(self, path: str) -> None:
        with naming(self.path(path)):
            os.mkdir(self.path(path), 0o700)

    def remove_dir(self, path: str) -> None:
        with naming(self.path(path)):
            os.rmdir(self.path(path))

    def open(self, path: str) -> int:
        """A descriptor to read from, or to hold a lock on a folder; without waiting."""
        with naming(self.path(path)):
            return os.open(self.path(path), os.O_RDONLY | os.O_NONBLOCK)

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Hold the lock of a folder. Others hold it for a moment only: after some seconds it is an error."""
        descriptor = self.open(path)
        try:
            end = time.monotonic() + LOCK_SECONDS
            while not take_lock(descriptor):
                if time.monotonic() > end:
                    raise OSError(errno.EBUSY, "locked by another run", self.path(path))
                time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def _write(self, path: str, text: str, flags: int) -> None:
        with naming(self.path(path)):
            descriptor = os.open(self.path(path), flags)
            try:
                if text:
                    os.write(descriptor, text.encode())
            finally:
                os.close(descriptor)


def take_lock(descriptor: int) -> bool:
    """Whether the lock is ours now; a dead process holds none."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
