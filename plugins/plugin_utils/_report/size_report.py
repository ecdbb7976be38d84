# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of sizes: what each host has, who sets it, and what a boot would change. Pure."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.tables import markdown_table, one_line, text_table

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
HEADER = ("Host", "Kernel", "tcp_rmem", "Set by", "tcp_wmem", "Set by", "After a boot", "Collapsed", "Pruned", "Note")
WIDTH = 120


def size_document(hosts: Mapping[str, Mapping[str, Any]], generated: str) -> dict[str, Any]:
    """{version, generated, rows}. `hosts` has for each name its {sizes, counters}, or {failure: text} in their place."""
    return {"version": 1, "generated": generated, "rows": [_row(name, hosts[name]) for name in sorted(hosts)]}


def size_table(document: Mapping[str, Any]) -> str:
    return text_table(HEADER, [[one_line(cell) for cell in _cells(row)] for row in document["rows"]], WIDTH)


def size_markdown(document: Mapping[str, Any]) -> str:
    table = markdown_table(HEADER, [_cells(row) for row in document["rows"]])
    return f"# Socket buffer sizes\n\n{document['generated']}\n\n{table}\n"


def _row(host: str, record: Mapping[str, Any]) -> dict[str, Any]:
    if record.get("failure"):
        return {"host": host, "failure": record["failure"]}
    sizes, counters = record["sizes"], record["counters"]["counters"]
    sysctls = sizes["sysctls"]
    return {
        "host": host,
        "failure": None,
        "kernel_release": sizes["identity"]["kernel_release"],
        "tcp_rmem": sysctls[RMEM]["value"],
        "tcp_rmem_file": sysctls[RMEM]["boot_file"],
        "tcp_wmem": sysctls[WMEM]["value"],
        "tcp_wmem_file": sysctls[WMEM]["boot_file"],
        "differs_from_boot": sorted(key for key, sysctl in sysctls.items() if sysctl["differs_from_boot"]),
        "read_only": [key for key in (RMEM, WMEM) if sysctls[key]["writable"] is False],
        "managers": [manager["name"] for manager in sizes["host"]["managers"] if manager["active"]],
        "collapsed": counters.get("TcpExtTCPRcvCollapsed"),
        "pruned": counters.get("TcpExtRcvPruned"),
    }


def _cells(row: Mapping[str, Any]) -> list[str]:
    if row["failure"]:
        return [row["host"], *["-"] * (len(HEADER) - 2), row["failure"]]
    notes = ["read-only here"] * bool(row["read_only"]) + [f"also managed by {name}" for name in row["managers"]]
    return [
        row["host"], row["kernel_release"] or "-", row["tcp_rmem"] or "-", row["tcp_rmem_file"] or "kernel", row["tcp_wmem"] or "-",
        row["tcp_wmem_file"] or "kernel", ", ".join(row["differs_from_boot"]) or "the same", _number(row["collapsed"]), _number(row["pruned"]),
        "; ".join(notes) or "-",
    ]


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
