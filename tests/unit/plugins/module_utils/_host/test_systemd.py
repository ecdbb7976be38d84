"""What systemd is asked, and that nothing happens without it. tests/kernels has the real one."""
import os
import subprocess

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import systemd
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles

IN_SESSION = "0::/user.slice/user-1000.slice/session-3.scope\n"


def host(root, cgroup=IN_SESSION, same=True, booted=True):
    for pid in ("1", "self"):
        (root / "proc" / pid / "ns").mkdir(parents=True)
        for name in ("net", "mnt", "pid"):
            (root / (name if same else name + pid)).touch()
            os.symlink(str(root / (name if same else name + pid)), str(root / "proc" / pid / "ns" / name))
    (root / "proc/self/cgroup").write_text(cgroup)
    if booted:
        (root / "run/systemd/system").mkdir(parents=True)
    return HostFiles(str(root))


@pytest.fixture
def called(monkeypatch):
    calls = []
    monkeypatch.setattr(systemd.shutil, "which", lambda name: "/usr/bin/" + name)
    monkeypatch.setattr(systemd.subprocess, "call", lambda command, **_options: calls.append(command) or 0)
    return calls


def test_out_of_a_session(tmp_path, called):
    assert systemd.leave_session(host(tmp_path), "socket-buffer-trial-1", "A trial")
    ((*call, last),) = called
    assert call[:2] == ["busctl", "call"] and call[5:9] == ["StartTransientUnit", "ssa(sv)a(sa(sv))", "socket-buffer-trial-1.scope", "fail"]
    assert call[9:15] == ["2", "Description", "s", "A trial", "PIDs", "au"] and str(os.getpid()) in call[16:] and last == "0"


@pytest.mark.parametrize("changed", [{"cgroup": "0::/system.slice/cron.service\n"}, {"same": False}, {"booted": False}])
def test_where_there_is_no_session_or_no_systemd_that_is_ours_nothing_is_asked(tmp_path, called, changed):
    assert not systemd.leave_session(host(tmp_path, **changed), "unit", "A trial")
    assert called == []


def test_a_service(tmp_path, called):
    assert systemd.run_as_service(host(tmp_path), ["python3", "x.py"], "A guardian")
    assert called[0][0] == "systemd-run" and "--property=Restart=on-failure" in called[0] and called[0][-2:] == ["python3", "x.py"]


class Forgetful(HostFiles):
    """A kernel that makes up the times of a file anew whenever it is asked, as it does for a namespace whose inode it has forgotten."""

    def stat(self, path):
        self.seconds = getattr(self, "seconds", 0) + 1
        status = super().stat(path)
        return os.stat_result(tuple(status[:7]) + (self.seconds,) * 3)


@pytest.mark.parametrize("same", [True, False])
def test_namespaces_are_told_apart_by_their_inodes_alone(tmp_path, same):
    assert systemd.systemd_sees_this_host(Forgetful(host(tmp_path, same=same).root)) is same


@pytest.mark.parametrize("error", [OSError("no"), subprocess.TimeoutExpired("systemd-run", 10)])
def test_a_systemd_that_does_not_answer_is_none(tmp_path, called, monkeypatch, error):
    def fail(_command, **_options):
        raise error
    monkeypatch.setattr(systemd.subprocess, "call", fail)
    assert not systemd.run_as_service(host(tmp_path), ["python3"], "A guardian")
