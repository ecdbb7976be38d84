"""The real module as a process of its own, on real sysctls of a network namespace of its own, and killed in every way."""
import json
import os
import signal
import time

import pytest

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
FIRST = {RMEM: "4096\t87380\t6291456\n", WMEM: "4096\t16384\t4194304\n"}
CANDIDATE = {RMEM: "4096 87380 1048576", WMEM: "4096 16384 2097152"}
SHORT = {"values": CANDIDATE, "pairs": 2, "block_seconds": 0.2, "washout_seconds": 0.05, "seed": 4}  # the blocks are A B A B
LONG = dict(SHORT, pairs=20, block_seconds=2)
SOON_SECONDS = 10  # "within seconds", with room for a busy machine

# Dies by SIGKILL around the nth sysctl write; prints nothing then.
KILLED_AT = """
import os, runpy, signal, sys
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils import _host_writer
real, calls = _host_writer.HostWriter.write_sysctl, []
trial = os.getpid()
def write_sysctl(self, key, text):
    if os.getpid() != trial:
        return real(self, key, text)
    calls.append(key)
    if len(calls) == {nth} and {before}:
        os.kill(trial, signal.SIGKILL)
    real(self, key, text)
    if len(calls) == {nth}:
        os.kill(trial, signal.SIGKILL)
_host_writer.HostWriter.write_sysctl = write_sysctl
runpy.run_module({module!r}, run_name="__main__")
"""
IMPATIENT = """
import runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils import _trial_run
_trial_run.GRACE_SECONDS = 1
runpy.run_module({module!r}, run_name="__main__")
"""


def sysctl_file(key):
    return "/proc/sys/" + key.replace(".", "/")


class Trials:
    """A private host with known sysctls, and trials on it."""

    def __init__(self, host):
        self.host = host
        self.state_dir = host.folder + "/state"
        self.record = self.state_dir + "/trial.json"
        self.set(FIRST)

    def set(self, values):
        for key, text in values.items():
            self.host.write(sysctl_file(key), text)

    def values(self):
        return {key: self.host.read(sysctl_file(key)) for key in FIRST}

    def start(self, options, script=None, **changed):
        arguments = dict(options, state_dir=self.state_dir, **changed)
        return self.host.start_module("socket_buffer_trial", arguments, script)

    def run(self, options, **changed):
        return finished(self.start(options, **changed))

    def candidate_in_force(self):
        return self.values() != FIRST

    def guardian(self, trial):
        """The trial's child in a session of its own."""
        def found():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/stat", encoding="utf-8") as handle:
                        _state, parent, _group, session = handle.read().rpartition(")")[2].split()[:4]
                except OSError:
                    continue
                if int(parent) == trial.pid and session == pid:
                    return int(pid)
            return None
        return eventually(found)


def eventually(condition):
    end = time.monotonic() + SOON_SECONDS
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


def finished(process):
    output, errors = process.communicate(timeout=60)
    assert output, errors
    return json.loads(output)


@pytest.fixture
def trials(private_host):
    return Trials(private_host)


def test_a_trial_records_its_blocks_and_ends_at_the_originals(trials):
    result = trials.run(SHORT)
    trial = result["trial"]
    assert trial["status"] == "complete" and trial["reason"] is None and result["changed"] is False
    assert trial["blocks"]["pair"] == [0, 0, 1, 1]
    assert sorted(trial["blocks"]["arm"][:2]) == sorted(trial["blocks"]["arm"][2:]) == ["A", "B"]
    assert len(trial["seconds"]) == 4 and all(0.2 <= seconds < 2 for seconds in trial["seconds"])
    assert trial["candidate"] == CANDIDATE and trial["baseline"][RMEM] == "4096 87380 6291456"
    assert trials.values() == FIRST
    assert trials.host.shell(f"ls {trials.host.folder}").count("state") == 0  # nothing of ours is left


def test_the_candidate_is_really_in_force_in_its_blocks(trials):
    process = trials.start(LONG)
    assert eventually(lambda: trials.values()[RMEM] == "4096\t87380\t1048576\n")
    assert trials.values()[WMEM] == "4096\t16384\t2097152\n"
    process.send_signal(signal.SIGTERM)
    finished(process)


def test_originals_that_validation_would_refuse_come_back(trials):
    odd = {RMEM: "4096\t131072\t65536\n", WMEM: FIRST[WMEM]}
    trials.set(odd)
    assert trials.run(SHORT)["trial"]["status"] == "complete"
    assert trials.values() == odd


# To B, back to A, to B again, and the restore at the end: four times two keys.
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("nth", range(1, 9))
def test_killed_around_any_write_the_guardian_restores(trials, nth, before):
    process = trials.start(SHORT, script=KILLED_AT.replace("{nth}", str(nth)).replace("{before}", str(before)))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert eventually(lambda: trials.host.read(trials.record) is None)
    assert trials.values() == FIRST


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_ended_by_a_signal_it_restores_and_says_so(trials, number):
    process = trials.start(LONG)
    assert eventually(trials.candidate_in_force)
    process.send_signal(number)
    trial = finished(process)["trial"]
    assert trial["status"] == "aborted" and str(int(number)) in trial["reason"]
    assert trials.values() == FIRST


def test_without_its_guardian_a_trial_gives_up(trials):
    process = trials.start(LONG)
    assert eventually(trials.candidate_in_force)
    os.kill(trials.guardian(process), signal.SIGKILL)
    trial = finished(process)["trial"]
    assert trial["status"] == "aborted" and "guardian" in trial["reason"]
    assert trials.values() == FIRST


def test_the_guardian_outlives_the_signals_that_end_a_trial(trials):
    process = trials.start(LONG)
    assert eventually(trials.candidate_in_force)
    guardian = trials.guardian(process)
    os.kill(guardian, signal.SIGTERM)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert eventually(lambda: trials.values() == FIRST)


def kill_both(trials):
    process = trials.start(LONG)
    assert eventually(trials.candidate_in_force)
    guardian = trials.guardian(process)
    os.kill(process.pid, signal.SIGSTOP)
    os.kill(guardian, signal.SIGKILL)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_what_a_killed_pair_left_the_next_trial_cleans_up(trials):
    kill_both(trials)
    assert trials.candidate_in_force()
    result = trials.run(SHORT)
    assert result["recovered"][RMEM]["restored"] is True
    assert result["trial"]["baseline"][RMEM] == "4096 87380 6291456"
    assert trials.values() == FIRST


@pytest.mark.parametrize("field", ["boot_id", "netns"])
def test_a_record_of_another_boot_or_namespace_changes_nothing(trials, field):
    kill_both(trials)
    record = json.loads(trials.host.read(trials.record))
    trials.host.write(trials.record, json.dumps(dict(record, **{field: "another"})))
    now = {RMEM: "4096\t4096\t4096\n", WMEM: FIRST[WMEM]}
    trials.set(now)
    assert trials.run(SHORT)["recovered"] == {}
    assert trials.values() == now


def test_a_hanging_trial_is_ended_when_its_time_is_over(trials):
    process = trials.start(dict(SHORT, block_seconds=0.5), script=IMPATIENT)
    assert eventually(trials.candidate_in_force)
    process.send_signal(signal.SIGSTOP)
    assert eventually(lambda: trials.host.read(trials.record) is None)
    assert trials.values() == FIRST
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGKILL


def test_two_trials_do_not_run_at_once(trials):
    first = trials.start(LONG)
    assert eventually(trials.candidate_in_force)
    refused = trials.run(SHORT)
    assert refused["failed"] and f"socket_buffer_trial of {RMEM}" in refused["msg"] and str(first.pid) in refused["msg"]
    first.send_signal(signal.SIGTERM)
    assert finished(first)["trial"]["reason"].startswith("ended by signal")


def test_a_value_that_somebody_else_sets_is_left_and_ends_the_trial(trials):
    process = trials.start(LONG)
    assert eventually(trials.candidate_in_force)
    trials.set({RMEM: "4096\t87380\t7777777\n"})
    trial = finished(process)["trial"]
    assert trial["status"] == "aborted" and "4096 87380 7777777" in trial["reason"] and RMEM in trial["reason"]
    assert trial["restored"][RMEM]["restored"] is False
    assert trials.values() == {RMEM: "4096\t87380\t7777777\n", WMEM: FIRST[WMEM]}


@pytest.mark.parametrize("options, message", [
    ({"values": {}}, "name at least one sysctl"),
    ({"values": {RMEM: "4096 87380"}}, "three integers"),
    ({"values": {"vm.swappiness": 10}}, "not a sysctl this collection writes"),
    ({"values": {RMEM: "4096 87380 6291456"}}, "nothing to try"),
    ({"pairs": 0}, "pairs"),
    ({"block_seconds": 0}, "block_seconds"),
    ({"washout_seconds": -1}, "washout_seconds"),
    ({"pairs": 1000, "block_seconds": 100}, "more than a day"),
])
def test_bad_input_is_named_and_nothing_is_touched(trials, options, message):
    result = trials.run(dict(SHORT, **options))
    assert result["failed"] and message in result["msg"]
    assert trials.values() == FIRST and trials.host.read(trials.record) is None


def test_a_read_only_proc_sys_is_named_before_anything_is_written(trials):
    trials.host.shell("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
    result = trials.run(SHORT)
    assert result["failed"] and RMEM in result["msg"] and "read-only" in result["msg"]
    assert trials.host.read(trials.record) is None


def test_check_mode_tells_the_schedule_and_writes_nothing(trials):
    result = trials.run(SHORT, _ansible_check_mode=True)
    assert result["schedule"]["total_seconds"] == pytest.approx(1.0) and len(result["schedule"]["arms"]) == 4
    assert trials.values() == FIRST and trials.host.read(trials.state_dir + "/lock") is None
