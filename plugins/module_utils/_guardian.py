# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process beside a trial that ends it when the trial itself no longer can.

It is a fork in a session of its own, so it outlives the trial's process group, the login and the controller. It keeps
the trial's lock open: nothing else may start before it is done. A pipe tells it everything: one byte says that the
trial has ended properly, end of file that it died, and silence until the deadline that it hangs.
"""
import os
import select
import signal
import time
from typing import Callable, NamedTuple

READY, RELEASED = b"r", b"d"
HANDSHAKE_SECONDS = 10
IGNORED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)


class GuardianFailed(Exception):
    """There is no guardian, so there must be no trial."""


class Guardian(NamedTuple):
    """The trial's end: the guardian's process and the pipe that must stay open."""

    pid: int
    pipe: int

    def is_alive(self) -> bool:
        return os.waitpid(self.pid, os.WNOHANG) == (0, 0)

    def release(self) -> None:
        """The trial has ended and restored: let the guardian go."""
        try:
            os.write(self.pipe, RELEASED)
        except BrokenPipeError:
            pass  # it died before
        os.close(self.pipe)
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass  # is_alive has seen its end


def start_guardian(lock: int, seconds: float, restore: Callable[[], object]) -> Guardian:
    """Fork a guardian that calls `restore` unless it is released within `seconds`, and wait until it stands by."""
    trial = os.getpid()
    life_reader, life_writer = os.pipe()
    ready_reader, ready_writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _detach(keep=(lock, life_reader, ready_writer))
            os.write(ready_writer, READY)
            os.close(ready_writer)
            if not _is_released(life_reader, seconds):
                _end_process(trial)
                restore()
        finally:
            os._exit(0)  # no exit handlers: they belong to the trial
    os.close(life_reader)
    os.close(ready_writer)
    try:
        ready, _writable, _failed = select.select([ready_reader], [], [], HANDSHAKE_SECONDS)
        if not ready or os.read(ready_reader, 1) != READY:
            raise GuardianFailed(f"the guardian did not stand by within {HANDSHAKE_SECONDS} s; nothing was written")
    finally:
        os.close(ready_reader)
    return Guardian(pid, life_writer)


def _detach(keep) -> None:
    """A session of its own, no signal that ends the trial, and no descriptor that a login or job runner waits for."""
    os.setsid()
    os.chdir("/")
    for number in IGNORED_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:
                pass  # the one that listed this folder


def _is_released(pipe: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        ready, _writable, _failed = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if ready:
            return os.read(pipe, 1) == RELEASED
        if time.monotonic() >= deadline:
            return False


def _end_process(trial: int) -> None:
    """A trial that hangs must not write any more. As long as it is our parent, the number is its own."""
    if os.getppid() == trial:
        os.kill(trial, signal.SIGKILL)
        while os.getppid() == trial:
            time.sleep(0.01)
