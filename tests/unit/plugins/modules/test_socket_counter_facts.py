"""The real module in a network namespace with traffic of its own, against nstat and ss on the same host."""
import json
import re
import shutil
import subprocess
import sys
import time

import pytest

TRAFFIC = """
ip link set lo up
python3 - <<'PROGRAM'
import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
accepted, _address = server.accept()
client.sendall(b"x" * 100000)
received = 0
while received < 100000:
    received += len(accepted.recv(65536))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nowhere:
    nowhere.sendto(b"x", ("127.0.0.1", 9))
PROGRAM
"""


@pytest.fixture
def busy_host(private_host):
    """It has had traffic, and has none while it is read."""
    private_host.shell(TRAFFIC)
    return private_host


def run(host, **arguments):
    output, errors = host.start_module("socket_counter_facts", arguments).communicate(timeout=60)
    assert output, errors
    return json.loads(output)


def counters_of(host, **arguments):
    return run(host, **arguments)["ansible_facts"]["socket_counters"]


def need(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed (Debian: iproute2)")


def test_every_value_is_the_one_of_nstat(busy_host):
    need("nstat")
    # It keeps a history per user and shows differences to it: start from none.
    text = busy_host.shell(f"NSTAT_HISTORY={busy_host.folder}/history nstat -az")
    theirs = {name: int(value) for name, value, _rate in (line.split() for line in text.splitlines() if not line.startswith("#"))}
    facts = counters_of(busy_host)
    ours = dict(facts["counters"], **facts["gauges"])
    compared = {name: value for name, value in theirs.items() if name.startswith(("Tcp", "Udp", "Ip", "MPTcpExt"))}
    assert compared["TcpInSegs"] > 0 and compared["UdpNoPorts"] == 1 and len(compared) > 200
    assert {name: ours.get(name) for name in compared} == compared


HOLD_SOCKETS = """
import socket
held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for one in held:
    one.bind(("127.0.0.1", 0))
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
accepted = server.accept()
print("ready", flush=True)
input()
"""


@pytest.fixture
def held_sockets(busy_host):
    """Two of UDP, and three of TCP, of which two are established."""
    namespace = f"--net=/proc/{busy_host.keeper.pid}/ns/net"
    command = ["nsenter", namespace, sys.executable, "-c", HOLD_SOCKETS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True) as holder:
        assert holder.stdout.readline() == "ready\n"
        yield
        holder.communicate("\n")


def test_sockets_are_those_of_ss(busy_host, held_sockets):
    need("ss")
    text = busy_host.shell("ss -s")
    gauges = counters_of(busy_host)["gauges"]
    # "TCP:   5 (estab 2, closed 2, orphaned 0, timewait 1)", and below it rows of "Transport Total IP IPv6"
    established, timewait = re.search(r"estab (\d+),.*timewait (\d+)", text).groups()
    rows = {row[0]: tuple(map(int, row[1:])) for row in (line.split() for line in text.splitlines()) if row and row[0] in ("TCP", "UDP")}
    assert (gauges["TcpCurrEstab"], gauges["sockstat_TCP_tw"]) == (int(established), int(timewait)) == (2, 1)
    for protocol, inuse in (("TCP", 3), ("UDP", 2)):
        ipv4, ipv6 = gauges[f"sockstat_{protocol}_inuse"], gauges[f"sockstat_{protocol}6_inuse"]
        assert (ipv4 + ipv6, ipv4, ipv6) == rows[protocol] == (inuse, inuse, 0)
        assert gauges[f"protocols_{protocol}_sockets"] == inuse


def test_sizes_are_those_of_sysctl(busy_host):
    sizes = counters_of(busy_host)["sizes"]
    assert "net.ipv4.tcp_rmem" in sizes
    for key, value in sizes.items():
        assert busy_host.shell(f"cat /proc/sys/{key.replace('.', '/')}").split() == value.split()


def test_a_window_has_what_happened_in_it(busy_host):
    process = busy_host.start_module("socket_counter_facts", {"duration": 3, "interval": 1})
    busy_host.shell("sleep 1.2; true" + TRAFFIC.replace("ip link set lo up", ""))
    window = json.loads(process.communicate(timeout=60)[0])["window"]
    assert len(window["seconds"]) == 3 and window["seconds"] == pytest.approx([1, 1, 1], abs=0.5)
    assert sum(window["counters"]["TcpActiveOpens"]) == 1
    assert window["last"]["TcpActiveOpens"] - window["first"]["TcpActiveOpens"] == 1
    assert "TcpExtPruneCalled" not in window["counters"] and "TcpExtPruneCalled" not in window["absent"]


# Imported before the rights are dropped: the interpreter may live in root's home.
AS_NOBODY = """
import importlib, os, sys
from ansible.module_utils import basic
module = importlib.import_module({module!r})
with open(sys.argv[1], "rb") as arguments:
    basic._ANSIBLE_ARGS = arguments.read()
basic._ANSIBLE_PROFILE = "legacy"
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
module.main()
"""


def test_no_root_is_needed(busy_host):
    output, errors = busy_host.start_module("socket_counter_facts", {}, script=AS_NOBODY).communicate(timeout=60)
    facts = json.loads(output)["ansible_facts"]["socket_counters"]
    assert facts["counters"]["TcpInSegs"] > 0 and facts["sizes"], errors
    assert facts["sockets"]["available"], facts["sockets"]["reason"]


@pytest.mark.parametrize("subset, has, lacks", [
    (["all"], {"counters", "gauges", "softnet", "nics", "sizes", "sockets"}, set()),
    (["!all"], {"counters"}, {"softnet", "nics", "sizes", "sockets"}),
    (["!all", "sizes"], {"sizes"}, {"softnet", "nics", "sockets"}),
    (["all", "!sockets"], {"sizes"}, {"sockets"}),
    (["!all", "sockets"], {"sockets"}, {"softnet", "nics", "sizes"}),
])
def test_subsets_are_those_of_setup(busy_host, subset, has, lacks):
    facts = counters_of(busy_host, gather_subset=subset)
    assert has <= set(facts) and not lacks & set(facts)
    assert facts["counters"]["TcpInSegs"] > 0


@pytest.mark.parametrize("arguments, named", [
    ({"gather_subset": ["nonsense"]}, "nonsense"),
    ({"duration": 0}, "duration"),
    ({"duration": 1, "interval": 2}, "interval"),
    ({"top": 101}, "top"),
])
def test_bad_input_is_named(private_host, arguments, named):
    result = run(private_host, **arguments)
    assert result["failed"] and named in result["msg"]


def test_connections_are_summed_up_without_an_address(busy_host, held_sockets):
    sockets = counters_of(busy_host, gather_subset=["!all", "sockets"])["sockets"]
    assert (sockets["flows"], sockets["listeners"]["sockets"], sockets["seconds"]) == (2, 1, None)
    assert {group["direction"] for group in sockets["groups"]} == {"inbound", "outbound"}
    assert "127.0.0.1" not in json.dumps(sockets)


# One connection is there before the window, and sends in it; another comes meanwhile.
STREAM = """
import socket, sys
server = socket.create_server(("127.0.0.1", 5001))
client = socket.create_connection(server.getsockname())
accepted, _address = server.accept()
print("ready", flush=True)
input()
for _chunk in range(100):
    client.sendall(b"x" * 10000)
    received = 0
    while received < 10000:
        received += len(accepted.recv(65536))
accepted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # no more is read: what comes now has to wait
client.sendall(b"x" * 5000)
later = socket.create_connection(server.getsockname())
print("done", flush=True)
input()
"""


def test_a_window_has_what_connections_did_in_it(busy_host):
    command = ["nsenter", f"--net=/proc/{busy_host.keeper.pid}/ns/net", sys.executable, "-c", STREAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True) as stream:
        assert stream.stdout.readline() == "ready\n"
        process = busy_host.start_module("socket_counter_facts", {"duration": 3, "interval": 1, "top": 1})
        time.sleep(1.5)
        print(file=stream.stdin, flush=True)
        assert stream.stdout.readline() == "done\n"
        window = json.loads(process.communicate(timeout=60)[0])["window"]
        stream.communicate("\n")
    sockets = window["sockets"]
    assert sockets["seconds"] == pytest.approx(sum(window["seconds"]), abs=0.5)
    assert 3 <= sockets["looks"] <= 15  # both ends, and four in each second between unless this machine is slow
    assert sockets["born"] >= 1 and sockets["closed"] == 0
    bulk = {group["direction"]: group for group in sockets["groups"] if group["class"] == "bulk"}
    assert bulk["outbound"]["sums"]["bytes_out"] == bulk["inbound"]["sums"]["bytes_in"] == 1005000
    worst, = sockets["top"]["receive_queue_bytes"]
    assert (worst["local_port"], worst["local_address"], worst["receive_queue_bytes"]) == (5001, "127.0.0.1", 5000)


WITHOUT_SOCK_DIAG = """
import errno, runpy
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets import sock_diag
def connect():
    raise PermissionError(errno.EPERM, "Operation not permitted")
sock_diag._connect = connect
runpy.run_module({module!r}, run_name="__main__")
"""


@pytest.mark.parametrize("arguments", [{}, {"duration": 0.2, "interval": 0.1}])
def test_a_host_that_forbids_sock_diag_fails_nothing(busy_host, arguments):
    output, errors = busy_host.start_module("socket_counter_facts", arguments, script=WITHOUT_SOCK_DIAG).communicate(timeout=60)
    result = json.loads(output)
    facts = result.get("window") or result["ansible_facts"]["socket_counters"]
    assert facts["sockets"] == {"available": False, "reason": "sock_diag: Operation not permitted"}, errors
    assert facts["sizes"] and not result.get("failed")
