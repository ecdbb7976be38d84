"""Inject one fault after the other into a fleet that the real playbook works on, and judge every host after each.

  run.py [--faults NAME,NAME] [--kills 50] [--hosts 6] [--seed 1] [--quick]

Whatever dies, every host has to end with the values it had or with a proven, persisted change: within 10 s of the end of its trial, or
of the death of the trial itself. Exit status 1 where one does not. What was seen is written to .build/faults.json.
"""
import argparse
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import table
from controller import NeverCame, close_all
from faults import FAULTS, QUICK
from fleet_under_test import BUILD, UnderTest, image
from kills import Shared, kills
from scene import Scene
from systemd_faults import SYSTEMD, SYSTEMD_FLEET

ALL = (*FAULTS, *SYSTEMD)
ENDING = (signal.SIGINT, signal.SIGTERM)
UNDISTURBED = "undisturbed"
FLEET, HELPER = "faults", "faults_2"
REPORT = BUILD / "faults.json"


class Played(NamedTuple):
    """What became of one fault on one fleet; what never came about is a problem of its row."""

    fault: str
    results: list
    problems: list


def play(fault, scene):
    print(f"-- {fault.name}: {fault.what}", flush=True)
    began = time.monotonic()
    try:
        with scene.fresh():
            found = Played(fault.name, fault.play(scene), [])
    except (NeverCame, image.LabError) as error:
        found = Played(fault.name, [], [str(error)])
    row = row_of(fault.name, [found])
    print(table.text([row]).splitlines()[2], f"({time.monotonic() - began:.0f} s)", flush=True)
    for problem in row.problems:
        print(f"   {problem}", flush=True)
    return found


def row_of(name, played):
    """Of all fleets that it was played on together."""
    found = table.row(name, [result for part in played for result in part.results])
    return found._replace(problems=found.problems + [problem for part in played for problem in part.problems])


def rows_of(played):
    names = {part.fault for part in played}
    return [row_of(fault.name, [part for part in played if part.fault == fault.name]) for fault in ALL if fault.name in names]


def arguments():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--faults", help=f"only these, separated by commas: {', '.join(fault.name for fault in ALL)}")
    options.add_argument("--kills", type=int, default=50, help="moments at which the controller is killed (%(default)s)")
    options.add_argument("--hosts", type=int, default=6, help="(%(default)s)")
    options.add_argument("--seed", type=int, help="of those moments (drawn, and printed)")
    options.add_argument("--quick", action="store_true", help=f"only {' and '.join(fault.name for fault in QUICK)}, once each")
    given = options.parse_args()
    wanted = given.faults.split(",") if given.faults else []
    unknown = sorted(set(wanted) - {fault.name for fault in ALL})
    if unknown or given.kills < 1 or given.hosts < 1:
        options.error(f"--faults: unknown: {', '.join(unknown)}" if unknown else "--kills and --hosts want at least 1")
    given.faults = QUICK if given.quick else [fault for fault in ALL if not wanted or fault.name in wanted]
    return given


def lanes(faults):
    """{fleet: its faults}. A second fleet begins with the faults that are shared, as a fleet often waits; the first helps in the end.

    It begins once the undisturbed run is over, which has to prove a change: with two fleets at work that is a matter of luck.
    """
    shared = [fault for fault in faults if fault.shared]
    others = [fault for fault in faults if not fault.shared]
    return {name: given for name, given in ((FLEET, others + shared), (HELPER, shared)) if given}


def play_all(name, faults, given, moments, disturbed):
    under = UnderTest(given.hosts, name)
    try:
        under.up()
        scene = Scene(under, BUILD / name / "runs", moments)
        return [play_in_turn(fault, scene, disturbed) for fault in faults]
    finally:
        disturbed.set()
        under.down()


def play_in_turn(fault, scene, disturbed):
    if fault.name == UNDISTURBED:
        found = play(fault, scene)
        disturbed.set()
        return found
    disturbed.wait()
    return play(fault, scene)


def main():
    given = arguments()
    seed = given.seed or random.SystemRandom().randrange(1, 1 << 31)
    print(f"{given.hosts} hosts, seed {seed}", flush=True)
    os.environ.setdefault("CONTAINERS_CONF", str(BUILD / "containers.conf"))
    for number in ENDING:  # whoever started us in the background had the first ignored, and our runs with us
        signal.signal(number, signal.default_int_handler)
    REPORT.unlink(missing_ok=True)
    image.ensure(BUILD / "containers.conf")
    began = time.monotonic()
    wanted = lanes(given.faults)
    pool, disturbed, moments = ThreadPoolExecutor(len(wanted)), threading.Event(), Shared(kills(given.kills, seed))
    if UNDISTURBED not in [fault.name for fault in given.faults]:
        disturbed.set()
    try:
        played = [pool.submit(play_all, name, faults, given, moments, disturbed) for name, faults in wanted.items()]
        rows = rows_of([part for lane in played for part in lane.result()])
    except BaseException:  # nothing of it outlives us, whatever ends us
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        close_all()
        for name in (*wanted, SYSTEMD_FLEET):
            UnderTest(given.hosts, name).down()
        traceback.print_exc()
        os._exit(1)
    print(table.text(rows))
    print(f"{time.monotonic() - began:.0f} s, seed {seed}")
    document = {"hosts": given.hosts, "seed": seed, "rows": [{**row._asdict(), "good": row.good} for row in rows]}
    REPORT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if all(row.good for row in rows) else 1)


if __name__ == "__main__":
    main()
