# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import plan

DOCUMENTATION = r"""
name: plan
short_description: The one change worth trying, or none and the reason
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Answers the most urgent finding that a buffer size may cure with one candidate value, the metric that must improve and the guards
    that must not worsen.
  - A candidate is where to start a trial, not a proof. Only the maximum changes; min and default stay as they are.
positional: _input, facts, policy, latency
options:
  _input:
    type: list
    elements: dict
    required: true
    description: Findings of P(linuxnet.socket_buffers.diagnose#filter).
  facts:
    type: dict
    required: true
    description: C(ansible_facts.socket_buffers) of the same host.
  policy:
    type: dict
    description: Limits of the candidates, as whole numbers or their text. An unknown name is refused.
    suboptions:
      collapse_divisor:
        type: int
        default: 16
        description: By this the maximum of a collapsing host is divided.
      rmem_max_floor_bytes:
        type: int
        default: 1048576
        description: No candidate of C(tcp_rmem) goes below this, nor below the default of C(tcp_rmem).
      rmem_max_ceiling_bytes:
        type: int
        default: 67108864
        description:
          - No candidate goes above this, nor above an eighth of the pressure mark of C(tcp_mem), or 1/128 of RAM where that mark is
            not to be seen.
      wmem_max_ceiling_bytes:
        type: int
        default: 67108864
        description: As O(policy.rmem_max_ceiling_bytes), for C(tcp_wmem).
      wmem_raise_factor:
        type: int
        default: 8
        description: How many times larger the maximum of C(tcp_wmem) is tried where send buffers are the limit.
      stall_budget_us:
        type: int
        default: 3000
        description: How long one collapse may keep a CPU, in microseconds. A collapsing host's maximum is sized for it.
  latency:
    type: dict
    description:
      - C(ansible_facts.receive_latency) of the same host, by M(linuxnet.socket_buffers.receive_latency_facts). The stall per MiB that was
        measured on this host replaces O(policy.collapse_divisor).
      - Where it says that nothing can be timed, no change against collapsing is planned, since none could be kept.
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ findings | linuxnet.socket_buffers.plan(ansible_facts.socket_buffers, {'rmem_max_floor_bytes': 2097152}) }}"
"""

RETURN = r"""
_value:
  type: dict
  description: The plan.
  contains:
    scenario:
      type: str
      description: Scenario of the finding it answers, or V(null).
    changes:
      type: list
      elements: dict
      description: At most one. Empty when there is nothing to try.
      contains:
        key:
          type: str
          description: The sysctl.
        old:
          type: str
          description: Its value now.
        new:
          type: str
          description: The candidate.
        reason:
          type: str
          description: Why this value.
        ceiling:
          type: str
          description: What bounded it.
    metric:
      type: dict
      description: The counter that must improve. V(null) without a change.
      contains:
        name:
          type: str
          description: >-
            Name of the counter, as C(nstat) prints it; V(stall_longest_us) is the longest stall of a block, in microseconds.
        direction:
          type: str
          description: V(lower) or V(higher), the good direction of its rate.
    guards:
      type: list
      elements: dict
      description: What must not worsen; C(name) and the good C(direction) of each.
    reason:
      type: str
      description: Why this change, or why none.
    blocked:
      type: bool
      description: Whether a change is argued for that this host does not let anybody write.
"""


def filter_plan(findings, facts, policy=None, latency=None):
    if isinstance(policy, str):
        policy = _parsed(policy)
    if not isinstance(findings, (list, tuple)) or not all(isinstance(finding, Mapping) for finding in findings):
        raise AnsibleFilterError(f"plan: findings: wants the list of dictionaries that diagnose returned, got {type(findings).__name__}")
    if not isinstance(facts, Mapping):
        raise AnsibleFilterError(f"plan: facts: wants a dictionary, got {type(facts).__name__}")
    if not isinstance(policy, (Mapping, type(None))):
        raise AnsibleFilterError(f"plan: policy: wants a dictionary or none, got {type(policy).__name__}")
    if latency is not None and latency != "" and not isinstance(latency, Mapping):
        raise AnsibleFilterError(f"plan: latency: wants a dictionary or none, got {type(latency).__name__}")
    try:
        return plan(findings, facts, policy, latency or None)
    except ValueError as error:
        raise AnsibleFilterError(f"plan: {error}") from error


def _parsed(policy):
    """On the command line, -e name='{...}' is text."""
    try:
        return json.loads(policy) if policy.strip() else None
    except ValueError as error:
        raise AnsibleFilterError(f"plan: policy: is text but not JSON ({error}): {policy!r}") from error


class FilterModule:
    def filters(self):
        return {"plan": filter_plan}
