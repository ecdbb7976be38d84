# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: run_owner
short_description: A name for this run of a playbook, for the trials that it starts
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - User and host name of the controller, and which process this run is.
  - It is for the option C(owner) of M(linuxnet.socket_buffers.socket_buffer_trial).
"""

EXAMPLES = r"""
- name: Name this run
  ansible.builtin.set_fact:
    run_owner: "{{ lookup('linuxnet.socket_buffers.run_owner') }}"
  run_once: true
"""

RETURN = r"""
_raw:
  description: The name.
  type: list
  elements: str
  sample: [alice@controller/4711-8812345]
"""

from ansible.plugins.lookup import LookupBase
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_owner import process_token, run_owner, this_user


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return [run_owner(*this_user(), process_token())]
