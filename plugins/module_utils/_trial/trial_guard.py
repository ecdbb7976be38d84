# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trial's own files, and the process that guards it."""
import fcntl
import os
import subprocess
import sys
import time
from typing import Any, List

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import namespaces, services
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import LOCK_NAME
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.systemd import run_as_service
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import guardian
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_record import Record, render

RECORD_NAME = "trial.json"
SCRIPT_NAME = "trial_guardian.py"
START_SECONDS = 10
START_POLL_SECONDS = 0.02


class GuardianFailed(Exception):
    """The guardian did not start, so the trial must not."""


class Guard:
    """The guardian of the trial that holds the lock of this state directory."""

    def __init__(self, files: HostFiles, writer: HostWriter, state_dir: str) -> None:
        self._files = files
        self._writer = writer
        self._lock = os.path.join(state_dir, LOCK_NAME)
        self._record = record_path(state_dir)
        self._script = os.path.join(state_dir, SCRIPT_NAME)
        self._namespaces = os.path.join(state_dir, guardian.NAMESPACES_NAME)
        self._services = os.path.join(state_dir, guardian.SERVICES_NAME)
        self._step = _step_path(state_dir)

    def start(self, record: Record) -> None:
        """Afterwards the guardian watches; if it cannot, nothing is left of the attempt."""
        try:
            self._writer.replace_file(self._record, render(record), 0o600)
            self._writer.replace_file(self._script, _source(guardian), 0o600)
            if record.known_namespaces is not None:
                self._writer.replace_file(self._namespaces, _source(namespaces), 0o600)
            if record.services:
                self._writer.replace_file(self._services, _source(services), 0o600)
            paths = [self._files.path(path) for path in (self._script, self._record, self._lock)]
            self._launch([sys.executable, "-I"] + paths)
        except (OSError, GuardianFailed):
            self.dismiss()
            raise

    def mark_step(self, trial_id: str) -> None:
        """From now on whoever undoes this trial restarts its services, too."""
        self._writer.replace_file(self._step, trial_id, 0o600)

    def is_watching(self) -> bool:
        """A guardian holds a lock on its script as long as it lives."""
        try:
            with open(self._files.path(self._script), "rb") as script:
                fcntl.flock(script, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False

    def dismiss(self) -> None:
        """Remove the trial's files; the guardian ends when it sees that."""
        self._writer.remove_file(self._record)
        self._writer.remove_file(self._script)
        self._writer.remove_file(self._namespaces)
        self._writer.remove_file(self._services)
        self._writer.remove_file(self._step)

    def _launch(self, command: List[str]) -> None:
        """As a service of systemd where possible: what ends our login session and its processes must not end the guardian."""
        if run_as_service(self._files, command, "Guardian of a socket buffer trial") and self._appears():
            return
        # systemd agrees before it has tried: a policy may forbid it this interpreter.
        null = subprocess.DEVNULL
        subprocess.Popen(command, stdin=null, stdout=null, stderr=null, cwd="/", start_new_session=True)
        if not self._appears():
            shown = f"{sys.executable} {self._script}"
            raise GuardianFailed(f"the trial's guardian ({shown}) did not start within {START_SECONDS} s; nothing was tried")

    def _appears(self) -> bool:
        end = time.monotonic() + START_SECONDS
        while not self.is_watching():
            if time.monotonic() > end:
                return False
            time.sleep(START_POLL_SECONDS)
        return True


class NothingToGuard:
    """In a trial that writes nothing."""

    def start(self, record: Record) -> None:
        """Nobody has to be there."""

    def mark_step(self, trial_id: str) -> None:
        """There is none."""

    def is_watching(self) -> bool:
        return True

    def dismiss(self) -> None:
        """Nothing was left."""


def record_path(state_dir: str) -> str:
    return os.path.join(state_dir, RECORD_NAME)


def step_was_made(files: HostFiles, state_dir: str, record: Record) -> bool:
    """Whether a killed trial may have restarted its services."""
    return record.id is not None and files.read_text(_step_path(state_dir)) == record.id


def _step_path(state_dir: str) -> str:
    return os.path.join(state_dir, guardian.STEP_NAME)


def _source(module: Any) -> str:
    return module.__loader__.get_source(module.__name__)
