# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One verdict on the same change tried on several hosts. Pure.

Why the test stays exact, although the hosts are not independent of each other: it takes only the coins for random, and a coin is
what decided the order of one pair, a function of the trial's seed and the pair's number. If the candidate does nothing, everything
that was counted would have been counted whichever way the coins fell: a trend, or a burst that hit all hosts at once, is part of
what is given. So every assignment of coins is equally likely, and:

- hosts that ran one seed, in lockstep, share their coins: pair 3 of all of them flips together. A load that they share then stays
  in the sum as one difference, and only as many coins count as one host has pairs;
- hosts with seeds of their own have coins of their own: each pair of each host flips by itself, and a shared load averages out;
- a mixture is both, coin by coin. Nothing has to be told: the seeds are in the trials.

Every pair weighs the same. Which hosts are left out depends on nothing that a coin decides.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import LEAST_SEGMENTS_PER_SECOND, SEGMENTS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.block_columns import why_missing
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.rates import check_keys, mean_rate
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.reach import Tried, reach
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import (
    TRIAL_KEYS,
    Evidence,
    arms_of_metric,
    check_plan,
    undecided,
    weighed,
)


def pooled_verdict(
    trials: Mapping[str, Mapping[str, Any]], plan: Mapping[str, Any], alpha: float = 0.01, min_effect: float = 0.05,
) -> dict[str, Any]:
    """The `verdict` of docs/data_shapes.md over {host: trial}, with `hosts` that counted and `left_out`, {host: reason}.

    The plan is what the hosts have in common: the metric, the guards and the direction of the change.
    """
    check_plan(plan, alpha, min_effect)
    for host, trial in trials.items():
        check_keys(f"trials: {host}", trial, (*TRIAL_KEYS, "seed"), "the `trial` that socket_buffer_trial returned on this host")
    unusable = {host: _unusable(trial, plan) for host, trial in trials.items()}
    usable = [host for host, reason in unusable.items() if reason is None]
    left_out = {host: reason for host, reason in unusable.items() if reason is not None}
    if usable:
        counted = [trials[host] for host in usable]
        judged = weighed(Evidence(counted, counted, reach([Tried(plan["changes"], counted)])), plan, alpha, min_effect)
    else:
        judged = dict(undecided(plan), reason="no host has a trial that can be judged")
    told = f"{len(usable)} of {len(trials)} hosts together: {judged['reason']}"
    return dict(judged, reason=told, hosts=usable, left_out=left_out)


def _unusable(trial: Mapping[str, Any], plan: Mapping[str, Any]) -> str | None:
    """Why this host says nothing about the change, or None. Only what both arms have in common may decide that."""
    if trial["status"] != "complete":
        return f"the trial was {trial['status']}: {trial['reason']}"
    arms = arms_of_metric(trial, plan)
    if arms is None:
        return why_missing(trial, plan["metric"]["name"])
    if not arms.moved():
        return "the metric did not move in either arm"
    if (mean_rate(trial, SEGMENTS) or 0.0) < LEAST_SEGMENTS_PER_SECOND:
        return "hardly any TCP traffic during the trial"
    return None
