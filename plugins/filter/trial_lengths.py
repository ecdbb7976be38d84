# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import trial_lengths

DOCUMENTATION = r"""
name: trial_lengths
short_description: How long the blocks of a trial have to be
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - The lengths that the operator asked for, longer where the planned change takes longer to reach connections.
  - A trial in one step has as many blocks, of at least these lengths, as fit into the C(step_seconds) of its plan.
  - A trial in one step back takes as long as one in pairs; longer where its many blocks would be too short for the change, or for looks at very
    many connections.
positional: _input, pairs, block_seconds, washout_seconds
options:
  _input:
    type: dict
    required: true
    description: A plan of P(linuxnet.socket_buffers.plan_fleet#filter), for its C(least_washout_seconds), C(look_seconds),
      C(design) and C(step_seconds).
  pairs:
    type: int
    required: true
    description: Pairs of blocks.
  block_seconds:
    type: float
    required: true
    description: Recorded part of one block.
  washout_seconds:
    type: float
    required: true
    description: Wait after each switch of values.
  alpha:
    type: float
    default: 0.01
    description: Error rate of the verdict, which says how many blocks a proof takes.
  hosts:
    type: int
    default: 0
    description: How many hosts may be started at the same time, those of other candidates too.
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ {'least_washout_seconds': 10} | linuxnet.socket_buffers.trial_lengths(16, 15, 3) }}"
"""

RETURN = r"""
_value:
  type: dict
  description: The lengths.
  contains:
    pairs:
      type: int
      description: As given; of a trial in one step, there or back, half of its blocks.
    block_seconds:
      type: float
      description:
        - As given, but at least a second longer than a wash-out that the change made longer.
        - Of a trial in one step what fills its time; of one in one step back two thirds of the time that each block has.
    washout_seconds:
      type: float
      description: As given, or what the change needs; of a trial in one step back a third of the time that each block has.
    lead_seconds:
      type: float
      description: How far ahead hosts that have to be in step are told to begin, in one step, or together with others where more than five hosts
        are started; else 0.
    note:
      type: str
      description: What to do where a trial in one step is too short to prove anything; else V(null).
    run_time:
      type: dict
      description: What P(linuxnet.socket_buffers.run_time#filter) says of such a trial.
"""


def filter_trial_lengths(plan, pairs, block_seconds, washout_seconds, alpha=0.01, hosts=0):
    if not isinstance(plan, Mapping):
        raise AnsibleFilterError(f"trial_lengths: plan: wants a dictionary, got {type(plan).__name__}")
    try:
        return trial_lengths(plan, int(pairs), float(block_seconds), float(washout_seconds), float(alpha), int(hosts))
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"trial_lengths: {error}") from error


class FilterModule:
    def filters(self):
        return {"trial_lengths": filter_trial_lengths}
