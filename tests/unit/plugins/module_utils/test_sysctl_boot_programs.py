"""Our reading of the boot files against the programs that apply them, in namespaces of their own."""
import os
import re
import shutil
import subprocess

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_boot import boot_settings, read_boot_files
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical

KEYS = (
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_limit_output_bytes",
    "net.core.somaxconn",
)
# Folders and /etc/sysctl.conf are covered with those of the case before the program starts: `set -e` stops at the first that fails.
APPLY = """
set -eu
mount -t tmpfs none /run
mount -t tmpfs none /usr/local/lib
mkdir /run/sysctl.d /usr/local/lib/sysctl.d
for path in etc/sysctl.d run/sysctl.d usr/local/lib/sysctl.d usr/lib/sysctl.d etc/sysctl.conf; do
    mount --bind "$1/$path" "/$path"
done
shift
PROGRAM >/dev/null 2>&1 || true
"""
SHOW = 'for key in "$@"; do cat "/proc/sys/$(echo "$key" | tr . /)"; done'
SYSTEMD_SYSCTL = next((path for path in ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl") if os.path.exists(path)), None)


def missing_on_this_machine():
    if os.path.realpath("/lib") != "/usr/lib" or not os.path.isfile("/etc/sysctl.conf") or not os.path.isdir("/usr/lib/sysctl.d"):
        return "wants a merged /usr, /usr/lib/sysctl.d and an /etc/sysctl.conf to cover"
    if not shutil.which("unshare") or subprocess.run(["unshare", "-mn", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        return "wants unshare, and root to use it"
    return None


def missing_procps():
    show_version = ["sysctl", "--version"]
    if shutil.which("sysctl") and re.search(rb"procps-ng [4-9]", subprocess.run(show_version, check=False, stdout=subprocess.PIPE).stdout):
        return None
    return "wants sysctl of procps 4 or later, which knows globs"


def missing_systemd():
    return None if SYSTEMD_SYSCTL else "wants systemd-sysctl"


def program(command, missing):
    reason = missing_on_this_machine() or missing()
    return pytest.param(command, marks=pytest.mark.skipif(bool(reason), reason=str(reason)), id=os.path.basename(str(command[0])))


PROCPS = program(["sysctl", "--system"], missing_procps)
SYSTEMD = program([SYSTEMD_SYSCTL], missing_systemd)

CASES = {
    "names": {"etc/sysctl.d/10-a.conf": "net.core.somaxconn = 101\n", "usr/lib/sysctl.d/20-b.conf": "net.core.somaxconn = 102\n"},
    "folders": {
        "etc/sysctl.d/50-a.conf": "net.core.somaxconn = 101\n",
        "run/sysctl.d/50-a.conf": "net.core.somaxconn = 102\nnet.ipv4.tcp_notsent_lowat = 7\n",
        "run/sysctl.d/50-b.conf": "net.ipv4.tcp_limit_output_bytes = 200001\n",
        "usr/local/lib/sysctl.d/50-b.conf": "net.ipv4.tcp_limit_output_bytes = 200002\n",
        "usr/local/lib/sysctl.d/50-c.conf": "net.ipv4.tcp_wmem = 4096 20001 4000001\n",
        "usr/lib/sysctl.d/50-c.conf": "net.ipv4.tcp_wmem = 4096 20002 4000002\n",
        "usr/lib/sysctl.d/50-d": "net.ipv4.tcp_rmem = 4096 20002 4000002\n",
    },
    "masked": {"etc/sysctl.d/50-a.conf": None, "usr/lib/sysctl.d/50-a.conf": "net.core.somaxconn = 101\n"},
    "syntax": {
        "etc/sysctl.d/a.conf": "# comment\n; comment\n\n -net/core/somaxconn\t=\t101  \r\n"
        "net.ipv4.tcp_rmem=4096\t131073   6291457\nnet.ipv4.tcp_wmem\n"
        "net.ipv4/tcp_notsent_lowat = 3\nnet/ipv4.tcp_notsent_lowat = 4\n= 5\n-\n=\n"
        "net.ipv4.tcp_limit_output_bytes = 200001\nnet.ipv4.tcp_limit_output_bytes = 200002\n"
    },
    "empty value": {"etc/sysctl.d/a.conf": "net.ipv4.tcp_rmem =\nnet.core.somaxconn = \r\n"},
    "glob": {"etc/sysctl.d/a.conf": "net.ipv4.tcp_?mem = 4096 20001 4000001\n"},
    "glob, other order": {"etc/sysctl.d/a.conf": "net.ipv4.tcp_rme[m] = 4096 20001 4000001\nnet.ipv4.tcp_?mem = 4096 20002 4000002\n"},
    "glob over a separator": {"etc/sysctl.d/a.conf": "net.*_rmem = 4096 20001 4000001\nnet/ip*/tcp_wmem = 4096 20002 4000002\n"},
    "glob, but named": {
        "etc/sysctl.d/a.conf": "net.ipv4.tcp_rmem = 4096 20001 4000001\n",
        "etc/sysctl.d/b.conf": "net.ipv4.tcp_?mem = 4096 20002 4000002\n",
    },
    "glob, but excluded": {
        "etc/sysctl.d/a.conf": "-net.ipv4.tcp_rmem\n",
        "etc/sysctl.d/b.conf": "net.ipv4.tcp_?mem = 4096 20002 4000002\n",
    },
    "glob, but named with no value": {
        "etc/sysctl.d/a.conf": "net.ipv4.tcp_rmem =\n-net.ipv4.tcp_wmem =\n",
        "etc/sysctl.d/b.conf": "net.ipv4.tcp_?mem = 4096 20002 4000002\n",
    },
    "glob exclusion does nothing": {
        "etc/sysctl.d/a.conf": "-net.ipv4.tcp_r*\n",
        "etc/sysctl.d/b.conf": "net.ipv4.tcp_?mem = 4096 20002 4000002\n",
    },
}
# systemd-sysctl does not read /etc/sysctl.conf; an exclusion after the assignment of the same key takes it back there.
PROCPS_CASES = {
    "sysctl.conf last": {"etc/sysctl.conf": "net.core.somaxconn = 101\n", "etc/sysctl.d/99-z.conf": "net.core.somaxconn = 102\n"},
    "sysctl.conf named": {"etc/sysctl.conf": "net.core.somaxconn = 101\n", "etc/sysctl.d/99-z.conf": "net.core.so* = 102\n"},
    "excluded after assigned": {"etc/sysctl.d/a.conf": "net.core.somaxconn = 101\n-net.core.somaxconn\n"},
}


def make_tree(root, tree):
    for folder in ("etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d"):
        (root / folder).mkdir(parents=True)
    (root / "etc/sysctl.conf").write_text("")
    (root / "lib").symlink_to("usr/lib")
    for path, text in tree.items():
        if text is None:
            (root / path).symlink_to("/dev/null")
        else:
            with open(str(root / path), "w", newline="") as handle:
                handle.write(text)


def in_own_namespaces(script, arguments):
    command = ["unshare", "-mn", "sh", "-c", script, "sh"] + arguments
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()
    return dict(zip(KEYS, map(canonical, lines)))


def compare(root, command):
    expected = in_own_namespaces(SHOW, list(KEYS))
    settings = boot_settings(read_boot_files(HostFiles(str(root))), KEYS)
    expected.update((key, setting.value) for key, setting in settings.items())
    script = APPLY.replace("PROGRAM", " ".join(command)) + SHOW
    assert in_own_namespaces(script, [str(root)] + list(KEYS)) == expected


@pytest.mark.parametrize("command", [PROCPS, SYSTEMD])
@pytest.mark.parametrize("tree", CASES.values(), ids=CASES.keys())
def test_as_both_programs(tmp_path, command, tree):
    make_tree(tmp_path, tree)
    compare(tmp_path, command)


@pytest.mark.parametrize("command", [PROCPS])
@pytest.mark.parametrize("tree", PROCPS_CASES.values(), ids=PROCPS_CASES.keys())
def test_as_procps(tmp_path, command, tree):
    make_tree(tmp_path, tree)
    compare(tmp_path, command)
