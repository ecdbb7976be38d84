# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import number
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.pooled import pooled_verdict

DOCUMENTATION = r"""
name: pooled_verdict
short_description: Did the candidate help the hosts of a group, taken together?
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Compares the blocks of several hosts' trials pair by pair with one exact sign-flip test.
  - Pairs whose order the same seed decided flip together.
  - Trials in one step are judged by all combinations of moments at which their steps could have come; whoever ran another design than the first is
    left out.
  - It tells what the change does to the typical host. The verdict of each host is that of P(linuxnet.socket_buffers.verdict#filter).
positional: _input, plan
options:
  _input:
    type: dict
    required: true
    description: By host, the C(trial) that M(linuxnet.socket_buffers.socket_buffer_trial) returned there.
  plan:
    type: dict
    required: true
    description:
      - The plan that was tried, of P(linuxnet.socket_buffers.plan#filter).
      - The hosts have its metric, its guards and the direction of its change in common.
  alpha:
    type: float
    default: 0.01
    description: One-sided error rate, below 0.5.
  min_effect:
    type: float
    default: 0.05
    description: Smallest relative change worth keeping.
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ trials | linuxnet.socket_buffers.pooled_verdict(plan) }}"
  vars:
    trials: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, ['tried', 'trial']))) }}"
"""

RETURN = r"""
_value:
  type: dict
  description: As P(linuxnet.socket_buffers.verdict#filter) returns it, C(pairs) and rates being those of all hosts, and the following.
  contains:
    hosts:
      type: list
      elements: str
      description: The hosts that counted.
    left_out:
      type: dict
      description: The others, each with its reason.
"""


def filter_pooled_verdict(trials, plan, alpha=0.01, min_effect=0.05):
    for name, value in (("trials", trials), ("plan", plan)):
        if not isinstance(value, Mapping):
            raise AnsibleFilterError(f"pooled_verdict: {name}: wants a dictionary, got {type(value).__name__}")
    for host, trial in trials.items():
        if not isinstance(trial, Mapping):
            raise AnsibleFilterError(f"pooled_verdict: trials: {host}: wants a dictionary, got {type(trial).__name__}")
    try:
        return pooled_verdict(trials, plan, number("alpha", alpha), number("min_effect", min_effect))
    except ValueError as error:
        raise AnsibleFilterError(f"pooled_verdict: {error}") from error


class FilterModule:
    def filters(self):
        return {"pooled_verdict": filter_pooled_verdict}
