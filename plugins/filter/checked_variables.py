# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._variables import BadVariables, checked_variables

DOCUMENTATION = r"""
name: checked_variables
short_description: Refuses unknown or unusable socket_buffers_* variables
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Ansible ignores a variable that nobody reads, so a misspelt name would run with the default. This filter refuses it, and names
    the one that was meant.
  - Text becomes the type that a variable has, because C(-e name=5) is text.
positional: _input
options:
  _input:
    type: dict
    required: true
    description: Names and values of a host's variables. Those that are not even close to C(socket_buffers_*) are skipped.
"""

EXAMPLES = r"""
- name: Refuse unknown or unusable socket_buffers_* variables
  ansible.builtin.set_fact:
    __checked: "{{ dict(__names | zip(query('ansible.builtin.vars', *__names))) | linuxnet.socket_buffers.checked_variables }}"
  vars:
    __names: "{{ query('ansible.builtin.varnames', '^sockets?_?buffers?_') }}"
"""

RETURN = r"""
_value:
  type: dict
  description: Every variable of the collection with its value, or its default. See C(docs/variables.md) of the collection.
"""


def filter_checked_variables(given):
    if not isinstance(given, Mapping):
        raise AnsibleFilterError(f"checked_variables: wants a dictionary of names and values, got {type(given).__name__}")
    try:
        return checked_variables(given)
    except BadVariables as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"checked_variables": filter_checked_variables}
