# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.fleet_diagnosis import diagnose_fleet

DOCUMENTATION = r"""
name: diagnose_fleet
short_description: What the windows of several hosts say together
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - As P(linuxnet.socket_buffers.diagnose#filter) for each host. Besides, where a sender finds that the window of its peer is the bound,
    the finding is given to the peer, who owns the size, and the sender is told who that is.
  - Flows are joined by their addresses, so the windows have to be recorded with O(linuxnet.socket_buffers.socket_counter_facts#module:top).
    Across address translation nothing is joined.
options:
  _input:
    type: dict
    required: true
    description:
      - By host, C(window), C(facts) (C(ansible_facts.socket_buffers)), C(addresses), a list of texts, and C(earlier), what
        P(linuxnet.socket_buffers.outcome_record#filter) returned in the earlier rounds of this run. All but the first may be missing.
seealso:
  - plugin: linuxnet.socket_buffers.diagnose
    plugin_type: filter
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: >-
      {{ {'web1': {'window': hostvars.web1.watched.window, 'addresses': ['192.0.2.1']},
          'db1': {'window': hostvars.db1.watched.window, 'addresses': ['192.0.2.2']}} | linuxnet.socket_buffers.diagnose_fleet }}
"""

RETURN = r"""
_value:
  type: dict
  description: By host, the list that P(linuxnet.socket_buffers.diagnose#filter) returns.
"""


def filter_diagnose_fleet(hosts):
    if not isinstance(hosts, Mapping):
        raise AnsibleFilterError(f"diagnose_fleet: wants a dictionary by host, got {type(hosts).__name__}")
    for host, given in hosts.items():
        if not isinstance(given, Mapping) or not isinstance(given.get("window"), Mapping):
            raise AnsibleFilterError(f"diagnose_fleet: {host}: wants a dictionary with a window")
    try:
        return diagnose_fleet(hosts)
    except ValueError as error:
        raise AnsibleFilterError(f"diagnose_fleet: {error}") from error


class FilterModule:
    def filters(self):
        return {"diagnose_fleet": filter_diagnose_fleet}
