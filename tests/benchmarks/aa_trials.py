"""Trials of nothing on the lab's real traffic: how many end improved or regressed, which is false then?

  aa_trials.py [--hosts 20] [--rounds 5] [--pairs 8] [--block-seconds 1] [--washout-seconds 0.25]

Each round is one run of the playbook `calibrate` on that many hosts with ordinary traffic, and on a collapsing one. Every trial is judged once, with
arms by one throw of the coins, on the longest stall and on what was received and sent.
"""
import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.calibration import METRICS

ROOT = Path(os.path.abspath(__file__)).parents[2]
BUILD = Path(os.environ.get("LAB_BUILD") or ROOT / ".build")
FLEET = "aa"


def lab(*arguments):
    subprocess.run([sys.executable, str(ROOT / "tests/lab/lab.py"), *arguments, "--fleet", FLEET], check=True)


def calibrate(given, number):
    wanted = {
        "socket_buffers_pairs": given.pairs, "socket_buffers_block_seconds": given.block_seconds,
        "socket_buffers_washout_seconds": given.washout_seconds, "socket_buffers_report_dir": str(BUILD / FLEET / f"round{number}"), "report_throws": 1,
    }
    command = ["ansible-playbook", "-i", str(BUILD / FLEET / "hosts.yml"), "-e", json.dumps(wanted), "--forks=20", "linuxnet.socket_buffers.calibrate"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads((BUILD / FLEET / f"round{number}" / "calibrate.json").read_text(encoding="utf-8"))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hosts", type=int, default=20)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--pairs", type=int, default=8)
    options.add_argument("--block-seconds", type=float, default=1)
    options.add_argument("--washout-seconds", type=float, default=0.25)
    given = options.parse_args()
    seconds = given.rounds * (2 * given.pairs * (given.block_seconds + given.washout_seconds) + 60)
    lab("up", "--hosts", "collapsing,healthy," + ",".join(f"healthy{n}" for n in range(2, given.hosts)), "--extra-healthy", str(given.hosts - 2),
        "--seconds", str(seconds))
    judged = Counter()
    try:
        for number in range(given.rounds):
            document = calibrate(given, number)
            for row in document["rows"]:
                judged["improved"] += row["false_improved"]
                judged["regressed"] += row["false_regressed"]
                judged["judged"] += row["throws"]
            judged["trials"] += document["hosts"]
            print(f"round {number + 1}: {dict(judged)}", flush=True)
    finally:
        lab("down")
    print(
        f"{judged['trials']} trials of nothing, {judged['judged']} verdicts on {', '.join(METRICS)}: {judged['improved']} improved,"
        f" {judged['regressed']} regressed, all others unchanged or inconclusive",
    )


if __name__ == "__main__":
    main()
