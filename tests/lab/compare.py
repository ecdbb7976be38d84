"""Profiles of buffer sizes against each other on a workload: rounds in changing order, medians of what the application feels.

  compare.py bulk start 'large:tcp_wmem=4096 16384 33554432' 'far only:far.tcp_rmem=4096 131072 67108864'

A profile is NAME or NAME:KEY=VALUE[;KEY=VALUE...]; a key is below net.ipv4 and for both hosts, or near.KEY or far.KEY.
What a profile does not name has the workload's value.
"""
import argparse
import json
import os
import statistics
import sys
import time

import image
import pairs
from fleet import Fleet
from lab import BUILD, setting
from workloads import TCP_RMEM, TCP_WMEM, WORKLOADS

# The other ends of the programs end by then, and what is still on the line has its answer.
END_MARGIN_SECONDS = 1
NO_LIMIT = "4294967295"  # tcp_notsent_lowat as kernels start with it


def profile(text):
    """(name, {near: sysctls, far: sysctls})."""
    name, _colon, values = text.partition(":")
    found = {pairs.NEAR: {}, pairs.FAR: {}}
    for part in filter(None, values.split(";")):
        key, value = setting(part)
        end, dot, rest = key.partition(".")
        if not dot:
            end, rest = None, key
        elif end not in found:
            raise argparse.ArgumentTypeError(f"{key}: neither near. nor far.")
        for one in found if end is None else (end,):
            found[one][f"net.ipv4.{rest}"] = value
    return name, found


def start_sizes(workload):
    """What each profile is over: the workload's own sizes."""
    return {"net.ipv4.tcp_rmem": workload.tcp_rmem, "net.ipv4.tcp_wmem": workload.tcp_wmem, "net.ipv4.tcp_notsent_lowat": NO_LIMIT}


def measure(fleet, pair, values, seconds, warmup):
    """What the programs felt in all, of one run on new connections."""
    base = start_sizes(pair.workload)
    for end in (pairs.NEAR, pairs.FAR):
        fleet.write_sysctls(pair.host(end), {**base, **values[end]})
    begin = time.time()
    pairs.start_traffic(fleet, pair, seconds, warmup=warmup)
    deadline = time.monotonic() + 2 * seconds + 30
    while time.monotonic() < deadline:
        time.sleep(0.5)
        felt = pairs.felt(fleet.directory, pair.name, since=begin)
        if len(felt) == len(pair.workload.traffic) and all(line.get("total") for line in felt.values()):
            time.sleep(END_MARGIN_SECONDS + pair.workload.line.drain_seconds())
            return felt
    raise image.LabError(f"{pair.name}: no total from every program after {seconds:g} s")


def table(workload, order, runs):
    """Rows of text: the workload's own number first, then what else was felt."""
    program, value, more = workload.felt[0]
    own = {name: [felt[program][value] for felt in runs[name]] for name in order}
    first = _median(own[order[0]])
    yield f"{program} {value}, {'more' if more else 'less'} is better"
    for name in order:
        middle = _median(own[name])
        ratio = f"{middle / first:6.2f} x" if middle is not None and first else "      -"
        others = " ".join(
            f"{other}={_median([felt[source].get(other) for felt in runs[name]])}"
            for source, line in sorted(runs[name][0].items()) for other in line
            if other.endswith(("_mbit", "_ms", "_per_s")) and (source, other) != (program, value)
        )
        yield f"  {name:14} {middle!s:>9} {ratio}  {own[name]}  {others}"


def _median(values):
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 3) if known else None


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("workload", choices=WORKLOADS)
    options.add_argument("profile", nargs="+", type=profile)
    options.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    options.add_argument("--seconds", type=float, help="of each run (the workload's)")
    options.add_argument("--warmup", type=float, help="seconds of each run that do not count (the workload's)")
    options.add_argument("--set", type=setting, action="append", default=[], metavar="NAME=VALUE", help="as for lab.py up")
    options.add_argument("--fleet", default="compare", help="name of the fleet, which is made anew and removed (%(default)s)")
    options.add_argument("--json", help="append all that was felt to this file")
    given = options.parse_args()
    os.environ.setdefault("CONTAINERS_CONF", str(BUILD / "containers.conf"))
    fleet = Fleet(given.fleet, BUILD / given.fleet)
    profiles = dict(given.profile)
    runs = {name: [] for name in profiles}
    try:
        pair = pairs.wanted([given.workload], 1, dict(given.set))[0]
        seconds = pair.workload.seconds if given.seconds is None else given.seconds
        warmup = pair.workload.warmup if given.warmup is None else given.warmup
        fleet.up(image.ensure(BUILD / "containers.conf"), pairs.hosts([pair], fleet.directory), TCP_RMEM, TCP_WMEM)
        try:
            pairs.join(fleet, [pair])
            for turn in range(given.rounds):
                for name in list(profiles)[::-1 if turn % 2 else 1]:
                    felt = measure(fleet, pair, profiles[name], seconds, warmup)
                    runs[name].append(felt)
                    if given.json:
                        with open(given.json, "a", encoding="utf-8") as log:
                            log.write(json.dumps({"workload": pair.name, "set": given.set, "profile": name, "felt": felt}) + "\n")
        finally:
            fleet.down()
    except image.LabError as error:
        sys.exit(f"compare: {error}")
    print(f"{given.workload}: {pair.workload.line}, {given.rounds} rounds of {seconds:g} s")
    print("\n".join(table(pair.workload, list(profiles), runs)))


if __name__ == "__main__":
    main()
