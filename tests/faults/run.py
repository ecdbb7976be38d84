"""Inject one fault after the other into a fleet that the real playbook works on, and judge every host after each.

  run.py [--faults NAME,NAME] [--kills 50] [--hosts 6] [--seed 1] [--quick]

Whatever dies, every host has to end with the values it had or with a proven, persisted change: within 10 s of the end of its trial, or
of the death of the trial itself. Exit status 1 where one does not. What was seen is written to .build/faults/faults.json.
"""
import argparse
import json
import os
import random
import signal
import sys
import time

import fleet_under_test
import table
from controller import NeverCame
from faults import FAULTS, QUICK
from fleet_under_test import BUILD, UnderTest
from scene import Scene
from systemd_faults import SYSTEMD

ALL = (*FAULTS, *SYSTEMD)


def play(fault, scene):
    """The row of one fault; what never came about is a problem of its row."""
    print(f"-- {fault.name}: {fault.what}", flush=True)
    began = time.monotonic()
    try:
        with scene.fresh():
            found = table.row(fault.name, fault.play(scene))
    except (NeverCame, fleet_under_test.image.LabError) as error:
        found = table.row(fault.name, [])._replace(problems=[str(error)])
    print(table.text([found]).splitlines()[2], f"({time.monotonic() - began:.0f} s)", flush=True)
    for problem in found.problems:
        print(f"   {problem}", flush=True)
    return found


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


def main():
    given = arguments()
    seed = given.seed or random.SystemRandom().randrange(1, 1 << 31)
    print(f"{given.hosts} hosts, seed {seed}", flush=True)
    os.environ.setdefault("CONTAINERS_CONF", str(BUILD / "containers.conf"))
    (BUILD / "faults" / "faults.json").unlink(missing_ok=True)
    under = UnderTest(given.hosts)
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_what: sys.exit(143))  # the containers go away then, too
    try:
        under.up()
        scene = Scene(under, BUILD / "faults" / "runs", given.kills, seed)
        rows = [play(fault, scene) for fault in given.faults]
    finally:
        under.down()
    print(table.text(rows))
    print(f"{time.monotonic() - began:.0f} s, seed {seed}")
    document = {"hosts": given.hosts, "seed": seed, "rows": [{**row._asdict(), "good": row.good} for row in rows]}
    (BUILD / "faults" / "faults.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if all(row.good for row in rows) else 1)


if __name__ == "__main__":
    main()
