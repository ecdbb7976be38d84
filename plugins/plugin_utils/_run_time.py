# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a run on the hosts takes, how long to wait for it, and how to say so. Pure."""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import LEAST_STEP_PAIRS, MOST_PAIRS, STEP, STEP_BACK
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.step import least_blocks

# A busy host starts and ends a run late: the job's own limit leaves room for that.
START_MARGIN_SECONDS = 60
# Between two looks at a job that is late.
TRY_SECONDS = 5
# A block is longer than the wash-out before it.
BEYOND_WASHOUT_SECONDS = 1.0
# Of a block of a step back, with its wash-out: a fifth of 168 of them is 100 s. Buffers that follow one after the other had done so after 8 to 22 s.
LEAST_BACK_SECONDS = 3.0
# Of a CPU. Each of so many blocks ends with a look at all connections, which takes some 0.9 s for 50,000.
MOST_LOOKING_SHARE = 0.1
# Hosts that have to be in step are started one after the other, and begin at a time that is so far ahead.
LEAD_SECONDS = 60
# So few are started at once, as Ansible has 5 forks if nobody wants more.
MOST_AT_ONCE = 5


def trial_seconds(pairs: int, block_seconds: float, washout_seconds: float) -> float:
    """Each pair is two blocks, each block a wash-out and a recorded part."""
    return 2 * pairs * (block_seconds + washout_seconds)


def trial_lengths(
    plan: Mapping[str, Any], pairs: int, block_seconds: float, washout_seconds: float, alpha: float = 0.01, hosts: int = 0,
) -> dict[str, Any]:
    """{pairs, block_seconds, washout_seconds, lead_seconds, run_time, note} of the trial of a plan.

    A wash-out as long as the change needs, and a block that is longer than it. Where hosts have to be in step and cannot be started at once,
    with so many others (`hosts`) beside them, they begin at a time that is `lead_seconds` ahead. In one step, as many such blocks as the time
    allows, and they take all of it; `note` says when the blocks of a step are too few for a proof.
    """
    washout = max(washout_seconds, float(plan.get("least_washout_seconds") or 0))
    block = max(block_seconds, washout + BEYOND_WASHOUT_SECONDS) if washout > washout_seconds else block_seconds
    stepping, together = plan.get("design") == STEP, len((plan.get("joint") or {}).get("hosts") or ())
    one_by_one = together > 1 and max(together, hosts) > MOST_AT_ONCE
    lead, note = float(LEAD_SECONDS if stepping or one_by_one else 0), None
    if plan.get("design") == STEP_BACK:
        pairs, block, washout, note = _back(trial_seconds(pairs, block, washout), alpha, float(plan.get("look_seconds") or 0))
    if stepping:
        pairs, block, note = _fitted(float(plan["step_seconds"]), block, washout, alpha)
    return {
        "pairs": pairs, "block_seconds": block, "washout_seconds": washout, "lead_seconds": lead, "note": note,
        "run_time": run_time(lead + trial_seconds(pairs, block, washout)),
    }


def _fitted(seconds: float, block: float, washout: float, alpha: float) -> tuple[int, float, str | None]:
    """Pairs, the length of a block, and what to do where so few blocks prove nothing."""
    pairs = min(MOST_PAIRS, int(seconds / trial_seconds(1, block, washout) + 1e-9))
    if pairs < LEAST_STEP_PAIRS:
        least = math.ceil(trial_seconds(LEAST_STEP_PAIRS, block, washout))
        raise ValueError(f"socket_buffers_step_seconds is {seconds:g}, but blocks of {block:g} s, each after {washout:g} s, want at least {least}")
    needed = least_blocks(alpha)
    short = (
        f"a trial in one step of {seconds:g} s has {2 * pairs} blocks, too few for a proof at {alpha:g}: it takes {needed} of them,"
        f" so give socket_buffers_step_seconds at least {math.ceil(trial_seconds(needed // 2, block, washout))}"
    )
    return pairs, math.floor(1000 * (seconds / (2 * pairs) - washout)) / 1000, short if 2 * pairs < needed else None


def _back(seconds: float, alpha: float, look_seconds: float) -> tuple[int, float, float, str | None]:
    """As long as asked for, in as many blocks as a proof takes, a third of each wash-out: what comes back does so within a second. The first fifth
    of all is of the candidate, whatever is drawn, so these must be long enough for it to take hold; and for a host with very many connections."""
    needed = least_blocks(alpha) // 2
    pairs = min(MOST_PAIRS, needed)
    one = max(seconds / (2 * pairs), LEAST_BACK_SECONDS, look_seconds / MOST_LOOKING_SHARE)
    washout = math.floor(1000 * one / 3) / 1000
    short = f"a trial in one step back has at most {2 * MOST_PAIRS} blocks, too few for a proof at {alpha:g}: it takes {2 * needed} of them"
    return pairs, math.floor(1000 * (one - washout)) / 1000, washout, short if pairs < needed else None


def run_time(seconds: float) -> dict[str, Any]:
    """{seconds, pause_seconds, limit_seconds, late_tries, try_seconds, text} of a run that takes `seconds`."""
    if not 0 < seconds < float("inf"):
        raise ValueError(f"a run takes more than 0 seconds, got {seconds!r}")
    whole = math.ceil(seconds)
    return {
        "seconds": seconds,
        "pause_seconds": whole,
        "limit_seconds": 2 * whole + START_MARGIN_SECONDS,
        "late_tries": (whole + START_MARGIN_SECONDS) // TRY_SECONDS,
        "try_seconds": TRY_SECONDS,
        "text": _text(whole),
    }


def unfinished(result: Mapping[str, Any]) -> str | None:
    """What to say of a job that was waited for in vain, from the last look at it; None for any other result."""
    if "ansible_job_id" not in result or result.get("finished", True):
        return None
    return "it left no result: its process hangs or was killed, or the host started anew"


def _text(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
