# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.size_report import size_document, size_markdown, size_table

DOCUMENTATION = r"""
name: size_report
short_description: An inventory of socket buffer sizes
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Lists for each host its sizes, the files that decide them, what the next boot would change, and how often queues were collapsed and
    pruned since the last one.
positional: _input, generated
options:
  _input:
    type: dict
    required: true
    description:
      - By host, C(sizes) (C(ansible_facts.socket_buffers)) and C(counters) (C(ansible_facts.socket_counters)), or C(failure), a text.
  generated:
    type: str
    required: true
    description: When, as text.
"""

EXAMPLES = r"""
- linuxnet.socket_buffers.print_table:
    text: "{{ (by_host | linuxnet.socket_buffers.size_report(now() | string)).text }}"
"""

RETURN = r"""
_value:
  type: dict
  description: C(document) (version, generated, rows), and the same as C(text) for a terminal and as C(markdown).
"""


def filter_size_report(hosts, generated):
    if not isinstance(hosts, Mapping):
        raise AnsibleFilterError(f"size_report: wants a dictionary by host, got {type(hosts).__name__}")
    try:
        document = size_document(hosts, str(generated))
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"size_report: a host lacks sizes or counters as the fact modules return them: {error!r}") from error
    return {"document": document, "text": size_table(document), "markdown": size_markdown(document)}


class FilterModule:
    def filters(self):
        return {"size_report": filter_size_report}
