"""One record for every sysctl, from captured kernels and made-up trees."""
import os
from pathlib import Path

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, TolerantFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_facts import read_sysctls, writable_by_root
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"
RMEM = "net.ipv4.tcp_rmem"
PROC = "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
READ_ONLY_SYS = PROC + "457 22 0:21 /sys /proc/sys ro,relatime - proc proc rw\n"


def make_host(root, rmem="4096\t131072\t6291456\n", mountinfo=PROC, boot=None, files=HostFiles):
    for path, text in ((sysctl_path(RMEM), rmem), ("/proc/self/mountinfo", mountinfo), ("/etc/sysctl.d/50-a.conf", boot)):
        if text is not None:
            target = root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    return files(str(root))


ABSENT_IN_6_1 = {"net.ipv4.tcp_rcvbuf_low_rtt", "net.ipv4.tcp_collapse_max_bytes"}


@pytest.mark.parametrize(
    "kernel, rmem, absent",
    [
        ("linux-5.10", "4096 131072 6291456", ABSENT_IN_6_1 | {"net.ipv4.tcp_shrink_window"}),
        ("linux-6.1", "4096 131072 6291456", ABSENT_IN_6_1),
    ],
)
def test_captured_kernels(kernel, rmem, absent):
    facts = read_sysctls(HostFiles(str(FIXTURES / kernel)))
    assert set(facts) == set(SYSCTLS)
    assert {key for key, record in facts.items() if not record["present"]} == absent
    assert {key for key, record in facts.items() if record["value"] is None} == absent
    assert {key for key, record in facts.items() if SYSCTLS[key].integers not in (0, len((record["value"] or "").split()))} == absent
    assert facts[RMEM]["value"] == rmem
    assert {record["writable"] for record in facts.values()} == {None}


def test_a_record(tmp_path):
    assert read_sysctls(make_host(tmp_path, boot="net.ipv4.tcp_rmem = 4096 131072 33554432\n"))[RMEM] == {
        "present": True,
        "scope": "namespace",
        "unit": "bytes",
        "writable": True,
        "value": "4096 131072 6291456",
        "boot_value": "4096 131072 33554432",
        "boot_file": "/etc/sysctl.d/50-a.conf",
        "differs_from_boot": True,
        "set_in": [{"file": "/etc/sysctl.d/50-a.conf", "value": "4096 131072 33554432"}],
    }


def test_an_absent_key(tmp_path):
    assert read_sysctls(make_host(tmp_path, rmem=None))[RMEM] == {
        "present": False,
        "scope": "namespace",
        "unit": "bytes",
        "writable": None,
        "value": None,
        "boot_value": None,
        "boot_file": None,
        "differs_from_boot": None,
        "set_in": [],
    }


@pytest.mark.parametrize(
    "boot, differs",
    [
        (None, None),
        ("net.ipv4.tcp_wmem = 1 2 3\n", None),
        ("net.ipv4.tcp_rmem = 4096 131072 6291456\n", False),
        ("net.ipv4.tcp_rmem = 4096\t131072   6291456\n", False),
        ("net.ipv4.tcp_rmem = 4096 131072 6291457\n", True),
    ],
)
def test_differs_from_boot(tmp_path, boot, differs):
    assert read_sysctls(make_host(tmp_path, boot=boot))[RMEM]["differs_from_boot"] is differs


def test_absent_but_set_at_boot(tmp_path):
    record = read_sysctls(make_host(tmp_path, rmem=None, boot="net.ipv4.tcp_rmem = 1 2 3\n"))[RMEM]
    assert (record["boot_value"], record["differs_from_boot"]) == ("1 2 3", None)


@pytest.mark.parametrize(
    "mode, mount_is_read_only, expected",
    [
        (0o100644, False, True),
        (0o100600, False, True),
        (0o100200, False, True),
        (0o100644, True, False),
        (0o100644, None, None),
        (0o100444, False, False),
        (0o100444, None, False),
        (0o100422, False, False),
    ],
)
def test_writable_by_root(mode, mount_is_read_only, expected):
    assert writable_by_root(mode, mount_is_read_only) is expected


@pytest.mark.parametrize(
    "mountinfo, mode, expected",
    [(PROC, 0o644, True), (PROC, 0o444, False), (READ_ONLY_SYS, 0o644, False), (None, 0o644, None), (None, 0o444, False)],
)
def test_writable_here(tmp_path, mountinfo, mode, expected):
    files = make_host(tmp_path, mountinfo=mountinfo)
    os.chmod(files.path(sysctl_path(RMEM)), mode)
    assert read_sysctls(files)[RMEM]["writable"] is expected


def test_one_unreadable_file_is_null_and_noted(tmp_path):
    files = make_host(tmp_path, files=TolerantFiles)
    (tmp_path / "proc/sys/net/ipv4/tcp_wmem").mkdir()
    facts = read_sysctls(files)
    assert facts[RMEM]["value"] == "4096 131072 6291456"
    assert (facts["net.ipv4.tcp_wmem"]["present"], facts["net.ipv4.tcp_wmem"]["value"]) == (True, None)
    assert files.unreadable == ["/proc/sys/net/ipv4/tcp_wmem: Is a directory"]
