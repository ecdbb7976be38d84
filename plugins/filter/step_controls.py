# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.step_controls import step_controls

DOCUMENTATION = r"""
name: step_controls
short_description: Which hosts record beside a trial in one step, and try nothing
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - For each host that tries something in one step in this wave, up to 10 hosts of its group whose wave is to come or who try nothing. Whoever is
    at the other end of a connection of such a host is none of them, as the change reaches it, too.
positional: _input, hosts, wave
options:
  _input:
    type: dict
    required: true
    description: By host, a plan of P(linuxnet.socket_buffers.plan_waves#filter).
  hosts:
    type: dict
    required: true
    description:
      - By host, its C(group), and its C(window) of M(linuxnet.socket_buffers.socket_counter_facts), by whose addresses connections are joined.
  wave:
    type: int
    required: true
    description: The number of the wave.
"""

EXAMPLES = r"""
- ansible.builtin.set_fact:
    beside: "{{ plans | linuxnet.socket_buffers.step_controls(looks, 1) }}"
"""

RETURN = r"""
_value:
  type: dict
  description: Who records beside whom.
  contains:
    controls:
      type: dict
      description: By host that tries something, the names of its controls.
    follows:
      type: dict
      description: By control, the host whose blocks it takes.
    lead_seconds:
      type: float
      description: How far ahead all of them are told to begin, so that they are in step.
"""


def filter_step_controls(plans, hosts, wave):
    for name, value in (("plans", plans), ("hosts", hosts)):
        if not isinstance(value, Mapping):
            raise AnsibleFilterError(f"step_controls: {name}: wants a dictionary by host, got {type(value).__name__}")
    try:
        return step_controls(plans, {host: dict(hosts[host], group=str(hosts[host]["group"])) for host in plans}, int(wave))
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"step_controls: {error!r}") from error


class FilterModule:
    def filters(self):
        return {"step_controls": filter_step_controls}
