"""What a fault plays in: the fleet, the runs since it was last made as it was, and a look at how all of it settles."""
import contextlib
import shutil
import time

from controller import Run
from settle import Watch
from table import Result

POLL_SECONDS = 0.5
LONGEST_SECONDS = 300
# A trial of 11 s. Hosts with one seed run in step, so that all of them can be met with the candidate in force.
PAIRS, BLOCK_SECONDS, WASHOUT_SECONDS = 7, 0.6, 0.2
TRIAL_SECONDS = 2 * PAIRS * (BLOCK_SECONDS + WASHOUT_SECONDS)
VARIABLES = {
    "socket_buffers_window_seconds": 2, "socket_buffers_interval_seconds": 0.5, "socket_buffers_rounds": 1, "socket_buffers_pairs": PAIRS,
    "socket_buffers_block_seconds": BLOCK_SECONDS, "socket_buffers_washout_seconds": WASHOUT_SECONDS, "socket_buffers_seed": 4,
    "socket_buffers_alpha": 0.2, "socket_buffers_extend": False, "socket_buffers_waves": ["100%"],
}


class Scene:
    """One after the other, many faults are played on one fleet. `kills`: those of kills.py, which fleets may share."""

    def __init__(self, under, folder, kills=()):
        self.under = under
        self.kills = kills
        self._folder = folder
        self._number = 0
        self._runs = []
        shutil.rmtree(folder, ignore_errors=True)

    def reset(self):
        """The fleet as it was at first, and no run."""
        for run in self._runs:
            run.close()
        self._runs = []
        self.under.reset()

    def start(self):
        """The real playbook, as an operator starts it; what earlier runs proved since the reset is still proven."""
        self._number += 1
        self._runs.append(Run(self.under.inventory, self._folder / f"run{self._number}", VARIABLES))
        return self._runs[-1]

    def proven(self):
        found = {}
        for run in self._runs:
            found.update(run.proven())
        return found

    def settled(self, injected, trial_died=False, reporting=()):
        """Watch until nothing runs any more, here and on the hosts, then judge every host: a Result.

        The report of each run that is `reporting` has to have every host, whatever happened to it.
        """
        watch = Watch(injected, TRIAL_SECONDS, trial_died)
        end, complaints = time.monotonic() + LONGEST_SECONDS, []
        while self._works(watch):
            if time.monotonic() > end:
                complaints.append(f"something still runs after {LONGEST_SECONDS} s")
                break
            time.sleep(POLL_SECONDS)
        for run in reporting:
            complaints += [f"{run.folder.name}: {host} is not in the report" for host in sorted({*self.under.hosts} - {*run.rows()})]
        return Result(self.under.judged(self.proven()), watch.outcome(), tuple(complaints))

    def _works(self, watch):
        runs = any(run.runs() or run.leftovers() for run in self._runs)
        watch.note(time.monotonic(), self.under.looks(self.proven()))
        return runs or not watch.at_rest(time.monotonic())

    def again(self):
        """The same command after a fault, to its end."""
        run = self.start()
        return self.settled(run.began, reporting=[run])

    @contextlib.contextmanager
    def fresh(self):
        """A fleet as it was at first, before and after."""
        self.reset()
        try:
            yield self
        finally:
            self.reset()
