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
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.signals import CLOSED_PER_CONNECTION
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import LEAST_SHARE, LEAST_SHARES, share_of

PAUSING_LEAST = 3  # of new connections that were looked at a few times each
CLOSED_LEAST = 0.2  # windows per connection that was opened: one in five closes its own once


def shown(sign: str, least: int = 1) -> Callable[[Signals], bool]:
    least_share = LEAST_SHARES.get(sign, LEAST_SHARE)

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
_often_full = shown("reader_pausing", PAUSING_LEAST)
_guessed, _sndbuf_above, _rcvbuf_above = map(shown, ("rcvbuf_probably_locked", "sndbuf_above_max", "rcvbuf_above_max"))


def pausing_reader(signals: Signals) -> bool:
    """Seen full, and windows close: on a busy host a good reader comes a moment late now and then, and finds its young buffer half full.

    Where few are seen full, the counters, which miss nothing, tell it of the others: a new connection lives for less time than from look to look.
    """
    of_the_new = at_least(signals, CLOSED_PER_CONNECTION, CLOSED_LEAST)
    closing = counted.zero_windows(signals) and (of_the_new or signals[CLOSED_PER_CONNECTION].value is None)
    counted_full = of_the_new and counted.growth_only(signals) and at_least(signals, "reader_pausing", 1)
    return closing and (_often_full(signals) or counted_full)


def locked_buffers(signals: Signals) -> bool:
    return _guessed(signals) or _sndbuf_above(signals) or _rcvbuf_above(signals)


def slow_reader(signals: Signals) -> bool:
    # A reader that pauses closes windows, too, and can be helped.
    return counted.slow_reader(signals) and not pausing_reader(signals)
