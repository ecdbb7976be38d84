# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ring sizes and driver statistics through the ethtool ioctl: no program, no privilege.

Numbers and structures: include/uapi/linux/ethtool.h and sockios.h.
"""
import array
import fcntl
import os
import socket
import struct
from typing import Dict, List, Optional

SIOCETHTOOL = 0x8946
GRINGPARAM, GSTRINGS, GSTATS, GSSET_INFO = 0x10, 0x1B, 0x1D, 0x37
STATS_SET = 1  # ETH_SS_STATS
STRING_BYTES = 32  # ETH_GSTRING_LEN
COUNTER_MODULUS = 1 << 64  # the kernel's numbers are of 64 bits
RING_FIELDS = "=9I"  # cmd, four maxima (rx, mini, jumbo, tx), four present sizes
# The kernel writes as many as there are now, however many were asked for: room for queues that come meanwhile.
SPARE_BYTES = 65536


def read_ring(interface: str) -> Optional[Dict[str, int]]:
    """{rx, rx_max, tx, tx_max} in descriptors, or None where the driver has no ring."""
    answer = _ask(interface, struct.pack(RING_FIELDS, GRINGPARAM, *[0] * 8))
    if answer is None:
        return None
    _cmd, rx_max, _mini_max, _jumbo_max, tx_max, rx, _mini, _jumbo, tx = struct.unpack(RING_FIELDS, answer)
    return {"rx": rx, "rx_max": rx_max, "tx": tx, "tx_max": tx_max}


def read_driver_statistics(interface: str) -> Dict[str, int]:
    """Every statistic the driver keeps, by its own name; none where it keeps none.

    Some drivers use the same names for each of their queues (vmxnet3): those are added up.
    """
    count = _count(interface)
    if not count:
        return {}
    strings = _ask(interface, struct.pack("=3I", GSTRINGS, STATS_SET, count) + bytes(count * STRING_BYTES))
    numbers = _ask(interface, struct.pack("=2I", GSTATS, count) + bytes(count * 8))
    if strings is None or numbers is None or not count == _length(strings, 8) == _length(numbers, 4):
        return {}
    statistics = {}  # type: Dict[str, int]
    for name, number in zip(_names(strings[12:], count), struct.unpack_from(f"={count}Q", numbers, 8)):
        statistics[name] = (statistics.get(name, 0) + number) % COUNTER_MODULUS
    return statistics


def _count(interface: str) -> int:
    answer = _ask(interface, struct.pack("=2IQI", GSSET_INFO, 0, 1 << STATS_SET, 0))
    if answer is None:
        return 0
    _cmd, _reserved, mask, count = struct.unpack("=2IQI", answer)
    return count if mask else 0


def _length(answer: bytes, offset: int) -> int:
    return struct.unpack_from("=I", answer, offset)[0]


def _names(data: bytes, count: int) -> List[str]:
    cells = (data[index * STRING_BYTES:(index + 1) * STRING_BYTES] for index in range(count))
    return [cell.split(b"\0")[0].decode("ascii", "replace").strip() for cell in cells]


def _ask(interface: str, request: bytes) -> Optional[bytes]:
    """One ethtool command, answered in place; None when the driver does not know it."""
    buffer = array.array("B", request + bytes(SPARE_BYTES))
    ifreq = struct.pack("16sP", os.fsencode(interface)[:15], buffer.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        try:
            fcntl.ioctl(handle, SIOCETHTOOL, ifreq + bytes(40 - len(ifreq)))
        except OSError:
            return None
    return buffer[:len(request)].tobytes()
