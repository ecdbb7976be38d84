# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking back the last change, and only that one, however often it is asked for. Pure."""
from typing import Any, Dict, List, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_plan import (
    Change,
    Outcome,
    View,
    dropin_back,
    of_this_boot,
    report_of,
    runtime_back,
    taking_back,
    unknown_dropin,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.journal import (
    UNDONE,
    Entry,
    compacted,
    managed,
    reduced,
    squashed,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical


def plan_previous(view: View, path: str, stamp: Entry, force: bool) -> Outcome:
    """Bring back what was there right before the last change, where that still is as we wrote it."""
    newest = _newest(view, stamp)
    entries = compacted(of_this_boot(view.entries, stamp.identity), stamp.identity)
    unknown = unknown_dropin(view, path, managed(entries).file)
    if newest is None or newest.phase == UNDONE or [newest.id] != [entry.id for entry in entries[-1:]]:
        return Outcome(None, view, dict(report_of(view, entries, [], unknown), undone=_undone(newest, earlier=True)))
    last = entries[-1]
    runtime, left, keys_left = runtime_back(view, last.keys, force)
    dropin, file_left = dropin_back(view, last.file, force)
    rest = reduced([last], set(keys_left), file=bool(file_left))
    after = view.entries if rest == [last] else _without(entries[:-1], last, rest, stamp)
    report = dict(report_of(view, after, [], left + unknown + file_left), undone=_undone(last, earlier=False))
    if rest == [last]:
        return Outcome(None, view, report)
    return Outcome(*taking_back(view, path, stamp, view.entries, Change(runtime, dropin), after), report)


def _newest(view: View, stamp: Entry) -> Optional[Entry]:
    """The last change of this host, also where a boot has ended it since: then there is nothing to take back."""
    return compacted(view.entries, stamp.identity)[-1] if view.entries else None


def _without(older: List[Entry], last: Entry, rest: List[Entry], stamp: Entry) -> List[Entry]:
    """The journal once `last` is undone but for `rest`. What we wrote last is what was there before it, whoever had set that."""
    back = managed([last])
    kept = managed(rest)
    known = managed(older)
    keys = {
        key: change._replace(written=canonical(back.keys[key].original)) if key in back.keys and key not in kept.keys else change
        for key, change in known.keys.items()
    }
    file = known.file._replace(written_text=back.file.original_text) if known.file and back.file and not kept.file else known.file
    base = squashed([entry._replace(keys=keys, file=file) for entry in older[-1:]], stamp.identity)
    return base + (rest or [last._replace(phase=UNDONE, keys={}, file=None) for _entry in base])


def _undone(entry: Optional[Entry], earlier: bool) -> Optional[Dict[str, Any]]:
    return {"started": entry.started, "earlier": earlier} if entry else None
