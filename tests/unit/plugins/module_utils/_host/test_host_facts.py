"""Memory, processors, container and managers of a host."""
import os

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_facts import (
    count_cpus,
    ram_bytes,
    read_container,
    read_host,
    read_managers,
    read_processes,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, TolerantFiles

MACHINE = {1: "systemd", 2: "kthreadd", 300: "sshd"}
CONTAINED = {1: "sshd", 300: "sh"}


def make_host(root, tree):
    for path, text in tree.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return HostFiles(str(root))


@pytest.mark.parametrize(
    "meminfo, expected",
    [
        ("MemTotal:        2014504 kB\nMemFree:           97088 kB\n", 2014504 * 1024),
        ("MemFree:           97088 kB\nMemTotal:              4 kB\n", 4096),
        ("XMemTotal: 4 kB\nMemTotal: many kB\n", None),
        ("", None),
        (None, None),
    ],
)
def test_ram_bytes(meminfo, expected):
    assert ram_bytes(meminfo) == expected


@pytest.mark.parametrize(
    "online, expected",
    [("0\n", 1), ("0-1\n", 2), ("0-3,8,10-11\n", 7), ("\n", None), ("", None), (None, None)],
)
def test_count_cpus(online, expected):
    assert count_cpus(online) == expected


@pytest.mark.parametrize(
    "tree, processes, expected",
    [
        ({}, MACHINE, (False, None)),
        ({"/proc/1/cgroup": "0::/init.scope\n"}, MACHINE, (False, None)),
        ({"/.dockerenv": ""}, MACHINE, (False, None)),
        ({"/.dockerenv": ""}, CONTAINED, (True, "docker")),
        ({"/run/.containerenv": ""}, CONTAINED, (True, "podman")),
        ({"/run/.containerenv": 'engine="podman-4.3.1"\n', "/.dockerenv": ""}, MACHINE, (True, "podman")),
        ({"/run/systemd/container": "lxc\n"}, CONTAINED, (True, "lxc")),
        ({"/run/systemd/container": "systemd-nspawn"}, {}, (True, "systemd-nspawn")),
        ({"/proc/1/cgroup": "12:pids:/docker/0123\n0::/docker/0123\n"}, CONTAINED, (True, "docker")),
        ({"/proc/1/cgroup": "0::/kubepods.slice/kubepods-pod1.slice/cri-1.scope\n"}, CONTAINED, (True, "kubepods")),
        ({}, CONTAINED, (True, None)),
        ({}, {300: "sh"}, (None, None)),
        ({}, {}, (None, None)),
    ],
)
def test_container(tmp_path, tree, processes, expected):
    assert read_container(make_host(tmp_path, tree), processes) == expected


@pytest.mark.parametrize(
    "tree, names, expected",
    [
        ({}, [], []),
        ({}, ["tuned-ppd", "xbpftune"], []),
        ({"/etc/tuned/active_profile": "\n"}, [], []),
        ({"/etc/tuned/active_profile": "throughput-performance\n"}, ["tuned"], [("tuned", True, "throughput-performance")]),
        ({"/etc/tuned/active_profile": "a b\n"}, [], [("tuned", False, "a b")]),
        ({}, ["tuned"], [("tuned", True, None)]),
        ({"/etc/tuned/active_profile": "x"}, ["bpftune", "tuned"], [("tuned", True, "x"), ("bpftune", True, None)]),
    ],
)
def test_managers(tmp_path, tree, names, expected):
    found = read_managers(make_host(tmp_path, tree), dict(enumerate(names)))
    assert [(manager["name"], manager["active"], manager["detail"]) for manager in found] == expected


def test_processes(tmp_path):
    files = make_host(tmp_path, {"/proc/1/comm": "systemd\n", "/proc/22/comm": "Web Content\n", "/proc/net/comm": "x", "/proc/3/stat": ""})
    assert read_processes(files) == {1: "systemd", 22: "Web Content"}


def test_a_process_that_cannot_be_read_is_skipped_without_a_note(tmp_path):
    make_host(tmp_path, {"/proc/1/comm": "systemd\n", "/proc/2/comm/unreadable": ""})
    files = TolerantFiles(str(tmp_path))
    assert read_processes(files) == {1: "systemd"}
    assert files.unreadable == []


def test_this_host():
    host = read_host(HostFiles())
    assert host["ram_bytes"] == pytest.approx(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), rel=0.01)
    assert host["cpus"] == os.sysconf("SC_NPROCESSORS_ONLN")
    assert host["page_size_bytes"] == os.sysconf("SC_PAGE_SIZE")
    assert os.getpid() in read_processes(HostFiles())
