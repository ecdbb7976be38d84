# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be found on a host, most urgent first.

A new scenario is one row of counter_scenarios.py or socket_scenarios.py, a section in docs/scenarios.md and, once it is `tried`,
its answer in _plan/answers.py.
"""
from __future__ import annotations

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis import counter_predicates as counted
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.counter_predicates import LEAST_SEGMENTS_PER_SECOND
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.counter_scenarios import COUNTED
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import RMEM, Rank, Scenario
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.signals import (
    COLLAPSED,
    RCV_PRUNED,
    SEGMENTS,
    TO_ZERO_WINDOW,
)
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_scenarios import SEEN

__all__ = ["LEAST_SEGMENTS_PER_SECOND", "REMAINING", "RMEM", "SCENARIOS", "SEGMENTS"]

# By rank, and within a rank as the rows stand: what connections suffer before what a CPU does.
SCENARIOS = tuple(sorted(SEEN + COUNTED, key=lambda scenario: scenario.rank))
# When no scenario holds, the first of these that does.
REMAINING = (
    Scenario(
        "no_traffic", Rank.NOTE, counted.no_traffic, (SEGMENTS,),
        "There was hardly any TCP traffic in this window, so it says nothing about the buffers.",
        "Measure again when the host is busy, or for longer.",
    ),
    Scenario(
        "nothing_wrong", Rank.NOTE, counted.otherwise, (SEGMENTS, COLLAPSED, RCV_PRUNED, TO_ZERO_WINDOW),
        "There was traffic, and no counter of the receive buffers rose enough to be a finding.",
    ),
)
