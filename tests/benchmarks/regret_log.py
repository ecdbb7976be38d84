"""What was measured so far: a file of JSON lines, written as it comes, from which an interrupted run goes on.

Every line has a workload and a kind: `workload` (what was asked for; a later one starts the workload anew), `auto` (what the
playbook did), `run` (what one run of these values felt; profiles of equal values share it).
"""
import json
import math
import os
import threading


class Differs(ValueError):
    """The file has other parameters of a workload; the message names them."""


class Log:
    """The lines of one file; several threads may add."""

    def __init__(self, path):
        self._path = path
        self._lock = threading.Lock()
        self._lines = {}
        if path.exists():
            *lines, rest = path.read_text(encoding="utf-8").split("\n")
            for text in lines:
                self._take(json.loads(text))
            if rest:  # the machine ended in the middle of a line
                os.truncate(path, path.stat().st_size - len(rest.encode()))

    def _take(self, line):
        if line["kind"] == "workload":
            self._lines[line["workload"]] = []
        self._lines.setdefault(line["workload"], []).append(line)

    def add(self, kind, workload, **values):
        line = {"kind": kind, "workload": workload, **values}
        with self._lock, open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            self._take(line)

    def begin(self, workload, parameters, again=False):
        """Go on with a workload, or start it (`again`: anew); Differs when what is there was measured in another way."""
        known = [line["parameters"] for line in self._of(workload, "workload")]
        parameters = json.loads(json.dumps(finite(parameters)))
        if not known or again:
            self.add("workload", workload, parameters=parameters)
        elif known[0] != parameters:
            names = sorted(name for name in {*known[0], *parameters} if known[0].get(name) != parameters.get(name))
            raise Differs(f"{workload}: the file was measured with other {', '.join(names)}; --again measures it anew")

    def auto(self, workload):
        """What the playbook did, or None."""
        return next(iter(self._of(workload, "auto")), None)

    def runs(self, workload, values):
        """[what was felt] of these values, in the order of the rounds."""
        return [line["felt"] for line in sorted(self._of(workload, "run"), key=lambda line: line["round"]) if line["values"] == values]

    def has_run(self, workload, number, values):
        return any(line["round"] == number and line["values"] == values for line in self._of(workload, "run"))

    def _of(self, workload, kind):
        return [line for line in self._lines.get(workload, ()) if line["kind"] == kind]


def finite(value):
    """With null for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
