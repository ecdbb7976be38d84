# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation of plugins/action/print_table.py, which does the work on the controller.
DOCUMENTATION = r"""
---
module: print_table
short_description: Print a table as it is
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Prints text of several lines on the controller, where M(ansible.builtin.debug) would show every line end as two characters.
options:
  text:
    description: What to print, for example the result of the filter P(linuxnet.socket_buffers.report_table#filter).
    type: str
    required: true
attributes:
  action:
    description: Has an action plugin, which runs on the controller only.
    support: full
  check_mode:
    description: Prints in check mode too.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
  platform:
    description: Every controller.
    platforms: all
    support: full
"""

EXAMPLES = r"""
- name: Show what happened
  linuxnet.socket_buffers.print_table:
    text: "{{ document | linuxnet.socket_buffers.report_table }}"
  run_once: true
"""

RETURN = r"""#"""
