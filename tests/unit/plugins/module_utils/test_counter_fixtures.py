"""Counters read from real kernel text, against what nstat printed on the same kernel at the same moment."""
import os

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.counter_table import ASKED_FOR, is_gauge
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import read_softnet_rows, take_snapshot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "fixtures")
KERNELS = ("linux-5.10", "linux-6.1", "linux-6.12", "linux-6.18")
PREFIXES = ("Tcp", "Ip", "Udp", "MPTcpExt")
# nstat leaves these constants out.
NOT_IN_NSTAT = {"IpForwarding", "IpDefaultTTL", "TcpRtoAlgorithm", "TcpRtoMin", "TcpRtoMax", "TcpMaxConn", "TcpCurrEstab"}


def fixture_files(kernel):
    return HostFiles(os.path.join(FIXTURES, kernel))


def nstat(kernel):
    with open(os.path.join(FIXTURES, kernel, "nstat_az.txt"), encoding="utf-8") as handle:
        rows = [line.split() for line in handle if not line.startswith("#")]
    return {name: int(value) for name, value, _rate in rows if name.startswith(PREFIXES)}


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_name_and_value_is_the_one_of_nstat(kernel):
    snapshot = take_snapshot(fixture_files(kernel))
    ours = dict(snapshot.counters, **snapshot.gauges)
    theirs = nstat(kernel)
    assert len(theirs) > 200
    assert {name: ours.get(name) for name in theirs} == theirs


@pytest.mark.parametrize("kernel", KERNELS)
def test_nothing_is_read_that_nstat_does_not_have(kernel):
    counters = take_snapshot(fixture_files(kernel), ("tcp", "ip", "udp", "mptcp")).counters
    known = {name for name, value in counters.items() if value is not None}
    assert known - set(nstat(kernel)) <= NOT_IN_NSTAT


# UDP knows no pressure ("NI" in /proc/net/protocols).
NOWHERE = {"protocols_UDP_pressure", "protocols_UDPv6_pressure"}
MPTCP = {"MPTcpExtRcvPruned", "protocols_MPTCP_sockets", "protocols_MPTCP_memory_pages", "protocols_MPTCP_pressure"}
SINCE_5_11 = {"UdpMemErrors", "Udp6MemErrors"}


@pytest.mark.parametrize("kernel, absent", [
    ("linux-4.18", NOWHERE | MPTCP | SINCE_5_11 | {
        "TcpExtTCPBacklogCoalesce", "TcpExtTCPRcvQDrop", "TcpExtTCPWqueueTooBig", "TcpExtTCPZeroWindowDrop",
    }),
    ("linux-5.10", NOWHERE | MPTCP | SINCE_5_11),
    ("linux-6.1", NOWHERE),
    ("linux-6.12", NOWHERE),
    ("linux-6.18", NOWHERE | {"MPTcpExtRcvPruned"}),
])
def test_what_a_kernel_lacks_is_null(kernel, absent):
    snapshot = take_snapshot(fixture_files(kernel))
    values = dict(snapshot.counters, **snapshot.gauges)
    asked = {name for names in ASKED_FOR.values() for name in names}
    assert {name for name in asked if values[name] is None} == absent


@pytest.mark.parametrize("kernel, cpus", [
    ("linux-4.18", [None, None]), ("linux-5.10", [0, 1]), ("linux-6.1", [0, 1]), ("linux-6.12", [0, 1]), ("linux-6.18", [0, 1]),
])
def test_softnet_rows(kernel, cpus):
    rows = read_softnet_rows(fixture_files(kernel))
    assert [row["cpu"] for row in rows] == cpus
    assert all(row["processed"] > 0 for row in rows)
    snapshot = take_snapshot(fixture_files(kernel))
    assert snapshot.counters["softnet_processed"] == sum(row["processed"] for row in rows)
    assert snapshot.gauges["softnet_cpus"] == 2


@pytest.mark.parametrize("name", [
    "softnet_cpus", "TcpCurrEstab", "sockstat_TCP_mem_pages", "protocols_TCP_pressure", "sockstat_FRAG_memory_bytes",
])
def test_gauges_are_told_from_counters(name):
    snapshot = take_snapshot(fixture_files("linux-6.1"))
    assert is_gauge(name) and name in snapshot.gauges and name not in snapshot.counters


def test_subsets_read_no_more_than_they_say():
    snapshot = take_snapshot(fixture_files("linux-6.1"), ("udp",))
    assert snapshot.counters and all(name.startswith("Udp") for name in snapshot.counters) and not snapshot.gauges


def test_a_damaged_file_is_named_with_the_line(tmp_path):
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/netstat").write_text("TcpExt: PruneCalled RcvPruned\nTcpExt: 1\n")
    with pytest.raises(MalformedText, match="/proc/net/netstat: line 1: TcpExt has 2 names but 1 values"):
        take_snapshot(HostFiles(str(tmp_path)))


def test_a_host_without_any_file_has_nulls_and_no_error(tmp_path):
    snapshot = take_snapshot(HostFiles(str(tmp_path)))
    assert set(snapshot.counters.values()) == {None} and set(snapshot.gauges.values()) == {None}


def test_an_unreadable_file_is_named():
    with pytest.raises(OSError, match="/proc/self/mem"):  # opens, and cannot be read at 0
        HostFiles().read_text("/proc/self/mem")
