"""When has a fleet come to rest after a fault? Pure: fed with looks at its hosts.

A host has settled when no trial and no guardian run on it any more and what it holds is good, from the first look on of which that is true.
It has until 10 s after the end of the trial that ran; where the trial itself died, until 10 s after that.
"""
from typing import NamedTuple

GRACE_SECONDS = 10
# So long nothing may move before a fleet counts as at rest: a module may be on its way still.
QUIET_SECONDS = 1


class Look(NamedTuple):
    """One host at one time."""

    trying: bool  # a trial or its guardian runs
    busy: bool  # anything of Ansible's does
    good: bool  # what it holds
    trial_began: float | None = None


class Settling(NamedTuple):
    """Of the host with the least room: how long it took, and how long it might. `seconds` None: it never settled."""

    seconds: float | None
    allowed: float

    @property
    def in_time(self):
        return self.seconds is not None and self.seconds <= self.allowed

    @property
    def room(self):
        return self.allowed - self.seconds if self.seconds is not None else float("-inf")


class Watch:
    """Of one fault at `injected`. With `trial_died` the end of a trial that was seen gives no more time."""

    def __init__(self, injected, trial_seconds, trial_died=False):
        self._injected = injected
        self._trial_seconds = trial_seconds
        self._trial_died = trial_died
        self._settled = {}
        self._due = {}
        self._moved = injected

    def note(self, now, looks):
        """One look at every host: {name: Look}."""
        for host, look in looks.items():
            self._due.setdefault(host, self._injected)
            if look.trial_began is not None and not self._trial_died:
                self._due[host] = max(self._due[host], look.trial_began + self._trial_seconds)
            if look.busy:
                self._moved = now
            # Between the first and the last of a module's writes a host is neither; what becomes of it is seen when that is over.
            if look.trying or not (look.good or look.busy):
                self._settled[host] = None
            elif self._settled.get(host) is None:
                self._settled[host] = now

    def at_rest(self, now):
        """Nothing runs any more; what is not good now will not become so."""
        return now - self._moved >= QUIET_SECONDS

    def outcome(self):
        return least_room(
            Settling(None if at is None else max(0.0, at - self._injected), self._due[host] - self._injected + GRACE_SECONDS)
            for host, at in self._settled.items()
        )


def least_room(settlings):
    """The one that came closest to its limit, or went farthest beyond it; None of none."""
    return min(settlings, key=lambda settling: settling.room, default=None)
