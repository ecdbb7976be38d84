# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a window says about a host: findings with their evidence. Pure."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._rates import gauge, mean_rate
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._scenarios import (
    NO_TRAFFIC,
    NOTHING_WRONG,
    PRESSURE,
    PROTOCOLS,
    REGRESSED_RELEASES,
    SCENARIOS,
    SIGNALS,
    Rates,
    Scenario,
)

WINDOW_KEYS = ("identity", "seconds", "counters", "gauges", "still", "absent")


def diagnose(window: Mapping[str, Any], facts: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Findings, most urgent first; never empty. ValueError names what is missing from the window."""
    _check(window)
    rates = {signal.name: mean_rate(window, *signal.counters) for signal in SIGNALS}
    rates[PRESSURE] = gauge(window, PRESSURE)
    found = [scenario for scenario in SCENARIOS if scenario.holds(rates)]
    if not found:
        found = [NO_TRAFFIC if NO_TRAFFIC.holds(rates) else NOTHING_WRONG]
    findings = [_finding(scenario, rates) for scenario in found]
    return _with_conflicts(_with_sizes(findings, facts), window["identity"].get("kernel_release") or "")


def _check(window: Mapping[str, Any]) -> None:
    missing = [key for key in WINDOW_KEYS if key not in window]
    if missing:
        raise ValueError(f"window: lacks {', '.join(missing)}; give it the `window` that socket_counter_facts returned")
    if not window["seconds"]:
        raise ValueError("window: holds no bucket")


def _finding(scenario: Scenario, rates: Rates) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "summary": scenario.summary,
        "evidence": [_evidence(name, rates[name]) for name in scenario.evidence],
        "key": scenario.key,
        "direction": scenario.direction,
        "remedy": scenario.remedy,
    }


def _evidence(name: str, value: float | None) -> dict[str, Any]:
    if name == PRESSURE:
        return {"metric": name, "value": value, "unit": "1 is under pressure", "source": PROTOCOLS}
    source = next(signal.source for signal in SIGNALS if signal.name == name)
    return {"metric": name, "value": None if value is None else round(value, 2), "unit": "per second", "source": source}


def _with_sizes(findings: list[dict[str, Any]], facts: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The size in force is part of the evidence for changing it."""
    sysctls = (facts or {}).get("sysctls", {})
    for finding in findings:
        if finding["key"] in sysctls:
            value = sysctls[finding["key"]].get("value")
            finding["evidence"].append({"metric": finding["key"], "value": value, "unit": "bytes", "source": "/proc/sys"})
    return findings


def _with_conflicts(findings: list[dict[str, Any]], release: str) -> list[dict[str, Any]]:
    """Two findings that pull one sysctl in two directions: the more urgent one keeps it, the other says why it does not."""
    claimed: dict[str, dict[str, Any]] = {}
    for finding in findings:
        first = claimed.setdefault(finding["key"], finding) if finding["key"] else finding
        if first is not finding and first["direction"] != finding["direction"]:
            finding["remedy"] = (
                f"Conflict: this argues to {finding['direction']} {finding['key']}, but {first['scenario']} to {first['direction']} it."
                f" {finding['remedy']}"
            )
            finding["key"] = finding["direction"] = None
        elif finding["scenario"] == "pruning_with_loss" and release.startswith(REGRESSED_RELEASES):
            finding["remedy"] = (
                f"Linux {release} may drop received data without need (6.17 to 6.19 had a stricter admission test): try a newer kernel first."
            )
            finding["key"] = finding["direction"] = None
    return findings
