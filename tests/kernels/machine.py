"""Virtual machines with other kernels: Debian images made once, booted in an emulator that runs in a container."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(os.path.abspath(__file__)).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lab"))
import image  # noqa: E402  the lab's way to make and run containers

BUILD = Path(os.environ.get("LAB_BUILD") or ROOT / ".build") / "kernels"
TRAFFIC = ROOT / "tests" / "lab" / "traffic"
PACKAGES = (
    "systemd", "systemd-sysv", "udev", "kmod", "dbus", "openssh-server", "python3", "iproute2", "procps", "sudo", "bpftrace", "linux-libc-dev",
    "linux-image-cloud-amd64",
)
# QEMU 7.2 of Debian 12 cannot boot Linux 6.12 without hardware virtualisation; Debian 13's 10.0 boots all of them.
EMULATOR_SUITE, EMULATOR_PACKAGES = "trixie", ("qemu-system-x86",)
ACCELERATOR = os.environ.get("KERNELS_ACCEL", "tcg")
DISK = "2G"
BOOT_SECONDS = 300
NETWORK = "[Match]\nName=e*\n[Network]\nDHCP=ipv4\n"


class Kernel(NamedTuple):
    """A kernel release and the Debian suite that has it; without its security archive where that has lost packages."""

    release: str
    suite: str
    security: bool = True


KERNELS = {kernel.release: kernel for kernel in (Kernel("5.10", "bullseye", security=False), Kernel("6.1", "bookworm"), Kernel("6.12", "trixie"))}


class Machine:
    """One virtual machine of this checkout."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.directory = BUILD / kernel.suite
        digest = hashlib.sha256(str(BUILD.resolve()).encode()).hexdigest()[:8]
        self._container = f"linuxnet-kernel-{digest}-{kernel.release}"
        self.address = None
        self.boot_rmem = None  # tcp_rmem as this kernel makes it

    def up(self):
        """Boot from a fresh disk and wait for sshd."""
        emulator = _emulator()
        self._build()
        self.down()
        image.run("cp", "--sparse=always", str(self.directory / "disk"), str(self.directory / "disk.run"))
        command = (
            "qemu-system-x86_64", f"-machine=q35,accel={ACCELERATOR}", "-cpu=max", "-smp=2", "-m=1024", "-display=none", "-monitor=none", "-no-reboot",
            "-serial=file:/vm/console", "-kernel=/vm/vmlinuz", "-initrd=/vm/initrd",
            "-append=root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet panic=1",
            "-drive=file=/vm/disk.run,if=virtio,format=raw,cache=unsafe", "-netdev=user,id=net,hostfwd=tcp::22-:22", "-device=virtio-net-pci,netdev=net",
        )
        command = tuple(part for argument in command for part in argument.split("=", 1) if part)
        image.run(
            "podman", "run", "--detach", "--init", f"--name={self._container}", f"--volume={self.directory}:/vm", "--tmpfs=/var/tmp:rw,size=4g",
            emulator, *command,
        )
        self._reach()
        self.boot_rmem = self.ssh("cat /proc/sys/net/ipv4/tcp_rmem")

    def down(self):
        subprocess.run(("podman", "rm", "--force", "--time=0", self._container), capture_output=True, check=False)
        (self.directory / "disk.run").unlink(missing_ok=True)

    def ssh(self, *command, check=True, **options):
        done = subprocess.run(self._ssh(*command), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options)
        if check and done.returncode:
            raise image.LabError(f"{self.kernel.release}: {' '.join(command)} failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def start(self, *command):
        """A command that goes on beside us."""
        return subprocess.Popen(self._ssh(*command), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def reboot(self):
        """The machine resets itself, and is switched on again with the same disk: the emulator ends at a reset, as its second boot may hang."""
        self.ssh("systemctl reboot || true", check=False)
        await_until(lambda: image.run("podman", "inspect", "--format", "{{.State.Running}}", self._container) == "false", BOOT_SECONDS)
        image.run("podman", "start", self._container)
        self._reach()

    def _reach(self):
        self.address = image.run("podman", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", self._container)
        self.await_ssh()
        self.write_inventory()
        self._copy_traffic()

    def module(self, name, check=True, **arguments):
        """Run a module of the collection by Ansible; its result."""
        return self.finish_module(self.start_module(name, **arguments), check)

    def start_module(self, name, **arguments):
        command = ("ansible", "-i", str(self.inventory), self.kernel.release, "-m", f"linuxnet.socket_buffers.{name}")
        command += ("-a", json.dumps(arguments)) if arguments else ()
        return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish_module(self, process, check=True):
        text, complaints = process.communicate()
        _head, arrow, result = text.partition("=>")
        if not arrow:
            raise image.LabError(f"{self.kernel.release}: no result of a module: {text} {complaints}")
        result = json.loads(result)
        if check and (result.get("failed") or process.returncode):
            raise image.LabError(f"{self.kernel.release}: a module failed: {result.get('msg')}")
        return result

    @property
    def inventory(self):
        return self.directory / "hosts.yml"

    def write_inventory(self):
        self.inventory.write_text(json.dumps({"kernels": {"hosts": {self.kernel.release: {
            "ansible_host": self.address,
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(BUILD / "id_ed25519"),
            "ansible_ssh_common_args": " ".join(SSH_OPTIONS),
            "ansible_ssh_pipelining": True,
            "ansible_timeout": 60,
        }}}}, indent=2) + "\n", encoding="utf-8")

    def await_ssh(self):
        end = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < end:
            if self.ssh("true; echo up", check=False) == "up":
                return
            time.sleep(2)
        raise image.LabError(f"{self.kernel.release}: no answer from sshd within {BOOT_SECONDS} s; see {self.directory}/console")

    def _ssh(self, *command):
        return ("ssh", "-i", str(BUILD / "id_ed25519"), *SSH_OPTIONS, f"root@{self.address}", *command)

    def _copy_traffic(self):
        packed = subprocess.run(("tar", "-C", str(TRAFFIC), "-cf", "-", "."), stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(self._ssh("mkdir -p /opt/traffic && tar -C /opt/traffic -xf -"), input=packed, check=True)

    def _build(self):
        key = BUILD / "id_ed25519"
        BUILD.mkdir(parents=True, exist_ok=True)
        if not key.exists():
            image.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kernels", "-f", str(key))
        made = self.directory / f"made-{hashlib.sha256(repr((self.kernel, PACKAGES, NETWORK)).encode()).hexdigest()[:8]}"
        if made.exists():
            return
        print(f"kernels: making the image of {self.kernel.suite} (about a minute)", flush=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        tree = self.directory / "tree"
        self.directory.mkdir(parents=True)
        sources = image.apt_sources(self.kernel.suite, security=self.kernel.security)
        image.run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", *image.apt_options(), self.kernel.suite, str(tree), *sources)
        authorized = tree / "root/.ssh/authorized_keys"
        authorized.parent.mkdir(mode=0o700, exist_ok=True)
        authorized.write_text(key.with_suffix(".pub").read_text(encoding="utf-8"), encoding="utf-8")
        (tree / "etc/systemd/network/80-dhcp.network").write_text(NETWORK, encoding="utf-8")
        for service in ("systemd-networkd", "ssh"):
            image.run("chroot", str(tree), "systemctl", "--quiet", "enable", service)
        for name in ("vmlinuz", "initrd"):
            newest = max((tree / "boot").glob(f"{name}*"))
            shutil.copy(newest, self.directory / name)
        image.run("mke2fs", "-q", "-t", "ext4", "-d", str(tree), str(self.directory / "disk"), DISK)
        shutil.rmtree(tree)
        made.touch()


SSH_OPTIONS = (
    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20",
    "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=6",
)


def _emulator():
    """Name of the container image with QEMU."""
    return image.ensure(BUILD.parent / "containers.conf", EMULATOR_SUITE, EMULATOR_PACKAGES)


def await_until(condition, seconds, complaint=lambda: ""):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not happen within {seconds} s: {complaint()}"
        time.sleep(0.5)
