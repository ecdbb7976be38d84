# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `receive_latency` of docs/data_shapes.md."""
import time
from typing import Any, Callable, Dict, Iterable

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import read_sizes
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.latency_session import (
    LatencySession,
    shown_extra,
    shown_span,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Unavailable

VERSION = 1
POLL_SECONDS = 0.25
LONGEST_SECONDS = 3600


def check_duration(duration: float) -> None:
    if not 0 < duration <= LONGEST_SECONDS:
        raise ValueError(f"duration: wants more than 0 and at most {LONGEST_SECONDS} seconds, got {duration:g}")


def record_latency(files: HostFiles, duration: float, means: Iterable[str], asked_to_end: Callable[[], bool]) -> Dict[str, Any]:
    """Watches for `duration` seconds, or until asked to end. Where there is no tracing it says why, and is no error."""
    head = {"version": VERSION, "identity": read_identity(files), "includes": "every network namespace of the machine"}
    try:
        with LatencySession(files, means=means) as session:
            session.start()
            begun = time.monotonic()
            while time.monotonic() - begun < duration and not asked_to_end():
                time.sleep(max(0.0, min(POLL_SECONDS, begun + duration - time.monotonic())))
                session.poll()
            seconds = round(time.monotonic() - begun, 6)
            head.update({timed.span.name: shown_span(timed) for timed in session.timed})
            head.update({name: shown_extra(*found, session.lost()) for name, found in session.extras.items()})
            available = any(timed.timer for timed in session.timed)
            return dict(
                head, available=available, reason=None if available else "no means of timing works here, see skipped",
                seconds=seconds, removed_leftovers=session.cleaned, sizes=read_sizes(files),
            )
    except Unavailable as error:
        return dict(head, available=False, reason=str(error))
