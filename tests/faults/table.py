"""The table at the end, and the same as JSON. Pure."""
from typing import NamedTuple

from judge import NEITHER, PROVEN
from settle import least_room

HEAD = ("Fault", "Injected", "Hosts checked", "Proven", "Neither", "Longest settling", "Allowed")
COUNTS = ("injected", "hosts_checked", "proven", "neither")


class Result(NamedTuple):
    """One injection: each host's Judgement, how the fleet settled (None: not asked), and what else was not as it must be."""

    judged: dict
    settling: object = None
    complaints: tuple = ()

    def but(self, complaints):
        """The same, with more to complain of."""
        return self._replace(complaints=(*self.complaints, *complaints))


class Row(NamedTuple):
    """All injections of one fault."""

    fault: str
    injected: int
    hosts_checked: int
    proven: int
    neither: int
    settling_seconds: float | None
    allowed_seconds: float | None
    problems: list

    @property
    def good(self):
        return bool(self.injected) and not self.neither and not self.problems


def row(fault, results):
    judged = [(host, judgement) for result in results for host, judgement in result.judged.items()]
    settlings = [result.settling for result in results if result.settling is not None]
    worst = least_room(settlings)
    problems = [f"{host}: {judgement.why}" for host, judgement in judged if judgement.state == NEITHER]
    problems += [f"settled after {_seconds(found.seconds)}, allowed {_seconds(found.allowed)}" for found in settlings if not found.in_time]
    problems += [complaint for result in results for complaint in result.complaints]
    return Row(
        fault, injected=len(results), hosts_checked=len(judged), proven=_count(judged, PROVEN), neither=_count(judged, NEITHER),
        settling_seconds=worst and worst.seconds, allowed_seconds=worst and worst.allowed, problems=problems,
    )


def text(rows):
    lines = [HEAD, *(_cells(found) for found in rows)]
    lines.append(("all", *(str(sum(getattr(found, name) for found in rows)) for name in COUNTS), "", ""))
    widths = [max(map(len, column)) for column in zip(*lines)]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    shown.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(shown + [f"{found.fault}: {problem}" for found in rows for problem in found.problems])


def _cells(found):
    times = ("-", "-") if found.allowed_seconds is None else (_seconds(found.settling_seconds), _seconds(found.allowed_seconds))
    return (found.fault, *(str(getattr(found, name)) for name in COUNTS), *times)


def _count(judged, state):
    return sum(judgement.state == state for _host, judgement in judged)


def _seconds(seconds):
    return "never" if seconds is None else f"{seconds:.1f} s"
