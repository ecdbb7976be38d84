"""Which boot, namespace and kernel a record belongs to."""
import os
import shutil
import subprocess
import sys

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import netns_cookie, read_identity


def no_cookie():
    return None


def stat_line(pid, name, start):
    return f"{pid} ({name}) S 1 " + " ".join(["0"] * 17) + f" {start} 0 0\n"


def make_host(root, sysctls=("tcp_rmem",), processes=()):
    """A host whose process n is (name, start, namespace); a namespace is a file, so its inode is its own."""
    for name in sysctls:
        (root / "proc/sys/net/ipv4").mkdir(parents=True, exist_ok=True)
        (root / "proc/sys/net/ipv4" / name).write_text("1 2 3\n")
    (root / "namespaces").mkdir()
    for pid, (name, start, namespace) in enumerate(processes, 1):
        folder = root / "proc" / str(pid)
        (folder / "ns").mkdir(parents=True)
        (folder / "stat").write_text(stat_line(pid, name, start))
        (root / "namespaces" / namespace).touch()
        os.symlink(str(root / "namespaces" / namespace), str(folder / "ns/net"))
    return HostFiles(str(root))


def become(root, pid):
    os.symlink(str(pid), str(root / "proc/self"))


def inode(root, namespace):
    return (root / "namespaces" / namespace).stat().st_ino


def test_boot_and_kernel(tmp_path):
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("944f44bd-f5cf-4fc7-9580-ade87c3d07a4\n")
    (tmp_path / "proc/sys/kernel/osrelease").write_text("5.10.0-35-cloud-amd64\n")
    identity = read_identity(HostFiles(str(tmp_path)), lambda: 4097)
    assert identity == {
        "boot_id": "944f44bd-f5cf-4fc7-9580-ade87c3d07a4",
        "netns": "cookie:4097",
        "netns_is_initial": None,
        "kernel_release": "5.10.0-35-cloud-amd64",
    }


def test_nothing_to_read(tmp_path):
    assert set(read_identity(HostFiles(str(tmp_path)), no_cookie).values()) == {None}


@pytest.mark.parametrize(
    "sysctls, expected",
    [(("tcp_rmem", "tcp_mem"), True), (("tcp_rmem",), False), ((), None)],
)
def test_netns_is_initial(tmp_path, sysctls, expected):
    assert read_identity(make_host(tmp_path, sysctls), no_cookie)["netns_is_initial"] is expected


def test_without_a_cookie_the_oldest_process_tells_namespaces_apart(tmp_path):
    processes = [("init", 5, "host"), ("my (odd) name) 9", 700, "ours"), ("python3", 900, "ours")]
    files = make_host(tmp_path, processes=processes)
    become(tmp_path, 3)
    assert read_identity(files, no_cookie)["netns"] == f"inode:{inode(tmp_path, 'ours')}+start:700"


def test_the_initial_namespace_needs_no_process(tmp_path):
    files = make_host(tmp_path, ("tcp_rmem", "tcp_mem"), [("init", 5, "host"), ("python3", 900, "host")])
    become(tmp_path, 2)
    assert read_identity(files, no_cookie)["netns"] == f"inode:{inode(tmp_path, 'host')}+start:0"


def test_a_process_that_ends_while_we_look_is_skipped(tmp_path):
    files = make_host(tmp_path, processes=[("gone", 100, "ours"), ("python3", 900, "ours")])
    (tmp_path / "proc/1/stat").unlink()
    become(tmp_path, 2)
    assert read_identity(files, no_cookie)["netns"] == f"inode:{inode(tmp_path, 'ours')}+start:900"


PRINT_NETNS = """
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import netns_cookie, read_identity
for cookie in (netns_cookie, lambda: None):
    identity = read_identity(HostFiles(), cookie)
    print(identity["netns"], identity["netns_is_initial"])
"""


def can_unshare():
    return shutil.which("unshare") and not subprocess.run(["unshare", "-n", "true"], check=False, stderr=subprocess.DEVNULL).returncode


@pytest.mark.skipif(not can_unshare(), reason="wants unshare, and root to use it")
def test_three_namespaces_one_after_another_are_three():
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    command = ["unshare", "-n", sys.executable, "-c", PRINT_NETNS]
    runs = [subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE).stdout.decode() for _run in range(3)]
    by_cookie, by_inode = zip(*(run.splitlines() for run in runs))
    assert len(set(by_inode)) == 3
    assert all(line.endswith(" False") for line in by_cookie + by_inode)
    if netns_cookie() is not None:
        assert len(set(by_cookie)) == 3 and all(line.startswith("cookie:") for line in by_cookie)


def test_this_process_has_one_identity():
    assert read_identity(HostFiles()) == read_identity(HostFiles())
    assert read_identity(HostFiles())["boot_id"]
