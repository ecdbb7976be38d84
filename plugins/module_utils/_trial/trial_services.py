# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that a trial restarts at its step and at its end: a listener keeps the buffer sizes that it was made with."""
from fnmatch import fnmatchcase
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.services import (
    MOST_SECONDS,
    STOPPED_WITH_IT,
    is_active,
    look,
    restart,
    unit_name,
    unlike,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.systemd import systemd_sees_this_host
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS, STEP

OPTION = "restart_services"
# Units, without .service or .socket, whose restart could leave nobody to undo the trial. Documented in the module.
CUTS_OFF = (
    (("ssh", "ssh@*", "sshd", "sshd@*", "dropbear", "dropbear@*"), "this run logs in through it"),
    (("systemd-*", "dbus", "dbus-broker", "messagebus"), "systemd itself needs it"),
    (
        ("NetworkManager*", "network", "networking", "network-*", "ifup@*", "netplan*", "wicked*", "connman", "dhcpcd*", "wpa_supplicant*"),
        "it sets up the network",
    ),
    (("nftables", "iptables", "ip6tables", "firewalld", "ufw", "netfilter-persistent"), "it filters packets"),
    (("wg-quick@*", "openvpn*", "strongswan*", "ipsec", "tailscaled", "zerotier-one"), "this run may come through its tunnel"),
)


class RestartFailed(Exception):
    """Why a trial with services ends at its step."""


class Restarts:
    """Those of one trial: none before its step, and then again at its end.

    `mark` makes it durable that the step is made, for whoever undoes the trial when it dies.
    """

    def __init__(self, units: Sequence[str], mark: Callable[[], None]) -> None:
        self._units = units
        self._mark = mark
        self._marked = False
        self.rows = {unit: {"times": 0, "active": True, "reason": None} for unit in units}  # type: Dict[str, Dict[str, Any]]

    def at_step(self) -> None:
        if not self._units:
            return
        self._mark()
        self._marked = True
        self._restart()
        for unit, reason in sorted(unlike(self.rows).items()):
            raise RestartFailed(f"{unit} {reason}")

    def at_end(self) -> None:
        """With the originals back. Never fails: `unlike` tells."""
        if self._marked:
            self._restart()

    def _restart(self) -> None:
        for unit, row in restart(self._units).items():
            times = self.rows[unit]["times"] + bool(row["restarted"])
            self.rows[unit] = {"times": times, "active": row["active"], "reason": row["reason"]}


def services_of(names: Sequence[str], design: str, switches: int) -> List[str]:
    """Their full names, each once. ValueError, naming the option, for what cannot be one or is not restarted in this design."""
    if names and design != STEP:
        why = f"with {design} they could be restarted {switches} times" if design == PAIRS else f"{design} is for what open connections follow"
        raise ValueError(f"{OPTION}: only with design: {STEP}; {why}")
    try:
        return list(dict.fromkeys(unit_name(name) for name in names))
    except ValueError as error:
        raise ValueError(f"{OPTION}: {error}")


def most_seconds(units: Sequence[str]) -> float:
    """What the two restarts take at the very most."""
    return 2 * MOST_SECONDS if units else 0.0


def refuse_services(files: HostFiles, units: Sequence[str]) -> None:
    """ValueError, naming the option and the unit, for what is not to be restarted here. Restarts nothing."""
    if not units:
        return
    if not systemd_sees_this_host(files):
        named = ", ".join(units)
        raise ValueError(f"{OPTION}: systemd does not run here, or not in this network, and cannot restart {named}: leave them out")
    try:
        states = look(units)
        triggered = {unit: _triggered(state) for unit, state in states.items()}
        others = sorted({name for names in triggered.values() for name in names} - set(units))
        running = {name for name, state in (look(others) if others else {}).items() if is_active(state)}
    except OSError as error:
        raise ValueError(f"{OPTION}: systemd does not say what {', '.join(units)} is: {error}")
    cgroups = _own_cgroups(files)
    for unit in units:
        problem = _problem(states[unit], cgroups, sorted(running & set(triggered[unit])))
        if problem:
            raise ValueError(f"{OPTION}: {unit} {problem}")


def restart_after_death(units: Sequence[str]) -> Dict[str, Dict[str, Any]]:
    """As restart(), by a run that may come long after the trial: what somebody has stopped since stays stopped."""
    try:
        stopped = [unit for unit, state in look(units).items() if state.get("ActiveState") == "inactive"] if units else []
    except OSError:
        stopped = []  # restart() will say why
    rows = {
        unit: {"restarted": False, "active": False, "reason": "is inactive; start it, unless somebody stopped it on purpose"}
        for unit in stopped
    }  # type: Dict[str, Dict[str, Any]]
    return dict(rows, **restart([unit for unit in units if unit not in rows]))


def _problem(state: Mapping[str, str], cgroups: Sequence[str], listening: Sequence[str]) -> Optional[str]:
    """Why one unit must not be restarted, and what to do. Pure."""
    load, active = state.get("LoadState"), state.get("ActiveState")
    if load != "loaded":
        return f"is not loaded ({load}): see systemctl list-units, or leave it out on this host"
    for name, why in _cuts_off(state):
        return f"must not be restarted by a trial ({name}: {why}): leave it out"
    if _holds(state.get("ControlGroup", ""), cgroups):
        return "is what this run itself runs in, and would end it: leave it out"
    if not is_active(state):
        return f"is {active}, and a trial starts nothing that was stopped: start it, or leave it out on this host"
    if "no" in (state.get("CanStart"), state.get("CanStop")):
        return "is one that systemd lets nobody restart (RefuseManualStart=, RefuseManualStop=): leave it out"
    if listening:
        return f"cannot be restarted while {', '.join(listening)} uses it: name that as well"
    return None


def _cuts_off(state: Mapping[str, str]) -> Iterator[Tuple[str, str]]:
    """Of its names, and of the units that stop with it, those that no trial may restart, and why."""
    names = [name for column in ("Names", *STOPPED_WITH_IT) for name in state.get(column, "").split()]
    stems = [(name, name.rpartition(".")) for name in names]
    return (
        (name, why) for name, (stem, _dot, kind) in stems if kind in ("service", "socket")
        for patterns, why in CUTS_OFF if any(fnmatchcase(stem, pattern) for pattern in patterns)
    )


def _triggered(state: Mapping[str, str]) -> List[str]:
    return [name for name in state.get("Triggers", "").split() if name.endswith(".service")]


def _own_cgroups(files: HostFiles) -> List[str]:
    return [line.split(":", 2)[2] for line in (files.read_text("/proc/self/cgroup") or "").splitlines() if line.count(":") >= 2]


def _holds(cgroup: str, ours: Sequence[str]) -> bool:
    return len(cgroup) > 1 and any(one == cgroup or one.startswith(cgroup + "/") for one in ours)
