# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials as socket_buffer_trial returns them, made from simulated traffic.

Every counter of a host follows one load: a lognormal AR(1) of its own, times one that all hosts share, times a trend.
Around it each bucket is negative binomial. The hosts are those that looked worst in the window before the trial.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import PAIRS, schedule

METRIC = "TcpExtTCPRcvCollapsed"
FLOWS = "TcpCurrEstab"


class Design(NamedTuple):
    """How a trial is run; hosts of a pool have the same order of arms (lockstep) or each its own. Joint: they are ends of the same flows.

    Step: they are switched once, each at a moment of its own, and `controls` others of their group change nothing.
    """

    pairs: int
    block_seconds: int
    washout_seconds: int
    hosts: int = 1
    lockstep: bool = True
    joint: bool = False
    extended: bool = False  # the second half of the pairs is a trial of its own, run only where the first is promising
    kind: str = PAIRS
    controls: int = 0

    @property
    def seconds(self) -> int:
        return 2 * self.pairs * (self.block_seconds + self.washout_seconds)


class Traffic(NamedTuple):
    """Standard deviations are of the load's logarithm; a smaller dispersion is a noisier counter."""

    host_sd: float
    host_tau: float
    shared_sd: float
    shared_tau: float
    trend: float  # by how much the logarithm of the load changes from the first block to the last
    metric_rate: float
    dispersion: float
    loss_dispersion: float
    loss_exponent: float  # losses grow faster than the load
    flows: float  # established connections at the usual load
    candidates: int  # hosts looked at for each one tried
    window_seconds: int


class Counter(NamedTuple):
    """Events per second at the usual load."""

    rate: float
    loss: bool = False


# What a busy host counts; the losses are rare and come in bursts.
COUNTERS: dict[str, Counter] = {
    "TcpPassiveOpens": Counter(50),
    "TcpActiveOpens": Counter(20),
    "TcpInSegs": Counter(5000),
    "TcpOutSegs": Counter(4000),
    "IpExtInOctets": Counter(7_000_000),
    "IpExtOutOctets": Counter(3_000_000),
    "softnet_time_squeeze": Counter(1),
    "TcpRetransSegs": Counter(20, loss=True),  # half a percent: less is no harm
    "TcpExtTCPTimeouts": Counter(0.3, loss=True),
    "TcpExtTCPRcvQDrop": Counter(0.05, loss=True),
    "TcpExtRcvPruned": Counter(0.05, loss=True),
    "TcpExtTCPOFODrop": Counter(0.1, loss=True),
    "TcpExtTCPBacklogDrop": Counter(0.05, loss=True),
    "UdpRcvbufErrors": Counter(0.2, loss=True),
    "TcpExtListenOverflows": Counter(0.02, loss=True),
    "softnet_dropped": Counter(0.02, loss=True),
    "TcpExtTCPMemoryPressures": Counter(0.01, loss=True),
    "TcpExtTCPMemoryPressuresChrono": Counter(0.1, loss=True),
}
# What its connections did. They are always as many, so that every guard of them is in force.
# Two thirds of what came in was seen, which tells more than its octets do; of what went out less: there both guards are in force.
FLOW_SUMS: dict[str, Counter] = {
    "flows_bulk_read_bytes": Counter(4_000_000), "flows_bulk_out_bytes": Counter(2_000_000), "flows_read_bytes": Counter(4_500_000),
    "flows_in_bytes": Counter(4_500_000),
}
FLOW_COUNTS = {"flows_bulk_count": 20, "flows_request_count": 150}
ROUND_TRIP, ROUND_TRIP_US, ROUND_TRIP_SD = "flows_request_rtt_us", 20_000, 0.1
RATES = {**COUNTERS, **FLOW_SUMS}


def trials(
    rng: np.random.Generator, repetitions: int, design: Design, traffic: Traffic, effects: Mapping[str, float], rates: Mapping[str, float],
) -> Iterator[dict[str, dict[str, Any]]]:
    """`repetitions` times {host: trial}; `effects` multiply counters in B, `rates` replace those of RATES."""
    loads = _loads(rng, repetitions, design, traffic)
    orders = _orders(rng, repetitions, design)
    columns = {name: _column(rng, loads, orders, design, traffic, name, effects.get(name, 1.0), rates) for name in (METRIC, *COUNTERS)}
    at_ends = loads[..., design.washout_seconds + design.block_seconds - 1::design.washout_seconds + design.block_seconds]
    flows = _negative_binomial(rng, traffic.flows * at_ends, traffic.flows)
    sums = {name: _column(rng, loads, orders, design, traffic, name, effects.get(name, 1.0), rates) for name in FLOW_SUMS}
    round_trips = ROUND_TRIP_US * at_ends * rng.lognormal(0, ROUND_TRIP_SD, at_ends.shape)
    for repetition in range(repetitions):
        yield {
            (f"host{host}" if host < design.hosts else f"control{host - design.hosts}"): _trial(design, orders[repetition, host], {
                name: column[repetition, host].tolist() for name, column in columns.items() if column[repetition, host].any()
            }, {FLOWS: flows[repetition, host].tolist()}, {
                **{name: column[repetition, host].tolist() for name, column in sums.items()},
                **{name: [count] * 2 * design.pairs for name, count in FLOW_COUNTS.items()},
                ROUND_TRIP: round_trips[repetition, host].tolist(),
            })
            for host in range(design.hosts + design.controls)
        }


def halves(trial: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its first and its second half of the pairs, as two trials with coins of their own."""
    middle = trial["pairs"] // 2
    return _part(trial, 0, middle), _part(trial, middle, trial["pairs"])


def _part(trial: Mapping[str, Any], first: int, end: int) -> dict[str, Any]:
    def of(columns: Mapping[str, Any]) -> dict[str, Any]:
        return {name: column[2 * first:2 * end] for name, column in columns.items()}
    return dict(
        trial, seed=(trial["seed"], first), pairs=end - first, seconds=trial["seconds"][2 * first:2 * end], blocks=of(trial["blocks"]),
        counters=of(trial["counters"]), gauges=of(trial["gauges"]), flows=dict(trial["flows"], columns=of(trial["flows"]["columns"])),
    )


def _orders(rng: np.random.Generator, repetitions: int, design: Design) -> np.ndarray:
    """The schedule the module itself would make: [repetition, host, (seed, arm of each block)]."""
    orders = np.empty((repetitions, design.hosts + design.controls), dtype=object)
    for repetition in range(repetitions):
        seeds = rng.integers(1, 2 ** 31, size=1 if design.lockstep else design.hosts)
        for host in range(design.hosts):
            seed = int(seeds[host % len(seeds)])
            orders[repetition, host] = (seed, [block.arm for block in schedule(design.pairs, seed, design.kind)])
        for control in range(design.hosts, design.hosts + design.controls):
            orders[repetition, control] = (0, ["A"] * 2 * design.pairs)
    return orders


def _loads(rng: np.random.Generator, repetitions: int, design: Design, traffic: Traffic) -> np.ndarray:
    """Load per bucket of one second, [repetition, host, second], of the hosts that looked worst before the trial, and of controls drawn anyhow."""
    shared = _autoregressive(rng, (repetitions, 1), traffic.window_seconds + design.seconds, traffic.shared_sd, traffic.shared_tau)
    before, during = shared[..., :traffic.window_seconds], shared[..., traffic.window_seconds:]
    crowd = (repetitions, max(design.hosts * traffic.candidates, design.hosts + design.controls))
    seen = _autoregressive(rng, crowd, traffic.window_seconds, traffic.host_sd, traffic.host_tau)
    counted = _negative_binomial(rng, traffic.metric_rate * np.exp(seen + before), traffic.dispersion).sum(axis=-1)
    order = np.argsort(-counted, axis=1)
    others = rng.permuted(order[:, design.hosts:], axis=1)[:, :design.controls]
    worst = np.concatenate([order[:, :design.hosts], others], axis=1)
    start = np.take_along_axis(seen[..., -1], worst, axis=1)
    own = _autoregressive(rng, start.shape, design.seconds + 1, traffic.host_sd, traffic.host_tau, start)[..., 1:]
    return np.exp(own + during + traffic.trend * np.linspace(0, 1, design.seconds))


def _autoregressive(rng: np.random.Generator, shape: tuple[int, ...], steps: int, sd: float, tau: float, start: Any = None) -> np.ndarray:
    """Normal, with this standard deviation, forgetting itself within `tau` steps."""
    keep = float(np.exp(-1 / tau))
    path = np.empty((*shape, steps))
    path[..., 0] = rng.normal(0, sd, shape) if start is None else start
    noise = rng.normal(0, sd * np.sqrt(1 - keep ** 2), (*shape, steps))
    for step in range(1, steps):
        path[..., step] = keep * path[..., step - 1] + noise[..., step]
    return path


def _negative_binomial(rng: np.random.Generator, mean: np.ndarray, dispersion: float) -> np.ndarray:
    return rng.poisson(mean * rng.gamma(dispersion, 1 / dispersion, mean.shape))


def _column(
    rng: np.random.Generator, loads: np.ndarray, orders: np.ndarray, design: Design, traffic: Traffic,
    name: str, effect: float, rates: Mapping[str, float],
) -> np.ndarray:
    """Events of each recorded block, [repetition, host, block]."""
    counter = Counter(traffic.metric_rate) if name == METRIC else RATES[name]
    blocks = loads.reshape(*loads.shape[:2], 2 * design.pairs, -1)[..., design.washout_seconds:]
    in_b = np.array([[[arm == "B" for arm in arms] for _seed, arms in row] for row in orders])
    load = blocks ** (traffic.loss_exponent if counter.loss else 1)
    mean = rates.get(name, counter.rate) * load * np.where(in_b, effect, 1.0)[..., None]
    return _negative_binomial(rng, mean, traffic.loss_dispersion if counter.loss else traffic.dispersion).sum(axis=-1)


def _trial(
    design: Design, order: tuple[int, list[str]], counters: dict[str, list[int]], gauges: dict[str, list[int]], flows: dict[str, list[float]],
) -> dict[str, Any]:
    seed, arms = order
    step = float(design.block_seconds + design.washout_seconds)
    return {
        "version": 1, "identity": {"boot_id": "b", "netns": "cookie:1", "netns_is_initial": True, "kernel_release": "6.1.0-18-amd64"},
        "status": "complete", "reason": None, "seed": seed, "began_epoch_seconds": 0.0, "design": design.kind,
        "pairs": design.pairs, "block_seconds": float(design.block_seconds), "washout_seconds": float(design.washout_seconds),
        "baseline": {"net.ipv4.tcp_rmem": "4096 131072 33554432"}, "candidate": {"net.ipv4.tcp_rmem": "4096 131072 2097152"} if "B" in arms else {},
        "blocks": {
            "pair": [index // 2 if design.kind == PAIRS else index for index in range(len(arms))], "arm": arms,
            "started": [step * index for index in range(len(arms))],
        },
        "seconds": [float(design.block_seconds)] * len(arms), "counters": counters, "gauges": gauges, "absent": [], "restored": {},
        "flows": {"available": True, "reason": None, "columns": flows},
    }
