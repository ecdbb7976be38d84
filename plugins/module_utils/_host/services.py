# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and sockets of systemd: what they are called, what systemd says of them, and restarting them.

An exit code proves nothing: a unit counts as restarted when systemd has another time at which it became active. Standard library only, as a
trial's guardian runs this file too.
"""
import os
import re
import subprocess
import time
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple

RESTART_SECONDS = 60
LEAST_SECONDS = 1  # to start what took all of that to stop
ANSWER_SECONDS = 10
SETTLE_SECONDS = 0.5  # a program that ends at once has been active for a moment
MOST_SECONDS = RESTART_SECONDS + LEAST_SECONDS + 2 * ANSWER_SECONDS + SETTLE_SECONDS  # of one restart, with a look before and after

ACTIVE = ("active", "reloading", "refreshing")
# Whatever is named in these stops or restarts together with a unit.
STOPPED_WITH_IT = ("RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo")
_BECAME_ACTIVE = "ActiveEnterTimestampMonotonic"
_PROPERTIES = (
    "Names", "LoadState", "ActiveState", "Result", "CanStart", "CanStop", "ControlGroup", "Triggers", _BECAME_ACTIVE, *STOPPED_WITH_IT,
)
_KINDS = ("service", "socket")
_OTHER_KINDS = ("automount", "device", "mount", "path", "scope", "slice", "snapshot", "swap", "target", "timer")
_STEM = re.compile(r"[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\-]*(@[A-Za-z0-9:_.\\@-]+)?")
_LONGEST_NAME = 255

Properties = Mapping[str, str]


def unit_name(text: str) -> str:
    """The full name: .service, where none of systemd's kinds is given. ValueError for what names no service or socket."""
    has_kind = text.rpartition(".")[2] in _KINDS + _OTHER_KINDS
    name = text if has_kind else text + ".service"
    stem, _dot, kind = name.rpartition(".")
    if kind not in _KINDS or not _STEM.fullmatch(stem) or len(name) > _LONGEST_NAME:
        raise ValueError(f"wants names of systemd services or sockets, such as nginx.service, got {text!r}")
    return name


def is_active(unit: Properties) -> bool:
    return unit.get("ActiveState") in ACTIVE


def look(units: Sequence[str]) -> Dict[str, Dict[str, str]]:
    """What systemd says of each, by property. OSError when it does not answer."""
    text, complaint = _ask(["show", "--property=" + ",".join(_PROPERTIES), "--", *units], ANSWER_SECONDS)
    blocks = parse(text)
    if len(blocks) != len(units):
        raise OSError(f"systemctl show: {complaint or 'an answer that is not one for each unit'}")
    return dict(zip(units, blocks))


def parse(text: str) -> List[Dict[str, str]]:
    """The properties of each unit, in the order that they were asked for."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return [{name: value for name, _equals, value in (line.partition("=") for line in block.splitlines())} for block in blocks]


def restart(units: Sequence[str]) -> Dict[str, Dict[str, Any]]:
    """{unit: {restarted, active, reason}}; never fails."""
    if not units:
        return {}
    try:
        before = look(units)
        complaint = _restart(units)
        time.sleep(SETTLE_SECONDS)
        after = look(units)
    except OSError as error:
        return {unit: _row(False, False, f"nobody can tell what became of it: {error}") for unit in units}
    return {unit: judged(before[unit], after[unit], complaint) for unit in units}


def _restart(units: Sequence[str]) -> str:
    """What systemd complains of. A socket does not start while its service runs, so with a socket all stop first, sockets before services:
    they would start them again.
    """
    sockets = [unit for unit in units if unit.endswith(".socket")]
    ordered = sockets + [unit for unit in units if unit not in sockets]
    end = time.monotonic() + RESTART_SECONDS
    verbs = ("stop", "start") if sockets else ("restart",)
    complaints = [_ask([verb, "--", *ordered], max(LEAST_SECONDS, end - time.monotonic()))[1] for verb in verbs]
    return "; ".join(filter(None, complaints))


def judged(before: Properties, after: Properties, complaint: str) -> Dict[str, Any]:
    """What a restart came to, by the looks before and after it. Pure."""
    said = f": {complaint}" if complaint else ""
    if not is_active(after):
        return _row(True, False, f"is {after.get('ActiveState')} ({after.get('Result')}) after its restart{said}")
    if after.get(_BECAME_ACTIVE) == before.get(_BECAME_ACTIVE):
        return _row(False, True, f"runs, but was not restarted{said}")
    return _row(True, True, None)


def told(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """For a log."""
    return "; ".join(f"{unit} {'was restarted' if row['reason'] is None else row['reason']}" for unit, row in sorted(rows.items()))


def unlike(rows: Mapping[str, Mapping[str, Any]]) -> Dict[str, str]:
    """Which are not as they were, and why."""
    return {unit: row["reason"] for unit, row in rows.items() if row["reason"] is not None}


def _row(restarted: bool, active: bool, reason: Any) -> Dict[str, Any]:
    return {"restarted": restarted, "active": active, "reason": reason}


def _ask(words: Iterable[str], seconds: float) -> Tuple[str, str]:
    """What systemctl prints, and where it failed the first line of why. In a session of its own: a Ctrl-C is not meant for it."""
    pipe = subprocess.PIPE
    try:
        done = subprocess.run(
            ["systemctl", *words], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, timeout=seconds, start_new_session=True, cwd="/",
            env=dict(os.environ, LC_ALL="C"), encoding="utf-8", errors="replace", check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"systemctl did not end within {seconds:g} s"
    except OSError as error:
        return "", f"systemctl: {error.strerror}"
    complaint = (done.stderr.strip() or f"systemctl ended with status {done.returncode}").splitlines()[0]
    return done.stdout, complaint if done.returncode else ""
