# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of a trial, under the present values and under the candidate, and what they recorded."""
import time
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.columns import Columns, Step, WindowRefused
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import take_snapshot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.transaction import (
    TransactionFailed,
    apply_values,
    read_values,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_guard import Guard
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_namespaces import REFUSE
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import (
    PAIRS,
    Block,
    Timetable,
    begin_of,
    end_of,
    schedule,
    total_seconds,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_services import RestartFailed

POLL_SECONDS = 0.5

Values = Dict[str, str]
Recorders = Tuple[Any, ...]  # of what each block is asked for: start_block, poll, end_block
Concerned = Tuple[Any, ...]  # by a switch of values, in this order: at_step


class Request(NamedTuple):
    """What the user asked for; `candidate` is validated. An empty one tries nothing: both arms are the present values.

    With a `context` the result is kept on the host, for another controller to judge. `begin_monotonic` is when the first block is to begin;
    None is at once.
    """

    candidate: Values
    pairs: int
    block_seconds: float
    washout_seconds: float
    seed: int
    state_dir: str
    id: str
    owner: Optional[str] = None
    context: Optional[Dict[str, Any]] = None
    child_namespaces: str = REFUSE
    design: str = PAIRS
    services: Sequence[str] = ()
    begin_monotonic: Optional[float] = None

    def blocks(self) -> List[Block]:
        return schedule(self.pairs, self.seed, self.design)

    def wait_seconds(self) -> float:
        """From now until the first block."""
        return 0.0 if self.begin_monotonic is None else max(0.0, self.begin_monotonic - time.monotonic())

    def total_seconds(self) -> float:
        return total_seconds(self.pairs, self.block_seconds, self.washout_seconds)


class Aborted(Exception):
    """Why a trial ends before its time."""


class Experiment:
    """Runs the blocks and keeps what they recorded: columns, as the snapshots of many blocks would take a host's memory."""

    def __init__(
        self, files: HostFiles, writer: HostWriter, request: Request, identity: Dict[str, Any], originals: Values, guard: Guard,
        signals: List[str], at_step: Concerned, recorders: Recorders,
    ) -> None:
        self._files = files
        self._writer = writer
        self._request = request
        self._identity = identity
        self._arms = {"A": originals, "B": request.candidate}
        self._guard = guard
        self._signals = signals
        self._at_step = at_step
        self._recorders = recorders
        self._arm = "A"
        self.done = []  # type: List[Tuple[Block, float]]  # and when each started
        self.columns = Columns()
        self.began_epoch_seconds = None  # type: Optional[float]
        self.late_seconds = None  # type: Optional[float]
        self.reason = None  # type: Optional[str]

    def run(self) -> None:
        try:
            self._switch("A")  # proves that the way back is open before anything else is written
            timetable = Timetable(self._begin(), self._request.washout_seconds, self._request.block_seconds)
            for index, block in enumerate(self._request.blocks()):
                before, after = self._record(block.arm, timetable, index)
                self.columns.add(before, after)
                self.done.append((block, before.boottime_seconds))
        except WindowRefused as error:
            self.done, self.reason = [], str(error)
        except (Aborted, MalformedText, OSError, RestartFailed, TransactionFailed) as error:
            self.reason = str(error)

    def _begin(self) -> float:
        """When the timetable begins, by the monotonic clock: once its time has come, or now."""
        begin, appointed = time.monotonic(), self._request.begin_monotonic
        if appointed is not None:
            self._watch(appointed)
            begin = begin_of(appointed, time.monotonic())
            self.late_seconds = round(begin - appointed, 3)
        self.began_epoch_seconds = time.time() - (time.monotonic() - begin)
        return begin

    def _switch(self, arm: str) -> bool:
        """Whether the values are others than before."""
        self._check()
        apply_values(self._files, self._writer, self._arms[arm])
        before, self._arm = self._arm, arm
        return arm != before

    def _record(self, arm: str, timetable: Timetable, index: int) -> Step:
        if self._switch(arm):
            for concerned in self._at_step:
                concerned.at_step()
        self._watch(end_of(timetable.washout_due(index), time.monotonic(), timetable.washout_seconds))
        for recorder in self._recorders:
            recorder.start_block()
        before = take_snapshot(self._files, identity=self._identity)
        self._watch(end_of(timetable.block_due(index), time.monotonic(), timetable.block_seconds))
        after = take_snapshot(self._files, identity=self._identity)
        for recorder in reversed(self._recorders):
            recorder.end_block()
        return before, after

    def _watch(self, end: float) -> None:
        self._check()
        while time.monotonic() < end:
            time.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))
            self._check()
            for recorder in self._recorders:
                recorder.poll()

    def _check(self) -> None:
        if self._signals:
            raise Aborted(f"the trial was asked to end ({self._signals[0]})")
        if not self._guard.is_watching():
            raise Aborted("the trial's guardian died")
        in_force = self._arms[self._arm]
        for key, text in read_values(self._files, in_force).items():
            found, ours = canonical(text), canonical(in_force[key])
            if found != ours:
                raise Aborted(f"somebody else set {key} to {found!r} while the trial had {ours!r} there")


def report(request: Request, identity: Dict[str, Any], originals: Values, experiment: Experiment) -> Dict[str, Any]:
    """The `trial` of docs/data_shapes.md, as far as the blocks tell it."""
    done, reason = experiment.done, experiment.reason
    nothing = {"seconds": [], "counters": {}, "gauges": {}, "absent": []}  # type: Dict[str, Any]
    table = experiment.columns.table() if done else nothing
    return {
        "version": 1,
        "identity": identity,
        "status": "complete" if reason is None else "aborted",
        "reason": reason,
        "design": request.design,
        "seed": request.seed,
        "pairs": request.pairs,
        "block_seconds": request.block_seconds,
        "washout_seconds": request.washout_seconds,
        "began_epoch_seconds": experiment.began_epoch_seconds,
        "late_seconds": experiment.late_seconds,
        "baseline": {key: canonical(text) for key, text in originals.items()},
        "candidate": request.candidate,
        "blocks": {
            "pair": [block.pair for block, _started in done],
            "arm": [block.arm for block, _started in done],
            "started": [started for _block, started in done],
        },
        "seconds": table["seconds"],
        "counters": table["counters"],
        "gauges": table["gauges"],
        "absent": table["absent"],
    }
