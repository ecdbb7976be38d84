"""A trial that takes its own network namespace for the initial one, and others that come to be while it runs.

The kernel lets a new one copy the machine's initial namespace only, so here the copy is written by hand. The values are ones that nobody
else on this machine has.
"""
import os
import shutil
import signal
import subprocess

import pytest
from trial_host import TrialHost, eventually, finished

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
ORIGINAL, CANDIDATE, OTHER = "4097 87383 6291469", "4099 87389 1048583", "4099 87389 1048589"
TRIAL = {"values": {RMEM: CANDIDATE}, "pairs": 20, "block_seconds": 2, "washout_seconds": 0.05, "seed": 4}  # the first block is B
INITIAL = """
import runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_identity
host_identity._netns_is_initial = lambda files: True
runpy.run_module({module!r}, run_name="__main__")
"""

pytestmark = pytest.mark.skipif(not shutil.which("nsenter"), reason="wants nsenter(1)")


class Other:
    """A network namespace beside the trial's, with a process that keeps it."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec sleep 600"], stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"
        self.name = f"process {self.process.pid}"

    def shell(self, command):
        inside = ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "sh", "-ec", command]
        return subprocess.run(inside, check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout

    def set(self, text):
        self.shell(f"echo '{text}' >/proc/sys/net/ipv4/tcp_rmem")

    def value(self):
        return " ".join(self.shell("cat /proc/sys/net/ipv4/tcp_rmem").split())


class Trials(TrialHost):
    def __init__(self, host):
        super().__init__(host, {RMEM: ORIGINAL + "\n"})
        self.others = []

    def value(self):
        return " ".join(self.values()[RMEM].split())

    def start(self, script=INITIAL, **changed):
        return self.start_module("socket_buffer_trial", script, **dict(TRIAL, **changed))

    def start_in_b(self):
        process = self.start(child_namespaces="restore")
        eventually(lambda: self.value() == CANDIDATE)
        return process

    def other(self, text):
        self.others.append(Other())
        self.others[-1].set(text)
        return self.others[-1]


@pytest.fixture
def trials(private_host):
    found = Trials(private_host)
    yield found
    for other in found.others:
        other.process.kill()
        other.process.communicate()


@pytest.mark.parametrize("check_mode", [True, False])
def test_beside_others_it_is_refused(trials, check_mode):
    trials.other(ORIGINAL)
    result = finished(trials.start(_ansible_check_mode=check_mode))
    assert result["failed"] and RMEM in result["msg"] and "child_namespaces: restore" in result["msg"]
    assert trials.value() == ORIGINAL and trials.traces() == []


def test_what_nobody_copies_is_tried_beside_others(trials):
    result = finished(trials.start(values={"net.ipv4.tcp_notsent_lowat": 131072}, pairs=1, block_seconds=0.1, washout_seconds=0))
    assert result["trial"]["status"] == "complete" and result["trial"]["child_namespaces"] is None


def test_outside_the_initial_namespace_nobody_looks(trials):
    result = finished(trials.start(script=None, pairs=1, block_seconds=0.1, washout_seconds=0))
    assert result["trial"]["status"] == "complete" and result["trial"]["child_namespaces"] is None


def test_what_is_born_with_the_candidate_gets_the_original(trials):
    earlier = trials.other(CANDIDATE)
    process = trials.start_in_b()
    copied, own = trials.other(CANDIDATE), trials.other(OTHER)
    process.send_signal(signal.SIGTERM)
    found = finished(process)["trial"]["child_namespaces"]
    assert (earlier.value(), copied.value(), own.value()) == (CANDIDATE, ORIGINAL, OTHER)
    rows = {row["name"]: row["restored"] for row in found["rows"]}
    assert rows[copied.name] == {RMEM: {"value": ORIGINAL, "restored": True, "reason": None}} and rows[own.name] == {}
    assert earlier.name not in rows and found["born"] == len(rows) and found["before"] >= 2
    assert found["reason"] is None and found["lost"] == {} and trials.traces() == []


def test_a_guardian_puts_them_back_too(trials):
    process = trials.start_in_b()
    copied, own = trials.other(CANDIDATE), trials.other(OTHER)
    process.kill()
    eventually(lambda: (copied.value(), trials.value(), trials.traces()) == (ORIGINAL, ORIGINAL, []))
    assert own.value() == OTHER


def kill_both(trials, process):
    process.send_signal(signal.SIGSTOP)
    os.kill(trials.guardian(), signal.SIGKILL)
    process.kill()
    process.wait()


def test_so_does_whoever_comes_after_both_were_killed(trials):
    process = trials.start_in_b()
    copied = trials.other(CANDIDATE)
    kill_both(trials, process)
    found = finished(trials.start(state="collected"))["recovered"]
    assert (copied.value(), trials.value(), trials.traces()) == (ORIGINAL, ORIGINAL, [])
    assert found["child_namespaces"]["rows"][0]["name"] == copied.name


def test_whoever_comes_is_told_what_would_have_a_trial_refused(trials):
    own = trials.other(OTHER)
    own.shell("ip link add here type veth peer name there; ip link set here up")
    found = finished(trials.start(state="collected"))["child_namespaces"]
    assert found["count"] >= len(found["names"]) >= 1
    assert finished(trials.start())["msg"].startswith(f"network namespaces in use besides this host's own: {found['count']} ({found['names'][0]}")


def test_a_trial_that_is_refused_tells_what_it_put_back_first(trials):
    kill_both(trials, trials.start_in_b())
    result = finished(trials.start())
    assert result["failed"] and result["refused"] and "child_namespaces: restore" in result["msg"]
    assert result["changed"] and result["recovered"]["restored"][RMEM]["restored"] and trials.value() == ORIGINAL


READ_ONLY = INITIAL.replace("runpy.run_module", """
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import namespaces
def refused(path, original):
    return {{"value": None, "restored": False, "reason": "refused"}}
namespaces._restore = refused
runpy.run_module""")


def test_one_that_cannot_be_put_back_fails_the_trial_and_the_guardian_tries_again(trials):
    process = trials.start(script=READ_ONLY, child_namespaces="restore")
    eventually(lambda: trials.value() == CANDIDATE)
    copied = trials.other(CANDIDATE)
    process.send_signal(signal.SIGTERM)
    result = finished(process)
    assert result["failed"] and f"{RMEM} in {copied.name}: refused" in result["msg"] and trials.value() == ORIGINAL
    eventually(lambda: (copied.value(), trials.traces()) == (ORIGINAL, []))
