# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import number
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.joint import verdicts

DOCUMENTATION = r"""
name: verdicts
short_description: Did the candidates of a round of trials help?
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - As P(linuxnet.socket_buffers.verdict#filter) for each host.
  - Hosts whose plan has the same C(joint) tried one candidate together, each end with values of its own. They have one verdict, with the
    metric of the hosts in C(measured_on) and the guards of all of them.
  - The trials of all of them have to be complete, of one seed and one schedule, and in step within their wash-out; otherwise all of them
    are V(inconclusive).
options:
  _input:
    type: dict
    required: true
    description:
      - By host, C(trial) (what M(linuxnet.socket_buffers.socket_buffer_trial) returned, or null) and the C(plan) that was tried there; and
        C(first), the trial before it, if this is the second of the same candidate.
      - Of a trial in one step also C(controls), by host the trials of those that tried nothing meanwhile. What moved on them as well is taken out
        of every block; those that are not in step are left out.
  alpha:
    type: float
    default: 0.01
    description: As of P(linuxnet.socket_buffers.verdict#filter).
  min_effect:
    type: float
    default: 0.05
    description: Smallest relative change worth keeping.
  extend:
    type: bool
    default: false
    description:
      - Two looks at most share O(alpha), four fifths for the first trial and the rest for both together. A first one that is promising but proves
        nothing says so in C(extend).
seealso:
  - plugin: linuxnet.socket_buffers.verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: >-
      {{ {'web1': {'trial': hostvars.web1.tried.trial, 'plan': hostvars.web1.plan},
          'db1': {'trial': hostvars.db1.tried.trial, 'plan': hostvars.db1.plan}} | linuxnet.socket_buffers.verdicts }}
"""

RETURN = r"""
_value:
  type: dict
  description:
    - By host, what P(linuxnet.socket_buffers.verdict#filter) returns.
    - C(extend) is V(true) if another trial of the same length may tell.
    - Of a joint candidate it has besides C(hosts), the names of those that tried it together; C(pairs) and rates are those of all hosts on
      which the metric was measured.
    - Of a trial in one step C(controls) has the C(hosts) that counted, and C(left_out), the others with their reasons.
"""


def filter_verdicts(hosts, alpha=0.01, min_effect=0.05, extend=False):
    if not isinstance(hosts, Mapping):
        raise AnsibleFilterError(f"verdicts: wants a dictionary by host, got {type(hosts).__name__}")
    for host, given in hosts.items():
        if not isinstance(given, Mapping) or not isinstance(given.get("plan"), Mapping):
            raise AnsibleFilterError(f"verdicts: {host}: wants a dictionary with a trial and the plan that was tried")
        for name in ("trial", "first", "controls"):
            found = given.get(name)
            if found and not isinstance(found, Mapping):
                raise AnsibleFilterError(f"verdicts: {host}: {name}: wants a dictionary or none, got {type(found).__name__}")
    try:
        # A template turns null into empty text, depending on the version of ansible-core.
        wanted = {
            host: {"plan": given["plan"], **{name: given.get(name) or None for name in ("trial", "first", "controls")}}
            for host, given in hosts.items()
        }
        return verdicts(wanted, number("alpha", alpha), number("min_effect", min_effect), bool(extend))
    except ValueError as error:
        raise AnsibleFilterError(f"verdicts: {error}") from error


class FilterModule:
    def filters(self):
        return {"verdicts": filter_verdicts}
