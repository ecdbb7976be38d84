# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the lock of the state directory, as the lock's own text says. Pure."""
import json
from typing import Any, Dict, NamedTuple, Optional, Sequence


class Holder(NamedTuple):
    """One run. A trial also has an id, and may have an owner; its end is due by the clock since boot, which nobody sets."""

    purpose: str
    pid: Optional[int] = None
    started: Optional[str] = None
    owner: Optional[str] = None
    trial_id: Optional[str] = None
    keys: Sequence[str] = ()
    due_boottime_seconds: Optional[float] = None

    def seconds_left(self, boottime_seconds: float) -> Optional[float]:
        """Until the end is due; 0 when that is over."""
        if self.due_boottime_seconds is None:
            return None
        return round(max(0.0, self.due_boottime_seconds - boottime_seconds), 1)

    def described(self, boottime_seconds: float) -> str:
        left = self.seconds_left(boottime_seconds)
        parts = (
            (self.owner, "owner {}"), (self.pid, "process {}"), (self.started, "since {}"),
            (None if left is None else round(left), "{} s left"),
        )
        known = ", ".join(text.format(value) for value, text in parts if value is not None)
        return f"{self.purpose} ({known})" if known else self.purpose

    def running_trial(self, boottime_seconds: float) -> Optional[Dict[str, Any]]:
        """The `running` of docs/data_shapes.md; None for what is no trial."""
        if self.trial_id is None:
            return None
        return {
            "id": self.trial_id, "owner": self.owner, "process": self.pid, "started": self.started, "keys": list(self.keys),
            "seconds_left": self.seconds_left(boottime_seconds),
        }


UNKNOWN = Holder("another run")


def render(holder: Holder) -> str:
    return json.dumps(holder._asdict())


def parse(text: str) -> Holder:
    """A text that says nothing usable is that of an unknown run: the lock counts, not its text."""
    try:
        holder = Holder(**json.loads(text))
        holder = holder._replace(keys=[str(key) for key in holder.keys])
        holder.described(0.0)
    except (AttributeError, RecursionError, TypeError, ValueError):
        return UNKNOWN
    return holder if isinstance(holder.purpose, str) else UNKNOWN
