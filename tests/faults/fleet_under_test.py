"""The hosts that everything here is done to: containers of the lab, each with traffic for which the playbook finds a candidate.

They are looked at from outside, by /proc, so that looking takes no time and starts nothing in them.
"""
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import processes
from judge import NEITHER, ORIGINAL, Seen, judge
from settle import Look

ROOT = Path(os.path.abspath(__file__)).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))
import image  # noqa: E402  the lab's way to make and run containers
import tun  # noqa: E402
from fleet import SEGMENTS_PER_FRAME, SENDER, TRAFFIC, Fleet, Host  # noqa: E402

BUILD = Path(os.environ.get("LAB_BUILD") or ROOT / ".build")
STATE_DIR = "/var/lib/linuxnet-socket-buffers"
DROPIN_DIR = "/etc/sysctl.d"
DROPIN = f"{DROPIN_DIR}/99-zz-linuxnet-socket-buffers.conf"
TRACES = (STATE_DIR, DROPIN, "/root/.ansible_async", "/root/.ansible/tmp")
KEYS = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_notsent_lowat", "net.ipv4.tcp_limit_output_bytes")
LOWAT = "net.ipv4.tcp_notsent_lowat"
TRIAL, GUARDIAN = "socket_buffer_trial.py", "trial_guardian.py"
# A program that writes faster than its path carries: what it writes waits in the send queue (stale_send_queue), and a lower
# tcp_notsent_lowat reaches open connections at once, and back. A connection has a large queue from its start.
TCP_RMEM, TCP_WMEM = "4096 131072 33554432", "4096 262144 4194304"
PACE = ("--bytes-per-second=800000", "--block-bytes=16384")
TRAFFIC_SECONDS = 3600
TRIAL_WAIT_SECONDS, IN_STEP_SECONDS = 30, 3  # hosts begin one after the other, as far as the controller has workers


class NoTrial(image.LabError):
    """A host was not tried; the message names it."""


class UnderTest:
    """`number` hosts, a sender that is their peer, and what they were like at first."""

    packages = image.PACKAGES

    def __init__(self, number, name="faults"):
        self.hosts = [f"host{index}" for index in range(1, number + 1)]
        self.fleet = Fleet(name, BUILD / name)
        self._pids = {}
        self._firsts = {}
        self.originals = {}

    @property
    def inventory(self):
        return self.fleet.inventory

    def up(self):
        name = image.ensure(BUILD / "containers.conf", packages=self.packages)
        self.fleet.up(name, [Host(SENDER)] + [self.host(host) for host in self.hosts], TCP_RMEM, TCP_WMEM)
        self._pids = self.fleet.processes()
        self.fleet.start_program(SENDER, "stream", "receive", f"--seconds={TRAFFIC_SECONDS}", *PACE)
        for host in self.hosts:
            self._send_plain_frames(host)
        self.start_traffic(self.hosts)
        self._firsts = {host: self.seen(host) for host in self.hosts}
        self.originals = dict(self._firsts)

    def host(self, name):
        return Host(name)

    def down(self):
        self.fleet.down()

    def _send_plain_frames(self, host):
        """As a network card makes them: of large ones a second holds only a few, and as few answers."""
        self.shell(host, f"ip link set dev eth0 gso_max_segs {SEGMENTS_PER_FRAME}")

    def start_traffic(self, hosts):
        peer = self.fleet.addresses()[SENDER]
        for host in hosts:
            self.fleet.start_program(host, "stream", "send", f"--peer={peer}", f"--seconds={TRAFFIC_SECONDS}", *PACE)

    def seen(self, host):
        with tun.network_of(self._pids[host]):
            values = {key: _read(_sysctl(key)) for key in KEYS}
        return Seen(values, _read(self.path(host, DROPIN)), _read(self.path(host, f"{STATE_DIR}/journal.json")))

    def looks(self, proven):
        """{host: Look}; `proven` as of proof.proven."""
        return {host: self._look(host, proven.get(host)) for host in self.hosts}

    def judged(self, proven):
        return {host: judge(self.seen(host), self.originals[host], proven.get(host)) for host in self.hosts}

    def _look(self, host, proven):
        try:
            programs = self._programs(host)
            good = judge(self.seen(host), self.originals[host], proven).state != NEITHER
            trying = bool(_trials(programs) or _guardians(programs))
            return Look(trying, bool(programs), good, _began(self.path(host, f"{STATE_DIR}/trial.json")))
        except OSError:
            return Look(trying=True, busy=True, good=False)  # it is down

    def trials(self, host):
        return _trials(self._programs(host))

    def guardians(self, host):
        return _guardians(self._programs(host))

    def connections(self, host):
        """The processes of sshd that serve somebody."""
        found = processes.inside(self._pids[host])
        return [pid for pid, words in found.items() if words and words[0].startswith("sshd: ") and "listener" not in " ".join(words)]

    def _programs(self, host):
        """{pid: words} of whatever of Ansible's or of ours runs there: all of it is Python, and so is only the traffic besides."""
        return {
            pid: words for pid, words in processes.inside(self._pids[host]).items()
            if words and os.path.basename(words[0]).startswith("python") and not any(word.startswith(TRAFFIC) for word in words)
        }

    def await_trials(self):
        """Until every host holds its candidate; where they are out of step, until each has held it."""
        end, held = time.monotonic() + TRIAL_WAIT_SECONDS, {}
        while time.monotonic() < end:
            holding = [host for host in self.hosts if not self.holds_original(host) and self.trials(host)]
            for host in holding:
                held.setdefault(host, time.monotonic())
            all_held = len(held) == len(self.hosts)
            if len(holding) == len(self.hosts) or (all_held and time.monotonic() > max(held.values()) + IN_STEP_SECONDS):
                return
            time.sleep(0.02)
        raise NoTrial(f"no trial within {TRIAL_WAIT_SECONDS} s on {', '.join(sorted(set(self.hosts) - set(held)))}")

    def holds_original(self, host):
        return judge(self.seen(host)._replace(dropin=self.originals[host].dropin), self.originals[host]).state == ORIGINAL

    def reset(self):
        """Every host as it was at first, whatever was done to it."""
        for host in self.hosts:
            processes.kill(self._programs(host))
            self.shell(host, f"for place in {STATE_DIR} {DROPIN_DIR}; do while umount -l $place 2>/dev/null; do :; done; done")
            for trace in TRACES:
                path = self.path(host, trace)
                shutil.rmtree(path, ignore_errors=True)
                if os.path.lexists(path):
                    os.unlink(path)
            self.write_sysctls(host, self._firsts[host].values)
        self.originals = dict(self._firsts)

    def write_sysctls(self, host, values):
        with tun.network_of(self._pids[host]):
            for key, text in values.items():
                with open(_sysctl(key), "w", encoding="ascii") as sysctl:
                    sysctl.write(text)

    def path(self, host, path):
        return f"/proc/{self._pids[host]}/root{path}"

    def put(self, host, path, text):
        """A file there; its folder is made, root's alone, where it is missing."""
        os.makedirs(os.path.dirname(self.path(host, path)), 0o700, exist_ok=True)
        with open(self.path(host, path), "w", encoding="utf-8") as handle:
            handle.write(text)

    def text(self, host, path):
        return _read(self.path(host, path))

    def tried(self, host):
        """The sysctl that its trial tries."""
        (key,) = json.loads(self.text(host, f"{STATE_DIR}/trial.json"))["keys"]
        return key

    def expect(self, host, *keys):
        """From now on, what the host holds at this moment, of these sysctls or altogether, is what it has to end with."""
        seen, original = self.seen(host), self.originals[host]
        held = {key: seen.values[key] for key in keys}
        self.originals[host] = original._replace(values={**original.values, **held}) if keys else seen

    def shell(self, host, command):
        """In the host's namespaces, with all the rights of this machine."""
        enter = ("nsenter", f"--target={self._pids[host]}", "--mount", "--net", "--pid", "--ipc", "--uts")
        done = subprocess.run((*enter, "sh", "-c", command), capture_output=True, text=True, check=False)
        if done.returncode:
            raise image.LabError(f"{host}: {command}: {done.stderr.strip()}")
        return done.stdout

    def stop(self, host):
        image.run("podman", "stop", "--time=0", self.fleet.container(host))

    def start(self, host):
        """Started again, with a network namespace of its own as after a boot, its sysctls those of a boot, and at the address it had."""
        address = self._address(host)
        image.run("podman", "start", self.fleet.container(host))
        image.run("ip", "neighbour", "flush", "to", address)  # its network card is another one now
        self._pids = self.fleet.processes()
        self._send_plain_frames(host)
        self.shell(host, f"ip address replace {address}/16 dev eth0 && if [ -e {DROPIN} ]; then sysctl --quiet --load={DROPIN}; fi")

    def _address(self, host):
        inventory = json.loads(self.inventory.read_text(encoding="utf-8"))
        return inventory["fleet"]["hosts"][host]["ansible_host"]


def _trials(programs):
    return [pid for pid, words in programs.items() if any(word.endswith(TRIAL) for word in words[1:2])]


def _guardians(programs):
    return [pid for pid, words in programs.items() if any(word.endswith(GUARDIAN) for word in words[:3])]


def _sysctl(key):
    return "/proc/sys/" + key.replace(".", "/")


def _read(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def _began(record):
    """When the trial of this record began, by the clock of time.monotonic."""
    try:
        return time.monotonic() - (time.time() - os.stat(record).st_mtime)
    except FileNotFoundError:
        return None
