# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis import diagnose

DOCUMENTATION = r"""
name: diagnose
short_description: What a window of counters says about a host
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Turns the window that M(linuxnet.socket_buffers.socket_counter_facts) returned into findings, most urgent first.
  - A window finds candidates. It is never the baseline that a change is judged against.
positional: _input, facts
options:
  _input:
    type: dict
    required: true
    description: The C(window).
  facts:
    type: dict
    description: C(ansible_facts.socket_buffers) of the same host; adds the sizes in force to the evidence.
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ watched.window | linuxnet.socket_buffers.diagnose(ansible_facts.socket_buffers) }}"
"""

RETURN = r"""
_value:
  type: list
  elements: dict
  description:
    - Findings, at least one. Each has C(scenario), C(summary), C(evidence) (metric, value, unit, source), C(key) and C(direction) of the
      sysctl it argues for or null, and C(remedy), what would help when no buffer does.
"""


def filter_diagnose(window, facts=None):
    if not isinstance(window, Mapping) or not isinstance(facts, (Mapping, type(None))):
        raise AnsibleFilterError(f"diagnose: wants a window and, if at all, facts as dictionaries, got {type(window).__name__} and {type(facts).__name__}")
    try:
        return diagnose(window, facts)
    except ValueError as error:
        raise AnsibleFilterError(f"diagnose: {error}") from error


class FilterModule:
    def filters(self):
        return {"diagnose": filter_diagnose}
