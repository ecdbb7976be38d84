# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report_text import report_markdown

DOCUMENTATION = r"""
name: report_markdown
short_description: The report of a run as Markdown
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - A heading, the summary, the table, and for each host what was found and why it ended as it did.
positional: _input
options:
  _input:
    type: dict
    required: true
    description: The document of P(linuxnet.socket_buffers.report_document#filter).
"""

EXAMPLES = r"""
- ansible.builtin.copy:
    dest: report.md
    mode: "0644"
    content: "{{ document | linuxnet.socket_buffers.report_markdown }}"
"""

RETURN = r"""
_value:
  type: str
  description: Markdown text.
"""


def filter_report_markdown(document):
    try:
        return report_markdown(document)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"report_markdown: wants the document of the filter report_document: {error!r}") from error


class FilterModule:
    def filters(self):
        return {"report_markdown": filter_report_markdown}
