# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's description of a trace event (events/*/*/format), from text. Pure."""
import re
from typing import Dict, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText

_FIELD = re.compile(
    r"field:(?P<declaration>[^;\n]{1,100});[ \t]*"
    r"offset:(?P<offset>[0-9]{1,9});[ \t]*size:(?P<size>[0-9]{1,9});[ \t]*signed:(?P<signed>[01]);"
)
_NAME = re.compile(r"(\w+)(\[[^\]]*\])?$")
_SYMBOL = re.compile(r'\{\s*([0-9]{1,20}),\s*"(\w+)"\s*\}')


class Field(NamedTuple):
    """Where a value lies in the bytes of an event."""

    offset: int
    size: int
    signed: bool


class EventFormat(NamedTuple):
    """The number of an event, its fields by name, and what it calls the values of its (last) symbolic field."""

    number: int
    fields: Dict[str, Field]
    symbols: Dict[int, str]


def parse_event_format(text: str) -> EventFormat:
    number = re.search(r"^ID: ([0-9]{1,9})$", text, re.MULTILINE)
    fields = {}  # type: Dict[str, Field]
    for found in _FIELD.finditer(text):
        name = _NAME.search(found.group("declaration").strip())
        if name:
            fields[name.group(1)] = Field(int(found.group("offset")), int(found.group("size")), found.group("signed") == "1")
    if not number or not fields:
        raise MalformedText(f"no event's format: {text[:60]!r}")
    _before, _comma, symbolic = text.rpartition("__print_symbolic(")
    return EventFormat(int(number.group(1)), fields, {int(value): name for value, name in _SYMBOL.findall(symbolic)})
