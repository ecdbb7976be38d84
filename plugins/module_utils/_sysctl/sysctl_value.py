# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sysctl values as text: one canonical spelling, and what may be written. Pure."""
import re
from typing import Any, Dict, List, Mapping, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import decimal
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import (
    SYSCTLS,
    WRITABLE_KEYS,
)

TRIPLE_FIELDS = ("min", "default", "max")
_BLANKS = re.compile("[ \t\n\v\f\r]+")


class InvalidValue(ValueError):
    """A value that must not be written; the message names the key and the rule it breaks."""


def canonical(text: str) -> str:
    """One space between fields: the kernel prints tabs, people write anything."""
    return " ".join(_split(text))


def _split(text: str) -> List[str]:
    """At the blanks of ASCII alone: the kernel knows no others."""
    return [field for field in _BLANKS.split(text) if field]


def triple(text: Optional[str]) -> Optional[Dict[str, int]]:
    """'4096 131072 6291456' as {min, default, max}; None when absent or not three integers."""
    fields = _split(text or "")
    if len(fields) != 3 or not all(_is_integer(field) for field in fields):
        return None
    return dict(zip(TRIPLE_FIELDS, map(int, fields)))


def validated(values: Mapping[str, Any]) -> Dict[str, str]:
    """Canonical text for each wanted key, or InvalidValue for the first one that breaks a rule."""
    if not values:
        raise InvalidValue("values: name at least one sysctl, such as net.ipv4.tcp_rmem")
    return {key: _validated_one(key, values[key]) for key in sorted(values)}


def as_text(key: str, value: Any) -> str:
    """What a host may hold, in any of the forms: the kernel takes what must not be written here, as a maximum below the default."""
    return canonical(" ".join(map(str, _fields(key, value))))


def _validated_one(key: str, value: Any) -> str:
    if key not in WRITABLE_KEYS:
        raise InvalidValue(f"{key}: not a sysctl this collection writes; it writes {', '.join(WRITABLE_KEYS)}")
    row = SYSCTLS[key]
    numbers = [_integer(key, field) for field in _fields(key, value)]
    if len(numbers) != row.integers:
        raise InvalidValue(f"{key}: wants {_wanted(row.integers)}, got {len(numbers)}: {value!r}")
    low, high = row.writable_range
    for number in numbers:
        if not low <= number <= high:
            raise InvalidValue(f"{key}: {number} is outside {low}..{high} {row.unit}")
    if numbers != sorted(numbers):
        raise InvalidValue(f"{key}: wants min <= default <= max, got {value!r} (the kernel would accept it)")
    return " ".join(str(number) for number in numbers)


def _fields(key: str, value: Any) -> List[Any]:
    if isinstance(value, Mapping):
        if set(value) != set(TRIPLE_FIELDS):
            raise InvalidValue(f"{key}: a mapping wants exactly min, default and max, got {sorted(map(str, value))}")
        return [value[field] for field in TRIPLE_FIELDS]
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, str):
        return list(_split(value))
    return [value]


def _integer(key: str, field: Any) -> int:
    if isinstance(field, bool):
        raise InvalidValue(f"{key}: {field!r} is a boolean, not a number")
    if isinstance(field, int):
        return field
    if isinstance(field, str) and _is_integer(field):
        return int(field)
    raise InvalidValue(f"{key}: {field!r} is not a plain decimal integer (no quotes, units or signs)")


def _is_integer(field: str) -> bool:
    return decimal(field) is not None and not field.startswith("-")


def _wanted(integers: int) -> str:
    return "three integers (min default max)" if integers == 3 else "one integer"
