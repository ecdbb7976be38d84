"""Trials of nothing on the lab's real traffic: how many end improved or regressed, which is false then?

  aa_trials.py [--hosts 20] [--rounds 5] [--pairs 8] [--block-seconds 1] [--washout-seconds 0.25]

Each round is one run of the playbook `calibrate` on that many hosts with ordinary traffic, and on a collapsing one. Arms are by one throw of the coins.
A trial has one verdict, as a real one has: by a metric that is drawn by lot from those that moved. What every metric would have said is printed, too; these
verdicts share their guards and their traffic, so they are wrong together. Exit status 1 where more trials are false than alpha and chance explain.
"""
import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.calibration import FALSE, METRICS
from verdict_errors import Cell

ROOT = Path(os.path.abspath(__file__)).parents[2]
BUILD = Path(os.environ.get("LAB_BUILD") or ROOT / ".build")
FLEET = "aa"
MOST_FALSE = 0.02  # of all trials: each of the two words has alpha, 1 %
PLAYBOOK_SECONDS = 150  # what a round takes beside its blocks, at most: the traffic has to last as long


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


def counted(rows):
    """How many of these verdicts there are, and how many are false."""
    return Counter({"judged": sum(row["throws"] for row in rows), **{word: sum(row[f"false_{word}"] for row in rows) for word in FALSE}})


def one_of_each_host(rows, seed):
    """Of each host that could be judged one row, by lot."""
    lot = random.Random(seed)
    judged = [row for row in rows if row["throws"]]
    return [lot.choice([row for row in judged if row["host"] == host]) for host in dict.fromkeys(row["host"] for row in judged)]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hosts", type=int, default=20)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--pairs", type=int, default=8)
    options.add_argument("--block-seconds", type=float, default=1)
    options.add_argument("--washout-seconds", type=float, default=0.25)
    given = options.parse_args()
    seconds = given.rounds * (2 * given.pairs * (given.block_seconds + given.washout_seconds) + PLAYBOOK_SECONDS)
    lab("up", "--hosts", "collapsing,healthy," + ",".join(f"healthy{n}" for n in range(2, given.hosts)), "--extra-healthy", str(given.hosts - 2),
        "--seconds", str(seconds))
    of_trials, of_all, trials = Counter(), Counter(), 0
    try:
        for number in range(given.rounds):
            document = calibrate(given, number)
            of_all.update(counted(document["rows"]))
            of_trials.update(counted(one_of_each_host(document["rows"], number)))
            trials += document["hosts"]
            if not document["throws"]:
                sys.exit(f"round {number + 1}: nothing could be judged, {document['rows'][0]['note']}")
            print(f"round {number + 1}: {dict(of_trials)}; by every metric: {dict(of_all)}", flush=True)
    finally:
        lab("down")
    print(f"{trials} trials of nothing, by one metric each: {told(of_trials)}\nby each of {', '.join(METRICS)}: {told(of_all)}")
    share = false_share(of_trials)
    print(f"false: {share.text(strict=False)} %, {'within' if share.holds(strict=False) else 'beyond'} {MOST_FALSE:.0%} and chance")
    sys.exit(0 if share.holds(strict=False) else 1)


def false_share(verdicts):
    return Cell(sum(verdicts[word] for word in FALSE), verdicts["judged"], MOST_FALSE)


def told(verdicts):
    return f"{verdicts['improved']} improved, {verdicts['regressed']} regressed, all others of {verdicts['judged']} verdicts unchanged or inconclusive"


if __name__ == "__main__":
    main()
