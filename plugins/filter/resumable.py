# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._resume import owners, resumable
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_owner import has_ended, this_user

DOCUMENTATION = r"""
name: resumable
short_description: What this run can go on with that another one began
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - A controller that dies leaves its trial to the host. It ends there by itself, and its result waits with the plan that it was made for.
  - Says whether to wait for such a trial, which result to judge, and which nobody needs any more.
  - Only runs of this user on this controller whose process is gone have ended; of others nobody here can tell.
positional: _input, sizes
options:
  _input:
    type: dict
    required: true
    description: What M(linuxnet.socket_buffers.socket_buffer_trial) returned with C(state=collected).
  sizes:
    type: dict
    required: true
    description: The C(sysctls) of M(linuxnet.socket_buffers.socket_buffer_facts), as they are now.
  adopt:
    type: bool
    default: false
    description: Take over the trials of everybody.
"""

EXAMPLES = r"""
- ansible.builtin.set_fact:
    resume: "{{ waiting | linuxnet.socket_buffers.resumable(ansible_facts.socket_buffers.sysctls) }}"
"""

RETURN = r"""
_value:
  type: dict
  description: What to do.
  contains:
    wait_seconds:
      type: int
      description: How long a trial of a run that has ended still takes; null when there is none.
    result:
      type: dict
      description: The newest result that can be judged still; null when there is none.
    waves:
      type: list
      elements: int
      description: The number of the wave that it was tried in, as the only element; empty without a result.
    control:
      type: dict
      description: The newest result of a host that recorded beside a trial in one step of another; null when there is none. It is among C(discard).
    discard:
      type: list
      elements: str
      description: Results that nobody needs any more, by id.
"""


def filter_resumable(waiting: Any, sizes: Any, adopt: Any = False) -> dict[str, Any]:
    if not isinstance(waiting, Mapping) or not isinstance(sizes, Mapping):
        raise AnsibleFilterError("resumable: wants what socket_buffer_trial returned with state=collected, and the sysctls of socket_buffer_facts")
    ended = {owner for owner in owners(waiting) if has_ended(owner, *this_user())}
    return resumable(waiting, ended, sizes, boolean(adopt))


class FilterModule:
    def filters(self):
        return {"resumable": filter_resumable}
