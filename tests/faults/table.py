"""The table at the end, and the same as JSON. Pure."""
from typing import NamedTuple

from settle import least_room

HEAD = ("Fault", "Injected", "Hosts checked", "Neither", "Longest settling", "Allowed")


class Result(NamedTuple):
    """One injection: each host's Judgement, how the fleet settled (None: not asked), and what else was not as it must be."""

    judged: dict
    settling: object = None
    complaints: tuple = ()


class Row(NamedTuple):
    """All injections of one fault."""

    fault: str
    injected: int
    hosts_checked: int
    neither: int
    settling_seconds: float | None
    allowed_seconds: float | None
    problems: list

    @property
    def good(self):
        return bool(self.injected) and not self.neither and not self.problems


def row(fault, results):
    judged = [(host, judgement) for result in results for host, judgement in result.judged.items()]
    bad = [f"{host}: {judgement.why}" for host, judgement in judged if judgement.state == "neither"]
    settlings = [result.settling for result in results if result.settling is not None]
    late = [f"settled after {_seconds(settling.seconds)}, allowed {_seconds(settling.allowed)}" for settling in settlings if not settling.in_time]
    worst = least_room(settlings)
    return Row(
        fault, len(results), len(judged), len(bad), *((worst.seconds, worst.allowed) if worst else (None, None)),
        bad + late + [complaint for result in results for complaint in result.complaints],
    )


def text(rows):
    lines = [HEAD] + [
        (
            found.fault, str(found.injected), str(found.hosts_checked), str(found.neither),
            *((_seconds(found.settling_seconds), _seconds(found.allowed_seconds)) if found.allowed_seconds is not None else ("-", "-")),
        )
        for found in rows
    ]
    lines.append(("all", *(str(sum(getattr(found, name) for found in rows)) for name in ("injected", "hosts_checked", "neither")), "", ""))
    widths = [max(map(len, column)) for column in zip(*lines)]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    shown.insert(1, "  ".join("-" * width for width in widths))
    problems = [f"{found.fault}: {problem}" for found in rows for problem in found.problems]
    return "\n".join(shown + problems)


def _seconds(seconds):
    return "never" if seconds is None else f"{seconds:.1f} s"
