# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What enforcing did, or would do, as the module returns it. Pure."""
from typing import Any, Dict, List

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_plan import View, Work
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import readable
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical


def result(work: Work, dropin_path: str) -> Dict[str, Any]:
    """The module's return values."""
    recovery, main = work.outcomes
    final = main.view
    return {
        "changed": bool(work.killed_trial) or any(step.change.runtime or step.change.dropin for step in work.steps),
        "changes": _changes(recovery.view, final),
        "dropin": {"path": dropin_path, "changed": final.dropin.text != work.found.dropin.text},
        "drifted": main.report["drifted"],
        "recovered": recovery.report["recovered"],
        "killed_trial": work.killed_trial,
        "left": _left(work, dropin_path),
        "originals": main.report["originals"],
        "undone": main.report.get("undone"),
    }


def _left(work: Work, dropin_path: str) -> List[Dict[str, Any]]:
    """What is left in the end: a recovery may leave what the change itself then puts right, or leaves too."""
    recovery, main = work.outcomes
    settled = {change["key"] for change in _changes(recovery.view, main.view)}
    settled.update([dropin_path] if recovery.view.dropin != main.view.dropin else [], (row["name"] for row in main.report["left"]))
    return [row for row in recovery.report["left"] if row["name"] not in settled] + main.report["left"]


def diff(work: Work, dropin_path: str) -> List[Dict[str, str]]:
    """What diff mode shows: the host as it was found, and as it is now."""
    before, after = work.found, work.outcomes[-1].view
    keys = [change["key"] for change in _changes(before, after)]
    pairs = (
        ("sysctl (running kernel)", _sysctl_text(before, keys), _sysctl_text(after, keys)),
        (dropin_path, readable(before.dropin.text or ""), readable(after.dropin.text or "")),
    )
    return [
        {"before_header": header, "after_header": header, "before": old, "after": new}
        for header, old, new in pairs
        if old != new
    ]


def _changes(before: View, after: View) -> List[Dict[str, str]]:
    return [
        {"key": key, "old": canonical(before.values[key]), "new": canonical(after.values[key])}
        for key in sorted(after.values)
        if after.values[key] != before.values[key]
    ]


def _sysctl_text(view: View, keys: List[str]) -> str:
    return "".join(f"{key} = {canonical(view.values[key])}\n" for key in keys)
