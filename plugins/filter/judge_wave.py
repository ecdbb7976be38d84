# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import number
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.after_wave import ON_END, Rules, after_wave
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.gate import END, GO_ON
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.results import hosts_of

DOCUMENTATION = r"""
name: judge_wave
short_description: What a wave of trials means for its hosts, and for the waves after it
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Judges the trials of a wave once more, all hosts of a cohort together, as P(linuxnet.socket_buffers.pooled_verdict#filter) does. The
    verdict of a single unit is its own.
  - A cohort ends when its pool regressed, or when more of its hosts regressed or failed so far than chance allows. Then no host of the wave
    keeps its change.
  - A host that could not begin its trial (out of reach, busy, or it was refused) is skipped. One that was lost after it had begun failed.
positional: _input, turn, wave
options:
  _input:
    type: dict
    required: true
    description:
      - What the hosts of this turn have, each by host. C(plan) of P(linuxnet.socket_buffers.plan_waves#filter), C(verdict) and C(tried) as
        P(linuxnet.socket_buffers.verdicts#filter) returns and takes them, and of the trial the registered results C(started) and
        C(collected).
      - All but C(plan) may be empty.
  turn:
    type: int
    required: true
    description: The round of the run.
  wave:
    type: int
    required: true
    description: The number of the wave.
  lines:
    type: list
    elements: dict
    default: []
    description: What this filter returned as C(lines) before, in this run.
  alpha:
    type: float
    default: 0.01
    description: Error rate of the pooled verdict, and the rate at which a trial fails by chance.
  min_effect:
    type: float
    default: 0.05
    description: Smallest relative change worth keeping.
  on_inconclusive:
    type: str
    default: go_on
    choices: [go_on, end]
    description:
      - Whether a cohort goes on after a pool that neither improved nor regressed. Hosts that improved by themselves keep their change.
  on_end:
    type: str
    default: keep
    choices: [keep, put_back]
    description: When a wave did harm, whether hosts of earlier waves of the cohort keep what they have.
"""

EXAMPLES = r"""
- ansible.builtin.set_fact:
    waves: "{{ {'plan': plans, 'verdict': verdicts, 'tried': tried} | linuxnet.socket_buffers.judge_wave(1, 1) }}"
"""

RETURN = r"""
_value:
  type: dict
  description: See C(docs/data_shapes.md) of the collection.
  contains:
    lines:
      type: list
      elements: dict
      description: One for each wave and cohort of the run so far.
    hosts:
      type: dict
      description: By host, C(plan) (with nothing to try where its wave will not come), C(keep) and C(put_back).
    ahead:
      type: int
      description: How many waves are still to come.
"""


def filter_judge_wave(results, turn, wave, lines=(), alpha=0.01, min_effect=0.05, on_inconclusive=GO_ON, on_end="keep"):
    if not isinstance(results, Mapping) or not isinstance(results.get("plan"), Mapping):
        raise AnsibleFilterError("judge_wave: wants a dictionary with the plans of the hosts, and what they tried")
    for name, value, choices in (("on_inconclusive", on_inconclusive, (GO_ON, END)), ("on_end", on_end, ON_END)):
        if value not in choices:
            raise AnsibleFilterError(f"judge_wave: {name}: wants one of {', '.join(choices)}, got {value!r}")
    try:
        rules = Rules(number("alpha", alpha), number("min_effect", min_effect), str(on_inconclusive), str(on_end))
        return after_wave(hosts_of(results, int(turn), int(wave)), int(turn), int(wave), list(lines or ()), rules)
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"judge_wave: {error!r}" if isinstance(error, KeyError) else f"judge_wave: {error}") from error


class FilterModule:
    def filters(self):
        return {"judge_wave": filter_judge_wave}
