# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome_record import outcome_record

DOCUMENTATION = r"""
name: outcome_record
short_description: What one host did in a run, as one record for the report
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Takes the registered results of the run's steps as they are; one that is missing, null, empty or skipped counts as not done.
  - A host that could not be reached in any step, or failed, gets the step and the reason.
  - A run may measure anew and try the next finding; the record of the last round then carries those before it.
positional: _input
options:
  _input:
    type: dict
    required: true
    description:
      - C(host), and C(check_mode) when nothing was to be tried.
      - Registered results in C(facts), C(waiting) (of M(linuxnet.socket_buffers.socket_buffer_trial) with C(state=collected)), C(recovery),
        C(window_start), C(window), C(latency_start), C(latency), C(trial_start), C(trial), C(tuning) and C(restarted) (a loop over services).
      - Results of the filters in C(findings), C(plan) and C(verdict).
      - In C(resumed) the owner of the trial, where a run that ended before had begun it.
      - What P(linuxnet.socket_buffers.judge_wave#filter) returned as C(lines) in C(waves), and this host's round in C(turn).
      - In C(earlier) what this filter returned for the earlier rounds of the same run on this host, oldest first.
      - What a C(rescue) caught in C(failure), with C(step) from C(ansible_failed_task.name) and C(result) from C(ansible_failed_result).
"""

EXAMPLES = r"""
- ansible.builtin.set_fact:
    record: "{{ results | linuxnet.socket_buffers.outcome_record }}"
  vars:
    results:
      host: "{{ inventory_hostname }}"
      facts: "{{ registered_facts | default(none) }}"
      tuning: "{{ registered_tuning | default(none) }}"
"""

RETURN = r"""
_value:
  type: dict
  description: The outcome record of C(docs/data_shapes.md) of the collection, for P(linuxnet.socket_buffers.report_document#filter).
"""


def filter_outcome_record(results):
    if not isinstance(results, Mapping):
        raise AnsibleFilterError(f"outcome_record: wants a dictionary of results, got {type(results).__name__}")
    try:
        return outcome_record(results)
    except ValueError as error:
        raise AnsibleFilterError(f"outcome_record: {error}") from error


class FilterModule:
    def filters(self):
        return {"outcome_record": filter_outcome_record}
