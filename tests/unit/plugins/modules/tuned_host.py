"""A private host with the module on it, run in a process of its own: what the tests of the states share."""
import io
import json
import os
import signal
import sys

from ansible.module_utils import basic
from ansible_collections.linuxnet.socket_buffers.plugins.modules import socket_buffer_tuning

RMEM = "net.ipv4.tcp_rmem"
WMEM = "net.ipv4.tcp_wmem"
LOWAT = "net.ipv4.tcp_notsent_lowat"
FIRST = {RMEM: "4096\t87380\t6291456\n", WMEM: "4096\t16384\t4194304\n", LOWAT: "4294967295\n"}
WANTED = {RMEM: "4096 131072 8388608", WMEM: "4096 16384 8388608"}
DROPIN = "/etc/sysctl.d/99-zz-linuxnet-socket-buffers.conf"
WRITES = ("write", "pwrite", "ftruncate", "fsync", "replace", "unlink", "mkdir", "rmdir")


def sysctl_file(key):
    return "/proc/sys/" + key.replace(".", "/")


def run_module(args, kill_before=None, user=None):
    """The module's result, with the number of writing calls it made; SIGKILL before the nth when asked."""
    calls = 0

    def counted(real):
        def call(*values, **options):
            nonlocal calls
            calls += 1
            if calls == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*values, **options)
        return call

    if user is not None:
        os.setgid(user)
        os.setuid(user)
    for name in WRITES:
        setattr(os, name, counted(getattr(os, name)))
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": args}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    sys.stdout = io.StringIO()
    try:
        socket_buffer_tuning.main()
    except SystemExit:
        pass
    return dict(json.loads(sys.stdout.getvalue()), write_calls=calls)


class Tuned:
    """A private host, and the module's runs on it."""

    def __init__(self, host):
        self.host = host
        self.state_dir = host.folder + "/state"
        for key, text in FIRST.items():
            host.write(sysctl_file(key), text)

    def args(self, options):
        return dict({"state_dir": self.state_dir, "_ansible_diff": True}, **options)

    def run(self, **options):
        result = self.host.call(run_module, self.args(options))
        assert not result.get("failed"), result
        return result

    def fail(self, user=None, **options):
        """The error message, after a look that nothing was changed."""
        before = self.snapshot()
        result = self.host.call(run_module, self.args(options), user=user)
        assert result.get("failed"), result
        assert self.snapshot() == before
        return result["msg"]

    def present(self, values=None, **options):
        return self.run(values=values or WANTED, **options)

    def absent(self, **options):
        return self.run(state="absent", **options)

    def sysctl(self, key):
        return self.host.read(sysctl_file(key))

    def snapshot(self):
        """Everything a run may change."""
        names = f"$(find {self.host.folder} /etc/sysctl.d -type f ! -name lock)"
        files = self.host.shell(f"for f in {names}; do stat -c '%n %a' $f; md5sum <$f; done")
        return {key: self.sysctl(key) for key in FIRST}, files

    def files(self):
        """Names of everything that runs may have left."""
        return self.host.shell(f"ls -A {self.host.folder}; ls -A /etc/sysctl.d").split()

    def journal(self):
        return json.loads(self.host.read(self.state_dir + "/journal.json"))


def settings(text):
    return dict(line.split(" = ") for line in text.splitlines() if not line.startswith("#"))
