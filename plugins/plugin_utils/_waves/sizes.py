# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large the waves of a cohort are. Pure."""
from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

# One host, one more, then more of them as nothing went wrong; the last wave shows to the end what happens without the change.
DEFAULT_WAVES = (1, 1, "5%", "20%", "25%")
PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%")

Step = int | str  # a number of units, or a share of the cohort ("5%")


def read_waves(value: Any) -> list[Step]:
    """The steps as given, numbers as int. ValueError says what is none."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise ValueError(f"wants a list of numbers and percents, as [1, 1, '10%', '50%'], got {value!r}")
    return [_step(step) for step in value]


def wave_sizes(units: int, waves: Sequence[Step]) -> list[int]:
    """Until every unit has its wave; the last step is repeated. A share is of the whole cohort: at most that, and at least one unit."""
    sizes: list[int] = []
    while sum(sizes) < units:
        step = waves[min(len(sizes), len(waves) - 1)]
        sizes.append(min(_units(step, units), units - sum(sizes)))
    return sizes


def _step(value: Any) -> Step:
    text = str(value).strip()
    percent = PERCENT.fullmatch(text)
    if percent and 0 < Fraction(percent[1]) <= 100:
        return f"{percent[1]}%"
    if re.fullmatch("[0-9]+", text) and int(text) > 0:
        return int(text)
    raise ValueError(f"wants whole numbers above 0 and percents up to 100%, got {value!r}")


def _units(step: Step, units: int) -> int:
    return step if isinstance(step, int) else max(1, math.floor(units * Fraction(step.rstrip("%")) / 100))
