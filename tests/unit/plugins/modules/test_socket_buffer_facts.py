"""The facts of the machine that runs the tests, against sysctl(8), as whoever runs them and without any right."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import DROPIN_PATH, dropin_text
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, TolerantFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS
from ansible_collections.linuxnet.socket_buffers.plugins.modules import socket_buffer_facts

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
RUN_MODULE = f"import runpy; runpy.run_module({socket_buffer_facts.__name__!r}, run_name='__main__')"
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def run_module(*prefix, check_mode=False, **options):
    """The module as Ansible starts it: a process of its own, arguments as JSON on standard input."""
    arguments = {"ANSIBLE_MODULE_ARGS": {"_ansible_check_mode": check_mode}}
    done = subprocess.run(
        list(prefix) + [sys.executable, "-W", "ignore", "-c", RUN_MODULE],
        input=json.dumps(arguments).encode(),
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), PYTHONDONTWRITEBYTECODE="1"),
        stdout=subprocess.PIPE,
        check=True,
        **options,
    )
    return json.loads(done.stdout.decode())


def test_captured_kernel():
    facts = socket_buffer_facts.read_facts(HostFiles(str(FIXTURES / "linux-6.1")))
    assert sorted(facts) == ["host", "identity", "sysctls", "tcp_rmem", "tcp_wmem", "version"]
    assert facts["tcp_rmem"] == {"min": 4096, "default": 131072, "max": 6291456}
    assert facts["tcp_wmem"] == {"min": 4096, "default": 16384, "max": 4194304}
    assert facts["identity"]["kernel_release"].startswith("6.1.")
    assert facts["host"]["ram_bytes"] > 0


def test_a_host_without_any_file(tmp_path):
    facts = socket_buffer_facts.read_facts(TolerantFiles(str(tmp_path)))
    assert facts["tcp_rmem"] is None and facts["tcp_wmem"] is None
    assert {record["present"] for record in facts["sysctls"].values()} == {False}
    assert json.loads(json.dumps(facts)) == facts


RMEM = "net.ipv4.tcp_rmem"
OURS = dropin_text(f"{RMEM} = 1 2 3\nnet.core.rmem_max = 1\n", {RMEM: "4096 131072 2097152"})


@pytest.mark.parametrize("text, has_dropin, our_value", [
    (None, False, None),
    ("net.ipv4.tcp_rmem = 1 2 3\n", False, None),
    (OURS, True, "4096 131072 2097152"),
    (OURS.replace("4096 131072", "4096\t87380"), True, "4096 87380 2097152"),
])
def test_what_our_own_file_sets(tmp_path, text, has_dropin, our_value):
    if text is not None:
        (tmp_path / "etc/sysctl.d").mkdir(parents=True)
        (tmp_path / DROPIN_PATH.lstrip("/")).write_text(text, encoding="utf-8")
    facts = socket_buffer_facts.read_facts(HostFiles(str(tmp_path)))
    assert facts["host"]["has_dropin"] is has_dropin
    assert facts["sysctls"][RMEM]["our_value"] == our_value and facts["sysctls"]["net.core.rmem_max"]["our_value"] is None


def test_a_file_of_ours_that_cannot_be_read_is_unknown(tmp_path):
    (tmp_path / DROPIN_PATH.lstrip("/")).mkdir(parents=True)
    files = TolerantFiles(str(tmp_path))
    assert socket_buffer_facts.read_facts(files)["host"]["has_dropin"] is None
    assert any(line.startswith(DROPIN_PATH) for line in files.unreadable)


@pytest.mark.skipif(not shutil.which("sysctl"), reason="wants sysctl(8)")
@pytest.mark.parametrize("check_mode", [False, True])
def test_every_value_is_that_of_sysctl(check_mode):
    result = run_module(check_mode=check_mode)
    facts = result["ansible_facts"]["socket_buffers"]
    for key in SYSCTLS:
        shown = subprocess.run(["sysctl", "-n", key], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        expected = None if shown.returncode else " ".join(shown.stdout.decode().split())
        assert facts["sysctls"][key]["value"] == expected, key
        assert facts["sysctls"][key]["present"] is (expected is not None), key
    assert result.get("changed", False) is False


def can(*command):
    return not subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode


needs_root = pytest.mark.skipif(os.geteuid() != 0 or not can("unshare", "-mn", "true"), reason="wants root, and network namespaces")


@needs_root
def test_in_another_namespace():
    ours = run_module()["ansible_facts"]["socket_buffers"]
    other = run_module("unshare", "-n")["ansible_facts"]["socket_buffers"]
    assert other["identity"]["netns"] != ours["identity"]["netns"]
    assert other["identity"]["netns_is_initial"] is False
    assert other["sysctls"]["net.ipv4.tcp_mem"]["present"] is False
    assert other["sysctls"]["net.ipv4.tcp_rmem"]["writable"] is True
    assert other["sysctls"]["net.core.rmem_max"]["writable"] in (None, False)


@needs_root
def test_under_a_read_only_mount():
    script = 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"'
    sysctls = run_module("unshare", "-mn", "sh", "-c", script, "sh")["ansible_facts"]["socket_buffers"]["sysctls"]
    assert sysctls["net.ipv4.tcp_rmem"]["present"] is True
    assert {record["writable"] for record in sysctls.values() if record["present"]} == {False}


def nobody_can_run_this_python():
    return bool(shutil.which("setpriv")) and can(*AS_NOBODY, sys.executable, "-c", "import ansible.module_utils.basic")


@needs_root
@pytest.mark.skipif(not nobody_can_run_this_python(), reason="wants setpriv, and a Python that everybody may start")
def test_without_root_the_facts_are_the_same_but_for_what_only_root_may_see():
    warned = run_module(*AS_NOBODY, cwd="/")
    root, nobody = (result["ansible_facts"]["socket_buffers"] for result in (run_module(), warned))
    hidden = nobody["host"].pop("network_namespaces")
    seen = root["host"].pop("network_namespaces")
    assert nobody == root
    assert (hidden["count"], hidden["differing"]) == (None, None) and "root" in hidden["reason"]
    assert seen["reason"] or seen["count"] >= len(seen["differing"])
    assert "warnings" not in warned


def test_the_state_directory_is_looked_into_by_its_owner_only(tmp_path, monkeypatch):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "result-0f9c4b1a7d3e5560.json").write_text("{}")
    files = HostFiles(str(tmp_path))
    assert socket_buffer_facts.read_facts(files, "/state")["host"]["trial"] == {"running": None, "uncollected": 1, "reason": None}
    assert socket_buffer_facts.read_facts(files, "/none")["host"]["trial"] == {"running": None, "uncollected": 0, "reason": None}
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    trial = socket_buffer_facts.read_facts(files, "/state")["host"]["trial"]
    assert (trial["running"], trial["uncollected"]) == (None, None) and trial["reason"] == "/state is for root to look into"
