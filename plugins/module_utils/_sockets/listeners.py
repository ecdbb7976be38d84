# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listening sockets, at one moment and since an earlier one. Pure.

Accepted sockets inherit the buffers of their listener, not the present defaults: a new default reaches a server when its listening
socket is made anew.
"""
from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.buffer_sizes import BufferSizes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import local_port, parse_sockets, unique

MOST_RENEWED_PORTS = 20


class Listening(NamedTuple):
    """What a later look has to know of now."""

    ports: FrozenSet[int]
    cookies: FrozenSet[int]


def listening_sockets(datagrams: List[bytes]) -> List[Any]:
    return list(unique(parse_sockets(datagrams)))


def remembered(found: List[Any]) -> Listening:
    return Listening(frozenset(local_port(one) for one in found), frozenset(one.cookie for one in found))


def listeners(found: List[Any], sizes: BufferSizes, before: Optional[Listening]) -> Dict[str, Any]:
    """The `listeners` of docs/data_shapes.md; `before` is the first look of a window, None for a snapshot."""
    return dict(
        {
            "sockets": len(found),
            "ports": len({local_port(one) for one in found}),
            "rcvbuf_not_default": sum(one.rcvbuf != sizes.rcvbuf_default for one in found) if sizes.rcvbuf_default is not None else None,
            "sndbuf_not_default": sum(one.sndbuf != sizes.sndbuf_default for one in found) if sizes.sndbuf_default is not None else None,
            "accept_queue": sum(one.receive_queue for one in found),
            "accept_queue_full": sum(one.receive_queue > one.send_queue for one in found),
        },
        **_renewed(found, before)
    )


def _renewed(found: List[Any], before: Optional[Listening]) -> Dict[str, Any]:
    """A port that nobody listened on before is new and not renewed."""
    if before is None:
        return {"renewed": None, "renewed_ports": None}
    ports = [local_port(one) for one in found if one.cookie not in before.cookies and local_port(one) in before.ports]
    return {"renewed": len(ports), "renewed_ports": sorted(set(ports))[:MOST_RENEWED_PORTS]}
