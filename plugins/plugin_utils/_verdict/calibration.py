# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often would this fleet's own traffic have fooled the verdict? From trials in which nothing was tried. Pure.

Both arms held the present values, so which block is called A and which B means nothing: the coins are thrown again, many times, and each
throw is judged as a trial is. Whatever it calls improved or regressed is false. The throws of one host share their blocks, so they are no
independent samples; the more hosts and the more different hours, the more the rate says.
"""
from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import schedule
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.answers import METRICS as TRIED_METRICS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict

VERSION = 1
FALSE = ("improved", "regressed")
# What trials are judged by, and what nearly every host has.
METRICS = {**TRIED_METRICS, "IpExtInOctets": "higher", "IpExtOutOctets": "higher"}


def calibration(
    trials: Mapping[str, Mapping[str, Any]], generated: str, alpha: float = 0.01, min_effect: float = 0.05, throws: int = 100,
) -> dict[str, Any]:
    """{version, generated, alpha, hosts, throws, false_improved, false_regressed, rows}. `trials` by host; or {failure: text} in place of one."""
    rows = [row for host in sorted(trials) for row in _rows(host, trials[host], alpha, min_effect, throws)]
    judged = [row for row in rows if row["throws"]]
    return {
        "version": VERSION,
        "generated": generated,
        "alpha": alpha,
        "hosts": len(trials),
        "throws": sum(row["throws"] for row in judged),
        **{f"false_{word}": sum(row[f"false_{word}"] for row in judged) for word in FALSE},
        "rows": rows,
    }


def _rows(host: str, trial: Mapping[str, Any], alpha: float, min_effect: float, throws: int) -> list[dict[str, Any]]:
    if trial.get("failure"):
        return [_row(host, None, note=trial["failure"])]
    if trial["candidate"]:
        raise ValueError(f"{host}: this trial tried {', '.join(trial['candidate'])}; a calibration wants one that tried nothing")
    rows = [_judged(host, trial, metric, alpha, min_effect, throws) for metric in METRICS]
    moved = [row for row in rows if row["throws"]]
    return moved or [_row(host, None, note="; ".join(sorted({row["note"] for row in rows})))]


def _judged(host: str, trial: Mapping[str, Any], metric: str, alpha: float, min_effect: float, throws: int) -> dict[str, Any]:
    plan = {
        "changes": [],
        "metric": {"name": metric, "direction": METRICS[metric]},
        "guards": [{"name": guard.name} for guard in GUARDS if metric not in guard.counters],
    }
    verdicts = [verdict(_thrown(trial, seed), plan, alpha, min_effect) for seed in range(throws)]
    decided = [found for found in verdicts if found["smallest_effect"] is not None]
    if not decided:
        return _row(host, metric, note=verdicts[0]["reason"])
    words = [found["verdict"] for found in verdicts]
    effect = median(found["smallest_effect"] for found in decided)
    return _row(host, metric, throws=throws, improved=words.count("improved"), regressed=words.count("regressed"), effect=effect)


def _thrown(trial: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The same blocks, their arms drawn anew."""
    arms = [block.arm for block in schedule(trial["pairs"], seed)][:len(trial["blocks"]["arm"])]
    return dict(trial, seed=seed, blocks=dict(trial["blocks"], arm=arms))


def _row(
    host: str, metric: str | None, throws: int = 0, improved: int = 0, regressed: int = 0, effect: float | None = None, note: str | None = None,
) -> dict[str, Any]:
    return {
        "host": host, "metric": metric, "throws": throws, "false_improved": improved, "false_regressed": regressed,
        "smallest_effect": effect, "note": note,
    }
