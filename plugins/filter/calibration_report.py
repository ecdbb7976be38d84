# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import number
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.calibration_report import calibration_markdown, calibration_text
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.calibration import calibration

DOCUMENTATION = r"""
name: calibration_report
short_description: How often the own traffic of a fleet would have fooled the verdict
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Takes trials in which nothing was tried (M(linuxnet.socket_buffers.socket_buffer_trial) without
    O(linuxnet.socket_buffers.socket_buffer_trial#module:values)), draws anew which block counts as which arm, many times,
    and judges each draw. Whatever is called improved or regressed is false.
positional: _input, generated
options:
  _input:
    type: dict
    required: true
    description: The C(trial) of each host, by host; or C(failure), a text, in its place.
  generated:
    type: str
    required: true
    description: When, as text.
  alpha:
    type: float
    default: 0.01
    description: Error rate of the verdict.
  min_effect:
    type: float
    default: 0.05
    description: Smallest relative change that is worth keeping.
  throws:
    type: int
    default: 100
    description: How often the arms are drawn anew, for each host and metric.
"""

EXAMPLES = r"""
- linuxnet.socket_buffers.print_table:
    text: "{{ (trials_by_host | linuxnet.socket_buffers.calibration_report(now() | string)).text }}"
"""

RETURN = r"""
_value:
  type: dict
  description: >-
    C(document) (version, generated, alpha, hosts, throws, false_improved, false_regressed, rows), and the same as C(text) for a terminal and as
    C(markdown).
"""


def filter_calibration_report(trials, generated, alpha=0.01, min_effect=0.05, throws=100):
    if not isinstance(trials, Mapping):
        raise AnsibleFilterError(f"calibration_report: wants a dictionary by host, got {type(trials).__name__}")
    try:
        document = calibration(trials, str(generated), number("alpha", alpha), number("min_effect", min_effect), int(number("throws", throws)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"calibration_report: {error}") from error
    return {"document": document, "text": calibration_text(document), "markdown": calibration_markdown(document)}


class FilterModule:
    def filters(self):
        return {"calibration_report": filter_calibration_report}
