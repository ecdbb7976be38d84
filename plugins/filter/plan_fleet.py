# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import policy_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.fleet_plan import plan_fleet

DOCUMENTATION = r"""
name: plan_fleet
short_description: One change worth trying for each host, so that no two trials disturb each other
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - As P(linuxnet.socket_buffers.plan#filter) for each host. Besides, the two ends of the same connections are not tried at the same time; the
    more urgent finding goes first and the other host waits. Where only both ends together can help, they are one candidate.
  - Connections are joined by their addresses, so the windows have to be recorded with O(linuxnet.socket_buffers.socket_counter_facts#module:top).
positional: _input, policy, seed
options:
  _input:
    type: dict
    required: true
    description:
      - By host, its C(window), C(findings) (of P(linuxnet.socket_buffers.diagnose_fleet#filter)) and C(facts)
        (C(ansible_facts.socket_buffers)); and, if there are any, C(latency) (C(ansible_facts.receive_latency)), C(earlier) (outcome records of
        earlier rounds, so that nothing refuted is tried again), C(addresses), a list of texts, C(step), as of
        P(linuxnet.socket_buffers.plan#filter), C(children), RV(linuxnet.socket_buffers.socket_buffer_trial#module:child_namespaces) of a host where
        these forbid a trial of C(tcp_rmem) and C(tcp_wmem), and C(policy), instead of O(policy). A candidate of both ends is tried in pairs of blocks,
        or not at all.
  seed:
    type: int
    default: 0
    description: Hosts that are tried together get a seed made from this and their names, so that their blocks run in step.
extends_documentation_fragment:
  - linuxnet.socket_buffers.policy
seealso:
  - plugin: linuxnet.socket_buffers.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: >-
      {{ {'web1': {'window': watched.window, 'findings': findings, 'facts': ansible_facts.socket_buffers}}
         | linuxnet.socket_buffers.plan_fleet({'goal': 'latency'}) }}
"""

RETURN = r"""
_value:
  type: dict
  description:
    - By host, the plan that P(linuxnet.socket_buffers.plan#filter) returns. A host that waits has no changes, and C(waits_for) names the other.
"""


def filter_plan_fleet(hosts, policy=None, seed=0):
    if not isinstance(hosts, Mapping) or not all(isinstance(given, Mapping) for given in hosts.values()):
        raise AnsibleFilterError(f"plan_fleet: wants a dictionary of dictionaries by host, got {type(hosts).__name__}")
    try:
        own = {host: dict(given, policy=policy_of(given.get("policy"))) for host, given in hosts.items()}
        return plan_fleet(own, policy_of(policy), int(seed))
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"plan_fleet: {error}") from error


class FilterModule:
    def filters(self):
        return {"plan_fleet": filter_plan_fleet}
