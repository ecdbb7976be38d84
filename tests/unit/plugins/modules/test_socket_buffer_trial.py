"""The real module as a process of its own, on real sysctls of a network namespace of its own, and killed in every way."""
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.modules import socket_buffer_trial
from trial_host import TrialHost, eventually, finished, guardian_pids

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
FIRST = {RMEM: "4096\t87380\t6291456\n", WMEM: "4096\t16384\t4194304\n"}
CANDIDATE = {RMEM: "4096 87380 1048576", WMEM: "4096 16384 2097152"}
IN_B = {RMEM: "4096\t87380\t1048576\n", WMEM: "4096\t16384\t2097152\n"}
SHORT = {"values": CANDIDATE, "pairs": 2, "block_seconds": 0.15, "washout_seconds": 0.05, "seed": 4}  # the blocks are B A B A
LONG = dict(SHORT, pairs=20, block_seconds=2)  # the first block is B

# A trial that is killed around its nth write of a sysctl.
KILLED_AT = """
import os, runpy, signal
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_writer
write, calls = host_writer.HostWriter.write_sysctl, []
def write_sysctl(self, key, text):
    calls.append(key)
    if len(calls) == {nth} and {before}:
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, key, text)
    if len(calls) == {nth}:
        os.kill(os.getpid(), signal.SIGKILL)
host_writer.HostWriter.write_sysctl = write_sysctl
runpy.run_module({{module!r}}, run_name="__main__")
"""
# A kernel that refuses the nth write, after it took a part of it, or all of the writes after it.
REFUSED_AT = """
import errno, runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_writer
write, calls = host_writer.HostWriter.write_sysctl, []
def write_sysctl(self, key, text):
    calls.append(key)
    if len(calls) == {nth} or ({forever} and len(calls) > {nth}):
        write(self, key, text.split()[0])
        raise OSError(errno.EINVAL, "Invalid argument", key)
    write(self, key, text)
host_writer.HostWriter.write_sysctl = write_sysctl
runpy.run_module({{module!r}}, run_name="__main__")
"""
# Counters that go backwards.
RESET_COUNTERS = """
import runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters import snapshot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_experiment
real = snapshot.take_snapshot
height = [1000]
def take_snapshot(files, identity):
    height[0] -= 1
    return real(files, identity=identity)._replace(counters={{"c%d" % number: height[0] for number in range(9)}})
trial_experiment.take_snapshot = take_snapshot
runpy.run_module({module!r}, run_name="__main__")
"""
# A namespace without a cookie, known by its oldest process, where the oldest ends all the time.
OLDEST_ENDS = """
import itertools, runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_identity
starts = itertools.count(700)
host_identity._netns = lambda files, cookie, is_initial: "inode:1+start:%d" % next(starts)
runpy.run_module({module!r}, run_name="__main__")
"""
# A host that needs so many seconds after each block, by its number, before it goes on.
SLOW = """
import runpy, time
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_experiment
real, calls = trial_experiment.take_snapshot, []
def take_snapshot(files, identity):
    calls.append(1)
    taken = real(files, identity=identity)
    time.sleep({after}[len(calls) // 2 - 1] if len(calls) % 2 == 0 else 0)
    return taken
trial_experiment.take_snapshot = take_snapshot
runpy.run_module({{module!r}}, run_name="__main__")
"""
# A kernel that does not let its sockets be listed.
NO_SOCK_DIAG = """
import errno, os, runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets import sock_diag
def refused():
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))
sock_diag._connect = refused
runpy.run_module({module!r}, run_name="__main__")
"""
# A guardian that never says that it is there.
NO_GUARDIAN = """
import runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_guard
trial_guard.START_SECONDS = 0.5
trial_guard.subprocess.Popen = lambda *command, **options: None
runpy.run_module({module!r}, run_name="__main__")
"""


class Trials(TrialHost):
    def __init__(self, host):
        super().__init__(host, FIRST)
        self.record = self.state_dir + "/trial.json"

    def start(self, options, script=None, **changed):
        return self.start_module("socket_buffer_trial", script, **dict(options, **changed))

    def start_in_b(self, options=None, **changed):
        """A trial that has the candidate in force."""
        process = self.start(options or LONG, **changed)
        eventually(lambda: self.values() == IN_B)
        return process

    def run(self, options, **changed):
        return finished(self.start(options, **changed))

    def expect_all_back(self, values=None):
        """By the guardian alone: nothing else of ours runs."""
        eventually(lambda: self.values() == (values or FIRST) and self.traces() == [])
        eventually(lambda: guardian_pids(self.state_dir) == [])


@pytest.fixture
def trials(private_host):
    return Trials(private_host)


def test_a_trial_records_its_blocks_and_ends_at_the_originals(trials):
    result = trials.run(SHORT)
    trial = result["trial"]
    assert (trial["status"], trial["reason"], result["changed"], result["recovered"]) == ("complete", None, False, None)
    assert (trial["blocks"]["pair"], trial["blocks"]["arm"]) == ([0, 0, 1, 1], ["B", "A", "B", "A"])
    assert all(0.075 <= seconds < 5 for seconds in trial["seconds"]) and len(trial["seconds"]) == 4
    assert result["total_seconds"] == pytest.approx(0.8)
    assert trial["candidate"] == CANDIDATE and trial["baseline"] == {RMEM: "4096 87380 6291456", WMEM: "4096 16384 4194304"}
    assert trial["restored"][RMEM] == {"value": "4096 87380 6291456", "restored": True, "reason": None}
    assert trial["identity"]["netns_is_initial"] is False
    assert trial["residual"] == {"rcvbuf_above_max": 0, "sndbuf_above_max": 0, "flows": 0, "ports": [], "reason": None}
    trials.expect_all_back()


TIMED = dict(SHORT, pairs=3, block_seconds=0.8, washout_seconds=0.4)  # a block is due every 1.2 s


def starts(trial):
    """Of the recorded parts, from the beginning of the first wash-out as it was due."""
    first, *others = trial["blocks"]["started"]
    return [0.4] + [started - first + 0.4 for started in others]


def timed(trials, slowed, begins, lengths):
    """A trial whose blocks begin and last as they should, within 0.15 s. A busy machine may blur one; three are no accident."""
    for attempt in range(3):
        trial = finished(trials.start(TIMED, script=SLOW.format(after=slowed)))["trial"]
        if starts(trial) == pytest.approx(begins, abs=0.15) and trial["seconds"] == pytest.approx(lengths, abs=0.15):
            break
    assert (starts(trial), trial["seconds"]) == (pytest.approx(begins, abs=0.15), pytest.approx(lengths, abs=0.15)), attempt
    return trial


def test_what_recording_costs_does_not_add_up(trials):
    before = time.time()
    trial = timed(trials, [0.2] * 6, [0.4, 1.6, 2.8, 4.0, 5.2, 6.4], [0.8] * 6)
    assert before < trial["began_epoch_seconds"] < time.time() - 7.2


def test_a_late_host_records_half_a_block_and_catches_up(trials):
    """Two seconds late after the first block: the second records from 3.4 to 3.8, the third begins when half its wash-out is over."""
    timed(trials, [2, 0, 0, 0, 0, 0], [0.4, 3.4, 4.0, 4.6, 5.2, 6.4], [0.8, 0.4, 0.4, 0.4, 0.8, 0.8])


def hold_a_connection(asked, until):
    """With such a send buffer, until that file is there."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, asked)
        with listener.accept()[0]:
            eventually(lambda: os.path.exists(until))


@pytest.mark.parametrize("values", [CANDIDATE, None])
def test_the_residual_is_what_open_connections_hold_above_the_restored_maximum(trials, values):
    trials.host.shell("ip link set lo up")
    trials.set({WMEM: "4096\t16384\t65536\n"})
    done = trials.host.folder + "/done"
    holder = multiprocessing.get_context("fork").Process(target=trials.host.call, args=(hold_a_connection, 60000, done))
    holder.start()
    try:
        eventually(lambda: trials.host.shell("grep -c ' 01 ' /proc/net/tcp || true").strip() == "2")
        options = {name: value for name, value in dict(SHORT, values=values).items() if value}
        trial = trials.run(options)["trial"]
    finally:
        trials.host.write(done, "")
        holder.join()
    assert trial["residual"]["flows"] == 2 and trial["residual"]["reason"] is None and trial["residual"]["rcvbuf_above_max"] == 0
    assert trial["residual"]["sndbuf_above_max"] >= 1
    trials.expect_all_back({RMEM: FIRST[RMEM], WMEM: "4096\t16384\t65536\n"})


def test_a_residual_that_nobody_can_tell_has_a_reason_and_the_trial_its_end(trials):
    trial = finished(trials.start(SHORT, script=NO_SOCK_DIAG))["trial"]
    assert (trial["status"], trial["flows"]["available"]) == ("complete", False)
    reason = trial["flows"]["reason"]
    assert trial["residual"] == {"rcvbuf_above_max": None, "sndbuf_above_max": None, "flows": None, "ports": None, "reason": reason}
    trials.expect_all_back()


def send_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _datagram in range(50):
            sender.sendto(b"x", ("127.0.0.1", 9))


def test_each_block_records_what_happened_in_it(trials):
    """Datagrams to a closed port, only while the candidate is in force."""
    trials.host.shell("ip link set lo up")
    process = trials.start(dict(SHORT, block_seconds=1, washout_seconds=0.6))
    while process.poll() is None:
        if trials.values() == IN_B:
            trials.host.call(send_datagrams)
        time.sleep(0.02)
    trial = finished(process)["trial"]
    in_b = [count for arm, count in zip(trial["blocks"]["arm"], trial["counters"]["UdpNoPorts"]) if arm == "B"]
    in_a = [count for arm, count in zip(trial["blocks"]["arm"], trial["counters"]["UdpNoPorts"]) if arm == "A"]
    assert min(in_b) > 0 and in_a == [0, 0]


def test_originals_that_validation_would_refuse_come_back(trials):
    odd = {RMEM: "4096\t131072\t65536\n", WMEM: FIRST[WMEM]}
    trials.set(odd)
    assert trials.run(SHORT)["trial"]["status"] == "complete"
    trials.expect_all_back(odd)
    trials.start_in_b().kill()
    trials.expect_all_back(odd)


def test_check_mode_tells_the_schedule_and_writes_nothing(trials):
    result = trials.run(SHORT, _ansible_check_mode=True)
    assert result["total_seconds"] == pytest.approx(0.8) and result["changed"] is False
    assert result["schedule"] == {"design": "pairs", "seed": 4, "pair": [0, 0, 1, 1], "arm": ["B", "A", "B", "A"]}
    assert trials.values() == FIRST and not os.path.exists(trials.state_dir) and trials.traces() == []


# The proof that the way back is open, B, A, B, A: five times two writes. At the end the originals are there already.
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("nth", range(1, 11))
def test_killed_around_any_write_the_guardian_restores(trials, nth, before):
    process = trials.start(SHORT, script=KILLED_AT.format(nth=nth, before=before))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    trials.expect_all_back()


def test_there_is_no_write_that_the_kills_miss(trials):
    process = trials.start(SHORT, script=KILLED_AT.format(nth=11, before=True))
    assert finished(process)["trial"]["status"] == "complete"


def test_the_guardian_leaves_what_somebody_else_set(trials):
    process = trials.start_in_b()
    process.send_signal(signal.SIGSTOP)
    theirs = {RMEM: "4096\t87380\t7777777\n"}
    trials.set(theirs)
    process.kill()
    trials.expect_all_back(dict(FIRST, **theirs))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_end_a_trial_restores_and_reports(trials, number):
    process = trials.start_in_b()
    process.send_signal(number)
    result = finished(process)
    assert result["trial"]["status"] == "aborted" and number.name in result["trial"]["reason"] and result["changed"] is False
    assert result["trial"]["restored"][RMEM]["restored"]
    trials.expect_all_back()


def test_without_its_guardian_a_trial_gives_up(trials):
    process = trials.start_in_b()
    os.kill(trials.guardian(), signal.SIGKILL)
    trial = finished(process)["trial"]
    assert trial["status"] == "aborted" and "guardian" in trial["reason"]
    trials.expect_all_back()


def test_a_guardian_asked_to_end_first_ends_the_trial(trials):
    process = trials.start_in_b()
    os.kill(trials.guardian(), signal.SIGTERM)
    trial = finished(process)["trial"]
    assert trial["status"] == "aborted" and "SIGTERM" in trial["reason"]
    trials.expect_all_back()


def test_a_guardian_asked_to_end_beside_a_stopped_trial_still_restores(trials):
    process = trials.start_in_b()
    process.send_signal(signal.SIGSTOP)
    os.kill(trials.guardian(), signal.SIGTERM)
    trials.expect_all_back()
    assert process.wait(timeout=10) == -signal.SIGKILL


def test_a_stopped_trial_is_ended_when_its_time_is_over(trials):
    process = trials.start_in_b(SHORT, block_seconds=0.5)
    process.send_signal(signal.SIGSTOP)
    trials.expect_all_back()
    assert process.wait(timeout=10) == -signal.SIGKILL


def kill_both(trials):
    process = trials.start_in_b()
    process.send_signal(signal.SIGSTOP)
    os.kill(trials.guardian(), signal.SIGKILL)
    process.kill()
    process.communicate()
    eventually(lambda: guardian_pids(trials.state_dir) == [])
    assert trials.values() == IN_B


def test_what_a_killed_pair_left_the_next_trial_cleans_up(trials):
    kill_both(trials)
    result = trials.run(SHORT)
    assert result["recovered"]["restored"] == {
        RMEM: {"value": "4096 87380 6291456", "restored": True, "reason": None},
        WMEM: {"value": "4096 16384 4194304", "restored": True, "reason": None},
    }
    assert result["trial"]["status"] == "complete" and result["trial"]["baseline"][RMEM] == "4096 87380 6291456"
    assert result["changed"] is True
    trials.expect_all_back()


def test_what_was_cleaned_up_is_told_where_the_next_trial_is_refused(trials):
    kill_both(trials)
    result = trials.run(SHORT, values={RMEM: "4096 87380 6291456"})
    assert result["failed"] and "nothing to try" in result["msg"] and result["changed"] is True
    assert result["recovered"]["restored"][RMEM]["restored"] and trials.values() == FIRST
    again = trials.run(SHORT, values={RMEM: "4096 87380 6291456"})
    assert again["failed"] and not again.get("changed") and "recovered" not in again
    trials.expect_all_back()


def test_check_mode_beside_what_a_killed_pair_left_tells_the_schedule(trials):
    kill_both(trials)
    assert trials.run(SHORT, _ansible_check_mode=True)["schedule"]["arm"] == ["B", "A", "B", "A"]
    assert trials.values() == IN_B and "trial.json" in trials.traces()


@pytest.mark.parametrize("part", ["boot_id", "netns"])
def test_a_record_of_another_boot_or_namespace_changes_nothing(trials, part):
    kill_both(trials)
    record = json.loads(trials.host.read(trials.record))
    record["identity"][part] = "another"
    trials.host.write(trials.record, json.dumps(record))
    result = trials.run(SHORT, values={RMEM: "4096 87380 2222222"})
    assert result["recovered"]["restored"] == {} and "anew" in result["recovered"]["reason"]
    trials.expect_all_back(IN_B)


def test_a_damaged_record_is_named_and_stays(trials):
    kill_both(trials)
    trials.host.write(trials.record, "{")
    result = trials.run(SHORT)
    assert result["failed"] and trials.record in result["msg"] and "damaged" in result["msg"]
    assert trials.values() == IN_B and trials.host.read(trials.record) == "{"


def test_what_a_killed_tuning_left_is_no_baseline(trials):
    entry = {
        "id": 1, "started": "2026-01-01T00:00:00+00:00", "identity": {"boot_id": "b", "netns": "n"}, "phase": "pending",
        "keys": {RMEM: {"original": FIRST[RMEM].strip(), "written": "4096 87380 2097152"}}, "file": None,
    }
    trials.host.shell(f"install -d -m 700 {trials.state_dir}")
    trials.host.write(trials.state_dir + "/journal.json", json.dumps({"version": 1, "entries": [entry]}))
    for check_mode in (False, True):
        result = trials.run(SHORT, _ansible_check_mode=check_mode)
        assert result["failed"] and "journal.json" in result["msg"] and "socket_buffer_tuning" in result["msg"]
    assert trials.values() == FIRST


def test_two_trials_do_not_run_at_once(trials):
    first = trials.start_in_b(block_seconds=22, owner="alice@ctl/1f0c")  # in B for longer than the others take
    for check_mode in (True, False):
        refused = trials.run(SHORT, _ansible_check_mode=check_mode)
        assert refused["failed"] and f"socket_buffer_trial of {RMEM}" in refused["msg"] and f"process {first.pid}," in refused["msg"]
        assert "owner alice@ctl/1f0c" in refused["msg"] and re.search(r"since 20\S+, 8\d\d s left", refused["msg"])
    tuning = trials.host.start_module("socket_buffer_tuning", {"values": CANDIDATE, "state_dir": trials.state_dir})
    assert f"socket_buffer_trial of {RMEM}" in finished(tuning)["msg"]
    assert trials.values() == IN_B
    first.send_signal(signal.SIGTERM)
    assert finished(first)["trial"]["status"] == "aborted"
    trials.expect_all_back()


def test_a_trial_killed_a_moment_ago_does_not_disturb_the_next(trials):
    """The next trial may come before the old guardian looks: the lock decides which of the two restores."""
    for _round in range(5):
        trials.start_in_b().kill()
        process = trials.start(SHORT)
        result = finished(process)
        if not result.get("failed"):
            assert result["trial"]["status"] == "complete", result["trial"]["reason"]
            assert result["trial"]["baseline"][RMEM] == "4096 87380 6291456"
        trials.expect_all_back()


def test_a_value_that_somebody_else_sets_is_left_and_ends_the_trial(trials):
    process = trials.start_in_b()
    trials.set({RMEM: "4096\t87380\t7777777\n"})
    result = finished(process)
    trial = result["trial"]
    assert trial["status"] == "aborted" and RMEM in trial["reason"] and "4096 87380 7777777" in trial["reason"]
    assert trial["restored"][RMEM]["restored"] is False and trial["restored"][RMEM]["value"] == "4096 87380 7777777"
    assert trial["restored"][WMEM]["restored"] is True and not result.get("failed")
    trials.expect_all_back({RMEM: "4096\t87380\t7777777\n", WMEM: FIRST[WMEM]})


# Two writes each: the proof, B, A, B.
@pytest.mark.parametrize("nth", [1, 3, 4, 5, 8])
def test_a_refused_write_ends_the_trial_restored(trials, nth):
    result = finished(trials.start(SHORT, script=REFUSED_AT.format(nth=nth, forever=False)))
    assert result["trial"]["status"] == "aborted" and "Invalid argument" in result["trial"]["reason"]
    assert (RMEM, WMEM)[(nth - 1) % 2] in result["trial"]["reason"]
    trials.expect_all_back()


def test_a_key_that_cannot_be_restored_fails_loudly_and_the_guardian_tries_again(trials):
    result = finished(trials.start(SHORT, script=REFUSED_AT.format(nth=4, forever=True)))
    assert result["failed"] and result["changed"] and "NOT restored" in result["msg"] and RMEM in result["msg"]
    assert result["trial"]["restored"][RMEM]["restored"] is False
    trials.expect_all_back()


def test_a_process_that_ends_in_the_trial_makes_no_other_namespace_of_it(trials):
    trial = finished(trials.start(SHORT, script=OLDEST_ENDS))["trial"]
    assert (trial["status"], trial["reason"]) == ("complete", None) and trial["identity"]["netns"] == "inode:1+start:700"
    trials.expect_all_back()


def test_counters_that_were_reset_abort_the_trial(trials):
    trial = finished(trials.start(SHORT, script=RESET_COUNTERS))["trial"]
    assert trial["status"] == "aborted" and "backwards" in trial["reason"]
    assert trial["blocks"]["arm"] == [] and trial["counters"] == {}
    trials.expect_all_back()


def test_without_a_guardian_nothing_is_tried(trials):
    result = finished(trials.start(SHORT, script=NO_GUARDIAN))
    assert result["failed"] and "guardian" in result["msg"]
    trials.expect_all_back()


@pytest.mark.parametrize("options, message", [
    ({"values": {}}, "name at least one sysctl"),
    ({"values": {RMEM: "4096 87380"}}, "three integers"),
    ({"values": {"vm.swappiness": 10}}, "not a sysctl this collection writes"),
    ({"values": {RMEM: "4096\t87380  6291456"}}, "nothing to try"),
    ({"values": {"net.core.rmem_max": 5000000}}, "net.core.rmem_max"),
    ({"pairs": 0}, "pairs"),
    ({"block_seconds": 0}, "block_seconds"),
    ({"washout_seconds": 0.15}, "washout_seconds"),
    ({"state_dir": "/dev/null"}, "not a directory"),
    ({"owner": "alice\nbob"}, "owner"),
    ({"owner": ""}, "owner"),
    ({"state": "discarded", "id": "../journal"}, "id: wants"),
    ({"state": "discarded"}, "id, job_file"),
    ({"state": "discarded", "job_file": "/etc/passwd"}, "job_file: wants"),
    ({"state": "discarded", "job_file": "j1.2"}, "job_file: wants"),
])
@pytest.mark.parametrize("check_mode", [False, True])
def test_bad_input_is_named_and_nothing_is_touched(trials, options, message, check_mode):
    arguments = dict(dict(SHORT, state_dir=trials.state_dir, _ansible_check_mode=check_mode), **options)
    result = finished(trials.host.start_module("socket_buffer_trial", arguments))
    assert result["failed"] and message in result["msg"]
    assert trials.values() == FIRST and trials.traces() == []


def test_a_read_only_proc_sys_is_named_before_anything_is_written(trials):
    trials.host.shell("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
    result = trials.run(SHORT)
    assert result["failed"] and RMEM in result["msg"] and "read-only" in result["msg"]
    assert trials.traces() == []


def test_a_full_disk_is_named_before_anything_is_written(trials):
    folder = trials.state_dir
    trials.host.shell(f"mkdir {folder}; mount -t tmpfs -o size=8k,mode=700 none {folder}; head -c 4096 /dev/zero >{folder}/full")
    result = trials.run(SHORT)
    assert result["failed"] and "No space" in result["msg"] and trials.state_dir in result["msg"]
    assert trials.values() == FIRST and trials.traces() in (["full"], ["full", "lock"])


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - linuxnet.socket_buffers.socket_buffer_trial: {arguments}
      async: 60
      poll: {poll}
      register: job
    - ansible.builtin.pause: {{seconds: 60}}
"""


def start_playbook(trials, options, poll):
    playbook = trials.host.folder + "/play.yml"
    trials.host.write(playbook, PLAYBOOK.format(arguments=json.dumps(dict(options, state_dir=trials.state_dir)), poll=poll))
    namespaces = [f"--{flag}=/proc/{trials.host.keeper.pid}/ns/{name}" for flag, name in (("net", "net"), ("mount", "mnt"))]
    command = [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "-i", "localhost,", "-c", "local", playbook]
    if not os.access(command[0], os.X_OK):
        pytest.skip("wants ansible-playbook beside this Python")
    environment = dict(
        os.environ, HOME=trials.host.folder, ANSIBLE_HOME=trials.host.folder + "/.ansible", ANSIBLE_ASYNC_DIR=trials.host.folder + "/async",
        ANSIBLE_COLLECTIONS_PATH=socket_buffer_trial.__file__.partition("/ansible_collections/")[0],
        ANSIBLE_PYTHON_INTERPRETER=sys.executable, ANSIBLE_LOCALHOST_WARNING="0",
    )
    return subprocess.Popen(
        ["nsenter"] + namespaces + command, env=environment, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
    )


@pytest.mark.skipif(not shutil.which("nsenter"), reason="wants nsenter(1)")
def test_when_the_controller_is_killed_the_trial_ends_by_itself(trials):
    controller = start_playbook(trials, dict(SHORT, pairs=3, block_seconds=1), poll=0)
    eventually(lambda: trials.values() == IN_B)
    os.killpg(controller.pid, signal.SIGKILL)
    controller.communicate()
    (job,) = trials.host.shell(f"ls {trials.host.folder}/async").split()
    eventually(lambda: json.loads(trials.host.read(f"{trials.host.folder}/async/{job}") or "{}").get("trial"))
    result = json.loads(trials.host.read(f"{trials.host.folder}/async/{job}"))
    assert result["trial"]["status"] == "complete" and len(result["trial"]["blocks"]["arm"]) == 6
    trials.expect_all_back()


@pytest.mark.skipif(not shutil.which("nsenter"), reason="wants nsenter(1)")
def test_from_ansible_s_archive_the_guardian_outlives_the_job(trials):
    """As when the job's time is over: Ansible kills the whole process group."""
    controller = start_playbook(trials, LONG, poll=0)
    eventually(lambda: trials.values() == IN_B)
    os.killpg(os.getpgid(json.loads(trials.host.read(trials.record))["pid"]), signal.SIGKILL)
    trials.expect_all_back()
    os.killpg(controller.pid, signal.SIGKILL)
    controller.communicate()


def listen(heard, until):
    """A syslog daemon, until that file is there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log, open(heard, "ab", buffering=0) as handle:
        log.bind("/dev/log")
        log.settimeout(0.05)
        while not os.path.exists(until):
            try:
                handle.write(log.recv(4096).rstrip(b"\0") + b"\n")
            except socket.timeout:
                continue


def test_syslog_is_told_of_begin_and_end_and_of_the_guardian(trials):
    folder = trials.host.folder
    trials.host.shell(f"mkdir {folder}/dev; cp -a /dev/null /dev/zero /dev/random /dev/urandom {folder}/dev; touch {folder}/heard")
    trials.host.shell(f"mount --bind {folder}/dev /dev")
    daemon = multiprocessing.get_context("fork").Process(target=trials.host.call, args=(listen, f"{folder}/heard", f"{folder}/done"))
    daemon.start()
    try:
        eventually(lambda: trials.host.shell("ls /dev/log 2>/dev/null || true"))
        done = trials.run(SHORT, owner="alice@ctl/1f0c")["id"]
        killed = trials.start_in_b(owner="alice@ctl/1f0c")
        killed.kill()
        trials.expect_all_back()
        eventually(lambda: "guardian" in trials.host.read(f"{folder}/heard"))
    finally:
        trials.host.write(f"{folder}/done", "")
        daemon.join()
    ours = [line for line in trials.host.read(f"{folder}/heard").splitlines() if " socket_buffer_trial[" in line]  # Ansible tells more
    begin, end, begin_again, guardian = ours
    assert all(line.startswith("<29>") for line in ours)  # daemon, notice
    assert f"trial {done} of alice@ctl/1f0c begins: {RMEM} = {CANDIDATE[RMEM]}" in begin
    assert f"trial {done} of alice@ctl/1f0c ends: complete; {RMEM} = 4096 87380 6291456" in end
    assert f"[{killed.pid}]" in begin_again and "died; its guardian took over" in guardian and f"{RMEM}, {WMEM} is back" in guardian


def collected(trials, **changed):
    return finished(trials.host.start_module("socket_buffer_trial", dict({"state": "collected", "state_dir": trials.state_dir}, **changed)))


def discarded(trials, **options):
    return finished(trials.host.start_module("socket_buffer_trial", dict(options, state="discarded", state_dir=trials.state_dir)))


CONTEXT = {"plan": {"changes": [{"key": RMEM}]}, "note": "{{ not_a_template }}\n"}


def test_a_result_waits_until_it_is_discarded(trials):
    first = trials.run(SHORT, owner="alice@ctl/1f0c", context=CONTEXT)
    assert first["kept"] and first["owner"] == "alice@ctl/1f0c" and "context" not in first
    second = trials.run(dict(SHORT, values=None), context={})
    found = collected(trials)
    assert [(row["id"], row["owner"], row["context"]) for row in found["results"]] == [
        (second["id"], None, {}), (first["id"], "alice@ctl/1f0c", CONTEXT),
    ]
    assert found["results"][1]["trial"] == first["trial"] and found["running"] is None and found["changed"] is False
    mode = trials.host.shell(f"stat -c %a {trials.state_dir}/result-{first['id']}.json").strip()
    assert mode == "600"
    assert discarded(trials, id=first["id"], _ansible_check_mode=True)["changed"] and len(collected(trials)["results"]) == 2
    assert discarded(trials, id=first["id"])["changed"] and not discarded(trials, id=first["id"])["changed"]
    assert [row["id"] for row in collected(trials)["results"]] == [second["id"]]
    assert discarded(trials, id=second["id"])["changed"] and trials.traces() == []


def test_without_a_context_nothing_waits(trials):
    assert trials.run(SHORT)["kept"] is False
    assert trials.traces() == []


def test_a_look_at_a_host_where_nothing_was_makes_nothing(trials):
    assert collected(trials) == dict(collected(trials), running=None, results=[], damaged=[], recovered=None, changed=False)
    assert discarded(trials, id="0" * 16)["changed"] is False
    assert not trials.host.shell(f"ls -d {trials.state_dir} || true")


def test_what_runs_is_told_and_a_result_can_go_meanwhile(trials):
    before = trials.run(SHORT, context={})
    process = trials.start_in_b(owner="alice@ctl/1f0c")
    running = collected(trials)["running"]
    assert (running["owner"], running["process"], running["keys"]) == ("alice@ctl/1f0c", process.pid, [RMEM, WMEM])
    assert 60 < running["seconds_left"] < 82.1 and trials.values() == IN_B
    assert discarded(trials, id=before["id"])["changed"]
    process.send_signal(signal.SIGTERM)
    assert finished(process)["id"] == running["id"]
    trials.expect_all_back()


def test_the_file_of_a_job_goes_with_its_result(trials):
    result, job = trials.run(SHORT, context={}), trials.host.folder + "/j123.45"
    trials.host.write(job, "{}")
    assert discarded(trials, id=result["id"], job_file=job)["changed"]
    assert trials.host.read(job) is None and trials.traces() == []
    assert not discarded(trials, job_file=job)["changed"]
    trials.host.shell(f"mkdir {job}")
    assert "not a regular file" in discarded(trials, job_file=job)["msg"]


def test_only_the_newest_results_wait(trials):
    ids = [trials.run(dict(SHORT, pairs=1, values=None), context={})["id"] for _trial in range(7)]
    assert [row["id"] for row in collected(trials)["results"]] == ids[:1:-1]


def test_a_guardian_leaves_earlier_results(trials):
    waiting = trials.run(SHORT, context=CONTEXT)["id"]
    trials.start_in_b(context=CONTEXT).kill()
    eventually(lambda: trials.values() == FIRST and guardian_pids(trials.state_dir) == [])
    assert sorted(trials.traces()) == ["lock", f"result-{waiting}.json"]
    assert [row["id"] for row in collected(trials)["results"]] == [waiting]


def test_collecting_puts_back_what_a_killed_pair_left(trials):
    kill_both(trials)
    assert collected(trials, _ansible_check_mode=True)["recovered"] is None and trials.values() == IN_B
    found = collected(trials)
    assert found["changed"] and found["recovered"]["restored"][RMEM]["restored"] and found["recovered"]["id"]
    trials.expect_all_back()


def test_a_damaged_result_is_named_and_hides_no_other(trials):
    good, bad = trials.run(SHORT, context={})["id"], "0" * 16
    for text in ("", "{", "[]", '{"id": "1"}'):
        trials.host.write(f"{trials.state_dir}/result-{bad}.json", text)
        found = collected(trials)
        assert [row["id"] for row in found["results"]] == [good] and [row["id"] for row in found["damaged"]] == [bad]
    assert discarded(trials, id=bad)["changed"] and collected(trials)["damaged"] == []


def test_half_of_a_result_is_cleared_away(trials):
    trials.host.shell(f"install -d -m 700 {trials.state_dir}")
    for clear in (lambda: collected(trials), lambda: trials.run(SHORT)):
        trials.host.write(f"{trials.state_dir}/.result-{'0' * 16}.json.tmp", "{")
        clear()
        assert trials.traces() == []
        trials.host.shell(f"install -d -m 700 {trials.state_dir}")


def full_disk(trials):
    folder = trials.state_dir
    trials.host.shell(f"mkdir {folder}; mount -t tmpfs -o size=80k,mode=700 none {folder}")
    return lambda: trials.host.shell(f"head -c 1000000 /dev/zero >{folder}/full || true")


def test_a_disk_that_fills_up_costs_only_what_would_have_waited(trials):
    fill = full_disk(trials)
    process = trials.start_in_b(dict(SHORT, block_seconds=1), context={"larger than": "what the trial frees" * 1000})
    fill()
    result = finished(process)
    assert result["trial"]["status"] == "complete" and result["kept"] is False
    assert "no space left" in json.dumps(result["warnings"]) and trials.values() == FIRST
    assert sorted(trials.traces()) == ["full", "lock"]


@pytest.mark.parametrize("command, status, reason", [
    ("mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}", "complete", "Read-only file system"),
    ("rm -r {folder}", "aborted", "No such file or directory"),  # and with it what shows that the guardian lives
])
def test_files_that_cannot_be_removed_at_the_end_cost_nothing_of_the_result(trials, command, status, reason):
    process = trials.start_in_b(dict(SHORT, block_seconds=1))
    trials.host.shell(command.format(folder=trials.state_dir))
    result = finished(process)
    assert not result.get("failed") and result["trial"]["status"] == status and result["trial"]["restored"][RMEM]["restored"]
    assert f"{trials.record}: {reason}" in json.dumps(result["warnings"]) and trials.values() == FIRST
    eventually(lambda: guardian_pids(trials.state_dir) == [])


def test_a_full_disk_keeps_nobody_from_bringing_back_what_a_killed_pair_left(trials):
    fill = full_disk(trials)
    kill_both(trials)
    fill()
    assert collected(trials)["recovered"]["restored"][RMEM]["restored"]
    assert trials.values() == FIRST
