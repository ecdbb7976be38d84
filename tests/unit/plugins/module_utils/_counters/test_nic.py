"""Losses of interfaces: which interfaces, which driver statistics, and numbers that a device does not have."""
import errno
import os

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.nic import (
    LOSS,
    fastest_link_mbps,
    interfaces,
    nic_counters,
    read_nics,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_files
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, TolerantFiles


def interface(root, name, physical=True, **numbers):
    folder = root / "sys/class/net" / name
    (folder / "statistics").mkdir(parents=True)
    if physical:
        (folder / "device").mkdir()
    for path, value in numbers.items():
        (folder / path.replace("statistics_", "statistics/", 1)).write_text(f"{value}\n")


@pytest.fixture
def files(tmp_path):
    return HostFiles(str(tmp_path))


def test_interfaces_with_a_device_come_first(tmp_path, files):
    interface(tmp_path, "lo", physical=False)
    interface(tmp_path, "docker0", physical=False)
    interface(tmp_path, "eth1")
    interface(tmp_path, "eth0")
    (tmp_path / "sys/class/net/bonding_masters").write_text("\n")
    assert interfaces(files) == ["eth0", "eth1"]


def test_a_container_has_interfaces_without_a_device(tmp_path, files):
    interface(tmp_path, "lo", physical=False)
    interface(tmp_path, "eth0", physical=False)
    assert interfaces(files) == ["eth0"]


def test_counters_are_flat_and_missing_ones_null(tmp_path, files):
    interface(tmp_path, "eth0", statistics_rx_dropped=7, statistics_tx_errors=0)
    counters = nic_counters(files)
    assert counters["nic_eth0_rx_dropped"] == 7 and counters["nic_eth0_tx_errors"] == 0 and counters["nic_eth0_rx_missed_errors"] is None


@pytest.mark.parametrize("speed, expected", [("25000", 25000), ("-1", None), ("0", None)])
def test_speed_unknown_to_the_driver_is_null(tmp_path, files, speed, expected):
    interface(tmp_path, "eth0", speed=speed, mtu=1500)
    nic = read_nics(files)["eth0"]
    assert nic["speed_mbps"] == expected and nic["mtu"] == 1500


@pytest.fixture
def answering(monkeypatch):
    """Every file answers so, as those of /sys do for a device that is down or going away."""
    def answer(code):
        def refused(path, **_options):
            raise OSError(code, os.strerror(code), path)
        monkeypatch.setattr(host_files, "open", refused, raising=False)
    return answer


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENODEV])
@pytest.mark.parametrize("reader", [HostFiles, TolerantFiles])
def test_a_number_the_device_does_not_have_is_null_and_no_trouble(tmp_path, answering, reader, code):
    interface(tmp_path, "eth0")
    answering(code)
    files = reader(str(tmp_path))
    assert read_nics(files)["eth0"]["speed_mbps"] is None and fastest_link_mbps(files) is None
    assert getattr(files, "unreadable", []) == []


def test_a_number_that_may_not_be_read_is_an_error(tmp_path, answering):
    interface(tmp_path, "eth0")
    answering(errno.EACCES)
    with pytest.raises(PermissionError, match="statistics/rx_missed_errors"):
        nic_counters(HostFiles(str(tmp_path)))
    files = TolerantFiles(str(tmp_path))
    assert fastest_link_mbps(files) is None and files.unreadable == ["/sys/class/net/eth0/speed: Permission denied"]


def test_a_broken_number_names_its_file(tmp_path, files):
    interface(tmp_path, "eth0", statistics_rx_dropped="many")
    with pytest.raises(MalformedText, match="/sys/class/net/eth0/statistics/rx_dropped: expected an integer, got 'many"):
        nic_counters(files)


@pytest.mark.parametrize("name, tells_of_loss", [
    ("rx_missed_errors", True),  # e1000e, ixgbe
    ("rx_no_buffer_count", True),
    ("rx_no_dma_resources", True),
    ("alloc_rx_buff_failed", True),
    ("rx_out_of_buffer", True),  # mlx5
    ("rx_discards_phy", True),
    ("rx0_buff_alloc_err", True),
    ("rx_queue_0_drops", True),  # virtio_net
    ("queue_0_rx_page_alloc_fail", True),  # ena
    ("pps_allowance_exceeded", True),
    ("  rx buf alloc fail", True),  # vmxnet3
    ("  pkts rx OOB", True),
    ("tx_no_memory", True),  # hv_netvsc
    ("rx_fifo_errors", True),
    ("rx_packets", False),
    ("tx_bytes", False),
    ("interrupts", False),
    ("rx_queue_0_kicks", False),
    ("tx_broadcast", False),
    ("lro_flushed", False),
])
def test_driver_statistics_that_tell_of_loss(name, tells_of_loss):
    assert bool(LOSS.search(name)) == tells_of_loss


@pytest.mark.parametrize("speeds, fastest", [
    ({"eth0": "1000", "eth1": "25000", "tun0": "10", "veth1": "400000"}, 25000),
    ({"eth0": "-1", "eth1": "1000"}, 1000),  # no cable in the first
    ({"eth0": None}, None),
    ({"tun0": "10"}, None),
    ({}, None),
])
def test_the_fastest_link_is_a_real_one(tmp_path, speeds, fastest):
    for name, speed in speeds.items():
        folder = tmp_path / "sys/class/net" / name
        (folder / "statistics").mkdir(parents=True)
        if name.startswith("eth"):
            (folder / "device").mkdir()
        if speed is not None:
            (folder / "speed").write_text(speed + "\n")
    assert fastest_link_mbps(HostFiles(str(tmp_path))) == fastest
