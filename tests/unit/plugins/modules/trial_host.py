"""A private host with trials on it, each a process of its own: what the tests of the trial share."""
import json
import os
import time

SOON_SECONDS = 15  # "within seconds", with room for a busy machine


def sysctl_file(key):
    return "/proc/sys/" + key.replace(".", "/")


def eventually(condition):
    end = time.monotonic() + SOON_SECONDS
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def finished(process):
    """The module's result, or the signal that it died of."""
    try:
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert output or process.returncode < 0, errors
    return json.loads(output) if output else {"signal": -process.returncode}


def guardian_pids(state_dir):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as handle:
                words = handle.read().split(b"\0")
        except OSError:
            continue
        if f"{state_dir}/trial_guardian.py".encode() in words:
            found.append(int(pid))
    return found


class TrialHost:
    """A private host with known sysctls."""

    def __init__(self, host, first):
        self.host = host
        self.state_dir = host.folder + "/state"
        self.first = first
        self.set(first)

    def set(self, values):
        for key, text in values.items():
            self.host.write(sysctl_file(key), text)

    def values(self):
        return {key: self.host.read(sysctl_file(key)) for key in self.first}

    def start_module(self, module, script=None, **options):
        return self.host.start_module(module, dict(options, state_dir=self.state_dir), script)

    def traces(self):
        """What is left in the state directory."""
        return self.host.shell(f"ls -A {self.state_dir} 2>/dev/null || true").split()

    def guardian(self):
        (pid,) = guardian_pids(self.state_dir)
        return pid
