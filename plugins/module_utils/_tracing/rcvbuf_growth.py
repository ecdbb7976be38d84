# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the kernel sizes receive buffers: what tcp:tcp_rcvbuf_grow tells each time it may grow one (Linux 6.16)."""
import struct
from typing import Any, Dict, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_format import EventFormat
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Tracing, Unavailable

EVENT = "tcp/tcp_rcvbuf_grow"
MOST_SAMPLES = 20000  # later ones are counted only
QUANTILES = (0.5, 0.95)
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
# Name here, field of the event, and what to divide it by: scaling_ratio is in 256ths (TCP_RMEM_TO_WIN_SCALE).
MEASURES = (
    ("rtt_us", "rtt_us", 1),
    ("copied_bytes_per_rtt", "copied", 1),
    ("rcvbuf_bytes", "rcvbuf", 1),
    ("window_ratio", "scaling_ratio", 256),
)


class RcvbufGrowth:
    """Samples of each measure, since the start."""

    def __init__(self, tracing: Tracing) -> None:
        self.events = 0
        if not tracing.tracefs.exists(f"events/{EVENT}/format"):
            raise Unavailable(f"this kernel has no event {EVENT} (Linux 6.16 has)")
        form = tracing.reader.subscribe(EVENT, self._note)
        self._columns = [_Column(form, field, divisor) for _name, field, divisor in MEASURES]
        tracing.tracefs.write(tracing.instance.event(EVENT, "enable"), "1")

    def start(self) -> None:
        self.events = 0
        for column in self._columns:
            column.samples.clear()

    def shown(self) -> Dict[str, Any]:
        measures = {name: column.quantiles() for (name, _field, _divisor), column in zip(MEASURES, self._columns)}
        return dict(measures, events=self.events)

    def _note(self, _when: int, _cpu: int, _process: int, page: bytes, offset: int) -> None:
        self.events += 1
        if self.events <= MOST_SAMPLES:
            for column in self._columns:
                column.note(page, offset)


class _Column:
    """One field of the event; a kernel may lack it."""

    def __init__(self, form: EventFormat, field: str, divisor: int) -> None:
        found = form.fields.get(field)
        self._offset = found.offset if found else 0
        self._read = struct.Struct("=" + CODES[found.size]).unpack_from if found and found.size in CODES else None
        self._divisor = divisor
        self.samples = []  # type: List[int]

    def note(self, page: bytes, offset: int) -> None:
        if self._read:
            self.samples.append(self._read(page, offset + self._offset)[0])

    def quantiles(self) -> Optional[Dict[str, float]]:
        """{p50, p95}; None without any sample."""
        if not self.samples:
            return None
        ranked = sorted(self.samples)
        return {f"p{share * 100:.0f}": round(ranked[int(share * (len(ranked) - 1))] / self._divisor, 3) for share in QUANTILES}
