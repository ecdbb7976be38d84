# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._drift.drift_report import (
    drift_document,
    drift_markdown,
    drift_table,
)

DOCUMENTATION = r"""
name: drift_report
short_description: Where running values, our drop-in and the next boot disagree
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Tells for each host and sysctl of the collection's own drop-in who fights it, what was repaired, and what needs a person.
positional: _input, generated
options:
  _input:
    type: dict
    required: true
    description:
      - By host, C(facts) (C(ansible_facts.socket_buffers)) as they were found.
      - Where a repair was asked for, C(repair), what M(linuxnet.socket_buffers.socket_buffer_tuning) with C(state=repaired) returned,
        C(after), the facts after it, and C(check_mode).
      - Where a step failed, C(failure), its result.
  generated:
    type: str
    required: true
    description: When, as text.
"""

EXAMPLES = r"""
- linuxnet.socket_buffers.print_table:
    text: "{{ ({'web1': {'facts': ansible_facts.socket_buffers}} | linuxnet.socket_buffers.drift_report(now() | string)).text }}"
"""

RETURN = r"""
_value:
  type: dict
  description: C(document) (version, generated, summary, rows), and the same as C(text) for a terminal and as C(markdown).
"""


def filter_drift_report(hosts, generated):
    if not isinstance(hosts, Mapping):
        raise AnsibleFilterError(f"drift_report: wants a dictionary by host, got {type(hosts).__name__}")
    try:
        document = drift_document(hosts, str(generated))
    except (AttributeError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"drift_report: a host lacks facts as socket_buffer_facts returns them: {error!r}") from error
    return {"document": document, "text": drift_table(document), "markdown": drift_markdown(document)}


class FilterModule:
    def filters(self):
        return {"drift_report": filter_drift_report}
