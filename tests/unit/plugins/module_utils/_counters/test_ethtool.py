"""The ethtool ioctl against real drivers: a veth pair in a namespace of its own, and this machine's interfaces."""
import os
import struct

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters import ethtool
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.ethtool import read_driver_statistics, read_ring


def test_statistics_of_a_veth_pair(private_host):
    private_host.shell("ip link add here type veth peer name there")
    there = int(private_host.shell("ip -o link show there").split(":")[0])
    statistics = private_host.call(read_driver_statistics, "here")
    # A veth counts its peer's interface index among its statistics: a value that can be checked.
    assert statistics["peer_ifindex"] == there
    assert all(name and isinstance(value, int) for name, value in statistics.items())


@pytest.mark.parametrize("interface", ["here", "lo", "no-such-nic"])
def test_no_ring_is_none(private_host, interface):
    private_host.shell("ip link add here type veth peer name there")
    assert private_host.call(read_ring, interface) is None


@pytest.mark.parametrize("interface", ["lo", "no-such-nic"])
def test_no_statistics_are_none(private_host, interface):
    assert private_host.call(read_driver_statistics, interface) == {}


def test_rings_of_this_machine():
    rings = [ring for ring in map(read_ring, os.listdir("/sys/class/net")) if ring]
    if not rings:
        pytest.skip("no interface of this machine has a ring")
    assert all(0 < ring["rx"] <= ring["rx_max"] and 0 < ring["tx"] <= ring["tx_max"] for ring in rings)


def test_queues_that_share_their_names_are_added_up(monkeypatch):
    """As vmxnet3 has it. A mock of the ioctl: no driver of a test machine does."""
    rows = [("Rx Queue#", 0), ("  pkts rx OOB", 632), ("Rx Queue#", 1), ("  pkts rx OOB", 5), ("  pkts rx err", 1)]
    answers = {
        ethtool.GSSET_INFO: struct.pack("=2IQI", ethtool.GSSET_INFO, 0, 2, len(rows)),
        ethtool.GSTRINGS: struct.pack("=3I", ethtool.GSTRINGS, 1, len(rows)) + b"".join(name.encode().ljust(32, b"\0") for name, _value in rows),
        ethtool.GSTATS: struct.pack(f"=2I{len(rows)}Q", ethtool.GSTATS, len(rows), *(value for _name, value in rows)),
    }
    monkeypatch.setattr(ethtool, "_ask", lambda _interface, request: answers[struct.unpack_from("=I", request)[0]])
    assert read_driver_statistics("eth0") == {"Rx Queue#": 1, "pkts rx OOB": 637, "pkts rx err": 1}
