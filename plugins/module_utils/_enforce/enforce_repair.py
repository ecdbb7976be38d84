# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing back what we last wrote, where it drifted away. Pure."""
from typing import Any, Dict, List, Mapping, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import (
    DROPIN_MODE,
    dropin_settings,
    is_only_ours,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_plan import (
    FileState,
    Outcome,
    View,
    difference,
    holding,
    of_this_boot,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.journal import Entry, managed
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue, validated
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.transaction import FOREIGN, MISSING


class Repair(NamedTuple):
    """What the host should hold: the drop-in, and the values in it; and what is left to somebody else."""

    values: Dict[str, str]
    dropin: FileState
    left: List[Dict[str, Any]]


def repair_of(view: View, path: str, identity: Mapping[str, Any], force: bool) -> Repair:
    """The drop-in as it was written last, and running values as in it. Without a journal the file alone tells what is ours.

    A file in which somebody else wrote more than values of our keys is left, and with it the values, unless forced.
    """
    known = managed(of_this_boot(view.entries, identity))
    if known.file is None:
        return _with_values(view, view.dropin, _checked(path, dropin_settings(view.dropin.text)))
    settings = dropin_settings(known.file.written_text)
    if not settings or not set(settings) <= set(known.keys):
        return Repair({}, view.dropin, [])  # it was being taken back
    if view.dropin.text == known.file.written_text:
        return _with_values(view, view.dropin, settings)
    if force or is_only_ours(view.dropin.text, known.file.written_text):
        return _with_values(view, FileState(known.file.written_text, DROPIN_MODE), settings)
    return Repair({}, view.dropin, [dict(difference(path, "our settings", "another text"), reason=FOREIGN)])


def _with_values(view: View, dropin: FileState, settings: Mapping[str, str]) -> Repair:
    there = {key: text for key, text in settings.items() if view.values[key] is not None}
    left = [dict(difference(key, settings[key], None), reason=MISSING) for key in sorted(set(settings) - set(there))]
    return Repair(there, dropin, left)


def plan_repaired(view: View, path: str, stamp: Entry, repair: Repair) -> Outcome:
    outcome = holding(view, path, stamp, repair.values, repair.dropin)
    return outcome._replace(report=dict(outcome.report, left=repair.left))


def _checked(path: str, settings: Mapping[str, str]) -> Dict[str, str]:
    """Nobody but the file vouches for these, and anybody may have edited it."""
    try:
        return validated(settings) if settings else {}
    except InvalidValue as error:
        raise InvalidValue(f"{path}: {error}. Correct or remove that line")
