# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.ahead import waves_ahead

DOCUMENTATION = r"""
name: waves_ahead
short_description: How many waves there will be, and how long they take
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Says before the first wave what is ahead.
positional: _input, pairs, block_seconds, washout_seconds
options:
  _input:
    type: dict
    required: true
    description: By host, a plan of P(linuxnet.socket_buffers.plan_waves#filter).
  pairs:
    type: int
    required: true
    description: Pairs of blocks of a trial.
  block_seconds:
    type: float
    required: true
    description: Recorded part of one block.
  washout_seconds:
    type: float
    required: true
    description: Wait after each switch of values.
  bake_seconds:
    type: float
    default: 0
    description: Wait between two waves.
  alpha:
    type: float
    default: 0.01
    description: Error rate of the verdict, to say which trials in one step are too short for it.
"""

EXAMPLES = r"""
- linuxnet.socket_buffers.print_table:
    text: "{{ (plans | linuxnet.socket_buffers.waves_ahead(16, 15, 3)).text }}"
"""

RETURN = r"""
_value:
  type: dict
  description: What is ahead.
  contains:
    waves:
      type: int
      description: How many there are, at most.
    seconds:
      type: float
      description: What they take, when no trial is run once more.
    text:
      type: str
      description: The same for a person, and who is in which wave; empty when there is only one. Trials in one step that are too short to prove
        anything are named as well.
"""


def filter_waves_ahead(plans, pairs, block_seconds, washout_seconds, bake_seconds=0, alpha=0.01):
    if not isinstance(plans, Mapping):
        raise AnsibleFilterError(f"waves_ahead: wants a dictionary of plans by host, got {type(plans).__name__}")
    try:
        return waves_ahead(plans, int(pairs), float(block_seconds), float(washout_seconds), float(bake_seconds), float(alpha))
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"waves_ahead: {error}") from error


class FilterModule:
    def filters(self):
        return {"waves_ahead": filter_waves_ahead}
