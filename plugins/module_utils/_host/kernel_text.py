# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and names as the kernel gives them. Pure.

Python's int() takes more (1_000, +1, other scripts' digits), and needs minutes for, or refuses, a number that fills a file.
"""
import re
from typing import Optional

_DECIMAL = re.compile(r"-?[0-9]{1,20}\Z")
_HEXADECIMAL_32 = re.compile(r"[0-9a-f]{1,8}\Z")


def decimal(text: str) -> Optional[int]:
    """A number of at most 64 bits, with or without a sign; None for anything else."""
    number = int(text) if _DECIMAL.match(text) else None
    return number if number is not None and -2 ** 63 <= number < 2 ** 64 else None


def hexadecimal_32(text: str) -> Optional[int]:
    """A number of at most 32 bits; None for anything else."""
    return int(text, 16) if _HEXADECIMAL_32.match(text) else None


def readable(text: str) -> str:
    """As it may be told: a byte that is no UTF-8 becomes a replacement sign. Else ansible-core 2.19 refuses the whole result."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
