# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often is a verdict wrong? Simulated trials of every design offered, judged by the code that judges real ones.

Exit status 1 when a limit is broken: when the 95 % interval of a measured share lies beyond it, or with --strict the share itself.
"""
from __future__ import annotations

import argparse
import math
import multiprocessing
import statistics
import sys
import time
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS, STEP, STEP_BACK
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.guard_table import GUARDS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.joint import verdicts
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.pooled import pooled_units, pooled_verdict
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.verdict import verdict
from simulated_trials import METRIC, RATES, Design, Traffic, halves, trials

DESIGNS = {
    "2 minutes": Design(8, 5, 3),
    "10 minutes": Design(16, 15, 3),
    "10 minutes, once more": Design(32, 15, 3, extended=True),  # the default: as long again where the first trial is promising
    "30 minutes": Design(90, 7, 3),
    "30 minutes, 15 s blocks": Design(50, 15, 3),
    "8 hosts, lockstep": Design(16, 15, 3, hosts=8),
    "8 hosts, own orders": Design(16, 15, 3, hosts=8, lockstep=False),
    "both ends": Design(16, 15, 3, hosts=2, joint=True),
    "step, 1 host": Design(84, 15, 3, kind=STEP),
    "step, 1 host, 4 controls": Design(84, 15, 3, kind=STEP, controls=4),
    "step, 4 hosts, 4 controls": Design(84, 15, 3, hosts=4, lockstep=False, kind=STEP, controls=4),
    "step back": Design(84, 2, 1, kind=STEP_BACK),
}
# What differs between the kinds of traffic; everything else is the same for all.
KINDS = {
    "steady": {"host_sd": 0.1, "host_tau": 20.0, "shared_sd": 0.05, "shared_tau": 300.0, "trend": 0.0},
    "bursty": {"host_sd": 0.4, "host_tau": 30.0, "shared_sd": 0.2, "shared_tau": 300.0, "trend": 0.5},
}
# Least power, in percent, for the effects asked for.
LEAST_POWER = {
    ("10 minutes", "steady"): 95.0,
    ("10 minutes, once more", "steady"): 95.0,
    ("30 minutes", "bursty"): 95.0,
    ("8 hosts, lockstep", "bursty"): 85.0,
    ("8 hosts, own orders", "bursty"): 85.0,
}
CHUNK = 50  # trials simulated at once; the results do not depend on --jobs


class Task(NamedTuple):
    """One chunk of trials; `effect` is the factor of the metric in B."""

    seed: tuple[int, ...]
    repetitions: int
    design: Design
    traffic: Traffic
    effect: float
    direction: str
    alpha: float
    min_effect: float
    rates: dict[str, float]
    harm: dict[str, float]


class Found(NamedTuple):
    """The words of the verdicts, and the smallest effects they claim to see."""

    words: Tally[str]
    smallest: list[float]


def run(task: Task) -> Found:
    rng = np.random.default_rng(task.seed)
    plan = {
        "changes": [{"key": "net.ipv4.tcp_rmem", "old": "4096 131072 33554432", "new": "4096 131072 2097152"}],
        "metric": {"name": METRIC, "direction": task.direction},
        "guards": [{"name": guard.name, "direction": guard.direction} for guard in GUARDS],
    }
    words, smallest = Tally(), []
    for hosts in trials(rng, task.repetitions, task.design, task.traffic, {METRIC: task.effect, **task.harm}, task.rates):
        if task.design.kind != PAIRS:
            judged = judged_step(hosts, plan, task)
        elif task.design.joint:
            judged = judged_together(hosts, plan, task)
        elif task.design.extended:
            judged = judged_twice(hosts["host0"], plan, task)
        elif task.design.hosts > 1:
            judged = pooled_verdict(hosts, plan, task.alpha, task.min_effect)
        else:
            judged = verdict(hosts["host0"], plan, task.alpha, task.min_effect)
        words[judged["verdict"]] += 1
        smallest.append(judged["smallest_effect"])
    return Found(words, [value for value in smallest if value is not None])


def judged_together(hosts: Mapping[str, Mapping[str, Any]], plan: Mapping[str, Any], task: Task) -> Mapping[str, Any]:
    """The metric shows on the first of them."""
    first, *_others = hosts
    planned = dict(plan, joint={"hosts": list(hosts), "measured_on": [first]})
    tried = {host: {"trial": trial, "plan": planned} for host, trial in hosts.items()}
    return verdicts(tried, task.alpha, task.min_effect)[first]


def judged_step(hosts: Mapping[str, Mapping[str, Any]], plan: Mapping[str, Any], task: Task) -> Mapping[str, Any]:
    controls = {host: trial for host, trial in hosts.items() if not trial["candidate"]}
    treated = {host: {"trial": trial, "plan": plan, "controls": controls} for host, trial in hosts.items() if trial["candidate"]}
    if len(treated) == 1:
        [judged] = verdicts(treated, task.alpha, task.min_effect).values()
        return judged
    return pooled_units([{host: its} for host, its in treated.items()], task.alpha, task.min_effect)


def judged_twice(trial: Mapping[str, Any], plan: Mapping[str, Any], task: Task) -> Mapping[str, Any]:
    first, second = halves(trial)
    judged = verdicts({"host0": {"trial": first, "plan": plan}}, task.alpha, task.min_effect, extend=True)["host0"]
    if judged["extend"]:
        return verdicts({"host0": {"first": first, "trial": second, "plan": plan}}, task.alpha, task.min_effect, extend=True)["host0"]
    return judged


def wilson(hits: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share."""
    share, weight = hits / total, z * z / total
    middle, half = share + weight / 2, z * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, (middle - half) / (1 + weight)), min(1.0, (middle + half) / (1 + weight))


class Cell(NamedTuple):
    """A measured share, and whether its limit holds; `least` tells a power from an error rate."""

    hits: int
    total: int
    limit: float | None = None
    least: bool = False

    def holds(self, strict: bool) -> bool:
        if self.limit is None:
            return True
        low, high = wilson(self.hits, self.total)
        share = self.hits / self.total
        best = (share, share) if strict else (low, high)
        return best[1] >= self.limit if self.least else best[0] <= self.limit

    def text(self, strict: bool) -> str:
        low, high = wilson(self.hits, self.total)
        mark = "" if self.holds(strict) else " !"
        digits = 1 if self.least else 2
        return f"{100 * self.hits / self.total:.{digits}f} ({100 * low:.{digits}f}-{100 * high:.{digits}f}){mark}"


class Bench:
    """Runs tasks, in this process or in some others."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.pool = multiprocessing.Pool(options.jobs) if options.jobs > 1 else None
        self.rates, self.harm = ({name: float(value) for name, value in given} for given in (options.rate, options.harm))

    def found(self, name: str, kind: str, repetitions: int, effect: float, directions: Sequence[str], salt: int) -> Found:
        """Repetitions shared among the directions that are good."""
        options = self.options
        place = (list(DESIGNS).index(name), list(KINDS).index(kind), salt)
        tasks = [
            Task(
                (options.seed, *place, number), min(CHUNK, repetitions - CHUNK * number), DESIGNS[name], self.traffic(kind), effect,
                directions[number % len(directions)], options.alpha, options.min_effect, self.rates, self.harm if effect != 1.0 else {},
            )
            for number in range(math.ceil(repetitions / CHUNK))
        ]
        parts = self.pool.map(run, tasks, chunksize=1) if self.pool else map(run, tasks)
        words, smallest = Tally(), []
        for part in parts:
            words += part.words
            smallest += part.smallest
        return Found(words, smallest)

    def traffic(self, kind: str) -> Traffic:
        options = vars(self.options)
        given = {field: options[f"{kind}_{field}"] for field in KINDS[kind]}
        return Traffic(**given, **{field: options[field] for field in Traffic._fields if field not in given})

    def row(self, name: str, kind: str) -> tuple[list[Cell], float]:
        """False improved, false regressed, power either way, power at the smallest effect; and that effect."""
        options, many, some = self.options, self.options.repetitions, self.options.power_repetitions
        null = self.found(name, kind, many, 1.0, ("lower", "higher"), 0)
        raised = self.found(name, kind, some, 1 + options.effect, ("higher",), 1)
        lowered = self.found(name, kind, some, 1 - options.effect, ("lower",), 2)
        least = LEAST_POWER.get((name, kind))
        cells = [
            Cell(null.words["improved"], many, options.most_false / 100),
            Cell(null.words["regressed"], many, options.most_false / 100),
            Cell(raised.words["improved"], some, least and least / 100, least=True),
            Cell(lowered.words["improved"], some, least=True),
        ]
        claim = statistics.median(lowered.smallest) if lowered.smallest else 0.0
        at_claim = self.found(name, kind, some, 1 - claim, ("lower",), 3)
        return [*cells, Cell(at_claim.words["improved"], some, least=True)], claim


def _assignment(text: str) -> tuple[str, float]:
    name, _equals, value = text.partition("=")
    if name not in RATES:
        raise argparse.ArgumentTypeError(f"wants NAME=NUMBER with one of {', '.join(RATES)}; got {text!r}")
    return name, float(value)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--seed", type=int, default=1, help="of everything random")
    add("--repetitions", type=int, default=3000, help="trials without an effect, for each row")
    add("--power-repetitions", type=int, default=500, help="trials with an effect, for each of three effects")
    add("--jobs", type=int, default=1, help="processes")
    add("--designs", nargs="+", choices=DESIGNS, default=list(DESIGNS), metavar="DESIGN", help=f"some of: {', '.join(DESIGNS)}")
    add("--traffic", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of traffic")
    add("--alpha", type=float, default=0.01, help="of the verdict")
    add("--min-effect", type=float, default=0.05, help="of the verdict")
    add("--effect", type=float, default=0.2, help="true relative change of the metric, for the power")
    add("--most-false", type=float, default=1.0, help="limit of either error rate, in percent")
    add("--strict", action="store_true", help="a share beyond its limit breaks it, even when chance could explain that")
    add("--metric-rate", type=float, default=200.0, help="events per second of the metric")
    add("--dispersion", type=float, default=20.0, help="of the negative binomial buckets")
    add("--loss-dispersion", type=float, default=0.5, help="the same for losses, which come in bursts")
    add("--loss-exponent", type=float, default=1.5, help="power of the load that losses follow")
    add("--flows", type=float, default=200.0, help="established connections of a host at its usual load")
    add("--candidates", type=int, default=10, help="hosts looked at for each one that is tried: the worst is")
    add("--window-seconds", type=int, default=30, help="how long they are looked at")
    add("--rate", action="append", default=[], type=_assignment, metavar="NAME=PER_SECOND", help="rate of another counter")
    add(
        "--harm", action="append", default=[], type=_assignment, metavar="NAME=FACTOR",
        help="what the candidate does to another counter besides; the power then tells how often such a change would be kept",
    )
    for kind, fields in KINDS.items():
        for field, value in fields.items():
            add(f"--{kind}-{field.replace('_', '-')}", type=float, default=value, help=f"{field} of {kind} traffic")
    return parser.parse_args(arguments)


HEADINGS = (
    "design", "traffic", "false improved %", "false regressed %", "power {:+.0%} %", "power {:+.0%} %", "smallest effect seen", "power there %",
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parsed(arguments)
    started = time.monotonic()
    bench = Bench(options)
    headings = list(HEADINGS)
    headings[4:6] = [headings[4].format(options.effect), headings[5].format(-options.effect)]
    print("| " + " | ".join(headings) + " |\n|" + "---|" * len(headings), flush=True)
    broken = 0
    for name in options.designs:
        for kind in options.traffic:
            cells, claim = bench.row(name, kind)
            broken += sum(not cell.holds(options.strict) for cell in cells)
            texts = [cell.text(options.strict) for cell in cells]
            row = [name, kind, *texts[:4], f"{-claim:.0%}", texts[4]]
            print("| " + " | ".join(row) + " |", flush=True)
    told = f"{broken} limits are broken, marked with !" if broken else "all limits hold"
    print(f"\n{told}; {options.repetitions} and {options.power_repetitions} trials a cell, {time.monotonic() - started:.0f} s", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
