# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether blocks of a trial in pairs can tell: what a change reaches only slowly, or not at all, is not tried in them. Pure.

Where the operator allows it, that is tried in one step.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import STEP, STEP_BACK
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import CORE_RMEM, CORE_WMEM, RMEM, WMEM, Knob, Metric
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import active_groups, group_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import listed, number
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import LEAST_REACHED_SHARE, total_of

# Of the connections that fill a queue: once more of them stay as they are, the queue stays, too.
MOST_THAT_STAY = 0.5
# Of a transfer that comes and goes, only a part is seen. If connections that stay move less than this of all octets, octets count instead.
STAYING_SHARE = 0.7
# What waits can be in the buffer, or in a queue of the path: there it shows in the round trip, which differs less from look to look.
QUEUED, ROUND_TRIP, QUEUED_RATIO = "flows_bulk_queue_bytes", "flows_bulk_rtt_us", 1.05
OF_ALL = {"flows_bulk_read_bytes": ("old_bytes_in", "octets_in"), "flows_bulk_out_bytes": ("old_bytes_out", "octets_out")}


class Step(NamedTuple):
    """What the operator allows: so long a trial in one step (0: none), with these services restarted at it."""

    seconds: float = 0.0
    services: tuple[str, ...] = ()


def read_step(given: Mapping[str, Any] | None) -> Step:
    """From {seconds, services} as variables hand it over."""
    its = given or {}
    return Step(number("step_seconds", its.get("seconds") or 0), tuple(map(str, listed(its.get("services")))))


class Means(NamedTuple):
    """What can tell where blocks in turns cannot: a design, and what has to come with it."""

    design: str
    needs: str = ""  # variables of the operator, in words; none: it needs nothing
    restarts: bool = False  # of services, without which it would be a trial of nothing
    beside: str | None = None  # the scenario whose change has to be part of the same candidate

    def allowed(self, step: Step) -> bool:
        return not self.needs or step.seconds > 0 and bool(step.services or not self.restarts)

    def trial(self, step: Step) -> dict[str, Any]:
        """Its part of a plan."""
        return {"design": self.design, **({"step_seconds": step.seconds, "restart_services": list(step.services)} if self.needs else {})}


# What listeners hand on changes with their restart alone. What connections follow late is there at once when it is taken away.
NEW_SOCKETS = Means(STEP, "socket_buffers_step_seconds, and maybe their service in socket_buffers_restart_services,")
NEW_LISTENERS = Means(STEP, "socket_buffers_step_seconds with its service in socket_buffers_restart_services", restarts=True)
FOLLOWED_LATE = Means(STEP_BACK)
FOLLOWED_WITH_LESS_UNSENT = Means(STEP_BACK, beside="stale_send_queue")


class Unreachable(NamedTuple):
    """Why blocks in turns could not tell, and what could."""

    reason: str
    means: Means = NEW_SOCKETS


class Asked(NamedTuple):
    """What a program asks for, once in the life of a socket."""

    option: str
    octets: str
    old_bytes: str
    sign: str
    listeners: str


ASKED = {
    CORE_RMEM: Asked("SO_RCVBUF", "octets_in", "old_bytes_in", "so_rcvbuf_bound", "rcvbuf_not_default"),
    CORE_WMEM: Asked("SO_SNDBUF", "octets_out", "old_bytes_out", "so_sndbuf_bound", "sndbuf_not_default"),
}
# A buffer that has grown stays as it is. One at the old maximum grows only when more arrives in a round trip than ever before
# (tcp_rcv_space_adjust, net/ipv4/tcp_input.c), which its own window prevents.
WHY_NOT = {"lower": "keep what their buffers have grown to", "raise": "hardly ever follow once their window is the limit"}


def out_of_reach(knob: Knob, window: Mapping[str, Any]) -> Unreachable | None:
    """Why a trial in pairs of blocks cannot tell, or None."""
    if (knob.key, knob.field) == (RMEM, "max"):
        return _old_connections(window, knob.direction)
    if (knob.key, knob.field) == (RMEM, "default"):
        return _old_listeners(window)
    if (knob.key, knob.field, knob.direction) == (WMEM, "max", "lower"):
        return _kept_buffers(window)
    if knob.key in ASKED:
        return _asked_before(window, ASKED[knob.key])
    return None


def least_washout_seconds(knob: Knob, window: Mapping[str, Any]) -> float:
    """A default reaches a server's connections once it listens anew. It did so within the window, so it does within such a time."""
    return sum(window["seconds"]) if (knob.key, knob.field) == (RMEM, "default") and not _is_outbound(window) else 0.0


def look_seconds(window: Mapping[str, Any]) -> float:
    """Of a CPU: what a look at all connections took at most, as each block of a trial ends with one."""
    return max((window.get("sockets") or {}).get("cpu_seconds") or (), default=0.0)


def metric_for(metric: Metric, window: Mapping[str, Any]) -> Metric:
    """What connections moved, as long as most of it is through such that stay; of what they queue the round trip, as long as it waits on the path."""
    if metric.name == QUEUED:
        return metric._replace(name=ROUND_TRIP) if _path_holds_a_queue(window) else metric
    if metric.name not in OF_ALL:
        return metric
    measure, octets = OF_ALL[metric.name]
    stayed, total = _flows_sum(window, measure), total_of(window, (octets,))
    return metric._replace(name=octets) if stayed is not None and stayed < STAYING_SHARE * total else metric


def _path_holds_a_queue(window: Mapping[str, Any]) -> bool:
    ratios = [(group["quantiles"].get("rtt_over_min") or {}).get("p50") or 0 for group in active_groups(window) if group["class"] == "bulk"]
    return max(ratios, default=0) >= QUEUED_RATIO


def _flows_sum(window: Mapping[str, Any], measure: str) -> int | None:
    known = [value for group in active_groups(window) if (value := group["sums"].get(measure)) is not None]
    return sum(known) if known else None


def _old_connections(window: Mapping[str, Any], direction: str) -> Unreachable | None:
    old, total = _flows_sum(window, "old_bytes_in"), total_of(window, ("octets_in",))
    if old is None or not total or old <= (1 - LEAST_REACHED_SHARE) * total:
        return None
    return Unreachable(
        f"another maximum reaches connections made after it, and {min(1.0, old / total):.0%} of what came in was for connections older than"
        f" the window, which {WHY_NOT[direction]}"
    )


def _kept_buffers(window: Mapping[str, Any]) -> Unreachable | None:
    group = group_of(active_groups(window), "path_queue_bloated")
    if group is None:
        return None
    stay, born, stale = (group["counts"].get(name) or 0 for name in ("sndbuf_stays", "born", "send_queue_stale"))
    # At least so many are both: where connections come and go, the next ones are reached.
    if stay - born <= MOST_THAT_STAY * group["flows"]:
        return None
    return Unreachable(
        f"a lower maximum reaches connections made after it, and {stay} of {group['flows']} would keep their send buffer: it is as large as"
        " their largest congestion window so far wanted it, or the present one is full anyway",
        FOLLOWED_WITH_LESS_UNSENT if stale > MOST_THAT_STAY * group["flows"] else FOLLOWED_LATE,
    )


def _asked_before(window: Mapping[str, Any], asked: Asked) -> Unreachable | None:
    """Who asked for its buffer under the present maximum: connections, or a listener that hands its own on."""
    old, total = _flows_sum(window, asked.old_bytes), total_of(window, (asked.octets,))
    if old is not None and total and old > (1 - LEAST_REACHED_SHARE) * total:
        return Unreachable(
            f"another maximum reaches sockets whose program asks for {asked.option} after it, and connections older than the window moved"
            f" {min(1.0, old / total):.0%} of the bytes"
        )
    group, listeners = group_of(active_groups(window), asked.sign), _listeners(window)
    if group and group["direction"] == "inbound" and listeners.get(asked.listeners) and not listeners.get("renewed"):
        return Unreachable(
            f"accepted connections inherit the buffers of their listener, some listeners have one of {asked.option}, and no service listened"
            " anew in the window: another maximum may reach nothing before that service is restarted (needs_listener_restart)", NEW_LISTENERS,
        )
    return None


def _listeners(window: Mapping[str, Any]) -> Mapping[str, Any]:
    return (window.get("sockets") or {}).get("listeners") or {}


def _old_listeners(window: Mapping[str, Any]) -> Unreachable | None:
    if _is_outbound(window) or _listeners(window).get("renewed"):
        return None
    return Unreachable(
        "accepted connections inherit the buffers of their listener, and no service listened anew in the window: a new default would reach"
        " nothing before that service is restarted (needs_listener_restart)", NEW_LISTENERS,
    )


def _is_outbound(window: Mapping[str, Any]) -> bool:
    group = group_of(active_groups(window), "reader_pausing")
    return group is not None and group["direction"] == "outbound"
