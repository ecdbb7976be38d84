# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that recorded the same blocks at the same time and changed nothing: what moved on them as well is no work of the change. Pure.

No moment that is drawn has a say in what a control counts, so the test of a step stays exact, whichever hosts these are.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import Column, log_rate

Trial = Mapping[str, Any]

SCHEDULE = ("pairs", "block_seconds", "washout_seconds")
# Of a block with its wash-out: blocks that began farther apart than this are of other times.
IN_STEP_SHARE = 0.25
# In a block, on average. The logarithm of a handful jumps more than what is to be taken out.
LEAST_EVENTS = 5


def with_controls(trial: Trial, controls: Mapping[str, Trial | None]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trial with those of the controls that are in step with it (`controls`), and {hosts, left_out} for the verdict."""
    reasons = {host: why_no_control(trial, control) for host, control in controls.items()}
    chosen = [host for host, reason in reasons.items() if reason is None]
    left_out = {host: reason for host, reason in reasons.items() if reason is not None}
    return dict(trial, controls=[controls[host] for host in chosen]), {"hosts": chosen, "left_out": left_out}


def why_no_control(trial: Trial, control: Trial | None) -> str | None:
    """Why the blocks of a control say nothing about those of the trial, or None."""
    if not control:
        return "no trial came back"
    if control.get("status") != "complete":
        return f"the trial was {control.get('status')}: {control.get('reason')}"
    if control.get("candidate"):
        return f"it tried {', '.join(control['candidate'])} itself"
    if any(control.get(name) != trial.get(name) for name in SCHEDULE) or len(control["seconds"]) != len(trial["seconds"]):
        return "it ran other blocks"
    begun = [one.get("began_epoch_seconds") for one in (trial, control)]
    if None in begun:
        return "when its first block began is not known"
    apart = abs(begun[0] - begun[1])
    if apart > IN_STEP_SHARE * (trial["block_seconds"] + trial["washout_seconds"]):
        return f"its blocks began {apart:.3g} s apart"
    return None


def told(controls: Mapping[str, Any] | None) -> str:
    """For the reason of a verdict; empty where there was nobody beside it."""
    hosts, left_out = (controls or {}).get("hosts") or [], (controls or {}).get("left_out") or {}
    beside = f"; beside {', '.join(hosts)}, which changed nothing" if hosts else ""
    return beside + (f"; not beside {', '.join(f'{host} ({reason})' for host, reason in left_out.items())}" if left_out else "")


def drift(columns: Sequence[tuple[Column | None, Column | None]], blocks: int) -> list[float | None]:
    """For each block, how far the controls' log rates were from their own means, on average; 0 where no control counts such events.

    `columns` has the events of each control, and what they are counted per.
    """
    moves = [move for move in (_moves(*columns_of) for columns_of in columns) if move is not None]
    if not moves:
        return [0.0] * blocks
    return [fmean(known) if (known := [cell for cell in cells if cell is not None]) else None for cells in zip(*moves)]


def _moves(events: Column | None, exposure: Column | None) -> list[float | None] | None:
    if events is None or exposure is None:
        return None
    known = [(count, length) for count, length in zip(events, exposure) if count is not None and length]
    if not known or sum(count for count, _length in known) < LEAST_EVENTS * len(known):
        return None
    middle = fmean(log_rate(*cell) for cell in known)
    return [log_rate(count, length) - middle if count is not None and length else None for count, length in zip(events, exposure)]
