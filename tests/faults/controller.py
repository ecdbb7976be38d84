"""The real playbook as a process tree of its own, that can be killed, stopped or interrupted."""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import processes
import proof

HERE = Path(os.path.abspath(__file__)).parent
PLAYBOOK = "linuxnet.socket_buffers.measure_tune_verify"
FORKS = 10
POLL_SECONDS = 0.1
LONGEST_SECONDS = 300
STUCK_SECONDS = 8


class NeverCame(Exception):
    """What a fault waits for did not happen; the message says what."""


class Run:
    """One run against these hosts. Its log and report are in a folder of its own."""

    started = []

    def __init__(self, inventory, folder, variables):
        folder.mkdir(parents=True)
        self.folder = folder
        self._log = folder / "log.jsonl"
        wanted = {**variables, "socket_buffers_report_dir": str(folder)}
        environment = {
            **os.environ, "FAULT_LOG": str(self._log), "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "fault_log", "ANSIBLE_TIMEOUT": "5", "ANSIBLE_NOCOLOR": "1",
        }
        self.began = time.monotonic()
        with open(folder / "output", "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                ["ansible-playbook", "-i", str(inventory), f"--forks={FORKS}", "-e", json.dumps(wanted), PLAYBOOK], env=environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )
        self.started.append(self)
        self._tree = []
        self._at_work = {}  # by process of a killed run: what it did when last looked at, and since when that is so
        self.seconds = None  # how long it took, once it has ended

    def runs(self):
        if self.process.poll() is None:
            return True
        self.seconds = self.seconds or time.monotonic() - self.began
        return False

    def runs_until(self, end):
        """Whether it still runs then; when it ends before, that is noticed at once."""
        while self.runs() and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        return self.runs()

    def wait(self):
        if self.runs_until(time.monotonic() + LONGEST_SECONDS):
            raise NeverCame(f"the run did not end within {LONGEST_SECONDS} s: {self.folder}/output")

    def await_task(self, words):
        """Until a task with these words in its name was begun."""
        end = time.monotonic() + LONGEST_SECONDS
        while not any(words in task for task in proof.tasks(self.lines())):
            if not self.runs() or time.monotonic() > end:
                raise NeverCame(f"the run never came to '{words}': {self.folder}/output")
            time.sleep(POLL_SECONDS)

    def kill(self, everything):
        """SIGKILL; `everything`: its workers and their ssh, too, as when the machine loses power."""
        self._tree = processes.descendants(self.process.pid)
        processes.kill([self.process.pid], signal.SIGSTOP)  # so that it starts nothing meanwhile
        tree = processes.descendants(self.process.pid)
        processes.kill(tree if everything else [self.process.pid])
        self._tree = sorted({*self._tree, *tree})
        self.process.wait()

    def send(self, number):
        """A signal to all of it."""
        processes.kill(processes.descendants(self.process.pid), number)

    def interrupt(self):
        """Ctrl-C: a terminal sends it to the process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def leftovers(self):
        """Of a killed run: workers that still do what they were at.

        Some of Ansible's wait for the killed process to read what they found, and for each other, and so for ever: those that have nothing
        running and do nothing themselves are ended here.
        """
        alive, now = processes.alive(self._tree), time.monotonic()
        for pid in alive:
            state = processes.cpu_ticks(pid), processes.descendants(pid), processes.command(pid)
            if self._at_work.get(pid, (None,))[0] != state:
                self._at_work[pid] = state, now
        stuck = [pid for pid in alive if now - self._at_work[pid][1] > STUCK_SECONDS and _is_idle_worker(pid)]
        processes.kill(stuck)
        return [pid for pid in alive if pid not in stuck]

    def lines(self):
        return proof.lines_of(self._log.read_text(encoding="utf-8")) if self._log.exists() else []

    def proven(self):
        return proof.proven(self.lines())

    def rows(self):
        """Of its report, by host; none where it came to no report."""
        path = self.folder / "measure_tune_verify.json"
        found = {}
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []:
            found.setdefault(row["host"], []).append(row)
        return found

    def close(self):
        """Nothing of it outlives the harness."""
        if self.runs():
            self.kill(everything=True)
        processes.kill(self.leftovers())


def _is_idle_worker(pid):
    return len(processes.descendants(pid)) == 1 and any(word.endswith("ansible-playbook") for word in processes.command(pid))


def close_all():
    for run in Run.started:
        run.close()
