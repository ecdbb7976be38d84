"""Processes of this machine, those in containers among them, as /proc has them."""
import os
import signal


def command(pid):
    """The words of its command line; none of a process that is gone."""
    return [word for word in _read(f"/proc/{pid}/cmdline").split("\0") if word]


def inside(pid):
    """{pid: command line} of all processes in the container of this process."""
    home = _namespace(pid, "pid")
    return {other: command(other) for other in _all() if _namespace(other, "pid") == home} if home else {}


def descendants(pid):
    """It and all that came from it; those first that came first."""
    children = {}
    for other in _all():
        fields = _read(f"/proc/{other}/stat").rpartition(")")[2].split()
        if fields:
            children.setdefault(int(fields[1]), []).append(other)
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def kill(pids, number=signal.SIGKILL):
    """How many there still were."""
    sent = 0
    for pid in pids:
        try:
            os.kill(pid, number)
            sent += 1
        except ProcessLookupError:
            pass
    return sent


def alive(pids):
    """Those that still run; one that waits for its parent to look does not."""
    return [pid for pid in pids if _read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"])]


def cpu_ticks(pid):
    """What it has had of the processor; None of a process that is gone."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else None


def _all():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _namespace(pid, name):
    try:
        return os.readlink(f"/proc/{pid}/ns/{name}")
    except OSError:
        return None


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""
