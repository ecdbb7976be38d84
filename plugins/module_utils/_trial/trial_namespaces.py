# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial in the initial network namespace owes the others: a container born in it copies the candidate."""
from typing import Any, Collection, Dict, List, Mapping, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.namespaces import (
    COPIED_KEYS,
    find,
    in_use,
    look,
    lost_in,
    put_back,
)

REFUSE, RESTORE = "refuse", "restore"
MOST_SHOWN = 100
NAMED = 3


class ChildNamespaces(Exception):
    """There are containers that could be born in the trial; the message says what to do."""


def are_concerned(identity: Mapping[str, Any], candidate: Mapping[str, str]) -> bool:
    return identity["netns_is_initial"] is True and any(key in COPIED_KEYS for key in candidate)


def refuse_children(identity: Mapping[str, Any], candidate: Mapping[str, str], policy: str) -> None:
    """Where there are containers, more may come, and would keep the candidate."""
    if policy == RESTORE or not are_concerned(identity, candidate):
        return
    others = in_use(find(), _paths(candidate))
    if others:
        keys = ", ".join(key for key in COPIED_KEYS if key in candidate)
        shown = ", ".join(others[:NAMED]) + (", ..." if len(others) > NAMED else "")
        raise ChildNamespaces(
            f"network namespaces in use besides this host's own: {len(others)} ({shown}). A container that is born in the trial would"
            f" copy its {keys} and keep them; child_namespaces: {RESTORE} tries all the same, and puts such containers back at the end"
        )


def children_in_use(identity: Mapping[str, Any]) -> Dict[str, Any]:
    """{count, names} of those that would have a trial of COPIED_KEYS refused; the first names only."""
    try:
        names = in_use(find(), _paths(COPIED_KEYS)) if identity["netns_is_initial"] is True else []
    except OSError:
        names = []  # whoever begins a trial is told
    return {"count": len(names), "names": names[:NAMED]}


def known_before(identity: Mapping[str, Any], candidate: Mapping[str, str]) -> Optional[List[str]]:
    """The namespaces that are there before the first write; None where no other can copy anything."""
    if not are_concerned(identity, candidate):
        return None
    return sorted(row["netns"] for row in look(find(), _paths(candidate)))


def put_born_back(known: Optional[List[str]], originals: Mapping[str, str], candidate: Mapping[str, str]) -> Optional[Dict[str, Any]]:
    """The `child_namespaces` of docs/data_shapes.md, once the own originals are back. Never fails: lost_children() tells."""
    if known is None:
        return None
    keys = {key: {"path": sysctl_path(key), "original": originals[key], "candidate": candidate[key]} for key in candidate}
    try:
        born, reason = put_back(known, keys), None
    except (OSError, ValueError) as error:
        born, reason = [], f"nobody could look for network namespaces born in the trial: {error}"
    # What was put back, or could not be, is told before the others.
    rows = sorted(born, key=lambda row: not row.get("restored"))
    return {"before": len(known), "born": len(born), "rows": rows[:MOST_SHOWN], "reason": reason, "lost": lost_in(born)}


def lost_children(found: Optional[Mapping[str, Any]]) -> Dict[str, str]:
    """What could not be put back, and why; also that nobody knows."""
    if found is None:
        return {}
    return dict(found["lost"], **({"child namespaces": found["reason"]} if found["reason"] else {}))


def _paths(candidate: Collection[str]) -> Dict[str, str]:
    return {key: sysctl_path(key) for key in COPIED_KEYS if key in candidate}
