# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import run_time, trial_seconds

DOCUMENTATION = r"""
name: run_time
short_description: How long a window or a trial takes, and how long to wait for it
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Turns the length of a window, or the schedule of a trial, into what the playbooks need to start it, wait for it and say so.
positional: _input
options:
  _input:
    type: raw
    required: true
    description:
      - Seconds of a window, as a number or text; or a dictionary with C(pairs), C(block_seconds) and C(washout_seconds) of a trial.
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ {'pairs': 16, 'block_seconds': 15, 'washout_seconds': 3} | linuxnet.socket_buffers.run_time }}"
  # {seconds: 576.0, pause_seconds: 576, limit_seconds: 1212, late_tries: 127, try_seconds: 5, text: 9 min 36 s}
"""

RETURN = r"""
_value:
  type: dict
  description: The times of the run.
  contains:
    seconds:
      type: float
      description: What the run takes.
    pause_seconds:
      type: int
      description: The same in whole seconds, for M(ansible.builtin.pause).
    limit_seconds:
      type: int
      description: After this the host's job runner ends the run (C(async)).
    late_tries:
      type: int
      description: How many looks until then.
    try_seconds:
      type: int
      description: Between two such looks.
    text:
      type: str
      description: The same for a person.
"""


def filter_run_time(value):
    try:
        if isinstance(value, dict):
            seconds = trial_seconds(int(value["pairs"]), float(value["block_seconds"]), float(value["washout_seconds"]))
        else:
            seconds = float(value)
        return run_time(seconds)
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"run_time: wants seconds, or a trial's pairs, block_seconds and washout_seconds: {error!r}") from error


class FilterModule:
    def filters(self):
        return {"run_time": filter_run_time}
