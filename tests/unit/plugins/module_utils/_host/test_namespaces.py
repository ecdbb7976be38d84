"""Other network namespaces of this machine, looked at and never written: those here are made for the test."""
import json
import os
import shutil
import subprocess
import sys

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import namespace_facts, namespaces
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles

RMEM, WMEM = namespaces.COPIED_KEYS
PATHS = {RMEM: "/proc/sys/net/ipv4/tcp_rmem", WMEM: "/proc/sys/net/ipv4/tcp_wmem"}
SHARED = {RMEM: "/proc/sys/net/ipv4/tcp_mem"}  # the initial namespace has it, and no other, as with RMEM before Linux 4.15
WITH_VALUES = "echo 4096 87383 1048583 >/proc/sys/net/ipv4/tcp_rmem; echo 4096 16387 1048583 >/proc/sys/net/ipv4/tcp_wmem; echo ready; exec sleep 600"


def can_unshare():
    return shutil.which("unshare") and not subprocess.run(["unshare", "-n", "true"], check=False, stderr=subprocess.DEVNULL).returncode


needs_root = pytest.mark.skipif(os.geteuid() != 0 or not can_unshare(), reason="wants unshare, and root to use it")


@pytest.fixture
def other():
    process = subprocess.Popen(["unshare", "--net", "sh", "-ec", WITH_VALUES], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def of_process(pid, found):
    (one,) = [namespace for namespace in found if namespace.name == f"process {pid}"]
    return one


@needs_root
def test_what_another_namespace_holds_is_read_and_we_stay_where_we_are(other):
    ours = os.stat("/proc/self/ns/net").st_ino
    found = namespaces.find()
    assert all(namespace.inode != ours for namespace in found)
    (row,) = namespaces.look([of_process(other, found)], PATHS)
    assert row["values"] == {RMEM: "4096 87383 1048583", WMEM: "4096 16387 1048583"} and row["reason"] is None
    assert os.stat("/proc/self/ns/net").st_ino == ours


@pytest.fixture
def made():
    """A namespace after a shell's commands in it."""
    processes = []

    def make(commands):
        process = subprocess.Popen(["unshare", "--net", "sh", "-ec", commands + "\necho ready; exec sleep 600"], stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process.pid

    yield make
    for process in processes:
        process.kill()
        process.communicate()


LISTENING = """ip link set lo up
exec {python} -c 'import socket, time; s = socket.socket(socket.{family}); s.listen(); print("ready", flush=True); time.sleep(600)'"""


@needs_root
@pytest.mark.parametrize("commands, used", [
    ("", False),
    ("ip link set lo up", False),  # as PrivateNetwork= of systemd makes it
    ("ip link add tun9 type veth peer name tun8", False),  # as some drivers make one everywhere
    ("ip link add tun9 type veth peer name tun8; ip link set tun9 up", True),
    (LISTENING.format(python=sys.executable, family="AF_INET"), True),
    (LISTENING.format(python=sys.executable, family="AF_INET6"), True),
])
def test_one_with_nothing_but_a_loopback_is_not_in_use(made, commands, used):
    here = of_process(made(commands), namespaces.find())
    assert namespaces.in_use([here], PATHS) == ([here.name] if used else [])


@needs_root
def test_one_in_use_that_shares_the_machine_s_values_copies_none(made):
    here = of_process(made("ip link add tun9 type veth peer name tun8; ip link set tun9 up"), namespaces.find())
    assert namespaces.in_use([here], SHARED) == [] and namespaces.in_use([here], PATHS) == [here.name]


@needs_root
def test_of_one_that_cannot_be_entered_nobody_knows_so_it_counts(other, monkeypatch):
    here = of_process(other, namespaces.find())
    assert namespaces.in_use([here._replace(path="/proc/0/ns/net")], PATHS) == []
    monkeypatch.setattr(namespaces.os, "strerror", lambda number: "no")
    monkeypatch.setattr(namespaces, "CLONE_NEWNET", 0x10000000)  # of another kind: refused
    assert namespaces.in_use([here], PATHS) == [here.name]


@needs_root
def test_one_that_has_gone_is_left_out(other):
    here = of_process(other, namespaces.find())
    assert namespaces.look([here._replace(path="/proc/0/ns/net")], PATHS) == []
    assert namespaces.look([here._replace(path="/proc/self/ns/net")], PATHS) == []


@needs_root
def test_one_that_cannot_be_read_is_told_with_the_reason(other):
    (row,) = namespaces.look([of_process(other, namespaces.find())], {RMEM: "/proc/sys/net/ipv4"})
    assert "/proc/sys/net/ipv4" in row["reason"] and "values" not in row


@needs_root
def test_what_one_shares_with_the_machine_is_none_of_its_values(other):
    (row,) = namespaces.look([of_process(other, namespaces.find())], SHARED)
    assert row["values"] == {} and row["reason"] is None


@needs_root
def test_a_name_that_nothing_is_bound_to_is_none(tmp_path):
    (tmp_path / "web").touch()
    names = {namespace.name for namespace in namespaces.find(folders=[str(tmp_path)])}
    assert f"{tmp_path}/web" not in names


@needs_root
def test_a_name_of_any_bytes_is_plain_text(private_host, other):
    folder, name = private_host.folder + "/netns", "a\n\udcff{{ x }}"

    def named():
        os.mkdir(folder)
        path = f"{folder}/{name}"
        open(path, "w").close()
        subprocess.run(["mount", "--bind", f"/proc/{other}/ns/net", path], check=True)
        found = [namespace for namespace in namespaces.find(folders=[folder]) if namespace.path == path]
        return [row["name"] for row in namespaces.look(found, PATHS)]

    assert private_host.call(named) == [f"{folder}/a??{{{{ x }}}}"]


@needs_root
def test_without_a_cookie_the_values_tell_a_reused_inode(monkeypatch):
    monkeypatch.setattr(namespaces, "netns_cookie", lambda: None)
    before = namespaces._identity_here({RMEM: "1 2 3"})
    assert before == namespaces._identity_here({RMEM: "1 2 3"}) != namespaces._identity_here({RMEM: "1 2 4"})


def test_what_could_not_be_put_back_is_lost():
    rows = [
        {"name": "process 1", "restored": {RMEM: {"value": "1 2 3", "restored": True, "reason": None}}},
        {"name": "process 2", "restored": {RMEM: {"value": None, "restored": False, "reason": "no"}}},
        {"name": "process 3", "reason": "cannot be entered"},
    ]
    assert namespaces.lost_in(rows) == {f"{RMEM} in process 2": "no"}


@needs_root
def test_facts_name_those_that_differ(other):
    values = {key: " ".join(HostFiles().read_text(path).split()) for key, path in PATHS.items()}
    facts = namespace_facts.read_namespaces(HostFiles(), True, values)
    assert facts["count"] >= 1 and facts["reason"] is None
    (row,) = [row for row in facts["differing"] if row["name"] == f"process {other}"]
    assert row["values"][RMEM] == "4096 87383 1048583"
    assert json.loads(json.dumps(facts)) == facts


@needs_root
def test_facts_name_one_that_cannot_be_entered_with_the_reason(other, monkeypatch):
    monkeypatch.setattr(namespaces, "CLONE_NEWNET", 0x10000000)  # of another kind: refused
    facts = namespace_facts.read_namespaces(HostFiles(), True, {RMEM: "4096 87383 1048583"})
    (row,) = [row for row in facts["differing"] if row["name"] == f"process {other}"]
    assert row["values"] is None and "cannot be entered" in row["reason"] and facts["reason"] is None


@needs_root
def test_facts_do_not_name_those_that_share_the_machine_s_values(other, monkeypatch):
    monkeypatch.setattr(namespace_facts, "sysctl_path", lambda _key: SHARED[RMEM])
    facts = namespace_facts.read_namespaces(HostFiles(), True, {RMEM: "1 2 3"})
    assert facts["count"] >= 1 and f"process {other}" not in {row["name"] for row in facts["differing"]}


@pytest.mark.parametrize("is_initial, user, reason", [(False, 0, "not the initial"), (None, 0, "not the initial"), (True, 12345, "root")])
def test_facts_say_why_nobody_can_tell(monkeypatch, is_initial, user, reason):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(namespace_facts, "find", lambda *_: pytest.fail("looked"))
    facts = namespace_facts.read_namespaces(HostFiles(), is_initial, {})
    assert (facts["count"], facts["differing"]) == (None, None) and reason in facts["reason"]
