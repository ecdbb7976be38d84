# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose trial it is: a text that others read in errors, facts and syslog. Pure."""

LONGEST = 200


def check_owner(text: str) -> str:
    """ValueError, naming the option, for what would not stay on one line of a log."""
    if not 0 < len(text) <= LONGEST or not text.isprintable():
        raise ValueError(f"owner: wants 1 to {LONGEST} printable characters, got {text!r}")
    return text
