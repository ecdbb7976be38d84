# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a window says about a host: findings with their evidence. Pure."""
from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.counter_predicates import REGRESSED_RELEASES, version
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.reading import Reading, Signals
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.round_signals import read_rounds
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import Knob, Scenario
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import REMAINING, SCENARIOS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.signals import RING_DROPS, RING_NAMES, read_signals
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.socket_signals import medians, share_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.earlier_rounds import Record, refuted
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.rates import check_keys

WINDOW_KEYS = ("identity", "seconds", "counters", "gauges", "still", "absent")
SHORT_OF_MEMORY = "memory_pressure"
# Of many interfaces and queues, those that lose most say enough.
MOST_RINGS = 5


def diagnose(
    window: Mapping[str, Any], facts: Mapping[str, Any] | None = None, earlier: Sequence[Record] = (),
) -> list[dict[str, Any]]:
    """Findings, most urgent first; never empty. ValueError names what is missing from the window.

    `earlier` are the outcome records of this run's earlier rounds, oldest first.
    """
    check_keys("window", window, WINDOW_KEYS, "the `window` that socket_counter_facts returned")
    if not window["seconds"]:
        raise ValueError("window: holds no bucket; measure for longer")
    signals = {**read_signals(window), **read_rounds(earlier)}
    held = [scenario for scenario in SCENARIOS if scenario.holds(signals)]
    if not held:
        held = [next(scenario for scenario in REMAINING if scenario.holds(signals))]
    sysctls = (facts or {}).get("sysctls", {})
    findings = [_finding(scenario, window, signals, sysctls) for scenario in held]
    return _settled(findings, [scenario.knob for scenario in held], window["identity"]["kernel_release"], refuted(earlier))


def _finding(scenario: Scenario, window: Mapping[str, Any], signals: Signals, sysctls: Mapping[str, Any]) -> dict[str, Any]:
    readings = {name: signals[name] for name in _names(scenario, signals)}
    if scenario.sign:
        readings.update(medians(window, scenario.sign, scenario.medians))
    return made_finding(scenario, readings, sysctls)


def made_finding(scenario: Scenario, readings: Signals, sysctls: Mapping[str, Any]) -> dict[str, Any]:
    """As in docs/data_shapes.md, with these readings for evidence."""
    knob = scenario.knob
    return {
        "scenario": scenario.name,
        "summary": scenario.summary,
        "evidence": [_row(name, reading) for name, reading in readings.items()] + _size(knob, sysctls),
        "key": scenario.key,
        "direction": scenario.direction,
        "argues_for": knob._asdict() if knob else None,
        "conflicts_with": None,
        "metric": scenario.metric._asdict() if scenario.metric else None,
        "remedy": _remedy(scenario, sysctls),
        "wants_stalls": scenario.wants_stalls,
    }


def _remedy(scenario: Scenario, sysctls: Mapping[str, Any]) -> str | None:
    """With the advice in numbers, as far as this host shows the sysctls."""
    values = {advice: (sysctls.get(advice.key) or {}).get("value") for advice in scenario.advice}
    return " ".join(filter(None, [scenario.remedy, *(advice.told(int(value)) for advice, value in values.items() if value)])) or None


def _names(scenario: Scenario, signals: Signals) -> list[str]:
    """The evidence of the table; the rings' names are their drivers', so they are found rather than listed."""
    names = [*([scenario.sign, share_of(scenario.sign)] if scenario.sign else []), *scenario.evidence]
    if RING_DROPS in names:
        rings = [name for name in signals if RING_NAMES.match(name)]
        names += sorted(rings, key=lambda name: -signals[name].value)[:MOST_RINGS]
    return names


def _row(name: str, reading: Reading) -> dict[str, Any]:
    # Three significant digits: one event in a minute must not read as none.
    value = float(f"{reading.value:.3g}") if isinstance(reading.value, float) else reading.value
    return {"metric": name, "value": value, "unit": reading.unit, "source": reading.source}


def _size(knob: Knob | None, sysctls: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The size in force is part of the evidence for changing it."""
    if knob is None or knob.key not in sysctls:
        return []
    sysctl = sysctls[knob.key]
    return [{"metric": knob.key, "value": sysctl["value"], "unit": sysctl["unit"], "source": "/proc/sys/" + knob.key.replace(".", "/")}]


def _settled(
    findings: list[dict[str, Any]], knobs: Sequence[Knob | None], release: str | None, refuted_before: Container[str],
) -> list[dict[str, Any]]:
    """A finding with an objection to its change argues for none any more, and says why first. What a more urgent one contradicts says which, and waits
    until that is settled: the planner knows. What was refuted contradicts nothing."""
    claims: dict[tuple[str, str | None], tuple[str, str]] = {}
    short = any(finding["scenario"] == SHORT_OF_MEMORY for finding in findings)
    for finding, knob in zip(findings, knobs):
        if knob is None:
            continue
        unfit, (scenario, direction) = _unfit(finding, release, short), claims.get((knob.key, knob.field), (None, knob.direction))
        told = [unfit] if unfit else []
        if unfit:
            finding.update(key=None, direction=None)
        if direction != knob.direction:
            finding.update(conflicts_with=scenario)
            told.append(f"Conflict: this argues to {knob.direction} {knob.named}, but {scenario}, more urgent, to {direction} it.")
        elif not unfit and finding["scenario"] not in refuted_before:
            claims.setdefault((knob.key, knob.field), (finding["scenario"], knob.direction))
        if told:
            finding.update(remedy=" ".join([*told, finding["remedy"]]))
    return findings


def _unfit(finding: Mapping[str, Any], release: str | None, short_of_memory: bool) -> str | None:
    if short_of_memory and finding["direction"] == "raise":
        return "TCP is short of memory on this host: nothing is raised before that is over."
    if finding["scenario"] == "pruning_with_loss" and version(release) in REGRESSED_RELEASES:
        return f"Linux {release} may drop received data without need (6.17 to 6.19 test too strictly): try a newer one first."
    return None
