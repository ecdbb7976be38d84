# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import listed
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.draw import PLAN_BY, plan_waves
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.sizes import DEFAULT_WAVES, read_waves

DOCUMENTATION = r"""
name: plan_waves
short_description: Which host tries its change in which wave
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Hosts with a change that have group, finding, sysctls, metric and design of the trial in common share a question and are one cohort. Hosts
    that try one candidate together are one unit of it.
  - In a cohort, canaries that are named come first, in that order. Then comes one unit of each stratum (group, kernel release, speed of the
    network interface), of the largest first, and then all strata in proportion. Within a stratum the order is drawn.
  - The waves of one number of all cohorts are tried at the same time.
positional: _input, hosts
options:
  _input:
    type: dict
    required: true
    description: By host, a plan of P(linuxnet.socket_buffers.plan_fleet#filter).
  hosts:
    type: dict
    required: true
    description: By host, its C(facts) (C(ansible_facts.socket_buffers)) and C(group), a text.
  waves:
    type: list
    elements: raw
    default: [1, 1, 5%, 20%, 25%]
    description:
      - Sizes of the waves, as numbers of units, or as a share of the cohort which is rounded down to at least one. The last one is repeated
        until every unit has its wave.
  canaries:
    type: list
    elements: str
    default: []
    description: Names of hosts that go first.
  seed:
    type: int
    default: 0
    description: The same seed draws the same waves.
  plan_by:
    type: str
    default: host
    choices: [host, group]
    description:
      - With V(group) the hosts of a cohort try one size, the largest of those that each would have tried by itself, but none above its own
        ceiling. A host that has no more than that already has nothing to lower. Candidates that need both ends of a connection keep their own sizes.
"""

EXAMPLES = r"""
- ansible.builtin.set_fact:
    plans: "{{ plans | linuxnet.socket_buffers.plan_waves(looks, waves=[1, '10%', '100%'], seed=42) }}"
"""

RETURN = r"""
_value:
  type: dict
  description:
    - The plans by host, each with C(wave). It has C(cohort), a text; C(number) and C(of), the wave and how many there are; and C(shared),
      V(true) where one size is shared. It is null for a host with nothing to try.
"""


def filter_plan_waves(plans, hosts, waves=DEFAULT_WAVES, canaries=(), seed=0, plan_by="host"):
    for name, value in (("plans", plans), ("hosts", hosts)):
        if not isinstance(value, Mapping):
            raise AnsibleFilterError(f"plan_waves: {name}: wants a dictionary by host, got {type(value).__name__}")
    if plan_by not in PLAN_BY:
        raise AnsibleFilterError(f"plan_waves: plan_by: wants one of {', '.join(PLAN_BY)}, got {plan_by!r}")
    try:
        steps = read_waves(listed(waves))
        return plan_waves(plans, hosts, steps, [str(name) for name in listed(canaries)], int(seed), str(plan_by))
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"plan_waves: {error}") from error


class FilterModule:
    def filters(self):
        return {"plan_waves": filter_plan_waves}
