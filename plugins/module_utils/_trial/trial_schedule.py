# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a trial's blocks, and when each is due. Pure."""
import random
from typing import List, NamedTuple

MOST_PAIRS = 1000
SHORTEST_BLOCK_SECONDS = 0.1  # a pass over all counters costs a few milliseconds
LONGEST_SECONDS = 86400
SEED_BITS = 31

# A busy host runs its blocks late. Beyond this the guardian ends the trial.
LATE_SHARE = 0.1
LATE_SECONDS = 5
LEAST_SHARE = 0.5  # of its length, for what began late


class Block(NamedTuple):
    """One stretch of time under the present values (A) or the candidate (B)."""

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


def check_lengths(pairs: int, block_seconds: float, washout_seconds: float) -> None:
    """ValueError, naming the option, for a trial that cannot be run."""
    if not 1 <= pairs <= MOST_PAIRS:
        raise ValueError(f"pairs: wants 1 to {MOST_PAIRS}, got {pairs}")
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


def random_seed() -> int:
    return random.SystemRandom().getrandbits(SEED_BITS)


def schedule(pairs: int, seed: int) -> List[Block]:
    """Each pair in an order of its own, by a fair coin: that is what a sign-flip test takes for granted."""
    coin = random.Random(seed)
    orders = ["AB" if coin.getrandbits(1) else "BA" for _pair in range(pairs)]
    return [Block(pair, arm) for pair, order in enumerate(orders) for arm in order]
