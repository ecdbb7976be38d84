# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket's buffers against the sysctls in force. Pure, but for the one function that reads those."""
from typing import Any, List, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import decimal

# As the kernel grows buffers in steps, one close to the maximum has in effect reached it.
RCVBUF_AT_MAX, SNDBUF_AT_MAX = 0.9, 0.95
LOCK_LEAST_RECEIVED = 4  # buffers full of payload, before a size that did not grow means anything
PLAIN_UNITS = (1024, 1000)  # what a program that sets a size likes to count in
ROUND_UNITS = (65536, 100000)  # the same where other sizes are possible too: hit by chance once in hundreds of times


class BufferSizes(NamedTuple):
    """Bytes; None where this namespace does not show the sysctl."""

    rcvbuf_default: Optional[int]
    rcvbuf_max: Optional[int]
    sndbuf_default: Optional[int]
    sndbuf_max: Optional[int]
    so_rcvbuf_max: Optional[int]  # net.core.rmem_max, which SO_RCVBUF cannot exceed (and doubles)
    so_sndbuf_max: Optional[int]  # net.core.wmem_max, the same of SO_SNDBUF
    autotuned: Optional[bool]  # net.ipv4.tcp_moderate_rcvbuf


def read_buffer_sizes(files: HostFiles) -> BufferSizes:
    rmem, wmem, rmem_max, wmem_max, moderate = (
        _numbers(files.read_text(sysctl_path(key)))
        for key in ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.core.rmem_max", "net.core.wmem_max", "net.ipv4.tcp_moderate_rcvbuf")
    )
    return BufferSizes(
        rcvbuf_default=_at(rmem, 1), rcvbuf_max=_at(rmem, 2), sndbuf_default=_at(wmem, 1), sndbuf_max=_at(wmem, 2),
        so_rcvbuf_max=_at(rmem_max, 0), so_sndbuf_max=_at(wmem_max, 0), autotuned=moderate[0] != 0 if moderate else None,
    )


def _numbers(text: Optional[str]) -> List[int]:
    """None of them where any is none: half of a triple is no size."""
    numbers = [decimal(cell) for cell in (text or "").split()]
    return [] if None in numbers else numbers


def _at(numbers: List[int], index: int) -> Optional[int]:
    return numbers[index] if index < len(numbers) else None


def standing(size: int, default: Optional[int], most: Optional[int], near: float) -> Tuple[Optional[bool], Optional[bool], Optional[bool]]:
    """(at the default, at the maximum, above it), null where the sysctl is not known.

    A socket above the maximum is not at it: it kept the size of an earlier maximum, or has that of SO_RCVBUF.
    """
    at_default = None if default is None else size == default
    return (at_default, None, None) if most is None else (at_default, near * most <= size <= most, size > most)


def cut_off(size: int, so_most: Optional[int], default: Optional[int], most: Optional[int]) -> Optional[bool]:
    """Whether it is what the core maximum leaves of a larger SO_RCVBUF or SO_SNDBUF: exactly twice that, and no size of TCP's own.

    A program that asks for the maximum itself gets the same. Null where this namespace does not show the core maximum.
    """
    return None if so_most is None else size == 2 * so_most and size not in (default, most)


def rcvbuf_probably_locked(now: Any, rcvbuf_before: Optional[int], sizes: BufferSizes) -> Optional[bool]:
    """Whether SO_RCVBUF probably fixed this receive buffer, so that tcp_rmem does not reach it. The kernel does not tell.

    Never for a size that moved, or that little payload went through. Otherwise when the size is one that autotuning would have left:
    - below the window that the reader empties in one round trip: autotuning keeps at least twice that, up to the maximum;
    - below the default, where an untouched buffer starts, and a plain number (SO_RCVBUF takes a number and doubles it);
    - twice net.core.rmem_max, where a larger SO_RCVBUF is cut off;
    - a very round number between default and maximum, with its window filled.
    A socket older than a raised default or maximum may look the same until it grows: hence probably.
    """
    rcvbuf = now.rcvbuf
    if now.bytes_received is None or sizes.rcvbuf_default is None or sizes.rcvbuf_max is None:
        return None
    if now.bytes_received < LOCK_LEAST_RECEIVED * rcvbuf or rcvbuf_before not in (None, rcvbuf):
        return False
    return (
        bool(sizes.autotuned) and 2 * now.rcv_space > rcvbuf < sizes.rcvbuf_max
        or rcvbuf < sizes.rcvbuf_default and _is_twice(rcvbuf, PLAIN_UNITS)
        or bool(cut_off(rcvbuf, sizes.so_rcvbuf_max, sizes.rcvbuf_default, sizes.rcvbuf_max))
        or _is_round(now, sizes)
    )


def _is_round(now: Any, sizes: BufferSizes) -> bool:
    between = sizes.rcvbuf_default < now.rcvbuf < sizes.rcvbuf_max
    return between and _is_twice(now.rcvbuf, ROUND_UNITS) and 5 * now.rcv_space >= 2 * now.rcvbuf


def _is_twice(size: int, units: Any) -> bool:
    return any(size % (2 * unit) == 0 for unit in units)
