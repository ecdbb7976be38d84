# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a host when its candidate is made."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.blocks_fit import Step
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.policy import Policy


class Given(NamedTuple):
    """`latency` None and `window` {} when nobody looked; `earlier` are outcome records of this run, `peers` hosts at the other end of bound flows,
    `children` {count, names} of containers in whose presence no trial may copy anything."""

    facts: Mapping[str, Any]
    policy: Policy
    latency: Mapping[str, Any] | None = None
    window: Mapping[str, Any] = {}
    earlier: Sequence[Mapping[str, Any]] = ()
    peers: Sequence[str] = ()
    step: Step = Step()
    children: Mapping[str, Any] | None = None


class NotTried(Exception):
    """Why a finding has no candidate. `blocked`: a person has to open the host up first. `stands`: what it argues for is right all the same, so that
    nothing is tried against it."""

    def __init__(self, reason: str, blocked: bool = False, stands: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.blocked, self.stands = reason, blocked, stands or blocked
