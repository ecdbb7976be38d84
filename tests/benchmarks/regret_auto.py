"""The profile `auto`: the collection's own playbook on both hosts of a workload while its traffic runs, and what the hosts hold then."""
import json
import os
import signal
import subprocess
import time

import pairs
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._variables import VARIABLES
from regret_profiles import ENDS, KEYS

PLAYBOOK = "linuxnet.socket_buffers.measure_tune_verify"
REPORT = "measure_tune_verify.json"
ROUNDS = "socket_buffers_rounds"  # a collection of before has no rounds
TRAFFIC_MARGIN_SECONDS = 60


def variables(workload, given):
    """What the playbook is told with -e: what the command line says, else what fits the workload."""
    wanted = {
        "socket_buffers_pairs": given.pairs,
        "socket_buffers_block_seconds": workload.block_seconds if given.block_seconds is None else given.block_seconds,
        "socket_buffers_washout_seconds": workload.washout_seconds if given.washout_seconds is None else given.washout_seconds,
        "socket_buffers_window_seconds": given.window_seconds,
        "socket_buffers_latency_seconds": given.latency_seconds,
    }
    if ROUNDS in VARIABLES:
        wanted[ROUNDS] = given.playbook_rounds
    return {**wanted, **given.variables}


def tuned(fleet, pair, given):
    """Run the playbook: its exit status (None: it was ended), seconds, report, and the sysctls of both ends before and after."""
    folder = fleet.directory / "playbook"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REPORT).unlink(missing_ok=True)
    pairs.start_traffic(fleet, pair, given.most_playbook_seconds + given.settle + TRAFFIC_MARGIN_SECONDS)
    time.sleep(given.settle)
    before = _held(fleet, pair)
    told = {**variables(pair.workload, given), "socket_buffers_report_dir": str(folder)}
    command = ["ansible-playbook", "-i", str(fleet.inventory), "-e", json.dumps(told), f"--forks={given.forks}", PLAYBOOK]
    begin = time.monotonic()
    status = _run(command, folder / "log.txt", given)
    seconds = round(time.monotonic() - begin, 1)
    report = json.loads((folder / REPORT).read_text(encoding="utf-8")) if (folder / REPORT).exists() else None
    return {"status": status, "seconds": seconds, "variables": told, "before": before, "after": _held(fleet, pair), "report": report}


def _held(fleet, pair):
    return {end: fleet.read_sysctls(pair.host(end), KEYS) for end in ENDS}


def _run(command, log, given):
    """Its exit status; None when it had to be ended."""
    until = time.monotonic() + given.most_playbook_seconds
    with open(log, "w", encoding="utf-8") as output:
        playbook = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    while playbook.poll() is None:
        if given.stop.wait(0.2) or time.monotonic() > until:
            # Its forks are in its own session, which no interrupt from the keyboard reaches.
            os.killpg(playbook.pid, signal.SIGTERM)
            playbook.wait()
            return None
    return playbook.returncode


def changes(auto):
    """What the playbook changed: [{end, key, old, new}]."""
    return [
        {"end": end, "key": key, "old": old, "new": auto["after"][end][key]}
        for end in ENDS for key, old in auto["before"][end].items() if auto["after"][end][key] != old
    ]


def rounds(auto):
    """How many rounds the run took: each row of the report says its own, where there are rounds."""
    rows = (auto["report"] or {}).get("rows", ())
    return max((row.get("round") or 1 for row in rows), default=None)
