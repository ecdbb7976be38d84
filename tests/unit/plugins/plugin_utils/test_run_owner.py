"""What a run calls itself fits into one line of a log, whatever the machine is called."""
import os
import subprocess
import sys

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.guardian import start_ticks
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_owner import check_owner
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_owner import has_ended, process_token, run_owner


@pytest.mark.parametrize(("user", "host", "shown"), [
    ("alice", "ctl.example.org", "alice@ctl.example.org/1f0c33aa"),
    ("a b", "c\nd", "a_b@c_d/1f0c33aa"),
    ("", "{{ x }}", "unknown@{{_x_}}/1f0c33aa"),
    ("u" * 300, "h" * 300, "u" * 50 + "@" + "h" * 50 + "/1f0c33aa"),
])
def test_any_name_is_one_that_a_trial_takes(user, host, shown):
    assert run_owner(user, host, "1f0c33aa") == shown
    assert check_owner(shown) == shown


def test_a_run_that_goes_on_has_not_ended():
    assert not has_ended(run_owner("alice", "ctl", process_token()), "alice", "ctl")


def test_a_run_has_ended_when_its_process_is_gone():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert has_ended(f"alice@ctl/{process.pid}-12345", "alice", "ctl")


def test_a_process_that_nobody_has_waited_for_is_gone_too():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = f"alice@ctl/{process.pid}-{start_ticks(process.pid)}"
        assert not has_ended(owner, "alice", "ctl")
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert has_ended(owner, "alice", "ctl")


def test_another_process_with_its_number_is_not_it():
    pid, _dash, started = process_token().partition("-")
    assert int(pid) == os.getpid() and has_ended(f"alice@ctl/{pid}-{int(started) - 1}", "alice", "ctl")


@pytest.mark.parametrize("owner", ["bob@ctl/1-1", "alice@other/1-1", "a controller", "alice@ctl/1f0c33aa", "", "alice@ctl/"])
def test_of_others_nobody_can_tell(owner):
    assert not has_ended(owner, "alice", "ctl")


def test_a_worker_speaks_for_the_run():
    code = "import multiprocessing as m, os; from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_owner import process_token"
    code += "\nq = m.get_context('fork').SimpleQueue(); p = m.get_context('fork').Process(target=lambda: q.put(process_token()))"
    code += "\np.start(); print(q.get() == process_token()); p.join()"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "True"
