# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report_text import report_table

DOCUMENTATION = r"""
name: report_table
short_description: The report of a run as a table for the terminal
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - A table of 120 columns, below it every reason with its hosts, the summary, and what the exit status means.
  - A host that had several rounds is named with the round.
positional: _input
options:
  _input:
    type: dict
    required: true
    description: The document of P(linuxnet.socket_buffers.report_document#filter).
"""

EXAMPLES = r"""
- linuxnet.socket_buffers.print_table:
    text: "{{ document | linuxnet.socket_buffers.report_table }}"
"""

RETURN = r"""
_value:
  type: str
  description: Plain text of several lines.
"""


def filter_report_table(document):
    try:
        return report_table(document)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"report_table: wants the document of the filter report_document: {error!r}") from error


class FilterModule:
    def filters(self):
        return {"report_table": filter_report_table}
