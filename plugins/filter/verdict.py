# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict import verdict

DOCUMENTATION = r"""
name: verdict
short_description: Did the candidate of a trial help?
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Compares the blocks of a trial pair by pair with an exact sign-flip test, checks every guard and whether both arms saw the same demand.
positional: _input, plan
options:
  _input:
    type: dict
    required: true
    description: The C(trial) that M(linuxnet.socket_buffers.socket_buffer_trial) returned.
  plan:
    type: dict
    required: true
    description: The plan that was tried, of P(linuxnet.socket_buffers.plan#filter).
  alpha:
    type: float
    default: 0.01
    description: One-sided error rate. An exact test needs at least 7 pairs for 0.01.
  min_effect:
    type: float
    default: 0.05
    description: Smallest relative change worth keeping.
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ tried.trial | linuxnet.socket_buffers.verdict(plan) }}"
"""

RETURN = r"""
_value:
  type: dict
  description:
    - C(verdict) is V(improved), V(unchanged), V(regressed) or V(inconclusive), with C(reason), the rates C(before) and C(after) (events per second
      in A and B), C(effect) and its C(interval), C(p_value), C(pairs), C(smallest_effect), C(reach) and C(guards).
"""


def filter_verdict(trial, plan, alpha=0.01, min_effect=0.05):
    if not isinstance(trial, Mapping) or not isinstance(plan, Mapping):
        raise AnsibleFilterError(f"verdict: wants a trial and a plan as dictionaries, got {type(trial).__name__} and {type(plan).__name__}")
    try:
        return verdict(trial, plan, float(alpha), float(min_effect))
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"verdict: {error}") from error


class FilterModule:
    def filters(self):
        return {"verdict": filter_verdict}
