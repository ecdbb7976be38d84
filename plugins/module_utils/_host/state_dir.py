# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state directory of the two writers, and the lock that lets one of them work at a time.

flock frees itself when its process dies, so a killed run never blocks the next one.
"""
import fcntl
import os
import stat
import time
from contextlib import contextmanager
from typing import Any, Iterator, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.boottime import read_boottime, utc_text
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.lock_holder import Holder, parse, render

DEFAULT_STATE_DIR = "/var/lib/linuxnet-socket-buffers"
LOCK_NAME = "lock"
LOOK_SECONDS = 1.0


class Busy(Exception):
    """Another process holds the lock; the message names it."""


class UnsafeStateDir(Exception):
    """The state directory could have been prepared by somebody else; the message says how."""


def check_state_dir(state_dir: str) -> bool:
    """Whether it exists. One that another user could have filled is refused: what is in it decides what root writes."""
    if not os.path.isabs(state_dir):
        raise UnsafeStateDir(f"state directory {state_dir}: give an absolute path")
    try:
        status = os.lstat(state_dir)
    except FileNotFoundError:
        return False
    problems = (
        (not stat.S_ISDIR(status.st_mode), "is not a directory (a symbolic link is refused too)"),
        (status.st_uid != os.geteuid(), f"belongs to user {status.st_uid}, this runs as {os.geteuid()} (is become: true missing?)"),
        (status.st_mode & 0o022, "is writable by group or others"),
    )
    for found, problem in problems:
        if found:
            raise UnsafeStateDir(f"state directory {state_dir} {problem}; look at it, then remove it or choose another state_dir")
    return True


def refuse_if_held(state_dir: str) -> None:
    """Raise Busy while somebody holds the lock. Creates nothing: the look before a run, and all of a check mode run."""
    holder = current_holder(state_dir)
    if holder:
        raise _busy(holder, state_dir)


def current_holder(state_dir: str) -> Optional[Holder]:
    """Who holds the lock; None when nobody does. Creates nothing."""
    if not check_state_dir(state_dir):
        return None
    try:
        descriptor = os.open(_lock_path(state_dir), os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _read_holder(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def hold_lock(state_dir: str, purpose: str, **details: Any) -> Iterator[int]:
    """Hold the lock, in a 0700 directory made when missing and removed again when nothing but the lock is left in it.

    `purpose` and `details`, as of a Holder, are what others are told. Gives the lock's descriptor: a forked child that keeps it
    open keeps the lock.
    """
    descriptor = _acquire(state_dir)
    try:
        _name_holder(descriptor, Holder(purpose, os.getpid(), utc_text(), **details))
        yield descriptor
    finally:
        _remove_if_unused(state_dir)
        os.close(descriptor)


def _lock_path(state_dir: str) -> str:
    return os.path.join(state_dir, LOCK_NAME)


def _acquire(state_dir: str) -> int:
    while True:
        if not check_state_dir(state_dir):
            _make_dir(state_dir)
        try:
            descriptor = os.open(_lock_path(state_dir), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            continue  # the directory went away with the run that held the lock
        try:
            _flock_soon(descriptor, state_dir)
            if _is_current(descriptor, state_dir):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _make_dir(state_dir: str) -> None:
    try:
        os.mkdir(state_dir, 0o700)
    except FileExistsError:
        pass  # another run was faster; the caller checks it again under the lock


def _flock_soon(descriptor: int, state_dir: str) -> None:
    """Whoever only looks holds it for a moment: that is no reason to refuse."""
    end = time.monotonic() + LOOK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise _busy(_read_holder(descriptor), state_dir)
            time.sleep(LOOK_SECONDS / 20)


def _busy(holder: Holder, state_dir: str) -> Busy:
    return Busy(f"{holder.described(read_boottime())} holds {_lock_path(state_dir)}; wait until it is over")


def _is_current(descriptor: int, state_dir: str) -> bool:
    """False when the holder before us removed the file that we locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(_lock_path(state_dir)))
    except FileNotFoundError:
        return False


def _read_holder(descriptor: int) -> Holder:
    return parse(os.pread(descriptor, 4096, 0).decode("utf-8", "replace"))


def _name_holder(descriptor: int, holder: Holder) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, render(holder).encode("utf-8"), 0)
    except OSError:
        pass  # a full disk must not keep anybody from bringing originals back: the lock counts, not its text


def _remove_if_unused(state_dir: str) -> None:
    try:
        if os.listdir(state_dir) == [LOCK_NAME]:
            os.unlink(_lock_path(state_dir))
            os.rmdir(state_dir)
    except OSError:
        pass  # another run has just begun there; an empty directory does no harm
