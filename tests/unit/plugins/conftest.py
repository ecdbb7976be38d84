"""A private host for tests that really write: its own network and mount namespace, an empty /etc/sysctl.d."""
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import traceback

import pytest

SET_UP = """
set -e
mount -t tmpfs none /etc/sysctl.d
mount -t tmpfs none "$1"
for folder in /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d /lib/sysctl.d; do
    if [ -d "$folder" ]; then mount -t tmpfs none "$folder"; fi
done
if [ -e /etc/sysctl.conf ]; then mount --bind /dev/null /etc/sysctl.conf; fi
echo ready
exec cat
"""
NAMESPACES = ("net", "mnt")


class PrivateHost:
    """Runs functions in forked children inside the namespaces; what they return passes through JSON."""

    def __init__(self, keeper, folder):
        self.keeper = keeper
        self.folder = folder  # a tmpfs of its own

    def call(self, function, *args, **kwargs):
        outcome = self.run(function, *args, **kwargs)
        if "error" in outcome:
            pytest.fail(outcome["error"])
        return outcome["value"]

    def run(self, function, *args, **kwargs):
        """{value}, {error} or {signal}."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _in_child(self.keeper.pid, writer, function, args, kwargs)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            data = pipe.read()
        _pid, status = os.waitpid(child, 0)
        return {"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else json.loads(data)

    def start_module(self, module, arguments, script=None):
        """A module of the collection as a process of its own; with a script, run by that instead ({module!r} in it)."""
        module = f"ansible_collections.linuxnet.socket_buffers.plugins.modules.{module}"
        path = f"{self.folder}/args-{time.monotonic_ns()}.json"
        self.write(path, json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        program = ["-c", script.format(module=module)] if script else ["-m", module]
        namespaces = [f"--{flag}=/proc/{self.keeper.pid}/ns/{name}" for flag, name in (("net", "net"), ("mount", "mnt"))]
        return subprocess.Popen(
            ["nsenter", *namespaces, sys.executable, *program, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        )

    def read(self, path):
        return self.call(_read_text, path)

    def write(self, path, text):
        self.call(_write_text, path, text)

    def shell(self, command):
        return self.call(_shell, command)


def _in_child(pid, writer, function, args, kwargs):
    write = os.write  # the function may replace it
    try:
        descriptors = [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in NAMESPACES]
        libc = ctypes.CDLL(None, use_errno=True)
        if any(libc.setns(descriptor, 0) for descriptor in descriptors):
            raise OSError(ctypes.get_errno(), "setns")
        outcome = {"value": function(*args, **kwargs)}
    except BaseException:
        outcome = {"error": traceback.format_exc()}
    write(writer, json.dumps(outcome).encode())
    os._exit(0)


def _read_text(path):
    try:
        with open(path, "rb") as handle:
            return handle.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def _write_text(path, text):
    with open(path, "wb") as handle:
        handle.write(text.encode("utf-8", "surrogateescape"))


def _shell(command):
    return subprocess.run(["sh", "-ec", command], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout


@pytest.fixture
def private_host(tmp_path):
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("needs root on Linux, to make a network namespace of its own")
    keeper = subprocess.Popen(
        ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", SET_UP, "sh", str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
    )
    try:
        if keeper.stdout.readline() != "ready\n":
            pytest.skip(f"no network and mount namespace here: {keeper.stderr.read().strip()}")
        yield PrivateHost(keeper, str(tmp_path))
    finally:
        keeper.send_signal(signal.SIGKILL)
        keeper.communicate()
