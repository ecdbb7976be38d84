# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a trial's blocks, and how long they take. Pure."""
import random
from typing import List, NamedTuple

MOST_PAIRS = 1000
LONGEST_SECONDS = 86400


class Block(NamedTuple):
    """One stretch with one set of values: arm "A" the present ones, arm "B" the candidate."""

    pair: int
    arm: str


class Schedule(NamedTuple):
    """What an operator asks for. A block is a wash-out, discarded, and then block_seconds recorded."""

    pairs: int
    block_seconds: float
    washout_seconds: float
    seed: int

    def total_seconds(self) -> float:
        return 2 * self.pairs * (self.washout_seconds + self.block_seconds)


def blocks(schedule: Schedule) -> List[Block]:
    """Each pair has both arms, in an order drawn from the seed: what the host does by itself favours neither."""
    source = random.Random(schedule.seed)
    order = []  # type: List[Block]
    for pair in range(schedule.pairs):
        arms = "AB" if source.random() < 0.5 else "BA"
        order.extend(Block(pair, arm) for arm in arms)
    return order


def check_schedule(schedule: Schedule) -> None:
    """ValueError, naming the option, for a schedule that cannot be run."""
    if not 1 <= schedule.pairs <= MOST_PAIRS:
        raise ValueError(f"pairs: wants 1 to {MOST_PAIRS}, got {schedule.pairs}")
    if not schedule.block_seconds > 0:
        raise ValueError(f"block_seconds: wants more than 0, got {schedule.block_seconds}")
    if not schedule.washout_seconds >= 0:
        raise ValueError(f"washout_seconds: wants 0 or more, got {schedule.washout_seconds}")
    if not schedule.total_seconds() <= LONGEST_SECONDS:
        raise ValueError(f"pairs, block_seconds: {schedule.total_seconds():g} seconds in all are more than a day")
