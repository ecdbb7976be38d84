# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a run on the hosts takes, how long to wait for it, and how to say so. Pure."""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

# A busy host starts and ends a run late: the job's own limit leaves room for that.
START_MARGIN_SECONDS = 60
# Between two looks at a job that is late.
TRY_SECONDS = 5
# A block is longer than the wash-out before it.
BEYOND_WASHOUT_SECONDS = 1.0


def trial_seconds(pairs: int, block_seconds: float, washout_seconds: float) -> float:
    """Each pair is two blocks, each block a wash-out and a recorded part."""
    return 2 * pairs * (block_seconds + washout_seconds)


def trial_lengths(least_washout_seconds: float, pairs: int, block_seconds: float, washout_seconds: float) -> dict[str, Any]:
    """{pairs, block_seconds, washout_seconds, run_time}: a wash-out as long as the change needs, and a block that is longer than it."""
    washout = max(washout_seconds, least_washout_seconds)
    block = max(block_seconds, washout + BEYOND_WASHOUT_SECONDS) if washout > washout_seconds else block_seconds
    return {
        "pairs": pairs, "block_seconds": block, "washout_seconds": washout, "run_time": run_time(trial_seconds(pairs, block, washout)),
    }


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
