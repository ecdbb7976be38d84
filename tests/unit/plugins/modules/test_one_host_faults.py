"""Both writers, and the guardian, under faults that need no fleet: the real processes, in a network namespace of their own."""
import ctypes
import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from trial_host import SOON_SECONDS, TrialHost, eventually, finished, guardian_pids, sysctl_file

RMEM, WMEM, LOWAT = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_notsent_lowat"
LIMIT = "net.ipv4.tcp_limit_output_bytes"
FIRST = {RMEM: "4096\t87380\t6291456\n", WMEM: "4096\t16384\t4194304\n", LOWAT: "4294967295\n", LIMIT: "4194304\n"}
CANDIDATE = {RMEM: "4096 87380 1048576", WMEM: "4096 16384 2097152", LOWAT: "131072", LIMIT: "1048576"}
TRIAL = {"values": CANDIDATE, "pairs": 1, "block_seconds": 0.15, "washout_seconds": 0.05, "seed": 4}
LONG = dict(TRIAL, pairs=20, block_seconds=2)  # the first block is B
TWO_KEYS = {key: CANDIDATE[key] for key in (RMEM, LIMIT)}
DROPIN = "/etc/sysctl.d/99-zz-linuxnet-socket-buffers.conf"
MODULES = "ansible_collections.linuxnet.socket_buffers.plugins.modules."
CLONE_NEWNET = 0x40000000
MOST_CHANGES = 12  # of a guardian that restores two sysctls and removes its files

# A kernel that refuses a key every value but its original.
REFUSING = """
import os, runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_writer
write = host_writer.HostWriter.write_sysctl
def write_sysctl(self, key, text):
    if key == {key!r} and text.split() != {original!r}.split():
        raise OSError({number}, os.strerror({number}), key)
    write(self, key, text)
host_writer.HostWriter.write_sysctl = write_sysctl
runpy.run_module({{module!r}}, run_name="__main__")
"""
# SIGKILL before the nth call that changes anything. What only reads leaves no trace to tell it by.
KILLED_BEFORE = """
import os as real, signal
class Counted:
    calls = []
    def __getattr__(self, name):
        if name in ("write", "pwrite", "ftruncate", "replace", "unlink", "mkdir", "rmdir"):
            self.calls.append(name)
            if len(self.calls) == {nth}:
                real.kill(real.getpid(), signal.SIGKILL)
        return getattr(real, name)
"""
# Of the trial, those that concern sysctls and its own files: it traces, too, in an instance of its own.
TRIAL_KILLED_BEFORE = KILLED_BEFORE + """
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_writer, state_dir
host_writer.os = state_dir.os = Counted()
"""
RUN = 'import runpy\nrunpy.run_module({module!r}, run_name="__main__")\n'
# The same in the guardian, which is a text that the trial writes.
GUARDIAN_KILLED_BEFORE = """
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_writer
replace_file = host_writer.HostWriter.replace_file
def replaced(self, path, text, mode):
    main = 'if __name__ == "__main__":'
    replace_file(self, path, text.replace(main, {killer!r} + "os = Counted()\\n" + main) if path.endswith("guardian.py") else text, mode)
host_writer.HostWriter.replace_file = replaced
"""
# While it runs the wall clock jumps a day ahead, and then two back.
JUMPING_CLOCK = """
import datetime, time
real, realtime, born = time.time, time.clock_gettime, time.monotonic()
def jumped():
    age = time.monotonic() - born
    return 0 if age < 0.8 else 86400 if age < 1.6 else -86400
time.time = lambda: real() + jumped()
time.clock_gettime = lambda clock: realtime(clock) + (jumped() if clock == time.CLOCK_REALTIME else 0)
class Jumping(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(time.time(), tz)
datetime.datetime = Jumping
"""


class Hurt(TrialHost):
    def run(self, module, script=None, **options):
        return finished(self.start_module(module, script, **options))

    def traces(self):
        """Those of both writers."""
        return self.host.shell(f"ls -A {self.state_dir} /etc/sysctl.d 2>/dev/null || true").split()

    def is_as_it_was(self):
        return self.values() == FIRST and not any(name for name in self.traces() if not name.endswith(":"))


@pytest.fixture
def hurt(private_host):
    return Hurt(private_host, FIRST)


REFUSALS = [(number, key) for number in (errno.EINVAL, errno.EPERM, errno.EROFS) for key in FIRST]


@pytest.mark.parametrize("number, key", REFUSALS)
def test_a_kernel_that_refuses_a_key_to_the_tuning_keeps_all_of_them(hurt, number, key):
    script = REFUSING.format(key=key, original=FIRST[key], number=int(number))
    result = hurt.run("socket_buffer_tuning", script, values=CANDIDATE)
    assert result["failed"] and key in result["msg"] and os.strerror(number) in result["msg"] and "NOT restored" not in result["msg"]
    assert hurt.is_as_it_was()


@pytest.mark.parametrize("number, key", REFUSALS)
def test_a_kernel_that_refuses_a_key_to_the_trial_keeps_all_of_them(hurt, number, key):
    script = REFUSING.format(key=key, original=FIRST[key], number=int(number))
    trial = hurt.run("socket_buffer_trial", script, **TRIAL)["trial"]
    assert trial["status"] == "aborted" and key in trial["reason"] and os.strerror(number) in trial["reason"]
    assert all(row["restored"] for row in trial["restored"].values())
    eventually(hurt.is_as_it_was)


def test_a_trial_killed_between_any_two_changes_is_undone_by_its_guardian_or_by_the_next_run(hurt):
    nth, killed = 0, True
    while killed and nth < 100:
        nth += 1
        result = hurt.run("socket_buffer_trial", TRIAL_KILLED_BEFORE.format(nth=nth) + RUN, **dict(TRIAL, values=TWO_KEYS))
        killed = result.get("signal") == signal.SIGKILL
        # With a record and no guardian it is for the next run; so it is for what was killed before it wrote anything.
        result = hurt.run("socket_buffer_tuning", state="recovered")
        while "holds" in result.get("msg", ""):  # the guardian is at it
            result = hurt.run("socket_buffer_tuning", state="recovered")
        assert not result.get("failed"), (nth, result)
        eventually(hurt.is_as_it_was)
    assert nth > 15


def test_a_guardian_killed_between_any_two_changes_leaves_the_rest_to_the_next_run(hurt):
    recovered = []
    while (not recovered or recovered[-1]) and len(recovered) < MOST_CHANGES:
        nth = len(recovered) + 1
        script = GUARDIAN_KILLED_BEFORE.format(killer=KILLED_BEFORE.format(nth=nth)) + RUN
        trial = hurt.start_module("socket_buffer_trial", script, **dict(LONG, values=TWO_KEYS))
        eventually(lambda: hurt.values()[RMEM] != FIRST[RMEM] and hurt.values()[LIMIT] != FIRST[LIMIT])
        trial.kill()
        trial.communicate()
        eventually(lambda: not guardian_pids(hurt.state_dir))
        result = hurt.run("socket_buffer_tuning", state="recovered")
        assert not result.get("failed"), (nth, result)
        recovered.append(bool(result["killed_trial"]))
        eventually(hurt.is_as_it_was)
    # It kept the first of its two writes, then both; the rest is about files.
    assert recovered[:3] == [True] * 3 and len(recovered) < MOST_CHANGES


def test_no_wall_clock_has_a_say_in_a_trial(hurt):
    began = time.monotonic()
    result = hurt.run("socket_buffer_trial", JUMPING_CLOCK + RUN, **dict(TRIAL, pairs=8))
    assert result["trial"]["status"] == "complete" and time.monotonic() - began < SOON_SECONDS
    assert all(0 < seconds < SOON_SECONDS for seconds in result["trial"]["seconds"])
    eventually(hurt.is_as_it_was)


def test_a_clock_that_went_back_a_day_does_not_keep_the_next_run_from_cleaning_up(hurt):
    trial = hurt.start_module("socket_buffer_trial", JUMPING_CLOCK + RUN, **LONG)
    eventually(lambda: hurt.values()[LIMIT] == CANDIDATE[LIMIT] + "\n")
    for pid in guardian_pids(hurt.state_dir):
        os.kill(pid, signal.SIGKILL)
    trial.kill()
    trial.communicate()
    result = hurt.run("socket_buffer_tuning", JUMPING_CLOCK + RUN, state="recovered")
    assert all(row["restored"] for row in result["killed_trial"]["restored"].values())
    assert hurt.is_as_it_was()


def in_new_network(options, wanted=None):
    """In a network namespace that goes away with this process: start a trial, kill it and its guardian. Or, in one with the inode
    `wanted`, hold what that trial tried, and let the next run look. The inode, and what came of it; None where no such inode came."""
    libc = ctypes.CDLL(None, use_errno=True)
    for _attempt in range(500):
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        inode = os.stat("/proc/self/ns/net").st_ino
        if wanted in (None, inode):
            break
        time.sleep(0.01)  # the kernel gives a number free only when it has cleaned up
    else:
        return None
    module = "socket_buffer_trial" if wanted is None else "socket_buffer_tuning"
    if wanted is not None:
        for key, text in CANDIDATE.items():
            with open(sysctl_file(key), "w", encoding="ascii") as handle:
                handle.write(text)
    with open(f"{options['state_dir']}.json", "w", encoding="utf-8") as handle:
        json.dump({"ANSIBLE_MODULE_ARGS": options}, handle)
    process = subprocess.Popen(
        [sys.executable, "-m", MODULES + module, handle.name], stdout=subprocess.PIPE, universal_newlines=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
    )
    if wanted is not None:
        return inode, json.loads(process.communicate()[0]), {key: read(sysctl_file(key)) for key in CANDIDATE}
    end = time.monotonic() + SOON_SECONDS
    while read(sysctl_file(LIMIT)).strip() != CANDIDATE[LIMIT] and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGSTOP)
    for pid in guardian_pids(options["state_dir"]):
        os.kill(pid, signal.SIGKILL)
    process.kill()
    process.communicate()
    return inode, None, {key: read(sysctl_file(key)) for key in CANDIDATE}


def read(path):
    with open(path, encoding="ascii") as handle:
        return " ".join(handle.read().split())


def test_a_namespace_in_the_place_of_another_keeps_its_own_values(hurt):
    inode, _nothing, held = hurt.host.call(in_new_network, dict(LONG, state_dir=hurt.state_dir))
    assert held == CANDIDATE and "trial.json" in hurt.traces()
    found = hurt.host.call(in_new_network, {"state": "recovered", "state_dir": hurt.state_dir}, inode)
    if found is None:
        pytest.skip("this kernel did not give the number of the namespace out again")
    same, result, held = found
    assert same == inode and held == CANDIDATE  # what the new namespace holds is nobody's trial
    assert "anew" in result["killed_trial"]["reason"] and result["killed_trial"]["restored"] == {}
    assert hurt.is_as_it_was()
