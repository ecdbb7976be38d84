"""The guardian's own functions on plain files; test_socket_buffer_trial.py lets it work on real sysctls."""
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl import transaction
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import guardian

ORIGINAL, CANDIDATE = "4096\t131072\t6291456", "8192 65536 2097152"


@pytest.mark.parametrize("present, ours", [
    ("4096 131072 6291456", True),
    ("8192 65536 2097152", True),
    ("8192 65536 6291456", True),  # a write that the kernel refused at its last field
    ("4096 131072 1048576", False),
    ("4096 131072", False),
    ("4096 131072 6291456 1", False),
])
def test_whose_value_it_is_the_guardian_judges_as_the_transaction_does(present, ours):
    assert guardian.is_ours(present.split(), ORIGINAL.split(), CANDIDATE.split()) is ours
    assert transaction.is_ours(present, [ORIGINAL, CANDIDATE]) is ours


@pytest.mark.parametrize("present, after, done", [
    (CANDIDATE, ORIGINAL, True),
    (ORIGINAL, ORIGINAL, True),
    ("1 2 3", "1 2 3", True),
    (None, None, False),
])
def test_restore(tmp_path, present, after, done):
    path = tmp_path / "tcp_rmem"
    if present is not None:
        path.write_text(present + "\n")
    assert guardian.restore({"net.ipv4.tcp_rmem": {"path": str(path), "original": ORIGINAL, "candidate": CANDIDATE}}) is done
    assert (path.read_text().rstrip("\n") if path.exists() else None) == after


def test_one_key_that_refuses_does_not_keep_the_others(tmp_path):
    path = tmp_path / "tcp_wmem"
    path.write_text(CANDIDATE)
    rows = {name: {"path": str(tmp_path / name), "original": ORIGINAL, "candidate": CANDIDATE} for name in ("missing", "tcp_wmem")}
    assert guardian.restore(rows) is False
    assert path.read_text().split() == ORIGINAL.split()


def test_start_ticks_tell_processes_apart():
    with subprocess.Popen(["sleep", "60"]) as process:
        assert guardian.start_ticks(process.pid) == guardian.start_ticks(process.pid)
        time.sleep(0.05)
        with subprocess.Popen(["sleep", "60"]) as later:
            assert guardian.start_ticks(process.pid) < guardian.start_ticks(later.pid)
            later.kill()
        process.kill()
    assert guardian.start_ticks(process.pid) is None


def guarded_files(tmp_path, **changes):
    row = {"path": str(tmp_path / "tcp_rmem"), "original": ORIGINAL, "candidate": CANDIDATE}
    record = {
        "id": "0f9c4b1a7d3e5560", "owner": "alice@ctl", "pid": os.getpid(), "start_ticks": -1, "limit_boottime_seconds": 1e9,
        "known_namespaces": None, "services": [], "keys": {"net.ipv4.tcp_rmem": row},
    }
    record.update(changes)
    (tmp_path / "tcp_rmem").write_text(CANDIDATE)
    state = tmp_path / "state"
    state.mkdir()
    (state / "lock").write_text("")
    (state / "trial.json").write_text(json.dumps(record))
    with open(guardian.__file__, encoding="utf-8") as source:
        (state / "script.py").write_text(source.read())
    return [str(state / name) for name in ("script.py", "trial.json", "lock")]


def test_as_a_script_of_its_own_it_needs_nothing_and_leaves_nothing(tmp_path):
    paths = guarded_files(tmp_path)
    subprocess.run([sys.executable, "-I", "-S"] + paths, check=True, timeout=20, cwd="/", env={})
    assert (tmp_path / "tcp_rmem").read_text().split() == ORIGINAL.split()
    assert os.listdir(str(tmp_path)) == ["tcp_rmem"]


def test_without_a_record_it_ends_and_touches_nothing(tmp_path):
    paths = guarded_files(tmp_path)
    os.unlink(paths[1])
    subprocess.run([sys.executable, "-I"] + paths, check=True, timeout=20)
    assert (tmp_path / "tcp_rmem").read_text() == CANDIDATE


SERVICES = """
def restart(units):
    with open({notes!r}, "a") as notes:
        print(*units, file=notes)
def told(rows):
    return "nginx.service was restarted"
"""


def on_read_only_files(folder):
    """What a guardian logs there, how often it restarted services, and the sysctl's value."""
    folder = pathlib.Path(folder)
    paths = guarded_files(folder, services=["nginx.service"])
    (folder / "state" / guardian.SERVICES_NAME).write_text(SERVICES.format(notes=str(folder / "notes")))
    (folder / "state" / guardian.STEP_NAME).write_text("0f9c4b1a7d3e5560")
    for options in ("--bind", "-oremount,bind,ro"):
        subprocess.run(["mount", options, str(folder / "state"), str(folder / "state")], check=True)
    logged = []
    guardian.log = logged.append
    guardian.main(*paths)
    return logged, (folder / "notes").read_text().splitlines(), (folder / "tcp_rmem").read_text()


def test_files_that_cannot_be_removed_are_no_reason_to_be_started_again(private_host):
    """It ends as one that has done its work, so that systemd does not start it once more, and services restart once."""
    (told,), restarts, value = private_host.call(on_read_only_files, private_host.folder)
    assert restarts == ["nginx.service"] and value.split() == ORIGINAL.split()
    assert "is back" in told and "nginx.service was restarted; its files could not be removed: [Errno 30] Read-only file system" in told


def test_what_breaks_down_is_told_and_left_to_the_next_run(tmp_path):
    paths = guarded_files(tmp_path, known_namespaces=[])  # but no file that knows how to look into them
    with open(paths[1], encoding="utf-8") as record:
        watching = guardian.Guardian(*paths, text=record.read())
    watching.watch()
    assert "left to the next run; that broke down: " in watching.outcome and guardian.NAMESPACES_NAME in watching.outcome
    assert os.path.exists(paths[1]) and (tmp_path / "tcp_rmem").read_text().split() == ORIGINAL.split()


def test_another_trial_s_record_is_not_its_business(tmp_path):
    paths = guarded_files(tmp_path)
    watching = guardian.Guardian(*paths, text=json.dumps({"limit_boottime_seconds": 1e9}))
    watching.watch()
    assert (tmp_path / "tcp_rmem").read_text() == CANDIDATE and os.path.exists(paths[1])


def test_a_process_that_only_has_the_trial_s_number_is_not_killed(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as process:
        paths = guarded_files(tmp_path, limit_boottime_seconds=-1000, pid=process.pid)
        with open(paths[1], encoding="utf-8") as record:
            guardian.Guardian(*paths, text=record.read()).end_overdue_trial()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
        process.kill()
