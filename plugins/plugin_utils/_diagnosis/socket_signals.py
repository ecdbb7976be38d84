# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the connections of a window show, as part of the flat mapping of signals. Pure.

A sign is counted per connection on the host. Here it becomes two signals: how many connections show it, and which share that is of the
group (class and direction) where most of them are. Without sockets in the window, every value is None.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_signs import Signs
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flows import IDLE
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Reading

SIGNS = (*Signs._fields, "rcvbuf_probably_locked", "rcvbuf_above_max", "sndbuf_above_max")
ACCEPT_QUEUES_FULL = "listeners_accept_queue_full"
LISTENERS_NOT_DEFAULT = "listeners_rcvbuf_not_default"
SOURCE = "sock_diag"
# One in ten of a group: fewer are the matter of one peer or program, and a sysctl is for all.
LEAST_SHARE = 0.1
LEAST_SHARES = {
    # A look or two at each new connection: that one in five is found with a full buffer is no accident.
    "reader_pausing": 0.2,
    # So many that a change of tcp_rmem, tried with the others, is mostly a change of nothing.
    **dict.fromkeys(("rcvbuf_probably_locked", "rcvbuf_above_max", "sndbuf_above_max"), 0.5),
}
# By the ending of a measure's name, the first that fits.
UNITS = (
    ("_bytes_per_second", "bytes per second"), ("_bytes", "bytes"), ("_us", "microseconds"), ("_share", "share"), ("_over_min", "times"),
)


def share_of(sign: str) -> str:
    return f"{sign}_share"


def read_sockets(window: Mapping[str, Any]) -> dict[str, Reading]:
    """A count and a share for every sign, and the state of the listeners."""
    groups = active_groups(window)
    found: dict[str, Reading] = {}
    for sign in SIGNS:
        counts = [count for group in groups if (count := group["counts"].get(sign)) is not None]
        group = group_of(groups, sign)
        share = group["counts"][sign] / group["flows"] if group else 0.0 if counts else None
        found[sign] = Reading(sum(counts) if counts else None, "connections", SOURCE)
        found[share_of(sign)] = Reading(share, f"share of {_words(group)}" if group else "share", SOURCE)
    listeners = _sockets(window).get("listeners") or {}
    found[ACCEPT_QUEUES_FULL] = Reading(listeners.get("accept_queue_full"), "listeners", SOURCE)
    found[LISTENERS_NOT_DEFAULT] = Reading(listeners.get("rcvbuf_not_default"), "listeners", SOURCE)
    return found


def medians(window: Mapping[str, Any], sign: str, measures: Sequence[str]) -> dict[str, Reading]:
    """Of the group where most connections show a sign."""
    group = group_of(active_groups(window), sign)
    if group is None:
        return {}
    middle = {name: (group["quantiles"].get(name) or {}).get("p50") for name in measures}
    return {name: Reading(value, f"{_unit(name)}, median of {_words(group)}", SOURCE) for name, value in middle.items()}


def active_groups(window: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [group for group in _sockets(window).get("groups", ()) if group["class"] != IDLE]


def group_of(groups: Sequence[Mapping[str, Any]], sign: str) -> Mapping[str, Any] | None:
    """The group where most connections show it, of those that it is a matter of, if there are any; None where none does.

    So a few of very many do not hide nearly all of some others.
    """
    least = LEAST_SHARES.get(sign, LEAST_SHARE)
    shown = [(count >= least * group["flows"], count, group) for group in groups if (count := group["counts"].get(sign))]
    return max(shown, key=lambda row: row[:2])[-1] if shown else None


def _sockets(window: Mapping[str, Any]) -> Mapping[str, Any]:
    """Nothing in a window that did not ask for sockets, or of a host that forbids to look at them."""
    sockets = window.get("sockets") or {}
    return sockets if sockets.get("available") else {}


def _words(group: Mapping[str, Any]) -> str:
    return f"{group['flows']} {group['direction']} {group['class'].replace('_', '/')}"


def _unit(name: str) -> str:
    return next((unit for ending, unit in UNITS if name.endswith(ending)), "connections")
