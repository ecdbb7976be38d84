# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario is, and in which order findings are told. Pure."""
from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Signals

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"
LOWAT = "net.ipv4.tcp_notsent_lowat"
CORE_RMEM, CORE_WMEM = "net.core.rmem_max", "net.core.wmem_max"


class Rank(enum.IntEnum):
    """Findings of a host are told in this order: a cause before what it causes, and what is lost before what is late.

    Within a rank the table's order decides: the way of a packet, because what is lost early cannot be lost later.
    """

    WHOLE_HOST = 1  # harms every connection, and makes whatever else is seen a consequence
    LOSS_HERE = 2  # this host throws away what had arrived
    LOSS_ELSEWHERE = 3  # found here, cured elsewhere
    LIMIT = 4  # nothing is lost, but it could be faster
    DELAY = 5  # nothing is lost and it is fast, but late
    NOTE = 6  # no harm by itself


class Knob(NamedTuple):
    """What a scenario argues to turn: a sysctl, the field of a triplet ("min", "default", "max") or None, and "raise" or "lower"."""

    key: str
    field: str | None
    direction: str

    @property
    def named(self) -> str:
        return " ".join(filter(None, (self.key, self.field)))


class Metric(NamedTuple):
    """What would have to move, and whither, if the change is right."""

    name: str
    direction: str


class Advice(NamedTuple):
    """What a person may set where nothing is tried: so many times what a sysctl is now, and for whom."""

    key: str
    factor: int
    reason: str

    def told(self, now: int) -> str:
        return f"{self.key} is {now}; set {self.factor * now} {self.reason}."


class Scenario(NamedTuple):
    """A finding that may hold: when, on what evidence, what it means, which way it argues, and what helps besides."""

    name: str
    rank: Rank
    holds: Callable[[Signals], bool]
    evidence: tuple[str, ...]
    summary: str
    remedy: str | None = None
    knob: Knob | None = None
    metric: Metric | None = None
    advice: tuple[Advice, ...] = ()
    tried: bool = False  # whether the planner has an answer: the finding then carries the knob as its `key` and `direction`
    wants_stalls: bool = False  # only the length of stalls can tell what it costs
    # Of connections: the sign that they show, and measures whose median in the group where most show it is evidence, too.
    sign: str | None = None
    medians: tuple[str, ...] = ()

    @property
    def key(self) -> str | None:
        return self.knob.key if self.knob and self.tried else None

    @property
    def direction(self) -> str | None:
        return self.knob.direction if self.knob and self.tried else None
