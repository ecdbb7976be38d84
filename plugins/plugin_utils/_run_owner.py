# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run of a playbook calls itself on the hosts. Pure."""
from __future__ import annotations

LONGEST = 100


def run_owner(user: str, host: str, token: str) -> str:
    """`alice@controller/1f0c33aa`: who and where, for people; the token tells two runs of theirs apart."""
    return f"{_shown(user)}@{_shown(host)}/{_shown(token)}"


def _shown(text: str) -> str:
    """On one line, and not too long, whatever a machine is called."""
    return "".join(character if character.isprintable() and character != " " else "_" for character in text)[:LONGEST // 2] or "unknown"
