# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of filters, as templates and -e hand them over. Pure."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def number(name: str, value: Any) -> float:
    """Variables given with -e are text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: wants a number, got {value!r}") from None


def mapping(value: Any) -> Mapping[str, Any]:
    """A template turns a missing result into None or empty text, depending on the version of ansible-core."""
    return value if isinstance(value, Mapping) else {}


def policy_of(value: Any) -> dict[str, Any]:
    """On the command line, -e name='{...}' is text; none, or nothing, asks for nothing."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"policy: is text but not JSON ({error}): {value!r}") from None
    if not isinstance(value or {}, Mapping):
        raise ValueError(f"policy: wants a dictionary or none, got {type(value).__name__}")
    return dict(value) if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """A list; on the command line, -e name=a,b is text, with brackets and quotes or without. None, or nothing, is an empty one."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [part.strip(" '\"") for part in value.strip().removeprefix("[").removesuffix("]").split(",") if part.strip()]
    if not isinstance(value, Sequence):
        raise ValueError(f"wants a list, got {type(value).__name__}")
    return list(value)
