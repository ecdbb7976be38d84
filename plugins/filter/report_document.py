# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report import report_document

DOCUMENTATION = r"""
name: report_document
short_description: The report of a run, for a program to read
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - One row for each host and finding, those that need a person first, then by host.
  - Where a run had several rounds, a row for what each of them tried, in order.
positional: _input, generated, hosts
options:
  _input:
    type: list
    elements: dict
    required: true
    description: Records of P(linuxnet.socket_buffers.outcome_record#filter), one for each host, that of its last round.
  generated:
    type: str
    required: true
    description: When the report was made, as it shall be shown.
  hosts:
    type: list
    elements: str
    default: []
    description: Names of all hosts of the run. One of them without a record is reported as failed.
"""

EXAMPLES = r"""
- ansible.builtin.copy:
    dest: report.json
    mode: "0644"
    content: "{{ records | linuxnet.socket_buffers.report_document(now(utc=true).isoformat(timespec='seconds')) | to_nice_json }}"
"""

RETURN = r"""
_value:
  type: dict
  description: C(version), C(generated), C(summary), C(waves) and C(rows); see C(docs/data_shapes.md) of the collection.
"""


def filter_report_document(records, generated, hosts=()):
    try:
        return report_document(records, str(generated), hosts)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"report_document: wants a list of records of the filter outcome_record: {error!r}") from error


class FilterModule:
    def filters(self):
        return {"report_document": filter_report_document}
