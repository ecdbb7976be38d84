# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import policy_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.blocks_fit import read_step
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.plan import plan

DOCUMENTATION = r"""
name: plan
short_description: The one change worth trying, or none and the reason
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Answers the most urgent finding that a buffer size may cure with one candidate value, the metric that must improve and the guards
    that must not worsen.
  - A candidate is where to start a trial, not a proof.
positional: _input, facts, policy, latency, window, earlier, step
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
  latency:
    type: dict
    description:
      - C(ansible_facts.receive_latency) of the same host, by M(linuxnet.socket_buffers.receive_latency_facts). The stall per MiB that was
        measured on this host replaces O(policy.collapse_divisor).
      - Where it says that nothing can be timed, no change against collapsing is planned, since none could be kept.
  window:
    type: dict
    description: The C(window) that the findings come from. Sizes that follow from what connections need cannot be planned without it.
  earlier:
    type: list
    elements: dict
    description: Outcome records of this run's earlier rounds on this host; what they refuted is not tried again.
  step:
    type: dict
    description:
      - What may be tried in one step, where blocks in pairs would compare a value with itself. C(seconds) of such a trial, 0 for none, and
        the C(services) that are restarted at the step. What listeners hand on is tried only where there are such services.
extends_documentation_fragment:
  - linuxnet.socket_buffers.policy
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
      description: Empty when there is nothing to try, two where a lower C(tcp_notsent_lowat) goes with a lower C(tcp_wmem), else one.
      contains:
        key:
          type: str
          description: The sysctl.
        field:
          type: str
          description: Which number of a triplet it is about, V(default) or V(max). V(null) for a single number.
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
          description: What bounded it, in words.
        limit_bytes:
          type: int
          description: The same in bytes. A raise goes not above, a lowering not below.
    metric:
      type: dict
      description: What must improve. V(null) without a change.
      contains:
        name:
          type: str
          description:
            - A counter, as C(nstat) prints it; V(stall_longest_us), the longest stall of a block; V(flows_bulk_out_bytes), V(flows_bulk_read_bytes),
              V(flows_bulk_rtt_us), V(flows_bulk_queue_bytes) or V(flows_notsent_bytes) of the connections; V(octets_in) or V(octets_out), of all that
              came or went.
        direction:
          type: str
          description: V(lower) or V(higher), the good direction of its rate or level.
    guards:
      type: list
      elements: dict
      description: What must not worsen; C(name) and the good C(direction) of each.
    reason:
      type: str
      description: Why this change, or why none.
    blocked:
      type: bool
      description: Whether a change is argued for that something on this host forbids. It cannot be written, another file wins at boot, stalls
        cannot be timed.
    least_washout_seconds:
      type: float
      description: How long a switch of values takes to reach connections, if that is known.
    look_seconds:
      type: float
      description: How many seconds of a CPU a look at all connections took at most; 0 without a window.
    seen:
      type: str
      description: How long what it rests on was watched. V(null) without a window.
    joint:
      type: dict
      description: C(hosts) that are tried together, and C(measured_on), those of them whose metric counts. V(null) for a host by itself.
    seed:
      type: int
      description: For the blocks of hosts that are tried together. V(null) for a host by itself.
    waits_for:
      type: str
      description: The host whose trial goes first. V(null) if there is none.
    design:
      type: str
      description: V(pairs) of blocks, or one V(step), or V(step_back) from the candidate, at a random moment.
    step_seconds:
      type: float
      description: How long a trial in one step is to take; 0 of any other.
    restart_services:
      type: list
      elements: str
      description: What is restarted at the step.
    again:
      type: bool
      description: Whether another round has to look at this host.
    wave:
      type: dict
      description: V(null). P(linuxnet.socket_buffers.plan_waves#filter) fills it in.
"""


def filter_plan(findings, facts, policy=None, latency=None, window=None, earlier=(), step=None):
    if not isinstance(findings, (list, tuple)) or not all(isinstance(finding, Mapping) for finding in findings):
        raise AnsibleFilterError(f"plan: findings: wants the list of dictionaries that diagnose returned, got {type(findings).__name__}")
    if not isinstance(facts, Mapping):
        raise AnsibleFilterError(f"plan: facts: wants a dictionary, got {type(facts).__name__}")
    if latency is not None and latency != "" and not isinstance(latency, Mapping):
        raise AnsibleFilterError(f"plan: latency: wants a dictionary or none, got {type(latency).__name__}")
    if step and not isinstance(step, Mapping):
        raise AnsibleFilterError(f"plan: step: wants a dictionary or none, got {type(step).__name__}")
    try:
        return plan(findings, facts, policy_of(policy), latency or None, window or None, earlier, read_step(step))
    except ValueError as error:
        raise AnsibleFilterError(f"plan: {error}") from error


class FilterModule:
    def filters(self):
        return {"plan": filter_plan}
