# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import number
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict

DOCUMENTATION = r"""
name: verdict
short_description: Did the candidate of a trial help?
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Compares the blocks of a trial pair by pair with an exact sign-flip test, or of a trial in one step those before with those after it, by an exact
    test over all moments at which the step could have come; checks every guard and whether both arms saw the same demand.
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
    description:
      - Error rate of V(improved), and of V(regressed), below 0.5. The metric and all guards share the latter.
      - An exact test needs at least 7 pairs for 0.01.
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
  description: The verdict.
  contains:
    verdict:
      type: str
      description:
        - V(improved) if the metric is proven better, by an estimated O(min_effect) at least, and no guard is worse or in doubt; V(regressed) if it or a
          guard is proven worse; V(unchanged) if any change is proven smaller than O(min_effect); else V(inconclusive).
    reason:
      type: str
      description: Why, in one sentence.
    metric:
      type: str
      description: What was to improve, a counter or a column of the trial's stalls or flows.
    before:
      type: float
      description: Its mean rate per second with the present values; of a level, the mean of the blocks.
    after:
      type: float
      description: Its mean rate per second with the candidate.
    effect:
      type: float
      description: Relative change in the typical pair of blocks, the mean of the logarithms of their ratios; V(-0.4) is 40 % less.
    interval:
      type: list
      elements: float
      description: Lowest and highest effect that the test does not reject, each at O(alpha). V(null) where so few moments of a step reject nothing.
    p_value:
      type: float
      description: Of the one-sided test for an improvement.
    pairs:
      type: int
      description: How many pairs of blocks counted; of a trial in one step, how many blocks.
    smallest_effect:
      type: float
      description: The smallest relative improvement that a trial with this spread proves about four times in five.
    reach:
      type: dict
      description: How much of the traffic the change could touch.
      contains:
        share:
          type: float
          description:
            - Of the bytes in the candidate's blocks, 0 to 1; V(null) if nobody can tell. Below 0.05 the verdict is V(inconclusive).
            - What reaches only new connections is tried on what they moved.
        note:
          type: str
          description: Which connections such a change reaches.
    guards:
      type: list
      elements: dict
      description: What must not worsen.
      contains:
        name:
          type: str
          description: What is guarded.
        before:
          type: float
          description:
            - Its rate with the present values.
            - V(null) if it did not move, this kernel does not count it, or it is of a class of connections that changed size.
        after:
          type: float
          description: Its rate with the candidate.
        effect:
          type: float
          description: Relative change in the typical pair of blocks.
        p_value:
          type: float
          description: Of the one-sided test for a worsening.
        ok:
          type: bool
          description: V(true) in order, V(false) worse, V(null) in doubt.
    design:
      type: str
      description: V(pairs), V(step) or V(step_back), of the trial.
    controls:
      type: dict
      description: V(null); only P(linuxnet.socket_buffers.verdicts#filter) takes hosts that recorded beside a trial in one step.
    extend:
      type: bool
      description: V(false); only P(linuxnet.socket_buffers.verdicts#filter) asks for more.
"""


def filter_verdict(trial, plan, alpha=0.01, min_effect=0.05):
    if not isinstance(trial, Mapping):
        raise AnsibleFilterError(f"verdict: trial: wants a dictionary, got {type(trial).__name__}")
    if not isinstance(plan, Mapping):
        raise AnsibleFilterError(f"verdict: plan: wants a dictionary, got {type(plan).__name__}")
    try:
        return verdict(trial, plan, number("alpha", alpha), number("min_effect", min_effect))
    except ValueError as error:
        raise AnsibleFilterError(f"verdict: {error}") from error


class FilterModule:
    def filters(self):
        return {"verdict": filter_verdict}
