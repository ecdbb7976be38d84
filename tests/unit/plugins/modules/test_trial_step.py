"""A step, its services and the appointed start: the real module and guardian on real sysctls, with a stand-in for systemctl."""
import json
import os
import signal
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import systemctl_stand_in
from trial_host import SOON_SECONDS, eventually, finished, guardian_pids

RMEM = "net.ipv4.tcp_rmem"
FILE = "/proc/sys/net/ipv4/tcp_rmem"
FIRST, IN_B = "4096\t87380\t6291456\n", "4096\t87380\t1048576\n"
ORIGINAL_MAX, CANDIDATE_MAX = "6291456", "1048576"
STEP = {
    "values": {RMEM: "4096 87380 1048576"}, "design": "step", "pairs": 5, "block_seconds": 0.15, "washout_seconds": 0.05, "seed": 4,
}  # its step is at block 3
LATE_STEP = dict(STEP, block_seconds=0.1, washout_seconds=0, seed=2)  # at block 8
SERVICES = {"restart_services": ["nginx", "web.socket"]}

# The module on a host whose systemd is a stand-in.
ON_STAND_IN = """
import os, runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import services
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_services
os.environ["PATH"] = {folder!r} + os.pathsep + os.environ["PATH"]
trial_services.systemd_sees_this_host = lambda _files: True
services.SETTLE_SECONDS = 0
"""
RUN = 'runpy.run_module({module!r}, run_name="__main__")\n'
# SIGKILL before the nth call, from the step on, that changes a sysctl or one of the trial's files, or that asks the stand-in for anything.
# test_one_host_faults.py has those before the step.
KILLED_BEFORE = """
import os as real, signal, subprocess as real_subprocess
class Counted:
    calls, is_on = [], False
    def __init__(self, module, counted):
        self.module, self.counted = module, counted
    def __getattr__(self, name):
        if self.is_on and name in self.counted:
            self.calls.append(name)
            if len(self.calls) == {nth}:
                real.kill(real.getpid(), signal.SIGKILL)
        return getattr(self.module, name)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_writer, services, state_dir
host_writer.os = state_dir.os = Counted(real, ("write", "pwrite", "ftruncate", "replace", "unlink", "mkdir", "rmdir"))
services.subprocess = Counted(real_subprocess, ("run",))
at_step = trial_services.Restarts.at_step
def counted_at_step(self):
    Counted.is_on = True
    at_step(self)
trial_services.Restarts.at_step = counted_at_step
"""


class Steps:
    """A private host with services, and trials on it."""

    def __init__(self, host):
        self.host = host
        self.state_dir = host.folder + "/state"
        self.units(nginx_service={}, web_socket={})
        host.write(FILE, FIRST)

    def units(self, **units):
        self.folder = systemctl_stand_in.installed(self.host, **units)
        self.host.shell(f"rm -f {self.folder}/{systemctl_stand_in.NOTES}")

    def start(self, more="", module="socket_buffer_trial", **options):
        script = ON_STAND_IN.format(folder=self.folder) + more + RUN
        return self.host.start_module(module, dict(options, state_dir=self.state_dir), script)

    def run(self, more="", **options):
        return finished(self.start(more, **options))

    def recover(self):
        """The next run, once the guardian has done what it can."""
        result = self.run(module="socket_buffer_tuning", state="recovered")
        while "holds" in result.get("msg", ""):
            result = self.run(module="socket_buffer_tuning", state="recovered")
        return result

    def restarts(self):
        """[(unit, the maximum in force)], in their order."""
        return [tuple(line.split()) for line in (self.host.read(f"{self.folder}/{systemctl_stand_in.NOTES}") or "").splitlines()]

    def all_run(self):
        units = json.loads(self.host.read(f"{self.folder}/{systemctl_stand_in.UNITS}"))
        return {unit["ActiveState"] for unit in units.values()} == {"active"}

    def value(self):
        return self.host.read(FILE)

    def traces(self):
        return self.host.shell(f"ls -A {self.state_dir} 2>/dev/null || true").split()

    def guardians(self):
        return guardian_pids(self.state_dir)

    def kill_guardian(self):
        for pid in self.guardians():
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: self.guardians() == [])

    def expect_all_back(self):
        eventually(lambda: self.value() == FIRST and self.traces() == [])
        eventually(lambda: self.guardians() == [])


@pytest.fixture
def steps(private_host):
    return Steps(private_host)


ROUND = [("web.socket", CANDIDATE_MAX), ("nginx.service", CANDIDATE_MAX), ("web.socket", ORIGINAL_MAX), ("nginx.service", ORIGINAL_MAX)]
TWICE = {"times": 2, "active": True, "reason": None}


def test_a_step_restarts_its_services_under_both_values(steps):
    result = steps.run(**STEP, **SERVICES)
    trial = result["trial"]
    assert (trial["status"], trial["design"], trial["reason"]) == ("complete", "step", None) and not result["changed"]
    assert (trial["blocks"]["pair"], "".join(trial["blocks"]["arm"])) == (list(range(10)), "AAABBBBBBB")
    assert trial["restarted"] == {"nginx.service": TWICE, "web.socket": TWICE}
    assert steps.restarts() == ROUND
    steps.expect_all_back()


def test_a_step_back_begins_with_the_candidate(steps):
    process = steps.start(**dict(STEP, design="step_back"))
    eventually(lambda: steps.value() == IN_B)
    trial = finished(process)["trial"]
    assert (trial["status"], trial["design"], "".join(trial["blocks"]["arm"])) == ("complete", "step_back", "BBBAAAAAAA")
    assert trial["restarted"] == {} and steps.restarts() == []
    steps.expect_all_back()


def test_without_services_nothing_is_asked_for(steps):
    trial = steps.run(**STEP)["trial"]
    assert trial["status"] == "complete" and trial["restarted"] == {} and steps.restarts() == []
    steps.expect_all_back()


def test_a_control_keeps_its_services(steps):
    steps.units()  # those named need not even be here
    trial = steps.run(**dict(STEP, values=None), **SERVICES)["trial"]
    assert (trial["status"], trial["restarted"], trial["candidate"]) == ("complete", {}, {}) and steps.restarts() == []
    assert "".join(trial["blocks"]["arm"]) == "AAABBBBBBB" and steps.traces() == []


def test_check_mode_tells_the_step_and_restarts_nothing(steps):
    result = steps.run(**STEP, **SERVICES, _ansible_check_mode=True)
    assert result["schedule"] == {"design": "step", "seed": 4, "pair": list(range(10)), "arm": list("AAABBBBBBB")}
    assert steps.restarts() == [] and steps.traces() == []


def test_a_service_that_does_not_start_with_the_candidate_ends_the_trial_and_runs_again(steps):
    steps.units(nginx_service={"needs_rmem_max": ORIGINAL_MAX}, web_socket={})
    result = steps.run(**STEP, **SERVICES)
    trial = result["trial"]
    assert trial["status"] == "aborted"
    assert trial["reason"] == "nginx.service is failed (exit-code) after its restart: Job for nginx.service failed (says the stand-in)."
    assert not result.get("failed") and trial["restarted"] == {"nginx.service": TWICE, "web.socket": TWICE}
    assert steps.restarts() == ROUND and len(trial["seconds"]) == 3
    steps.expect_all_back()


def test_a_service_that_does_not_come_back_fails_the_module_by_name(steps):
    steps.units(nginx_service={"needs_rmem_max": CANDIDATE_MAX}, web_socket={})
    result = steps.run(**STEP, **SERVICES)
    assert result["failed"] and "NOT restored after the trial: nginx.service: is failed (exit-code) after its restart" in result["msg"]
    assert result["trial"]["restarted"]["nginx.service"]["active"] is False and result["trial"]["status"] == "complete"
    steps.expect_all_back()


def test_a_restart_that_takes_too_long_ends_the_trial(steps):
    steps.units(nginx_service={"seconds": 3}, web_socket={})
    result = steps.run("services.RESTART_SECONDS = services.LEAST_SECONDS = 0.5\n", **STEP, restart_services=["nginx"])
    assert result["trial"]["status"] == "aborted" and "was not restarted: systemctl did not end within 0.5 s" in result["trial"]["reason"]
    assert result["failed"] and "nginx.service: runs, but was not restarted" in result["msg"]
    steps.expect_all_back()


def in_b(steps):
    """A trial that has made its step."""
    process = steps.start(**dict(STEP, block_seconds=1), **SERVICES)
    eventually(lambda: len(steps.restarts()) == 2)
    return process


def test_asked_to_end_under_the_candidate_it_restarts_once_more(steps):
    process = in_b(steps)
    process.send_signal(signal.SIGTERM)
    trial = finished(process)["trial"]
    assert trial["status"] == "aborted" and "SIGTERM" in trial["reason"] and trial["restarted"]["nginx.service"] == TWICE
    assert steps.restarts() == ROUND
    steps.expect_all_back()


def test_before_its_step_it_restarts_nothing(steps):
    process = steps.start(**dict(STEP, block_seconds=1), **SERVICES)
    eventually(lambda: "trial.json" in steps.traces())
    process.send_signal(signal.SIGTERM)
    assert finished(process)["trial"]["restarted"]["nginx.service"] == {"times": 0, "active": True, "reason": None}
    assert steps.restarts() == []
    steps.expect_all_back()


def undone(steps):
    """The values are back, all services run, and what was restarted under the candidate was restarted since."""
    return steps.value() == FIRST and steps.all_run() and set(dict(steps.restarts()).values()) <= {ORIGINAL_MAX}


def test_killed_between_any_two_changes_the_guardian_or_the_next_run_restarts(steps):
    nth, killed, stepped = 0, True, []
    while killed and nth < 60:
        nth += 1
        steps.units(nginx_service={}, web_socket={})
        result = steps.run(KILLED_BEFORE.format(nth=nth), **LATE_STEP, **SERVICES)
        killed = result.get("signal") == signal.SIGKILL
        stepped.append(any(held == CANDIDATE_MAX for _unit, held in steps.restarts()))
        if nth % 2:  # by turns the guardian has time, and a next run comes at once
            eventually(lambda: undone(steps) and steps.guardians() == [])
        result = steps.recover()
        assert not result.get("failed"), (nth, result)
        assert undone(steps), nth
        steps.expect_all_back()
    assert not killed and stepped[:6] == [False] * 5 + [True] and nth > 20


def kill_both(steps):
    process = in_b(steps)
    process.send_signal(signal.SIGSTOP)
    steps.kill_guardian()
    process.kill()
    process.communicate()


def test_when_it_dies_in_b_its_guardian_restarts(steps):
    in_b(steps).kill()
    steps.expect_all_back()
    assert steps.restarts() == ROUND


def test_when_it_dies_before_its_step_nobody_restarts(steps):
    process = steps.start(**dict(STEP, block_seconds=1), **SERVICES)
    eventually(steps.guardians)
    process.kill()
    steps.expect_all_back()
    assert steps.restarts() == []


def test_a_service_that_its_guardian_cannot_restart_keeps_nothing_back(steps):
    process = in_b(steps)
    process.send_signal(signal.SIGSTOP)  # its own look at what it restarted may still be to come
    steps.host.shell(f"rm {steps.folder}/systemctl")
    process.kill()
    steps.expect_all_back()


def test_when_its_guardian_dies_too_the_next_run_restarts(steps):
    kill_both(steps)
    assert steps.value() == IN_B and "trial_step" in steps.traces()
    recovered = steps.run(state="collected")["recovered"]
    assert recovered["restarted"]["nginx.service"] == {"restarted": True, "active": True, "reason": None}
    assert steps.restarts() == ROUND
    steps.expect_all_back()


def test_what_somebody_stopped_since_stays_stopped_and_is_told_once(steps):
    kill_both(steps)
    steps.units(nginx_service={"ActiveState": "inactive"}, web_socket={})
    result = steps.run(state="collected")
    assert result["failed"] and "nginx.service: a killed trial had restarted it" in result["msg"] and "is inactive" in result["msg"]
    assert steps.restarts() == [("web.socket", ORIGINAL_MAX)] and steps.value() == FIRST
    assert steps.run(state="collected")["recovered"] is None
    steps.expect_all_back()


@pytest.mark.parametrize("units, options, message", [
    ({}, SERVICES, "nginx.service is not loaded (not-found)"),
    ({"nginx_service": {"LoadState": "masked"}}, SERVICES, "nginx.service is not loaded (masked)"),
    ({"nginx_service": {"ActiveState": "inactive"}}, SERVICES, "nginx.service is inactive, and a trial starts nothing"),
    ({"ssh_service": {"Names": "ssh.service"}}, {"restart_services": ["ssh"]}, "must not be restarted by a trial (ssh.service: "),
    ({}, {"restart_services": ["nginx.timer"]}, "restart_services: wants names"),
    ({}, dict(SERVICES, design="pairs"), "only with design: step; with pairs they could be restarted 10 times"),
    ({}, dict(SERVICES, design="step_back"), "only with design: step; step_back is for what open connections follow"),
    ({}, {"pairs": 4}, "pairs: design step wants at least 5"),
    ({}, {"start_at": 1e12}, "start_at: wants seconds since 1970, at most 600 ahead"),
    ({}, {"start_at": "nan"}, "start_at"),
])
@pytest.mark.parametrize("check_mode", [False, True])
def test_bad_input_is_named_and_nothing_is_touched(steps, units, options, message, check_mode):
    steps.units(**units)
    result = steps.run(**dict(STEP, _ansible_check_mode=check_mode, **options))
    assert result["failed"] and message in result["msg"]
    assert steps.value() == FIRST and steps.traces() == [] and steps.restarts() == []


def test_without_systemd_services_are_refused(steps):
    result = finished(steps.host.start_module("socket_buffer_trial", dict(STEP, **SERVICES, state_dir=steps.state_dir)))
    assert result["failed"] and "systemd does not run here" in result["msg"] and "nginx.service, web.socket" in result["msg"]
    assert steps.traces() == []


SHORT = {"values": STEP["values"], "pairs": 1, "block_seconds": 0.15, "washout_seconds": 0.05, "seed": 4}


def test_it_begins_when_it_was_told_to(steps):
    start_at = time.time() + 3
    process = steps.start(**dict(SHORT, block_seconds=1), start_at=start_at)
    eventually(lambda: steps.value() == IN_B)  # the first block is B
    assert time.time() >= start_at
    trial = finished(process)["trial"]
    assert trial["status"] == "complete" and trial["late_seconds"] == 0
    assert trial["began_epoch_seconds"] == pytest.approx(start_at, abs=0.05)
    began_boottime = trial["blocks"]["started"][0] - SHORT["washout_seconds"]
    epoch_of_boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    assert epoch_of_boot + began_boottime == pytest.approx(start_at, abs=0.5)
    steps.expect_all_back()


def test_a_start_in_the_past_is_at_once_and_told(steps):
    start_at, before = time.time() - 100, time.time()
    trial = steps.run(**SHORT, start_at=start_at)["trial"]
    assert trial["status"] == "complete" and 100 < trial["late_seconds"] < 100 + SOON_SECONDS
    assert before < trial["began_epoch_seconds"] < time.time()
    assert trial["began_epoch_seconds"] - start_at == pytest.approx(trial["late_seconds"], abs=0.05)


def test_without_an_appointment_nobody_is_late(steps):
    assert steps.run(**SHORT)["trial"]["late_seconds"] is None


@pytest.fixture
def waiting(steps):
    """A trial that waits, with its guardian."""
    process = steps.start(**SHORT, start_at=time.time() + 300, owner="alice@ctl")
    eventually(lambda: steps.guardians() and steps.run(state="collected")["running"])
    yield process
    process.kill()
    process.communicate()


def test_while_it_waits_others_are_told_how_long(steps, waiting):
    left = steps.run(state="collected")["running"]["seconds_left"]
    assert 250 < left < 300.5 and "alice@ctl" in steps.run(**SHORT)["msg"]
    record = json.loads(steps.host.read(steps.state_dir + "/trial.json"))
    assert record["limit_boottime_seconds"] - time.clock_gettime(time.CLOCK_BOOTTIME) > 250
    assert steps.value() == FIRST and waiting.poll() is None


def test_asked_to_end_while_it_waits_it_ends(steps, waiting):
    waiting.send_signal(signal.SIGTERM)
    trial = finished(waiting)["trial"]
    assert trial["status"] == "aborted" and trial["began_epoch_seconds"] is None and trial["blocks"]["arm"] == []
    steps.expect_all_back()


def test_killed_while_it_waits_its_guardian_ends_it(steps, waiting):
    waiting.kill()
    steps.expect_all_back()


def test_without_its_guardian_it_does_not_wait(steps, waiting):
    steps.kill_guardian()
    assert "guardian" in finished(waiting)["trial"]["reason"]
    steps.expect_all_back()
