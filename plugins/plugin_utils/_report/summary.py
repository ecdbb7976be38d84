# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several reports say at their end: numbers of hosts, and every reason once. Pure."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def summary_line(summary: Mapping[str, int], outcomes: Sequence[str]) -> str:
    counts = ", ".join(f"{summary[name]} {name.replace('_', ' ')}" for name in outcomes if summary[name])
    hosts = "1 host" if summary["hosts"] == 1 else f"{summary['hosts']} hosts"
    return f"{hosts}: {counts}. Needs a person: {summary['needs_person'] or 'none'}."


def by_reason(told: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Whose each reason is, from (reason, who): in a fleet many hosts share one."""
    shared: dict[str, list[str]] = {}
    for reason, who in told:
        shared.setdefault(reason, []).append(who)
    return shared
