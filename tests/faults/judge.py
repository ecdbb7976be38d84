"""Is a host as it was, or does it hold a change that was proven? Pure.

Written without the collection's own code: what is wrong there must not be wrong here, too.
"""
import json
from typing import NamedTuple

ORIGINAL, PROVEN, NEITHER = "original", "proven", "neither"
OURS = "# Managed by linuxnet.socket_buffers"


class Seen(NamedTuple):
    """What a host holds: {sysctl: text}, our drop-in and our journal; None is no such file."""

    values: dict
    dropin: str | None = None
    journal: str | None = None


class Judgement(NamedTuple):
    """original, proven or neither; and of the last, why."""

    state: str
    why: str = ""


def judge(seen, original, proven=None):
    """`original` is what was Seen before anything was done; `proven` has {sysctl: value} of what a verdict called improved."""
    changed = {key: _plain(text) for key, text in seen.values.items() if _plain(text) != _plain(original.values.get(key))}
    if not changed and seen.dropin == original.dropin:
        return Judgement(ORIGINAL)
    problems = list(_problems(seen, original, changed, proven))
    return Judgement(NEITHER, "; ".join(problems)) if problems else Judgement(PROVEN)


def _problems(seen, original, changed, proven):
    """What keeps a host that is not as it was from being one with a proven change."""
    settings = _settings(seen.dropin)
    if not proven:
        yield f"no verdict called a change improved, and it holds {changed or 'a drop-in'}"
    elif settings != proven:
        yield f"the drop-in sets {settings}, proven is {proven}"
    if {key: settings.get(key) for key in changed} != changed:
        yield f"it holds {changed}, and the drop-in sets {settings}"
    lost = {key: value for key, value in settings.items() if _plain(seen.values.get(key)) != value}
    if lost:
        yield f"the drop-in sets {lost}, which is not in force"
    yield from _journal_problems(seen.journal, original, settings)


def _journal_problems(text, original, settings):
    try:
        entries = json.loads(text or "")["entries"]
        phases = [entry["phase"] for entry in entries]
        first = {key: change for entry in reversed(entries) for key, change in entry["keys"].items()}
        last = {key: change for entry in entries for key, change in entry["keys"].items()}
    except (KeyError, TypeError, ValueError) as error:
        yield f"no journal of the change ({type(error).__name__})"
        return
    if "pending" in phases:
        yield "the journal's change is not done"
    originals = {key: _plain(change["original"]) for key, change in first.items()}
    wrong = {key: value for key, value in originals.items() if value != _plain(original.values.get(key))}
    if wrong:
        yield f"the journal calls {wrong} the originals"
    if {key: _plain(change["written"]) for key, change in last.items()} != settings:
        yield "the journal and the drop-in differ"


def _settings(dropin):
    """What our part of the drop-in sets; none where it has no such part."""
    before, ours, text = (dropin or "").rpartition(OURS)
    lines = text.splitlines()[1:] if ours else []
    return {key.strip(): _plain(value) for key, equals, value in (line.partition("=") for line in lines) if equals}


def _plain(text):
    return None if text is None else " ".join(text.split())
