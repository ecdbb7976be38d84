# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._variables import BadVariables, agreed_variables

DOCUMENTATION = r"""
name: agreed_variables
short_description: Refuses hosts that disagree on what holds for a whole run
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - How a run goes in waves is decided once for all its hosts, so these variables have to be the same on all of them.
positional: _input, inventory
options:
  _input:
    type: dict
    required: true
    description: By host, what P(linuxnet.socket_buffers.checked_variables#filter) returned.
  inventory:
    type: list
    elements: str
    required: true
    description: Names of all hosts of the inventory.
"""

EXAMPLES = r"""
- ansible.builtin.set_fact:
    of_run: "{{ {'web1': checked} | linuxnet.socket_buffers.agreed_variables(groups['all']) }}"
"""

RETURN = r"""
_value:
  type: dict
  description: The variables that hold for a whole run, with their values.
"""


def filter_agreed_variables(by_host, inventory):
    if not isinstance(by_host, Mapping) or not all(isinstance(values, Mapping) for values in by_host.values()):
        raise AnsibleFilterError(f"agreed_variables: wants a dictionary of dictionaries by host, got {type(by_host).__name__}")
    try:
        return agreed_variables(by_host, set(inventory))
    except BadVariables as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"agreed_variables": filter_agreed_variables}
