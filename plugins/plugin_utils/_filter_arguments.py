# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of filters, as templates and -e hand them over. Pure."""
from __future__ import annotations

from typing import Any


def number(name: str, value: Any) -> float:
    """Variables given with -e are text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: wants a number, got {value!r}") from None
