# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a trial's blocks, and when each is due. Pure."""
import math
import random
from typing import List, NamedTuple

PAIRS, STEP, STEP_BACK = "pairs", "step", "step_back"

MOST_PAIRS = 1000
LEAST_STEP_PAIRS = 5  # ten blocks: with fewer there is hardly a moment to choose
EDGE_SHARE = 5  # a step leaves each arm at least this part of the blocks
SHORTEST_BLOCK_SECONDS = 0.1  # a pass over all counters costs a few milliseconds
LONGEST_SECONDS = 86400
SEED_BITS = 31

# A busy host runs its blocks late. Beyond this the guardian ends the trial.
LATE_SHARE = 0.1
LATE_SECONDS = 5
LEAST_SHARE = 0.5  # of its length, for what began late

LONGEST_WAIT_SECONDS = 600
LATE_START_SECONDS = 1  # so late still counts as begun when it was to


class Block(NamedTuple):
    """One stretch of time under the present values (A) or the candidate (B). In one step each is its own pair: it has no partner."""

    pair: int
    arm: str


class Timetable(NamedTuple):
    """Due times by the number of the block, all counted from `began`.

    What switching and looking costs does not add up, so that hosts which began together stay in step.
    """

    began: float
    washout_seconds: float
    block_seconds: float

    def washout_due(self, index: int) -> float:
        return self.began + index * (self.washout_seconds + self.block_seconds) + self.washout_seconds

    def block_due(self, index: int) -> float:
        return self.began + (index + 1) * (self.washout_seconds + self.block_seconds)


def end_of(due: float, started: float, seconds: float) -> float:
    """When a wash-out, or the recorded part of a block, ends: as it is due, or after half its length where it started late."""
    return max(due, started + LEAST_SHARE * seconds)


def check_lengths(pairs: int, block_seconds: float, washout_seconds: float, design: str = PAIRS) -> None:
    """ValueError, naming the option, for a trial that cannot be run."""
    if not 1 <= pairs <= MOST_PAIRS:
        raise ValueError(f"pairs: wants 1 to {MOST_PAIRS}, got {pairs}")
    if design != PAIRS and pairs < LEAST_STEP_PAIRS:
        raise ValueError(f"pairs: design {design} wants at least {LEAST_STEP_PAIRS} (two blocks each), got {pairs}")
    if not block_seconds >= SHORTEST_BLOCK_SECONDS:
        raise ValueError(f"block_seconds: wants at least {SHORTEST_BLOCK_SECONDS}, got {block_seconds}")
    if not 0 <= washout_seconds < block_seconds:
        raise ValueError(f"washout_seconds: wants at least 0 and less than block_seconds ({block_seconds:g}), got {washout_seconds}")
    total = total_seconds(pairs, block_seconds, washout_seconds)
    if total > LONGEST_SECONDS:
        raise ValueError(f"pairs, block_seconds and washout_seconds come to {total:g} seconds, more than {LONGEST_SECONDS}")


def total_seconds(pairs: int, block_seconds: float, washout_seconds: float) -> float:
    """Two blocks for each pair, each a wash-out and then its recorded part."""
    return 2 * pairs * (washout_seconds + block_seconds)


def limit_seconds(total: float) -> float:
    """When a trial that should take `total` counts as hung."""
    return total * (1 + LATE_SHARE) + LATE_SECONDS


def wait_seconds(start_at: float, now: float) -> float:
    """From now until the trial is to begin; negative when that is over. ValueError, naming the option, for what nobody waits for."""
    if not math.isfinite(start_at) or start_at - now > LONGEST_WAIT_SECONDS:
        latest = f"at most {LONGEST_WAIT_SECONDS} ahead of this host's {now:.1f}"
        raise ValueError(f"start_at: wants seconds since 1970, {latest}, got {start_at}")
    return start_at - now


def begin_of(appointed: float, now: float) -> float:
    """When the timetable begins: as appointed, or now where that is too long ago."""
    return appointed if now - appointed <= LATE_START_SECONDS else now


def random_seed() -> int:
    return random.SystemRandom().getrandbits(SEED_BITS)


def step_moments(blocks: int) -> range:
    """Which of so many blocks may be the first after the switch, in a trial with one step."""
    least = -(-blocks // EDGE_SHARE)
    return range(least, blocks - least + 1)


def schedule(pairs: int, seed: int, design: str = PAIRS) -> List[Block]:
    return DESIGNS[design](pairs, seed)


def _in_pairs(pairs: int, seed: int) -> List[Block]:
    """Each pair in an order of its own, by a fair coin: that is what a sign-flip test takes for granted."""
    coin = random.Random(seed)
    orders = ["AB" if coin.getrandbits(1) else "BA" for _pair in range(pairs)]
    return [Block(pair, arm) for pair, order in enumerate(orders) for arm in order]


def _in_one_step(pairs: int, seed: int) -> List[Block]:
    """A up to a moment drawn from all that are possible, then B: any other moment was as likely, which is what the test counts."""
    return _switched("A", "B", pairs, seed)


def _in_one_step_back(pairs: int, seed: int) -> List[Block]:
    """B first, for what is slow to take hold and quick to go: it has a fifth of the blocks at least until the switch, which is as sudden then."""
    return _switched("B", "A", pairs, seed)


def _switched(before: str, after: str, pairs: int, seed: int) -> List[Block]:
    blocks = 2 * pairs
    moment = random.Random(seed).choice(step_moments(blocks))
    return [Block(index, after if index >= moment else before) for index in range(blocks)]


DESIGNS = {PAIRS: _in_pairs, STEP: _in_one_step, STEP_BACK: _in_one_step_back}
