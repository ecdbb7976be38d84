# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rounds of one run on one host: what is handed on of them, and what they come to. Pure.

A round is an outcome record. The last one carries those before it as `earlier`, oldest first.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome import Outcome

Record = Mapping[str, Any]

# What one round ended with counts for the whole run, the first of these that any did; without one the last round tells.
SAYS_MOST = ("unreachable", "failed", "kept", "reverted")
TRIED = {"kept": "kept", "reverted": "not better"}


def handed_on(earlier: Any, host: str) -> list[dict[str, Any]]:
    """The earlier rounds without rounds of their own, and with nothing but the finding that they answered."""
    if not isinstance(earlier, (list, tuple)):
        raise ValueError(f"earlier: wants a list of outcome records of {host}, oldest first, got {type(earlier).__name__}")
    for number, record in enumerate(earlier, 1):
        if not isinstance(record, Mapping) or record.get("host") != host:
            of = repr(record.get("host")) if isinstance(record, Mapping) else type(record).__name__
            raise ValueError(f"earlier: round {number} is of {of}; give what outcome_record returned for {host} in that round")
    return [{**_without_rounds(record), "findings": answered_first(record)[:1] or None} for record in earlier]


def rounds_of(record: Record) -> list[Record]:
    """All rounds of the run, oldest first."""
    return [*(record.get("earlier") or ()), record]


def answered_first(record: Record) -> list[Record]:
    """The findings: the one that the plan answers, then the others, most urgent first."""
    answered = (record.get("plan") or {}).get("scenario")
    return sorted(record.get("findings") or [], key=lambda finding: finding["scenario"] != answered)


def come_to(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of the host, from those of its rounds."""
    by_name = {outcome.name: outcome for outcome in outcomes}
    told = next((by_name[name] for name in SAYS_MOST if name in by_name), outcomes[-1])
    return told._replace(needs_person=any(outcome.needs_person for outcome in outcomes))


def tried_before(rounds: Sequence[Record], outcomes: Sequence[Outcome]) -> dict[str, str]:
    """What earlier rounds tried against a scenario, in words; the latest of them."""
    return {
        record["plan"]["scenario"]: f"Tried before in this run (round {number}) and {TRIED[outcome.name]}."
        for number, (record, outcome) in enumerate(zip(rounds[:-1], outcomes), 1)
        if outcome.name in TRIED and record.get("plan")
    }


def _without_rounds(record: Record) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "earlier"}
