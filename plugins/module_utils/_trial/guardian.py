# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guardian: a process beside a trial that brings its originals back when the trial dies.

The trial writes the text of this file into the state directory and runs it there, because the archive that brought the
module to the host goes away with the trial. So it needs nothing but the standard library. It shares only files with the trial:

- the lock of the state directory: held as long as the trial lives, and by us while we restore;
- the trial's record: what to restore. When it is gone, or another trial's, there is nothing left to do;
- this script: we hold a lock on it, and the trial gives up when that is gone;
- where containers may have copied its values, the text of _host/namespaces.py;
- where it restarts services, the text of _host/services.py, and from its step on a file with its id.
"""
import fcntl
import json
import os
import runpy
import signal
import sys
import syslog
import time
from typing import Any, List, Mapping, Optional

POLL_SECONDS = 0.25
ANSWER_SECONDS = 5  # from asking a trial to end until killing it
PROCESS_STAT = "/proc/{pid}/stat"
NAMESPACES_NAME = "trial_namespaces.py"
SERVICES_NAME = "trial_services.py"
STEP_NAME = "trial_step"
CLOCK_BOOTTIME = 7  # Python names it from 3.7 on


def log(text: str) -> None:
    """To syslog; a host without one goes without."""
    syslog.openlog("socket_buffer_trial", syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_NOTICE, text)


def read_text(path: str) -> Optional[str]:
    """None when the file, or the process it speaks of, does not exist."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except (FileNotFoundError, ProcessLookupError):
        return None


def start_ticks(pid: int) -> Optional[int]:
    """When a process started, in clock ticks since boot: tells it from a later one with the same id."""
    # The name in parentheses may hold spaces and parentheses; the start time is field 22.
    fields = (read_text(PROCESS_STAT.format(pid=pid)) or "").rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 and fields[19].isdigit() else None


def is_ours(present: List[str], original: List[str], candidate: List[str]) -> bool:
    """Whether each field is one of the trial's two: a triple that was written half is ours too."""
    return len(present) == len(original) and all(field in pair for field, *pair in zip(present, original, candidate))


def restore(keys: Mapping[str, Mapping[str, str]]) -> bool:
    """Put every original back, but leave what somebody else changed. Whether no key refused."""
    # All of them first: one that refuses must not keep the others from being tried.
    done = [_restore_one(row["path"], row["original"], row["candidate"]) for row in keys.values()]
    return all(done)


def _restore_one(path: str, original: str, candidate: str) -> bool:
    try:
        present = (read_text(path) or "").split()
        if not is_ours(present, original.split(), candidate.split()):
            return bool(present)
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.write(descriptor, (original + "\n").encode("utf-8"))
        finally:
            os.close(descriptor)
        return (read_text(path) or "").split() == original.split()
    except OSError:
        return False


class Guardian:
    """Waits for the end of one trial, whichever it is."""

    def __init__(self, script_path: str, record_path: str, lock_path: str, text: str) -> None:
        self.script_path = script_path
        self.record_path = record_path
        self.lock_path = lock_path
        self.text = text
        self.record = json.loads(text)  # type: Mapping[str, Any]
        self.restarted = ""  # in words
        self.outcome = None  # type: Optional[str]
        self.due = float(self.record["limit_boottime_seconds"])

    def hurry(self, _number: int, _frame: Any) -> None:
        """Somebody wants us gone: first the trial has to end, because without us it must not run."""
        self.due = min(self.due, time.clock_gettime(CLOCK_BOOTTIME))

    def watch(self) -> None:
        while self.is_current() and not self.take_over():
            self.end_overdue_trial()
            time.sleep(POLL_SECONDS)

    def is_current(self) -> bool:
        return read_text(self.record_path) == self.text

    def take_over(self) -> bool:
        """Restore if the trial's lock is free, which means that it is dead. Whether the watch is over."""
        try:
            descriptor = os.open(self.lock_path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return True  # went away with the trial, whose last act that is
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.is_current():
                self.end_dead_trial()
            return True
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)

    def end_dead_trial(self) -> None:
        """Never fails: systemd would start us again, and we would restart services again, without end."""
        done, trouble = False, ""
        try:
            done = restore(self.record["keys"]) and self.restore_elsewhere() and self.restart_services()
            # What could not be restored is left, with the record, to the next run.
            if done:
                self.leave_no_trace()
        except Exception as error:
            trouble = f"; {'its files could not be removed' if done else 'that broke down'}: {error}"
        self.outcome = self.report(done) + trouble

    def restore_elsewhere(self) -> bool:
        """In network namespaces born in the trial, which copied its candidate."""
        known = self.record["known_namespaces"]
        if known is None:
            return True
        tools = runpy.run_path(self.beside(NAMESPACES_NAME))
        return not tools["lost_in"](tools["put_back"](known, self.record["keys"]))

    def restart_services(self) -> bool:
        """What the trial restarted at its step. Whether that was asked for; what came of it is told."""
        if read_text(self.beside(STEP_NAME)) == self.record["id"]:
            tools = runpy.run_path(self.beside(SERVICES_NAME))
            self.restarted = "; " + tools["told"](tools["restart"](self.record["services"]))
        return True

    def report(self, done: bool) -> str:
        outcome = "is back, or somebody else's" if done else "could NOT be brought back, which is left to the next run"
        keys = ", ".join(sorted(self.record["keys"]))
        died = f"trial {self.record['id']} of {self.record['owner'] or 'nobody'} died"
        return f"{died}; its guardian took over: {keys} {outcome}{self.restarted}"

    def beside(self, name: str) -> str:
        return os.path.join(os.path.dirname(self.script_path), name)

    def leave_no_trace(self) -> None:
        os.unlink(self.record_path)
        os.unlink(self.script_path)
        for name in (NAMESPACES_NAME, SERVICES_NAME, STEP_NAME, f".{STEP_NAME}.tmp"):  # the last by a trial that died writing it
            if os.path.exists(self.beside(name)):
                os.unlink(self.beside(name))
        folder, lock_name = os.path.split(self.lock_path)
        if os.listdir(folder) == [lock_name]:
            os.unlink(self.lock_path)
            os.rmdir(folder)

    def end_overdue_trial(self) -> None:
        """A stopped or hung trial keeps its lock; a slow one can still restore and report by itself."""
        late = time.clock_gettime(CLOCK_BOOTTIME) - self.due
        if late > 0 and start_ticks(self.record["pid"]) == self.record["start_ticks"]:
            os.kill(self.record["pid"], signal.SIGTERM if late < ANSWER_SECONDS else signal.SIGKILL)


def main(script_path: str, record_path: str, lock_path: str) -> None:
    text = read_text(record_path)
    if text is None:
        return
    guardian = Guardian(script_path, record_path, lock_path, text)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, guardian.hurry)
    with open(script_path, "rb") as script:
        fcntl.flock(script, fcntl.LOCK_EX)
        guardian.watch()
    if guardian.outcome:  # with the lock free again: a log that hangs must keep nobody
        log(guardian.outcome)


if __name__ == "__main__":
    main(*sys.argv)
