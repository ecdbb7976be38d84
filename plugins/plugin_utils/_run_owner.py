# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run of a playbook calls itself on the hosts, and which run of this controller has ended. Asks this machine, changes nothing."""
from __future__ import annotations

import getpass
import multiprocessing
import os
import re
import socket

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.guardian import PROCESS_STAT, read_text, start_ticks

LONGEST = 100
TOKEN = re.compile("([0-9]+)-([0-9]+|x)")


def run_owner(user: str, host: str, token: str) -> str:
    """`alice@controller/4711-8812345`: who and where, for people; the token tells two runs of theirs apart."""
    return f"{_shown(user)}@{_shown(host)}/{_shown(token)}"


def this_user() -> tuple[str, str]:
    """Who runs this, and where. A container's user may have no name."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        user = str(os.getuid())
    return user, socket.gethostname()


def process_token() -> str:
    """Of the process that is this run, whichever of its workers asks: its number, and when it started (x: /proc does not tell)."""
    parent = multiprocessing.parent_process()
    pid = (parent.pid if parent else None) or os.getpid()
    return f"{pid}-{_started(pid)}"


def has_ended(owner: str, user: str, host: str) -> bool:
    """Whether it is a run of this user on this controller that is no more. Of any other nobody here can tell."""
    name, _slash, token = owner.rpartition("/")
    found = TOKEN.fullmatch(token)
    if not found or name != run_owner(user, host, token).rpartition("/")[0]:
        return False
    pid = int(found[1])
    return not _exists(pid) or _started(pid) != found[2] or _is_dead(pid)


def _started(pid: int) -> str:
    ticks = start_ticks(pid)
    return "x" if ticks is None else str(ticks)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OverflowError, PermissionError):
        pass
    return True


def _is_dead(pid: int) -> bool:
    """It has ended, and nobody has asked for its status yet: in a container perhaps nobody ever will."""
    return (read_text(PROCESS_STAT.format(pid=pid)) or "").rpartition(")")[2].split()[:1] in (["Z"], ["X"])


def _shown(text: str) -> str:
    """On one line, and not too long, whatever a machine is called."""
    return "".join(character if character.isprintable() and character != " " else "_" for character in text)[:LONGEST // 2] or "unknown"
