"""Pairs of hosts, each joined by a line with a workload of its own on it."""
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from fleet import Host
from image import LabError
from workloads import WORKLOADS, Workload, changed

REPORTS = "/var/lib/lab"
NEAR, FAR = "near", "far"
FAR_ADDRESS = "10.77.0.2"
LINE_WAIT_SECONDS = 10


class Pair(NamedTuple):
    """A workload's two hosts, and what `--set` says of its line beyond the workload's own values."""

    name: str
    workload: Workload
    line_options: dict

    def host(self, end):
        return f"{self.name}_{end}"


def wanted(names, number, settings):
    """The pairs of the command line: `number` of each workload."""
    unknown = sorted(set(names) - set(WORKLOADS))
    if unknown:
        raise LabError(f"--workload: {', '.join(unknown)} is none of {', '.join(WORKLOADS)}")
    try:
        return [
            Pair(name if turn == 1 else f"{name}{turn}", *changed(WORKLOADS[name], settings))
            for name in names for turn in range(1, number + 1)
        ]
    except ValueError as error:
        raise LabError(str(error)) from None


def hosts(pairs, directory, tcp_rmem=None, tcp_wmem=None):
    """The hosts of all pairs; each has the workload's buffer sizes unless others are given, and a folder for reports."""
    found = []
    for pair in pairs:
        sysctls = (("net.ipv4.tcp_rmem", tcp_rmem or pair.workload.tcp_rmem), ("net.ipv4.tcp_wmem", tcp_wmem or pair.workload.tcp_wmem))
        for end in (NEAR, FAR):
            reports = directory / "reports" / pair.host(end)
            reports.mkdir(parents=True, exist_ok=True)
            for old in reports.iterdir():
                old.unlink()
            found.append(Host(pair.host(end), sysctls=sysctls, volumes=(f"{reports}:{REPORTS}",)))
    return found


def join(fleet, pairs):
    """Start each pair's line; it ends by itself with its hosts."""
    processes = fleet.processes()
    for pair in pairs:
        log = fleet.directory / "reports" / f"{pair.name}.log"
        report = fleet.directory / "reports" / f"{pair.name}.line.jsonl"
        report.unlink(missing_ok=True)
        values = {**pair.workload.line._asdict(), **pair.line_options}
        options = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
        program = [sys.executable, str(Path(__file__).resolve().parent / "delay_line.py")]
        ends = [str(processes[pair.host(end)]) for end in (NEAR, FAR)]
        with open(log, "w", encoding="utf-8") as output:
            line = subprocess.Popen([*program, *ends, f"--report={report}", *options], stdout=output, stderr=output, start_new_session=True)
        _await_ready(line, log, pair)


def _await_ready(line, log, pair):
    end = time.monotonic() + LINE_WAIT_SECONDS
    while time.monotonic() < end:
        if log.read_text(encoding="utf-8").startswith("ready"):
            return
        if line.poll() is not None:
            break
        time.sleep(0.05)
    raise LabError(f"the line of {pair.name} does not come up: {log.read_text(encoding='utf-8').strip() or 'no word from it'}")


def start_traffic(fleet, pair, seconds, **options):
    """Both ends of each program; `options` are for all of them."""
    for load in pair.workload.traffic:
        report = f"{REPORTS}/{load.program}.jsonl"
        settings = {"seconds": seconds, "report": report, "congestion": pair.workload.congestion, **options, **load.options}
        common = [f"--{name}={value}" for name, value in settings.items()]
        fleet.start_program(pair.host(FAR), load.program, "receive", *common)
        fleet.start_program(pair.host(NEAR), load.program, "send", f"--peer={FAR_ADDRESS}", *common)


def felt(directory, pair_name, since=0.0):
    """The last thing that each program of a pair reported after `since`: {program: line}. A total counts more than a second."""
    found = {}
    for path in sorted((directory / "reports").glob(f"{pair_name}_*/*.jsonl")):
        lines = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
        lines = [line for line in lines if line["at"] > since]
        if lines:
            found[path.stem] = lines[-1]
    return found
