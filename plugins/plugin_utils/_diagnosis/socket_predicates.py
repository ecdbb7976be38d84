# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a scenario holds that only the connections themselves can tell. Pure.

What one connection has to show is decided on the host, in module_utils/_sockets/flow_signs.py, with the reasons; here it is how many have to.
"""
from __future__ import annotations

from collections.abc import Callable

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis import counter_predicates as counted
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Signals, at_least
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import share_of

# One in ten of a group: fewer are the matter of one peer or program, and a sysctl is for all.
LEAST_SHARE = 0.1
# A look at new connections is one look each: that three of them, and one in five, are found with a full buffer is no accident.
PAUSING_LEAST, PAUSING_LEAST_SHARE = 3, 0.2
# So many that a change of tcp_rmem, tried with the others, is mostly a change of nothing.
LOCKED_LEAST_SHARE = 0.5


def shown(sign: str, least_share: float = LEAST_SHARE, least: int = 1) -> Callable[[Signals], bool]:
    def holds(signals: Signals) -> bool:
        return at_least(signals, sign, least) and at_least(signals, share_of(sign), least_share)
    return holds


sender_buffer = shown("sender_buffer_bound")
both_buffers = shown("both_buffers_bound")
peer_window = shown("peer_window_bound")
receive_window = shown("receive_window_bound")
queue_bloat = shown("path_queue_bloated")
stale_queue = shown("send_queue_stale")
so_sndbuf = shown("so_sndbuf_bound")
so_rcvbuf = shown("so_rcvbuf_bound")
pausing_reader = shown("reader_pausing", PAUSING_LEAST_SHARE, PAUSING_LEAST)
_guessed, _sndbuf_above = shown("rcvbuf_probably_locked", LOCKED_LEAST_SHARE), shown("sndbuf_above_max", LOCKED_LEAST_SHARE)
_rcvbuf_above = shown("rcvbuf_above_max", LOCKED_LEAST_SHARE)


def locked_buffers(signals: Signals) -> bool:
    return _guessed(signals) or _sndbuf_above(signals) or _rcvbuf_above(signals)


def slow_reader(signals: Signals) -> bool:
    # A reader that pauses closes windows, too, and can be helped.
    return counted.slow_reader(signals) and not pausing_reader(signals)
