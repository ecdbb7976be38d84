# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user may set: every socket_buffers_* variable, and the check of what was set. Pure."""
from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import LEAST_STEP_PAIRS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._filter_arguments import listed
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.policy import read_policy
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_time import trial_seconds
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.extension import first_alpha
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.sign_flip import least_pairs
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.after_wave import ON_END
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.draw import PLAN_BY
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.gate import END, GO_ON
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.sizes import DEFAULT_WAVES, read_waves

PREFIX = "socket_buffers_"
DAY_SECONDS = 86400
LEAST_STEP_SECONDS = 600
MOST_BUCKETS = 3600  # of one window, as socket_counter_facts takes them


class Variable(NamedTuple):
    """One variable; `low` and `high` are the smallest and largest value allowed, `choices` all that are."""

    name: str
    kind: str
    default: Any
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    of_run: bool = False  # one value for all hosts of a run


_ROWS = (
    Variable("socket_buffers_hosts", "text", "all", "host pattern of the plays; only -e reaches it"),
    Variable("socket_buffers_become", "bool", True, "become root for what writes or traces; measuring counters never does"),
    Variable("socket_buffers_window_seconds", "float", 30, "how long the counters are watched to find a candidate", 1, DAY_SECONDS),
    Variable("socket_buffers_interval_seconds", "float", 1, "length of one bucket of that window", 0.05, DAY_SECONDS),
    Variable("socket_buffers_latency_seconds", "float", 10, "how long stalls are timed where collapsing was found", 1, 3600),
    Variable("socket_buffers_top", "int", 5, "worst connections that a host names with addresses, to join both ends; 0 names none", 0, 100),
    Variable("socket_buffers_rounds", "int", 5, "how often a run measures, plans and tries one after the other", 1, 20),
    Variable("socket_buffers_pairs", "int", 16, "pairs of blocks of a trial; with fewer than 7 an exact test cannot reach 1 %", 7, 1000),
    Variable("socket_buffers_block_seconds", "float", 15, "recorded part of one block", 0.5, 3600),
    Variable("socket_buffers_washout_seconds", "float", 3, "wait after each switch of values, not recorded", 0, 600),
    Variable("socket_buffers_step_seconds", "float", 0, "length of a trial in one step, of what pairs cannot tell; 0: never", 0, DAY_SECONDS),
    Variable("socket_buffers_restart_services", "names", [], "services that are restarted at such a step"),
    Variable("socket_buffers_seed", "int", None, "seed of the order of the blocks; random when not set", 1, 2147483647),
    Variable("socket_buffers_alpha", "float", 0.01, "error rate of the verdict", 0.0001, 0.2, of_run=True),
    Variable("socket_buffers_extend", "bool", True, "a trial that is promising but proves nothing is run once more; both share alpha", of_run=True),
    Variable("socket_buffers_min_effect", "float", 0.05, "smallest relative change that is worth keeping", 0.001, 0.9, of_run=True),
    Variable("socket_buffers_waves", "waves", list(DEFAULT_WAVES), "how many hosts that share a question try it at a time", of_run=True),
    Variable("socket_buffers_canaries", "names", [], "hosts that go first where they share a question with others", of_run=True),
    Variable("socket_buffers_group", "text", None, "hosts of one group share a question; its inventory groups when not set"),
    Variable("socket_buffers_plan_by", "choice", "host", "a size for each host, or one for a cohort", choices=PLAN_BY, of_run=True),
    Variable("socket_buffers_waves_on_inconclusive", "choice", "go_on", "after a wave without proof", choices=(GO_ON, END), of_run=True),
    Variable("socket_buffers_waves_on_end", "choice", "keep", "what becomes of earlier waves after harm", choices=ON_END, of_run=True),
    Variable("socket_buffers_bake_seconds", "float", 0, "wait between two waves", 0, DAY_SECONDS, of_run=True),
    Variable("socket_buffers_policy", "dict", {}, "overrides of the planner's limits, see the filter linuxnet.socket_buffers.plan"),
    Variable("socket_buffers_values", "dict", {}, "sysctls and values that the role tune enforces when it is used alone"),
    Variable("socket_buffers_force", "bool", False, "also undo what somebody else changed since our last write"),
    Variable("socket_buffers_rollback_to", "choice", "first", "before which change rollback goes back", choices=("first", "last")),
    Variable("socket_buffers_repair", "bool", False, "drift: also bring back what we last wrote"),
    Variable("socket_buffers_state_dir", "path", "/var/lib/linuxnet-socket-buffers", "where the journal of originals lives on a host"),
    Variable(
        "socket_buffers_child_namespaces", "choice", "refuse", "trials in the initial network namespace of a host with containers",
        choices=("refuse", "restore"),
    ),
    Variable("socket_buffers_adopt", "bool", False, "also wait for, and judge, trials of runs on other controllers, or of other users"),
    Variable("socket_buffers_report_dir", "text", "reports", "folder of the reports, relative to where ansible-playbook was started", of_run=True),
)
VARIABLES: dict[str, Variable] = {row.name: row for row in _ROWS}


class BadVariables(ValueError):
    """One or more variables cannot be used; the message names each."""


def checked_variables(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every known variable with its type: what was given, else the default. BadVariables lists all that is wrong."""
    values = {name: variable.default for name, variable in VARIABLES.items()}
    problems = []
    for name, value in given.items():
        if not _is_meant(name):
            continue
        try:
            values[name] = _coerced(_known(name), value)
        except ValueError as error:
            problems.append(str(error))
    problems = problems or [*_contradictions(values), *_policy_problems(values["socket_buffers_policy"])]
    if problems:
        raise BadVariables("; ".join(problems))
    return values


def agreed_variables(by_host: Mapping[str, Mapping[str, Any]], inventory: Collection[str]) -> dict[str, Any]:
    """Of `checked_variables` by host what holds for a whole run. BadVariables where hosts differ, or a canary is no host."""
    found: dict[str, Any] = {}
    problems = []
    for name in (row.name for row in _ROWS if row.of_run):
        for host, values in by_host.items():
            if values[name] != found.setdefault(name, values[name]):
                problems.append(f"{name} holds for a whole run, but {host} has {values[name]!r} and {next(iter(by_host))} {found[name]!r}")
                break
    strangers = [name for name in found.get("socket_buffers_canaries", ()) if name not in inventory]
    if strangers:
        problems.append(f"socket_buffers_canaries names {', '.join(strangers)}, no host of the inventory")
    if problems:
        raise BadVariables("; ".join(problems))
    return found


def _is_meant(name: str) -> bool:
    """Ours by its prefix, or nearly one of ours (socket_buffer_pairs); a user's own variables are not our business."""
    return name.startswith(PREFIX) or bool(get_close_matches(name, VARIABLES, n=1, cutoff=0.9))


def _known(name: str) -> Variable:
    if name in VARIABLES:
        return VARIABLES[name]
    close = get_close_matches(name, VARIABLES, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(VARIABLES)}"
    raise ValueError(f"{name} is not a variable of this collection; {hint}")


def _coerced(variable: Variable, value: Any) -> Any:
    if variable.default is None and value in (None, ""):  # an undefined default arrives as empty text from ansible-core 2.16
        return None
    coerce, rule = KINDS[variable.kind]
    try:
        result = coerce(value)
        if variable.low is not None and not variable.low <= result <= variable.high:
            raise ValueError
        if variable.choices and result not in variable.choices:
            raise ValueError
    except (KeyError, OverflowError, TypeError, ValueError):
        bounds = f" from {variable.low:g} to {variable.high:.10g}" if variable.low is not None else ""
        rule = f"one of {', '.join(variable.choices)}" if variable.choices else rule
        raise ValueError(f"{variable.name} wants {rule}{bounds}, got {value!r}") from None
    return result


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    """Values that are fine alone but not together."""
    window, interval = values["socket_buffers_window_seconds"], values["socket_buffers_interval_seconds"]
    pairs, alpha = values["socket_buffers_pairs"], values["socket_buffers_alpha"]
    needed = least_pairs(first_alpha(alpha) if values["socket_buffers_extend"] else alpha)
    block, washout = values["socket_buffers_block_seconds"], values["socket_buffers_washout_seconds"]
    trial = trial_seconds(pairs, block, washout)
    step, shortest = values["socket_buffers_step_seconds"], max(LEAST_STEP_SECONDS, trial_seconds(LEAST_STEP_PAIRS, block, washout))
    rules = (
        (interval > window, f"socket_buffers_interval_seconds is {interval:g}, longer than socket_buffers_window_seconds, {window:g}"),
        (
            window / interval > MOST_BUCKETS,
            f"socket_buffers_window_seconds of {window:g} has more than {MOST_BUCKETS} buckets of {interval:g} s;"
            " raise socket_buffers_interval_seconds",
        ),
        (pairs < needed, f"socket_buffers_pairs is {pairs}, but to reach socket_buffers_alpha {alpha:g} a trial needs {needed}"),
        (washout >= block, f"socket_buffers_washout_seconds is {washout:g}, not shorter than socket_buffers_block_seconds, {block:g}"),
        (trial > DAY_SECONDS, f"socket_buffers_pairs, _block_seconds and _washout_seconds make a trial of {trial:.0f} s, more than a day"),
        (0 < step < shortest, f"socket_buffers_step_seconds is {step:g}, but with blocks as long as these it wants 0 or at least {shortest:g}"),
    )
    return [text for broken, text in rules if broken]


def _policy_problems(policy: Mapping[str, Any]) -> list[str]:
    """Before anything is measured, instead of when the first plan is made."""
    try:
        read_policy(policy)
    except ValueError as error:
        return [f"{PREFIX}{error}"]
    return []


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError
    return float(value)


def _truth(value: Any) -> bool:
    return TRUTHS[str(value).strip().lower()]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def _path(value: Any) -> str:
    if not _text(value).startswith("/"):
        raise ValueError
    return _text(value)


def _dict(value: Any) -> dict[str, Any]:
    """`-e name={...}` arrives as text."""
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, Mapping):
        raise TypeError
    return dict(found)


def _names(value: Any) -> list[str]:
    return [_text(name) for name in listed(value)]


def _waves(value: Any) -> list[Any]:
    return read_waves(listed(value))


TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
KINDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "int": (_whole, "a whole number"),
    "float": (_number, "a number"),
    "bool": (_truth, "true or false"),
    "text": (_text, "text that is not empty"),
    "path": (_path, "an absolute path"),
    "dict": (_dict, "a mapping, in YAML or as JSON text"),
    "choice": (_text, "text"),
    "names": (_names, "a list of names"),
    "waves": (_waves, "a list of whole numbers above 0 and percents up to 100%, as 1,1,10%,100%"),
}
