import errno
import json
import os
import signal
import subprocess
import sys

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.boottime import read_boottime
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import (
    Busy,
    UnsafeStateDir,
    hold_lock,
    refuse_if_held,
)

# A holder in a process of its own, which keeps the lock until it is killed.
HOLD = """
import fcntl, sys, time
lock = open(sys.argv[1], "w")
lock.write(sys.argv[2])
lock.flush()
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def state_dir(tmp_path):
    return str(tmp_path / "state")


@pytest.fixture
def holder(state_dir):
    os.mkdir(state_dir, 0o700)
    started = []

    def hold(text):
        process = subprocess.Popen([sys.executable, "-c", HOLD, state_dir + "/lock", text], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"held\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.communicate()


def test_the_directory_is_private_and_goes_away_when_nothing_is_left(state_dir):
    with hold_lock(state_dir, "a test"):
        assert os.stat(state_dir).st_mode & 0o7777 == 0o700
        with open(state_dir + "/lock") as lock:
            holder = json.load(lock)
        assert (holder["pid"], holder["purpose"]) == (os.getpid(), "a test")
    assert not os.path.exists(state_dir)


def test_what_is_in_the_directory_stays(state_dir):
    with hold_lock(state_dir, "a test"):
        with open(state_dir + "/journal.json", "w"):
            pass
    assert sorted(os.listdir(state_dir)) == ["journal.json", "lock"]
    with hold_lock(state_dir, "again"):
        pass


@pytest.mark.parametrize("text, named", [
    ('{"pid": 4711, "purpose": "a trial", "started": "2025-03-01"}', "a trial (process 4711, since 2025-03-01)"),
    ("", "another run"),
    ("[]", "another run"),
])
def test_the_holder_is_named_and_its_death_frees_the_lock(state_dir, holder, text, named):
    process = holder(text)
    with pytest.raises(Busy) as caught:
        refuse_if_held(state_dir)
    assert named in str(caught.value)
    with pytest.raises(Busy) as caught:
        with hold_lock(state_dir, "a test"):
            pytest.fail("the lock was given twice")
    assert named in str(caught.value)
    process.send_signal(signal.SIGKILL)
    process.wait()
    refuse_if_held(state_dir)
    with hold_lock(state_dir, "a test"):
        pass


def test_a_full_disk_keeps_nobody_from_the_lock(state_dir, monkeypatch):
    """What was killed has to be undone there too."""
    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(os, "pwrite", full)
    with hold_lock(state_dir, "a test"):
        with pytest.raises(Busy, match="another run"):
            refuse_if_held(state_dir)


def test_who_holds_it_is_told_with_owner_and_time_left(state_dir):
    with hold_lock(state_dir, "a trial", owner="alice@ctl/1f0c", trial_id="1", due_boottime_seconds=read_boottime() + 100):
        with pytest.raises(Busy, match=r"a trial \(owner alice@ctl/1f0c, process \d+, since .*, (100|99) s left\) holds"):
            refuse_if_held(state_dir)


def test_a_look_creates_nothing(state_dir):
    refuse_if_held(state_dir)
    assert not os.path.exists(state_dir)


def prepare_link(path):
    os.mkdir(path + ".real", 0o700)
    os.symlink(path + ".real", path)


def prepare_file(path):
    with open(path, "w"):
        pass


def prepare_open(path):
    os.mkdir(path)
    os.chmod(path, 0o770)


def prepare_foreign(path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    os.mkdir(path, 0o700)
    os.chown(path, 12345, -1)


@pytest.mark.parametrize("prepare, reason", [
    (prepare_link, "symbolic link"),
    (prepare_file, "not a directory"),
    (prepare_open, "writable by group or others"),
    (prepare_foreign, "belongs to user 12345"),
])
def test_a_directory_that_others_could_have_filled_is_refused(state_dir, prepare, reason):
    prepare(state_dir)
    for use in (refuse_if_held, lambda path: hold_lock(path, "a test").__enter__()):
        with pytest.raises(UnsafeStateDir) as caught:
            use(state_dir)
        assert reason in str(caught.value) and state_dir in str(caught.value)


def test_a_relative_path_is_refused():
    with pytest.raises(UnsafeStateDir):
        refuse_if_held("state")


def test_a_missing_parent_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        with hold_lock(str(tmp_path / "none" / "state"), "a test"):
            pass
    assert caught.value.filename == str(tmp_path / "none" / "state")
