# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.diagnosis import diagnose

DOCUMENTATION = r"""
name: diagnose
short_description: What a window of counters says about a host
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Turns the window that M(linuxnet.socket_buffers.socket_counter_facts) returned into findings, most urgent first.
  - A window finds candidates. It is never the baseline that a change is judged against.
positional: _input, facts, earlier
options:
  _input:
    type: dict
    required: true
    description: The C(window).
  facts:
    type: dict
    description: C(ansible_facts.socket_buffers) of the same host; adds the sizes in force to the evidence.
  earlier:
    type: list
    elements: dict
    default: []
    description:
      - What P(linuxnet.socket_buffers.outcome_record#filter) returned in the earlier rounds of this run, oldest first.
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ watched.window | linuxnet.socket_buffers.diagnose(ansible_facts.socket_buffers) }}"
"""

RETURN = r"""
_value:
  type: list
  elements: dict
  description: Findings, at least one.
  contains:
    scenario:
      type: str
      description: Its name; docs/scenarios.md of the collection explains each.
    summary:
      type: str
      description: What it means, in one sentence.
    evidence:
      type: list
      elements: dict
      description: The numbers it rests on.
      contains:
        metric:
          type: str
          description: Name of the counter, gauge, measure or sysctl.
        value:
          type: raw
          description:
            - Mean rate over the window, the highest value of a gauge, a number of connections, a median over some, or the text of a sysctl.
              V(null) if this kernel does not have it.
        unit:
          type: str
          description: Unit of the value.
        source:
          type: str
          description: The file or interface of the kernel it comes from, or what it is computed from.
    key:
      type: str
      description: The sysctl that M(linuxnet.socket_buffers.socket_buffer_trial) can try for it. V(null) if there is none.
    direction:
      type: str
      description: V(raise) or V(lower), or V(null).
    argues_for:
      type: dict
      description: The size it argues for, whether it is tried or not. V(null) if no size would help.
      contains:
        key:
          type: str
          description: A sysctl.
        field:
          type: str
          description: V(min), V(default) or V(max) of a triplet, or V(null).
        direction:
          type: str
          description: V(raise) or V(lower).
    conflicts_with:
      type: str
      description: A more urgent finding that argues to turn the same knob the other way. This one is tried where nobody wants that. V(null) if there is none.
    metric:
      type: dict
      description: What should move if it is right. V(null) if no size would help.
      contains:
        name:
          type: str
          description: A counter, or a measure of the connections.
        direction:
          type: str
          description: V(higher) or V(lower).
    remedy:
      type: str
      description: What else would help, or why no buffer size would; conflicts come first. V(null) if nothing is needed.
    wants_stalls:
      type: bool
      description: Whether only the length of stalls can tell what it costs; M(linuxnet.socket_buffers.receive_latency_facts) times them.
"""


def filter_diagnose(window, facts=None, earlier=()):
    if not isinstance(window, Mapping):
        raise AnsibleFilterError(f"diagnose: window: wants a dictionary, got {type(window).__name__}")
    if not isinstance(facts, (Mapping, type(None))):
        raise AnsibleFilterError(f"diagnose: facts: wants a dictionary or none, got {type(facts).__name__}")
    if not isinstance(earlier, (list, tuple)):
        raise AnsibleFilterError(f"diagnose: earlier: wants a list of outcome records, oldest first, got {type(earlier).__name__}")
    try:
        return diagnose(window, facts, earlier)
    except ValueError as error:
        raise AnsibleFilterError(f"diagnose: {error}") from error


class FilterModule:
    def filters(self):
        return {"diagnose": filter_diagnose}
