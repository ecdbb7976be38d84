# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of /proc/net into numbers by name. Pure: text in, dicts out.

Every function raises MalformedText, which says what was expected and what stood there. A last line without its end was cut short, and a
number in it may have been; a name that stands there twice with two values has none.
"""
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import decimal, hexadecimal_32


class MalformedText(ValueError):
    """Kernel text that does not have the shape its parser knows."""


# By position; 4 to 9 are not used any more. Linux has 11 columns since 3.11, 13 since 5.10, 15 since 6.4.
SOFTNET_COLUMNS = {
    "processed": 0, "dropped": 1, "time_squeeze": 2, "received_rps": 9, "flow_limit_count": 10, "backlog_length": 11, "cpu": 12,
}
SOFTNET_LEAST_COLUMNS = 9


def parse_mib_pairs(text: str) -> Dict[str, Dict[str, int]]:
    """Lines in pairs, names then values: /proc/net/netstat and /proc/net/snmp. {TcpExt: {TcpExtPruneCalled: 12}}.

    One name may stand below two prefixes (RcvPruned of TcpExt and of MPTcpExt), so the prefix is part of it.
    """
    lines = _lines(text)
    if len(lines) % 2:
        raise MalformedText(f"line {len(lines)}: names without a line of values below")
    rows: Dict[str, Dict[str, int]] = {}
    for index in range(0, len(lines), 2):
        prefix, names, cells = _mib_pair(lines[index], lines[index + 1], index + 1)
        row = rows.setdefault(prefix, {})
        for name, cell in zip(names, cells):
            _put(row, prefix + name, _integer(cell, index + 2), index + 2)
    return rows


def _mib_pair(names: str, numbers: str, line: int) -> Tuple[str, List[str], List[str]]:
    prefix, colon, fields = names.partition(":")
    value_prefix, value_colon, values = numbers.partition(":")
    if not (colon and value_colon and prefix == value_prefix):
        raise MalformedText(f"line {line}: expected 'Prefix: names' and 'Prefix: values', got {names[:40]!r} and {numbers[:40]!r}")
    keys, cells = fields.split(), values.split()
    if len(keys) != len(cells):
        raise MalformedText(f"line {line}: {prefix[:40]} has {len(keys)} names but {len(cells)} values")
    return prefix, keys, cells


def parse_name_values(text: str) -> Dict[str, int]:
    """One 'Name value' per line: /proc/net/snmp6. {Udp6InErrors: 0}."""
    values: Dict[str, int] = {}
    for number, line in enumerate(_lines(text), 1):
        fields = line.split()
        if len(fields) != 2:
            raise MalformedText(f"line {number}: expected a name and a value, got {line[:60]!r}")
        _put(values, fields[0], _integer(fields[1], number), number)
    return values


def parse_softnet(text: str) -> List[Dict[str, Optional[int]]]:
    """/proc/net/softnet_stat: a row per online CPU, hexadecimal 32-bit columns. A column this kernel lacks is None."""
    rows = [_hexadecimal(line, number) for number, line in enumerate(_lines(text), 1)]
    for number, cells in enumerate(rows, 1):
        if len(cells) != len(rows[0]) or len(cells) < SOFTNET_LEAST_COLUMNS:
            wanted = max(len(rows[0]), SOFTNET_LEAST_COLUMNS)
            raise MalformedText(f"line {number}: expected {wanted} columns, got {len(cells)}")
    return [{name: cells[index] if index < len(cells) else None for name, index in SOFTNET_COLUMNS.items()} for cells in rows]


def _hexadecimal(line: str, number: int) -> List[int]:
    cells = [hexadecimal_32(cell) for cell in line.split()]
    if None in cells:
        raise MalformedText(f"line {number}: expected hexadecimal columns, got {line[:60]!r}")
    return cells


def parse_sockstat(text: str) -> Dict[str, int]:
    """/proc/net/sockstat and sockstat6: 'TCP: inuse 5 orphan 0'. {TCP_inuse: 5, TCP_orphan: 0}."""
    values: Dict[str, int] = {}
    for number, line in enumerate(_lines(text), 1):
        family, colon, rest = line.partition(":")
        fields = rest.split()
        if not colon or len(fields) % 2:
            raise MalformedText(f"line {number}: expected 'FAMILY: name value ...', got {line[:60]!r}")
        for name, value in zip(fields[::2], fields[1::2]):
            _put(values, f"{family}_{name}", _integer(value, number), number)
    return values


def parse_protocols(text: str) -> Dict[str, Dict[str, Optional[int]]]:
    """/proc/net/protocols: {TCP: {sockets, memory_pages, pressure (1 yes, 0 no, None not kept)}}."""
    rows: Dict[str, Dict[str, Optional[int]]] = {}
    for number, line in enumerate(_lines(text)[1:], 2):
        fields = line.split()
        if len(fields) < 5:
            raise MalformedText(f"line {number}: expected protocol, size, sockets, memory, press, got {line[:60]!r}")
        memory = _integer(fields[3], number)
        _put(rows, fields[0], {
            "sockets": _integer(fields[2], number),
            "memory_pages": memory if memory >= 0 else None,  # -1: the protocol keeps no account
            "pressure": {"yes": 1, "no": 0}.get(fields[4]),
        }, number)
    return rows


def _lines(text: str) -> List[str]:
    """The kernel ends every line, the last one too, and knows no other line ends than this."""
    lines = text.split("\n")
    if lines.pop():
        raise MalformedText(f"line {len(lines) + 1}: cut short, it has no end")
    return lines


def _put(values: Dict[str, Any], name: str, value: Any, line: int) -> None:
    if values.setdefault(name, value) != value:
        raise MalformedText(f"line {line}: {name[:40]} stands here twice, with {values[name]} and {value}")


def _integer(cell: str, line: int) -> int:
    number = decimal(cell)
    if number is None:
        raise MalformedText(f"line {line}: expected an integer of at most 64 bits, got {cell[:40]!r}")
    return number
