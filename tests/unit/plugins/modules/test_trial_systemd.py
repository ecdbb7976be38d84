"""Restarting services with a real systemd: a user manager of its own in a private host, where systemd is installed. Else skipped."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import services

SYSTEMD = "/lib/systemd/systemd"
RUNTIME = "/run/manager"
FLAG = RUNTIME + "/flag"
RMEM_FILE = "/proc/sys/net/ipv4/tcp_rmem"
SOON_SECONDS = 30
# It would not start where the machine was not booted by systemd, which this directory tells.
PREPARE = f"mount -t tmpfs none /run; mkdir -p /run/systemd/system; install -d -m 700 {RUNTIME} {RUNTIME}/systemd/user {RUNTIME}/bin"
LISTENER = f"""
import socket, time
with socket.create_server(("127.0.0.1", 8080)) as listener, open("{RUNTIME}/listened", "a") as notes:
    print(listener.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), file=notes, flush=True)
    time.sleep(999)
"""
SLEEP = "[Service]\nExecStart=/bin/sleep 999\n"
NO_FLAG = f"/bin/sh -c 'test ! -e {FLAG} || exit 3"
UNITS = {
    "web.service": f"[Service]\nExecStart={sys.executable} {RUNTIME}/listener.py\n",
    "plain.service": SLEEP,
    "picky.service": f"[Service]\nExecStartPre={NO_FLAG}'\nExecStart=/bin/sleep 999\n",
    "brief.service": f"[Service]\nExecStart={NO_FLAG}; exec sleep 999'\n",
    "slow.service": f"[Service]\nExecStartPre=/bin/sh -c 'test ! -e {FLAG} || sleep 5'\nExecStart=/bin/sleep 999\n",
    "held.service": "[Unit]\nRefuseManualStop=yes\n" + SLEEP,
    "echo.socket": "[Socket]\nListenStream=127.0.0.1:8081\n",
    "echo.service": SLEEP,
    "stopped.service": SLEEP,
}
RUNNING = [name for name in UNITS if name != "stopped.service"]


class Managed:
    """A private host whose systemctl asks that manager."""

    def __init__(self, host):
        self.host = host
        self.environment = {"XDG_RUNTIME_DIR": RUNTIME, "PATH": f"{RUNTIME}/bin:{os.environ['PATH']}"}

    def ask(self, function, *arguments, **changed):
        """What a function of _host/services.py says there."""
        return self.host.call(_asked, self.environment, function, arguments, changed)

    def flag(self):
        self.host.write(FLAG, "")

    def unflag(self):
        self.host.shell(f"rm {FLAG}")


def _asked(environment, function, arguments, changed):
    os.environ.update(environment)
    for name, value in changed.items():
        setattr(services, name, value)
    return getattr(services, function)(*arguments)


def _systemctl_answers(environment):
    os.environ.update(environment)
    words = ["systemctl", "is-active", "--quiet", "basic.target"]
    return subprocess.run(words, check=False, stderr=subprocess.DEVNULL).returncode == 0


@pytest.fixture
def managed(private_host):
    if not os.access(SYSTEMD, os.X_OK) or not shutil.which("systemctl"):
        pytest.skip("wants systemd")
    private_host.shell(PREPARE)
    private_host.write(f"{RUNTIME}/bin/systemctl", f'#!/bin/sh\nexec {shutil.which("systemctl")} --user "$@"\n')
    private_host.write(f"{RUNTIME}/listener.py", LISTENER)
    private_host.shell(f"chmod 755 {RUNTIME}/bin/systemctl; ip link set lo up")
    for name, text in UNITS.items():
        private_host.write(f"{RUNTIME}/systemd/user/{name}", text)
    found = Managed(private_host)
    enter = ["nsenter"] + [f"--{flag}=/proc/{private_host.keeper.pid}/ns/{name}" for flag, name in (("net", "net"), ("mount", "mnt"))]
    manager = subprocess.Popen(
        [*enter, SYSTEMD, "--user", "--unit=basic.target"],
        env=dict(os.environ, XDG_RUNTIME_DIR=RUNTIME), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + SOON_SECONDS
        while not private_host.call(_systemctl_answers, found.environment):
            if manager.poll() is not None or time.monotonic() > end:
                pytest.skip("no user manager of systemd starts here")
            time.sleep(0.1)
        private_host.shell(f"XDG_RUNTIME_DIR={RUNTIME} {RUNTIME}/bin/systemctl start {' '.join(RUNNING)}")
        yield found
    finally:
        manager.send_signal(signal.SIGTERM)  # it stops its units first
        manager.wait(timeout=SOON_SECONDS)


# The module, which would ask the systemd that booted this machine.
ASKING_THE_MANAGER = f"""
import os, runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_services
os.environ.update(XDG_RUNTIME_DIR="{RUNTIME}", PATH="{RUNTIME}/bin:" + os.environ["PATH"])
trial_services.systemd_sees_this_host = lambda _files: True
runpy.run_module({{module!r}}, run_name="__main__")
"""
DONE = {"restarted": True, "active": True, "reason": None}


def test_what_systemd_says_of_units(managed):
    states = managed.ask("look", [*UNITS, "nothing.service"])
    assert [name for name, state in states.items() if services.is_active(state)] == RUNNING
    assert all(states[name]["Names"] == name and states[name]["LoadState"] == "loaded" for name in UNITS)
    assert (states["nothing.service"]["LoadState"], states["stopped.service"]["ActiveState"]) == ("not-found", "inactive")
    assert states["echo.socket"]["Triggers"] == "echo.service"
    assert [name for name in UNITS if states[name]["CanStop"] == "no"] == ["held.service"]
    assert states["plain.service"]["ControlGroup"].endswith("/plain.service")


def test_what_is_restarted_and_what_is_not(managed):
    assert managed.ask("restart", ["plain.service", "picky.service"]) == {"plain.service": DONE, "picky.service": DONE}
    rows = managed.ask("restart", ["held.service"])
    assert rows["held.service"]["active"] and "runs, but was not restarted: " in rows["held.service"]["reason"]


def test_a_service_that_does_not_start_and_then_does(managed):
    managed.flag()
    rows = managed.ask("restart", ["picky.service", "brief.service", "plain.service"])
    assert rows["plain.service"] == DONE
    for name in ("picky.service", "brief.service"):
        assert not rows[name]["active"] and "is failed (exit-code) after its restart" in rows[name]["reason"]
    managed.unflag()
    assert managed.ask("restart", ["picky.service", "brief.service"]) == {"picky.service": DONE, "brief.service": DONE}


def test_a_restart_that_takes_too_long_is_not_waited_for(managed):
    managed.flag()
    row = managed.ask("restart", ["slow.service"], RESTART_SECONDS=1)["slow.service"]
    assert not row["active"] and "systemctl did not end within 1 s" in row["reason"]
    managed.unflag()
    assert managed.ask("restart", ["slow.service"]) == {"slow.service": DONE}


def test_a_socket_is_restarted_with_its_service_and_not_without(managed):
    assert managed.ask("restart", ["echo.service", "echo.socket"]) == {"echo.service": DONE, "echo.socket": DONE}
    assert managed.ask("restart", ["echo.socket"])["echo.socket"]["active"] is False  # why a trial refuses it


STEP = {
    "values": {"net.ipv4.tcp_rmem": "4096 65536 6291456"}, "design": "step", "pairs": 5, "block_seconds": 0.15, "washout_seconds": 0.05,
    "restart_services": ["web"],
}


def test_a_listener_has_the_default_of_its_arm(managed):
    """What it is all for."""
    managed.host.write(RMEM_FILE, "4096 131072 6291456")
    managed.host.shell(f"XDG_RUNTIME_DIR={RUNTIME} {RUNTIME}/bin/systemctl restart web.service; sleep 0.5; : >{RUNTIME}/listened")
    process = managed.host.start_module("socket_buffer_trial", dict(STEP, state_dir=managed.host.folder + "/state"), ASKING_THE_MANAGER)
    result = json.loads(process.communicate(timeout=60)[0])
    assert result["trial"]["status"] == "complete", result
    assert result["trial"]["restarted"] == {"web.service": {"times": 2, "active": True, "reason": None}}
    assert managed.host.read(f"{RUNTIME}/listened").split() == ["65536", "131072"]
