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
  - With names of runs as terms, those that were runs of this user on this controller and have ended. Of others nobody here can tell.
options:
  _terms:
    description: Names of runs; without one this run is named.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Name this run
  ansible.builtin.set_fact:
    run_owner: "{{ lookup('linuxnet.socket_buffers.run_owner') }}"
  run_once: true

- name: Whose trial may be taken over?
  ansible.builtin.set_fact:
    ended: "{{ query('linuxnet.socket_buffers.run_owner', waiting.running.owner) }}"
"""

RETURN = r"""
_raw:
  description: The name, or those of the terms that have ended.
  type: list
  elements: str
  sample: [alice@controller/4711-8812345]
"""

import getpass
import os
import socket

from ansible.plugins.lookup import LookupBase
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_owner import has_ended, process_token, run_owner


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        user, host = _user(), socket.gethostname()
        return [term for term in terms if has_ended(str(term), user, host)] if terms else [run_owner(user, host, process_token())]


def _user():
    """A container's user may have no name."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return str(os.getuid())
