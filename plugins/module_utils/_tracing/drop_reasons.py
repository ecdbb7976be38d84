# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the kernel threw packets away on their way to a socket, by the kernel's own names (skb:kfree_skb, Linux 5.17)."""
import struct
from typing import Any, Dict

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_format import parse_event_format
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Tracing, Unavailable

EVENT = "skb/kfree_skb"
# Those that a buffer, a queue or memory is the cause of. Their numbers differ from build to build, so each event's format is asked.
REASONS = (
    "SOCKET_RCVBUFF", "PROTO_MEM", "SOCKET_BACKLOG", "TCP_ZEROWINDOW", "TCP_OVERWINDOW", "TCP_OFO_QUEUE_PRUNE", "TCP_OFO_DROP",
    "TCP_LISTEN_OVERFLOW", "CPU_BACKLOG", "QDISC_DROP", "FULL_RING", "NOMEM", "PFMEMALLOC",
)


class DropReasons:
    """Counts by reason, since the start."""

    def __init__(self, tracing: Tracing) -> None:
        self._counts = {}  # type: Dict[str, int]
        if not tracing.tracefs.exists(f"events/{EVENT}/format"):
            raise Unavailable(f"this kernel has no event {EVENT}")
        form = parse_event_format(tracing.tracefs.read(f"events/{EVENT}/format"))
        if "reason" not in form.fields:
            raise Unavailable("this kernel does not say why it drops a packet (Linux 5.17 does)")
        self._names = {number: name for number, name in form.symbols.items() if name in REASONS}
        if not self._names:
            raise Unavailable("this kernel names none of the reasons that room is the cause of (later ones do)")
        self._offset = form.fields["reason"].offset
        wanted = " || ".join(f"reason=={number}" for number in sorted(self._names))
        tracing.tracefs.write(tracing.instance.event(EVENT, "filter"), wanted)
        tracing.reader.subscribe(EVENT, self._note)
        tracing.tracefs.write(tracing.instance.event(EVENT, "enable"), "1")

    def start(self) -> None:
        self._counts = {name: 0 for name in self._names.values()}

    def shown(self) -> Dict[str, Any]:
        return {"counts": dict(sorted(self._counts.items()))}

    def _note(self, _when: int, _cpu: int, _process: int, page: bytes, offset: int) -> None:
        number, = struct.unpack_from("=I", page, offset + self._offset)
        name = self._names.get(number)
        if name:
            self._counts[name] += 1
