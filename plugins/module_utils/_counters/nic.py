# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses below the sockets: network interfaces, their rings and drivers."""
import errno
import re
from typing import Any, Dict, List, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.ethtool import read_driver_statistics, read_ring
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import decimal, readable

NET = "/sys/class/net"
STATISTICS = (
    "rx_missed_errors", "rx_fifo_errors", "rx_dropped", "rx_errors", "rx_over_errors",
    "tx_dropped", "tx_errors", "tx_fifo_errors",
)
# Drivers name their statistics as they like; these words tell of loss, or of a ring that ran dry.
LOSS_WORDS = (
    "drop", "discard", "missed", "fifo", "overrun",
    "out_of_buf", r"\boob\b",  # mlx5; vmxnet3
    "no_?(buf|desc|dma|mem|space)",
    "alloc.*fail",
    "(^|[^a-z])err",  # but no interrupts
    "exceeded",  # a cloud's allowance (ena)
)
LOSS = re.compile("|".join(LOSS_WORDS), re.IGNORECASE)
# What /sys answers for a number that the device does not have, and for a device that is going away.
NO_SUCH_NUMBER = (errno.EINVAL, errno.ENODEV, errno.EOPNOTSUPP)


def interfaces(files: HostFiles) -> List[str]:
    """Interfaces with a device behind them; where there is none, as in a container, all but lo."""
    names = [name for name in files.list_dir(NET) if name != "lo" and files.exists(f"{NET}/{name}/statistics")]
    return [name for name in names if files.exists(f"{NET}/{name}/device")] or names


def fastest_link_mbps(files: HostFiles) -> Optional[int]:
    """Of the interfaces with a device behind them: what a virtual one says of its speed is made up. None where none tells."""
    physical = [name for name in interfaces(files) if files.exists(f"{NET}/{name}/device")]
    speeds = [_positive(_number(files, f"{NET}/{name}/speed")) for name in physical]
    return max((speed for speed in speeds if speed), default=None)


def nic_counters(files: HostFiles) -> Dict[str, Optional[int]]:
    """Flat: {nic_eth0_rx_dropped: 3}."""
    values = {}  # type: Dict[str, Optional[int]]
    for interface in interfaces(files):
        losses = dict(_driver_losses(files, interface), **_statistics(files, interface))
        values.update((f"nic_{readable(interface)}_{name}", value) for name, value in losses.items())
    return values


def read_nics(files: HostFiles) -> Dict[str, Dict[str, Any]]:
    """{eth0: {speed_mbps, mtu, ring, statistics, driver}}."""
    return {
        readable(interface): {
            "speed_mbps": _positive(_number(files, f"{NET}/{interface}/speed")),
            "mtu": _number(files, f"{NET}/{interface}/mtu"),
            "ring": read_ring(interface) if _live(files) else None,
            "statistics": _statistics(files, interface),
            "driver": _driver_losses(files, interface),
        }
        for interface in interfaces(files)
    }


def _live(files: HostFiles) -> bool:
    return files.root == "/"  # an ioctl asks this machine, not a folder of captured text


def _statistics(files: HostFiles, interface: str) -> Dict[str, Optional[int]]:
    return {name: _number(files, f"{NET}/{interface}/statistics/{name}") for name in STATISTICS}


def _driver_losses(files: HostFiles, interface: str) -> Dict[str, int]:
    if not _live(files):
        return {}
    return {name: value for name, value in read_driver_statistics(interface).items() if LOSS.search(name)}


def _number(files: HostFiles, path: str) -> Optional[int]:
    text = files.read_text(path, none_for=NO_SUCH_NUMBER)
    number = None if text is None else decimal(text.strip())
    if text is not None and number is None:
        raise MalformedText(f"{path}: expected an integer, got {text[:40]!r}")
    return number


def _positive(number: Optional[int]) -> Optional[int]:
    return number if number is not None and number > 0 else None
