"""The fleet: containers, each a host of its own with sshd, and the traffic between them."""
import hashlib
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from image import LabError, run

HERE = Path(__file__).resolve().parent
TRAFFIC = "/opt/traffic"
SENDER = "sender"
SSHD = "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -o UsePAM=no -o UseDNS=no -o MaxStartups=100"
SSH_WAIT_SECONDS = 20
TRACEFS = "/sys/kernel/tracing"
# Frames of two segments, as a plain NIC makes them. A virtual link would pass 64 KiB in one, and the receiving
# kernel, which takes its window-to-buffer ratio from the first, would promise more window than small frames fit in.
SEGMENTS_PER_FRAME = 2


class Load(NamedTuple):
    """A traffic program (tests/lab/traffic) between the sender and one host, and its options."""

    program: str
    options: tuple = ()


class Host(NamedTuple):
    """A host of the fleet: may its sysctls be written, and what comes its way."""

    name: str
    loads: tuple = ()
    writable: bool = True
    sysctls: tuple = ()  # (name, value), instead of the fleet's
    volumes: tuple = ()
    systemd: bool = False  # boots, from an image that has it


class Fleet:
    """The containers of one checkout and one fleet name; other checkouts and fleets are never touched."""

    def __init__(self, name, directory):
        self.name = name
        self.directory = directory
        digest = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:8]
        self._label = f"linuxnet.lab={name}-{digest}"
        self._prefix = f"linuxnet-{name}-{digest}-"

    @property
    def inventory(self):
        return self.directory / "hosts.yml"

    def down(self):
        """Remove the containers, and with them their traffic."""
        names = run("podman", "ps", "--all", "--quiet", "--filter", f"label={self._label}").split()
        if names:
            run("podman", "rm", "--force", "--time=0", *names)
        self.inventory.unlink(missing_ok=True)

    def up(self, image, hosts, tcp_rmem, tcp_wmem):
        """Start the hosts and write the inventory; {name: address}."""
        self.down()
        self.directory.mkdir(parents=True, exist_ok=True)
        sysctls = {"net.ipv4.tcp_rmem": tcp_rmem, "net.ipv4.tcp_wmem": tcp_wmem}
        key = self._ssh_key()
        for host in hosts:
            self._start(image, host, key, {**sysctls, **dict(host.sysctls)})
        addresses = self.addresses()
        for host in hosts:
            _await_ssh(host.name, addresses[host.name])
        self._write_inventory({host.name: addresses[host.name] for host in hosts if host.name != SENDER})
        return addresses

    def addresses(self):
        return self._inspect("{{.NetworkSettings.IPAddress}}")

    def processes(self):
        """A process of each host, as the machine numbers them."""
        return {name: int(process) for name, process in self._inspect("{{.State.Pid}}").items()}

    def container(self, name):
        """What podman calls this host."""
        return self._prefix + name

    def _inspect(self, field):
        names = run("podman", "ps", "--quiet", "--filter", f"label={self._label}").split()
        if not names:
            return {}
        rows = run("podman", "inspect", "--format", "{{.Config.Hostname}} " + field, *names).splitlines()
        return dict(sorted(row.split() for row in rows))

    def start_traffic(self, hosts, addresses, seconds):
        """All programs end by themselves after `seconds`."""
        for host in hosts:
            for load in host.loads:
                options = (f"--seconds={seconds}", *load.options)
                self.start_program(host.name, load.program, "receive", *options)
                self.start_program(SENDER, load.program, "send", f"--peer={addresses[host.name]}", *options)

    def programs(self, name):
        """Command lines of the traffic programs that run on a host."""
        lines = run("podman", "exec", self.container(name), "ps", "-eo", "args", "--no-headers").splitlines()
        return [line for line in lines if TRAFFIC in line and line.startswith("python3")]

    def start_program(self, name, program, *options):
        run("podman", "exec", "--detach", self.container(name), "python3", f"{TRAFFIC}/{program}.py", *options)

    def write_sysctls(self, name, values):
        run("podman", "exec", self.container(name), "sysctl", "--quiet", "--write", *(f"{key}={value}" for key, value in values.items()))

    def read_sysctls(self, name, keys):
        """{key: text with single spaces}."""
        lines = run("podman", "exec", self.container(name), "sysctl", *keys).splitlines()
        return {key.strip(): " ".join(value.split()) for key, _equals, value in (line.partition("=") for line in lines)}

    def _start(self, image, host, key, sysctls):
        init, command = (("--systemd=always",), ("/sbin/init",)) if host.systemd else (("--init",), ("sh", "-c", SSHD))
        writable = ("--cap-add=NET_ADMIN", "--security-opt=unmask=/proc/sys", *_tracing()) if host.writable else ()
        run(
            "podman", "run", "--detach", *init, f"--name={self.container(host.name)}", f"--hostname={host.name}", f"--label={self._label}",
            f"--volume={key}.pub:/root/.ssh/authorized_keys:ro", f"--volume={HERE / 'traffic'}:{TRAFFIC}:ro",
            *(f"--volume={volume}" for volume in host.volumes), *(f"--sysctl={key}={value}" for key, value in sysctls.items()), *writable,
            image, *command,
        )
        if host.name == SENDER:
            run("podman", "exec", self.container(SENDER), "ip", "link", "set", "dev", "eth0", "gso_max_segs", str(SEGMENTS_PER_FRAME))

    def _ssh_key(self):
        key = self.directory / "id_ed25519"
        if not key.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self._label, "-f", str(key))
        return key

    def _write_inventory(self, addresses):
        """JSON is YAML. The hosts are new each time, so their keys are learnt anew, in a file of the fleet's own."""
        known_hosts = self.directory / "known_hosts"
        known_hosts.unlink(missing_ok=True)
        inventory = {"fleet": {
            "hosts": {name: {"ansible_host": address} for name, address in addresses.items()},
            "vars": {
                "ansible_user": "root",
                "ansible_python_interpreter": "/usr/bin/python3",
                "ansible_ssh_private_key_file": str(self.directory / "id_ed25519"),
                "ansible_ssh_common_args": f"-o UserKnownHostsFile={known_hosts} -o StrictHostKeyChecking=accept-new",
                "ansible_ssh_pipelining": True,
            },
        }}
        self.inventory.write_text(json.dumps(inventory, indent=2) + "\n", encoding="utf-8")


def _tracing():
    """A container has no tracefs of its own. The machine's, mounted where systemd would, is lent to the hosts; where there is none, they go without."""
    if not os.path.isdir(f"{TRACEFS}/instances"):
        subprocess.run(("mount", "-t", "tracefs", "tracefs", TRACEFS), capture_output=True, check=False)
    return (f"--volume={TRACEFS}:{TRACEFS}",) if os.path.isdir(f"{TRACEFS}/instances") else ()


def _await_ssh(name, address):
    end = time.monotonic() + SSH_WAIT_SECONDS
    while time.monotonic() < end:
        try:
            with socket.create_connection((address, 22), timeout=1) as connection:
                if connection.recv(4) == b"SSH-":
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise LabError(f"{name} ({address}): no answer from sshd within {SSH_WAIT_SECONDS} s; see: podman logs")
