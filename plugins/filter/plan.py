# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan import plan

DOCUMENTATION = r"""
name: plan
short_description: The one change worth trying, or none and the reason
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Answers the most urgent finding that has a knob with one candidate value, the metric that must improve and the guards that must not worsen.
positional: _input, facts, policy
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
    description:
      - C(collapse_divisor) (16), by which the maximum of a collapsing host is divided; C(rmem_max_floor_bytes) (1 MiB), below which no
        candidate goes; C(rmem_max_ceiling_bytes) (64 MiB), above which none goes.
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ findings | linuxnet.socket_buffers.plan(ansible_facts.socket_buffers, {'rmem_max_floor_bytes': 2097152}) }}"
"""

RETURN = r"""
_value:
  type: dict
  description:
    - C(changes) (key, old, new, reason, ceiling; empty when there is nothing to try), C(metric), C(guards), C(reason), the C(scenario) answered, and
      C(blocked), true when a change is argued for but this host cannot be written.
"""


def filter_plan(findings, facts, policy=None):
    if not isinstance(facts, Mapping) or not isinstance(policy, (Mapping, type(None))):
        raise AnsibleFilterError(f"plan: wants facts and, if at all, a policy as dictionaries, got {type(facts).__name__} and {type(policy).__name__}")
    try:
        return plan(findings, facts, policy)
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"plan: {error}") from error


class FilterModule:
    def filters(self):
        return {"plan": filter_plan}
