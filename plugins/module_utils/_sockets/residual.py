# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of sizes does not take back: connections whose buffers are larger than the maximum in force now."""
from typing import Any, Dict, Mapping, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.socket_watch import sockets_now

ABOVE = ("rcvbuf_above_max", "sndbuf_above_max")
NAMES = ABOVE + ("flows", "ports")


def residual_now(files: HostFiles) -> Dict[str, Any]:
    """Whatever a host does not tell: a reason, and no failure of what was done before."""
    try:
        return residual_of(sockets_now(files))
    except Exception as error:
        return _unknown(str(error) or repr(error))


def residual_of(sockets: Mapping[str, Any]) -> Dict[str, Any]:
    """The `residual` of docs/data_shapes.md. Pure."""
    if not sockets["available"]:
        return _unknown(sockets["reason"])
    groups = sockets["groups"]
    ports = sorted(row["port"] for row in sockets["ports"] if any(row["counts"][name] for name in ABOVE))
    counts = {name: _total([group["counts"][name] for group in groups]) for name in ABOVE}
    return dict(counts, flows=sockets["flows"], ports=ports, reason=None)


def _total(counts: Any) -> Optional[int]:
    """Null where no group knows: the namespace does not show the sysctl. Without any connection there is nothing to know."""
    known = [count for count in counts if count is not None]
    return sum(known) if known or not counts else None


def _unknown(reason: str) -> Dict[str, Any]:
    return dict(dict.fromkeys(NAMES), reason=reason)
