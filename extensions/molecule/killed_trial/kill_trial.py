"""SIGKILL a running trial, or it and its guardian, while its candidate is in force: kill_trial.py trial|both."""
import json
import os
import signal
import sys
import time

LOCK = "/var/lib/linuxnet-socket-buffers/lock"
CANDIDATE = ["4096", "131072", "1048576"]


def values():
    with open("/proc/sys/net/ipv4/tcp_rmem", encoding="ascii") as handle:
        return handle.read().split()


def children(parent):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as handle:
                if int(handle.read().rpartition(")")[2].split()[1]) == parent:
                    yield int(pid)
        except FileNotFoundError:
            pass


end = time.monotonic() + 20
while values() != CANDIDATE:
    if time.monotonic() > end:
        sys.exit("the candidate never came into force")
    time.sleep(0.05)
with open(LOCK, encoding="utf-8") as lock:
    trial = json.load(lock)["pid"]
os.kill(trial, signal.SIGSTOP)  # so that it cannot act between the two
if sys.argv[1] == "both":
    for guardian in children(trial):
        os.kill(guardian, signal.SIGKILL)
os.kill(trial, signal.SIGKILL)
