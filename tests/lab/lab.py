"""The lab: a fleet of containers, each a host of its own with sshd, and real traffic between them.

    lab.py up [options]     make what is missing, start the hosts and their traffic, write the inventory
    lab.py down             remove the hosts
    lab.py status           list them

Traffic ends by itself after --seconds. A new host is one row of HOSTS, a new traffic one program in traffic/.
"""
import argparse
import hashlib
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time
from typing import NamedTuple, Optional

LAB = pathlib.Path(__file__).resolve().parent
ROOT = LAB.parent.parent
BUILD = pathlib.Path(os.environ.get("LAB_DIR", ROOT / ".build" / "lab"))
# Two checkouts on one machine have a fleet each.
PREFIX = f"sbx-{hashlib.sha256(str(BUILD).encode()).hexdigest()[:6]}-"
SENDER = "sender"
# Debian 12's own defaults: what a container would inherit from this machine's kernel differs from machine to machine.
TCP_RMEM = "4096 131072 6291456"
SSH_SECONDS = 30


class Host(NamedTuple):
    """What a host receives, and whether its /proc/sys can be written."""

    traffic: Optional[str]
    writable: bool = True


HOSTS = {
    "collapsing": Host("collapse"),
    "slow_reader": Host("slow_reader"),
    "healthy": Host("request_response"),
    "idle": Host(None),
    "read_only": Host("request_response", writable=False),
}


def main():
    args = parse_arguments()
    BUILD.mkdir(parents=True, exist_ok=True)
    write_containers_conf()
    os.environ["CONTAINERS_CONF"] = str(BUILD / "containers.conf")
    {"up": up, "down": down, "status": status}[args.action](args)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("up", "down", "status"))
    parser.add_argument("--hosts", nargs="+", choices=tuple(HOSTS), default=list(HOSTS), metavar="HOST", help=f"of {', '.join(HOSTS)}")
    parser.add_argument("--seconds", type=int, default=900, help="how long the traffic runs (default: %(default)s)")
    parser.add_argument("--tcp-rmem", default=TCP_RMEM, metavar="'MIN DEFAULT MAX'", help="the hosts' tcp_rmem to start from (default: %(default)s)")
    parser.add_argument("--traffic", action="append", default=[], metavar="HOST='OPTIONS'", help="more options for a host's traffic program")
    parser.add_argument("--read-only-traffic", choices=("collapse", "request_response"), default="request_response")
    parser.add_argument("--suite", default="bookworm", help="Debian release of the hosts (default: %(default)s)")
    return parser.parse_args()


def write_containers_conf():
    """runc and no raised limits: crun refuses hybrid cgroups, and a machine without CAP_SYS_RESOURCE raising of any limit."""
    limits = ((name, resource.getrlimit(kind)) for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)))
    ulimits = ", ".join(f'"{name}={min(1024, soft) if soft > 0 else 1024}:{min(1024, hard) if hard > 0 else 1024}"' for name, (soft, hard) in limits)
    text = f'[engine]\nruntime = "runc"\n[containers]\ndefault_ulimits = [{ulimits}]\n'
    (BUILD / "containers.conf").write_text(text)


def up(args):
    missing = [program for program in ("podman", "runc", "mmdebstrap", "ssh-keygen") if not shutil.which(program)]
    if missing:
        sys.exit(f"lab: {', '.join(missing)} missing; as root: apt-get install podman runc netavark aardvark-dns iptables catatonit mmdebstrap openssh-client")
    image = f"localhost/linuxnet-lab:{args.suite}"
    subprocess.run([LAB / "image.sh", image, args.suite], check=True)
    make_key()
    down(args)
    wanted = {name: HOSTS[name] for name in args.hosts}
    if "read_only" in wanted:
        wanted["read_only"] = wanted["read_only"]._replace(traffic=args.read_only_traffic)
    start(SENDER, Host(None), image, args)
    for name, host in wanted.items():
        start(name, host, image, args)
    addresses = {name: address(name) for name in wanted}
    write_inventory(addresses)
    for name in wanted:
        wait_for_ssh(name, addresses[name])
    for name, host in wanted.items():
        if host.traffic:
            start_traffic(name, host, addresses[name], args)
    print(f"lab: {len(wanted)} hosts are up ({', '.join(wanted)}), traffic for {args.seconds} s; inventory {BUILD / 'hosts.yml'}")


def down(_args):
    for name in containers():
        podman("rm", "-f", "-t0", name)


def status(_args):
    subprocess.run(["podman", "ps", "-a", "--filter", f"name=^{PREFIX}"], check=True)


def containers():
    return podman("ps", "-a", "--filter", f"name=^{PREFIX}", "--format", "{{.Names}}").split()


def make_key():
    if not (BUILD / "key").exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "linuxnet lab", "-f", BUILD / "key"], check=True)


def start(name, host, image, args):
    # --init, so that what a killed process leaves is reaped as on any host.
    options = ["--init", "--hostname", name.replace("_", "-"), "--sysctl", f"net.ipv4.tcp_rmem={args.tcp_rmem}"]
    if host.writable:
        options += ["--cap-add", "NET_ADMIN", "--security-opt", "unmask=/proc/sys"]
    mounts = [f"{LAB / 'traffic'}:/opt/traffic:ro", f"{BUILD / 'key.pub'}:/root/.ssh/authorized_keys:ro"]
    volumes = [word for mount in mounts for word in ("--volume", mount)]
    # sshd wants its directory, and in a container of many limits no seccomp of its own is needed.
    podman("run", "-d", "--name", PREFIX + name, *options, *volumes, image, "sh", "-c", "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e")


def address(name):
    return podman("inspect", "--format", "{{.NetworkSettings.IPAddress}}", PREFIX + name).strip()


def start_traffic(name, host, target, args):
    more = [word for entry in args.traffic if entry.partition("=")[0] == name for word in entry.partition("=")[2].split()]
    program = ["python3", f"/opt/traffic/{host.traffic}.py"]
    end = ["--seconds", str(args.seconds), *more]
    podman("exec", "-d", PREFIX + name, *program, "receive", *end)
    podman("exec", "-d", PREFIX + SENDER, *program, "send", "--to", target, *end)


def wait_for_ssh(name, target):
    end = time.monotonic() + SSH_SECONDS
    while subprocess.run(["ssh", *ssh_options().split(), f"root@{target}", "true"], capture_output=True, check=False).returncode:
        if time.monotonic() > end:
            sys.exit(f"lab: no ssh to {name} ({target}) within {SSH_SECONDS} s; look at: podman logs {PREFIX}{name}")
        time.sleep(0.3)


def ssh_options():
    return f"-i {BUILD / 'key'} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"


def write_inventory(addresses):
    hosts = "".join(f"    {name}: {{ansible_host: {target}}}\n" for name, target in addresses.items())
    # A short control path: the one in the home directory may be too long for a socket.
    (BUILD / "hosts.yml").write_text(
        "---\nlab:\n  hosts:\n" + hosts + "  vars:\n    ansible_user: root\n    ansible_python_interpreter: /usr/bin/python3\n"
        f"    ansible_ssh_common_args: {ssh_options()}\n    ansible_pipelining: true\n"
    )


def podman(*words):
    done = subprocess.run(["podman", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"lab: podman {' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    main()
