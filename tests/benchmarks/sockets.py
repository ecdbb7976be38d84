"""What a sample of many sockets costs: CPU seconds and peak memory, against `ss -tinm` where that is installed.

    PYTHONPATH=.build python tests/benchmarks/sockets.py [--sockets 50000] [--use-one-in 10] [--python OTHER_INTERPRETER]

Makes real connections on loopback, in a network namespace of its own where that is permitted. One in ten of them is in use.
"""
import argparse
import ctypes
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile

CLONE_NEWNET = 0x40000000
SPARE_FILES = 64

SAMPLER = """
import json, resource, sys
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.socket_watch import SocketWatch
watch = SocketWatch(HostFiles(), top=10)
watch._next_look = 0  # not to wait for it
watch.look()
print("started", flush=True)
sys.stdin.readline()
result = watch.end()
result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(result))
"""
MODULE = "ansible_collections.linuxnet.socket_buffers.plugins.modules.socket_counter_facts"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sockets", type=int, default=50000)
    parser.add_argument("--use-one-in", type=int, default=10)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that samples")
    parser.add_argument("--hold", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.hold:
        return hold(arguments.hold, arguments.use_one_in)
    where = "a network namespace of its own" if own_namespace() else "this network namespace"
    holders = [start_holder(connections, arguments.use_one_in) for connections in shares(arguments.sockets // 2)]
    try:
        reached = 2 * sum(int(holder.stdout.readline() or 0) for holder in holders)
        print(f"{reached} sockets of {arguments.sockets} in {where}, held by {len(holders)} processes")
        report(arguments.python, holders, reached)
    finally:
        for holder in holders:
            holder.stdin.close()
            holder.wait()
    return 0


def own_namespace():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        return False
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return True


def shares(connections):
    """Connections by process: each of two files."""
    most = (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_FILES) // 2
    return [most] * (connections // most) + ([connections % most] if connections % most else [])


def start_holder(connections, use_one_in):
    command = [sys.executable, __file__, "--hold", str(connections), "--use-one-in", str(use_one_in)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True)


def hold(connections, use_one_in):
    """Make them, say how many there are, and use some whenever a line comes in; until the end of input."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        try:
            while len(held) < connections:
                held.append((socket.create_connection(listener.getsockname()), listener.accept()[0]))
        except OSError as error:
            print(f"stopped at {len(held)}: {error}", file=sys.stderr)
        print(len(held), flush=True)
        for _line in sys.stdin:
            for client, server in held[::use_one_in]:
                client.sendall(b"x" * 200)
                server.sendall(server.recv(200) * 20)
                client.recv(4000)
            print("used", flush=True)
    return 0


def use(holders):
    for holder in holders:
        print("use", file=holder.stdin, flush=True)
    for holder in holders:
        holder.stdout.readline()


def report(python, holders, reached):
    with subprocess.Popen([python, "-c", SAMPLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True) as sampler:
        sampler.stdout.readline()
        use(holders)
        result = json.loads(sampler.communicate("\n")[0])
    assert result["available"], result["reason"]
    start, look, end = result["cpu_seconds"]
    groups = ", ".join(f"{group['flows']} {group['class']} {group['direction']}" for group in result["groups"])
    print(f"seen: {result['flows']} flows ({groups}), {result['retries']} retries, {len(json.dumps(result))} bytes of result")
    print(f"a window: {start:.2f} s of CPU for its start, {look:.2f} s for a look between, {end:.2f} s for its end")
    print(f"peak memory of that process: {result['peak_mb']:.0f} MB")
    print_module(python)
    print_ss(max(start, end))


def print_module(python):
    """The whole module, with all that Ansible brings along."""
    if subprocess.run([python, "-c", "import ansible"], stderr=subprocess.DEVNULL, check=False).returncode:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".json") as arguments:
        json.dump({"ANSIBLE_MODULE_ARGS": {"gather_subset": ["!all", "!min", "sockets"], "duration": 1, "top": 10}}, arguments)
        arguments.flush()
        _output, cpu, peak = measured([python, "-m", MODULE, arguments.name])
    print(f"the whole module, a window of 1 s: {cpu:.2f} s of CPU, {peak:.0f} MB peak")


def print_ss(sample_cpu):
    if not shutil.which("ss"):
        print("ss is not installed: nothing to compare with")
        return
    output, cpu, peak = measured(["ss", "-tinm"])
    print(f"ss -tinm: {cpu:.2f} s of CPU, {peak:.0f} MB peak, {output} bytes of text to parse yet")
    print(f"ratio of the dearer sample to ss -tinm: {sample_cpu / cpu:.2f}")


def measured(command):
    """(bytes written, CPU seconds, peak MB)"""
    with tempfile.TemporaryFile() as output:
        child = os.posix_spawn(
            shutil.which(command[0]) or command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1)],
        )
        _pid, status, used = os.wait4(child, 0)
        size = output.seek(0, os.SEEK_END)
    assert status == 0, command
    return size, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
