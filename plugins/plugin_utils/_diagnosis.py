# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a window says about a host: findings with their evidence. Pure."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._rates import check_keys, highest, mean_rate
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._scenarios import (
    COUNTERS,
    GAUGES,
    REGRESSED_RELEASES,
    REMAINING,
    SCENARIOS,
    Rates,
    Scenario,
)

WINDOW_KEYS = ("identity", "seconds", "counters", "gauges", "still", "absent")
SIGNALS = {**COUNTERS, **GAUGES}


def diagnose(window: Mapping[str, Any], facts: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Findings, most urgent first; never empty. ValueError names what is missing from the window."""
    check_keys("window", window, WINDOW_KEYS, "the `window` that socket_counter_facts returned")
    if not window["seconds"]:
        raise ValueError("window: holds no bucket; measure for longer")
    rates = {name: mean_rate(window, name) for name in COUNTERS}
    rates.update((name, highest(window, name)) for name in GAUGES)
    held = [scenario for scenario in SCENARIOS if scenario.holds(rates)]
    if not held:
        held = [next(scenario for scenario in REMAINING if scenario.holds(rates))]
    sysctls = (facts or {}).get("sysctls", {})
    return _settled([_finding(scenario, rates, sysctls) for scenario in held], window["identity"]["kernel_release"])


def _finding(scenario: Scenario, rates: Rates, sysctls: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "summary": scenario.summary,
        "evidence": [_reading(name, rates[name]) for name in scenario.evidence] + _size(scenario.key, sysctls),
        "key": scenario.key,
        "direction": scenario.direction,
        "remedy": scenario.remedy,
        "wants_stalls": scenario.wants_stalls,
    }


def _reading(name: str, value: float | None) -> dict[str, Any]:
    # Three significant digits: one event in a minute must not read as none.
    rounded = float(f"{value:.3g}") if isinstance(value, float) else value
    return {"metric": name, "value": rounded, "unit": SIGNALS[name].unit, "source": SIGNALS[name].source}


def _size(key: str | None, sysctls: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The size in force is part of the evidence for changing it."""
    if key is None or key not in sysctls:
        return []
    return [{"metric": key, "value": sysctls[key]["value"], "unit": sysctls[key]["unit"], "source": "/proc/sys/" + key.replace(".", "/")}]


def _settled(findings: list[dict[str, Any]], release: str | None) -> list[dict[str, Any]]:
    """A finding with an objection to its change argues for none any more, and says why first."""
    claims: dict[str, dict[str, Any]] = {}
    for finding in findings:
        objections = _objections(finding, claims, release)
        if objections:
            finding.update(key=None, direction=None, remedy=" ".join([*objections, finding["remedy"]]))
        elif finding["key"]:
            claims.setdefault(finding["key"], finding)
    return findings


def _objections(finding: Mapping[str, Any], claims: Mapping[str, Mapping[str, Any]], release: str | None) -> list[str]:
    objections = []
    if finding["scenario"] == "pruning_with_loss" and _version(release) in REGRESSED_RELEASES:
        objections.append(f"Linux {release} may drop received data without need (6.17 to 6.19 test too strictly): try a newer one first.")
    first = claims.get(finding["key"])
    if first and first["direction"] != finding["direction"]:
        objections.append(
            f"Conflict: this argues to {finding['direction']} {finding['key']},"
            f" but {first['scenario']}, more urgent, to {first['direction']} it."
        )
    return objections


def _version(release: str | None) -> tuple[int, int] | None:
    """(6, 18) of '6.18.44-generic'."""
    found = re.match(r"(\d+)\.(\d+)", release or "")
    return (int(found[1]), int(found[2])) if found else None
