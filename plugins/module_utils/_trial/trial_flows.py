# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of each block of a trial, in a few numbers."""
from typing import Any, Dict

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_measures import MEASURES, block_values
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import MalformedDump
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.sock_diag import DumpRefused
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.socket_watch import SocketWatch, cookies_now


class FlowRecorder:
    """Never ends a trial: a host without sock_diag, or a dump that was never whole, takes only the flows along."""

    def __init__(self, files: HostFiles, block_seconds: float, in_one_step: bool = False) -> None:
        self._files = files
        self._block_seconds = block_seconds
        self._in_one_step = in_one_step
        self._older = None  # type: Optional[FrozenSet[int]]
        self._watch = None  # type: Optional[SocketWatch]
        self._reason = None  # type: Optional[str]
        self._rows = []  # type: List[Dict[str, Optional[float]]]

    def at_step(self) -> None:
        """Where there is one switch only, older than that is what it does not reach, not older than a block."""
        if self._in_one_step and self._reason is None:
            try:
                self._older = cookies_now()
            except (DumpRefused, MalformedDump) as error:
                self._reason = str(error)

    def start_block(self) -> None:
        if self._reason is None:
            self._watch = SocketWatch(self._files, window_seconds=self._block_seconds, older=self._older)

    def poll(self) -> None:
        if self._watch:
            self._watch.look()

    def end_block(self) -> None:
        watch, self._watch = self._watch, None
        if not watch:
            return
        sockets = watch.end()
        if sockets["available"]:
            self._rows.append(block_values(sockets))
        else:
            self._reason = sockets["reason"]

    def table(self, blocks: int) -> Dict[str, Any]:
        """The `flows` of docs/data_shapes.md for the first blocks of the trial."""
        if self._reason is not None:
            return {"available": False, "reason": self._reason}
        rows = self._rows[:blocks]
        return {"available": True, "reason": None, "columns": {row.name: [values[row.name] for values in rows] for row in MEASURES}}
