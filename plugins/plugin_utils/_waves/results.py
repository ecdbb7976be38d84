# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what Ansible registered on the hosts of a turn to what the wave is judged by. Pure."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import mapping
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.after_wave import Host
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.status import status_of

REGISTERED = ("tried", "verdict", "started", "collected")


def hosts_of(results: Mapping[str, Mapping[str, Any]], turn: int, number: int) -> dict[str, Host]:
    """`results` has by host `plan`, `tried`, `verdict`, `started` and `collected`; what is of another turn or wave is not there."""
    found = {}
    for host, plan in results["plan"].items():
        tried, verdict, started, collected = (mapping(mapping(results.get(name)).get(host)) for name in REGISTERED)
        if tried and (str(tried["turn"]), str(tried["wave"])) != (str(turn), str(number)):
            tried = verdict = {}
        found[host] = Host(plan, verdict, status_of(tried, started, collected), tried.get("controls") or {})
    return found
