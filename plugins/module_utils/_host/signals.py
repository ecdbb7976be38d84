# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that ask a module to end, noted instead of obeyed at once: what it changed has to be undone first."""
import signal
from contextlib import contextmanager
from typing import Any, Iterator, List

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def noted_signals() -> Iterator[List[str]]:
    """Names of the signals that asked this process to end; it does that when it has cleaned up."""
    names = []  # type: List[str]

    def note(number: int, _frame: Any) -> None:
        names.append(signal.Signals(number).name)

    before = {number: signal.signal(number, note) for number in STOP_SIGNALS}
    try:
        yield names
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
