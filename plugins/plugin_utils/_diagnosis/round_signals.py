# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the earlier rounds of a run showed, as part of the flat mapping of signals. Pure."""
from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Reading, Signals, above, at_least
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import WMEM
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.signals import LOST
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.earlier_rounds import Record, last_raise

RAISED, GAIN, OVERSIZED = "sndbuf_max_raised", "gain_of_raise", "sndbuf_max_over_need"
# Less is not worth a trial, nor would the trial see it.
LEAST_OVERSIZE = 1.05
# Segments per second. A buffer also holds what comes after a lost one, until that is repaired, and no gain tells how much that is.
LEAST_LOST = 1


def read_rounds(earlier: Sequence[Record]) -> dict[str, Reading]:
    """How far the last kept step of the send buffer went, what it gained, and what the one is to what the other takes; None without one."""
    found = last_raise(earlier, WMEM)
    source = f"trial of round {found.round}" if found else "trials of this run"
    return {
        RAISED: Reading(found.new / found.old if found else None, "times", source),
        GAIN: Reading(found.gain if found else None, "times", source),
        OVERSIZED: Reading(found.new / found.needed if found and found.needed else None, "times", source),
    }


def sender_buffer_oversized(signals: Signals) -> bool:
    return at_least(signals, OVERSIZED, LEAST_OVERSIZE) and not above(signals, LOST, LEAST_LOST)
