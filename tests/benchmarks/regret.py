"""How much worse than the best choice is each fixed profile of buffer sizes, and what the playbook finds (`auto`), on each workload of the lab?

  regret.py [--workloads bulk,bloat] [--rounds 5] [--resume] [--workloads-file FILE]

For each workload the playbook runs on both hosts while the traffic does, and what they hold then is the profile `auto`. All profiles
are then measured in turn on fresh hosts, each run on new connections. Prints a table of ratios, writes JSON and a picture. docs/regret.md.
"""
import argparse
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(os.path.abspath(__file__)).parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))

import compare  # noqa: E402
import image  # noqa: E402
import pairs  # noqa: E402
import regret_auto  # noqa: E402
import regret_report  # noqa: E402
import regret_score  # noqa: E402
import regret_workloads  # noqa: E402
from fleet import Fleet  # noqa: E402
from regret_log import Differs, Log  # noqa: E402
from regret_profiles import AUTO, ENDS, FIXED, START, fixed, grouped  # noqa: E402
from workloads import TCP_RMEM, TCP_WMEM  # noqa: E402

BUILD = Path(os.environ.get("LAB_BUILD") or ROOT / ".build")
# What takes so little of the machine may run beside its like.
LIGHT_MBIT = 100
RUN_OVERHEAD_SECONDS = 2.5
PLAYBOOK_OVERHEAD_SECONDS = 40


class Interrupted(Exception):
    """Somebody wants to end this."""


def groups_of(pair, log, given):
    """All profiles of a workload, those of equal values together: [(names, values)]."""
    wanted = {name: values for name, values in fixed(pair.workload).items() if name == START or not given.profiles or name in given.profiles}
    wanted[AUTO] = {end: log.auto(pair.name)["after"][end] for end in ENDS}
    return grouped(wanted, compare.start_sizes(pair.workload))


def rounds_of(workload, given):
    return given.rounds or workload.rounds


def runs_of(pair, log, given):
    """{profile: what each of its runs felt}, in the order of the table; None when some are missing."""
    if log.auto(pair.name) is None:
        return None
    found = {name: log.runs(pair.name, values) for names, values in groups_of(pair, log, given) for name in names}
    if min(map(len, found.values())) < rounds_of(pair.workload, given):
        return None
    return {name: found[name] for name in (*fixed(pair.workload), AUTO) if name in found}


def fresh(fleet, pair, given):
    fleet.up(given.image, pairs.hosts([pair], fleet.directory), TCP_RMEM, TCP_WMEM)
    pairs.join(fleet, [pair])


def measure(pair, log, given):
    """All that is missing of a workload; how many seconds it took."""
    begin = time.monotonic()
    fleet = Fleet(f"regret-{pair.name}", given.directory / pair.name)
    try:
        if log.auto(pair.name) is None:
            fresh(fleet, pair, given)
            auto = regret_auto.tuned(fleet, pair, given)
            if given.stop.is_set():
                raise Interrupted
            log.add("auto", pair.name, **auto)
            say(pair, f"playbook: status {auto['status']}, {auto['seconds']:.0f} s, {len(regret_auto.changes(auto))} changes", begin)
        groups = groups_of(pair, log, given)
        missing = [
            (number, names, values) for number in range(rounds_of(pair.workload, given))
            for names, values in groups[::-1 if number % 2 else 1] if not log.has_run(pair.name, number, values)
        ]
        if missing:
            fresh(fleet, pair, given)
        for number, names, values in missing:
            if given.stop.is_set():
                raise Interrupted
            felt = compare.measure(fleet, pair, values, pair.workload.seconds, pair.workload.warmup)
            medians = regret_score.medians(pair.workload.felt, [felt])
            log.add("run", pair.name, round=number, profiles=list(names), values=values, felt=felt)
            say(pair, f"round {number + 1} {'='.join(names)}: " + " ".join(f"{name}={value}" for (_program, name), value in medians.items()), begin)
    finally:
        fleet.down()
    return time.monotonic() - begin


def say(pair, text, begin):
    print(f"{pair.name} {time.monotonic() - begin:.0f} s: {text}", flush=True)


def batches(workloads, together):
    """What fills the machine runs alone; the others beside each other, the longest first."""
    light = [pair for pair in workloads if pair.workload.load_mbit <= LIGHT_MBIT and together > 1]
    alone = [[pair] for pair in workloads if pair not in light]
    return alone + ([sorted(light, key=lambda pair: -pair.workload.seconds)] if light else [])


def estimate(workload, given):
    """About how many seconds a workload takes when the playbook tries something in one round."""
    told = regret_auto.variables(workload, given)
    trial = 2 * told["socket_buffers_pairs"] * (told["socket_buffers_block_seconds"] + told["socket_buffers_washout_seconds"])
    playbook = PLAYBOOK_OVERHEAD_SECONDS + told["socket_buffers_window_seconds"] + trial + given.settle
    groups = len(given.profiles or FIXED) + 1
    return playbook + rounds_of(workload, given) * groups * (workload.seconds + workload.line.drain_seconds() + RUN_OVERHEAD_SECONDS)


def measured(workloads, log, given):
    """Measure all; {workload: reason} of those that could not be."""
    failed = {}
    for batch in batches(workloads, given.together):
        with ThreadPoolExecutor(given.together) as pool:
            futures = {pair.name: pool.submit(measure, pair, log, given) for pair in batch}
            try:
                for name, future in futures.items():
                    try:
                        print(f"{name}: {future.result():.0f} s", flush=True)
                    except (image.LabError, OSError, ValueError) as error:
                        failed[name] = str(error)
                        print(f"{name}: {error}", file=sys.stderr, flush=True)
            except KeyboardInterrupt:
                given.stop.set()
                raise
    return failed


def arguments():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workloads", type=names, help="only these, separated by commas (all)")
    options.add_argument("--workloads-file", default=os.environ.get("BENCH_WORKLOADS") or None, help="YAML, instead of the lab's ($BENCH_WORKLOADS)")
    options.add_argument("--profiles", type=names, help=f"only these of {', '.join(row.name for row in FIXED)}, beside {START} and {AUTO} (all)")
    options.add_argument("--rounds", type=int, help="measurements of each profile; their medians count (as the workload has it, 3 or more)")
    options.add_argument("--together", type=int, default=5, help=f"this many workloads of at most {LIGHT_MBIT} Mb/s at the same time (%(default)s)")
    options.add_argument("--resume", action="store_true", help="go on from what is in the folder; without it that is put aside")
    options.add_argument("--again", action="store_true", help="with --resume: measure these workloads anew, and keep the others")
    options.add_argument("--folder", type=Path, default=BUILD / "regret", help="of results, picture, reports (%(default)s)")
    playbook = options.add_argument_group("the playbook")
    playbook.add_argument("--pairs", type=int, default=8, help="(%(default)s)")
    playbook.add_argument("--block-seconds", type=float, help="(what fits the workload)")
    playbook.add_argument("--washout-seconds", type=float, help="(what fits the workload)")
    playbook.add_argument("--window-seconds", type=float, default=10, help="(%(default)s)")
    playbook.add_argument("--latency-seconds", type=float, default=5, help="(%(default)s)")
    playbook.add_argument("--playbook-rounds", type=int, default=5, help="as far as the collection has rounds (%(default)s)")
    playbook.add_argument("--forks", type=int, default=10, help="(%(default)s)")
    playbook.add_argument("--variables", type=json.loads, default={}, metavar="JSON", help="more variables for it")
    playbook.add_argument("--settle", type=float, default=10, help="seconds of traffic before it starts (%(default)s)")
    playbook.add_argument("--most-playbook-seconds", type=float, default=1800, help="it is ended then (%(default)s)")
    return options.parse_args()


def names(text):
    return [name for name in text.split(",") if name]


def chosen(given):
    """The pairs of the command line; LabError names what there is not."""
    known = regret_workloads.read(given.workloads_file) if given.workloads_file else regret_workloads.lab_pairs()
    for option, wanted, there in (("--workloads", given.workloads, known), ("--profiles", given.profiles, [row.name for row in FIXED])):
        unknown = sorted(set(wanted or ()) - set(there))
        if unknown:
            raise image.LabError(f"{option}: {', '.join(unknown)} is none of {', '.join(there)}")
    return [pair for name, pair in known.items() if not given.workloads or name in given.workloads]


def opened(workloads, given):
    """The log to go on with. Without --resume an earlier one is put aside, never lost."""
    path = given.folder / "results.jsonl"
    given.folder.mkdir(parents=True, exist_ok=True)
    if path.exists() and not given.resume:
        path.rename(path.with_name(time.strftime("results-%Y%m%d-%H%M%S.jsonl", time.localtime(path.stat().st_mtime))))
    log = Log(path)
    for pair in workloads:
        workload = pair.workload
        log.begin(pair.name, {
            **{name: getattr(workload, name) for name in ("tcp_rmem", "tcp_wmem", "congestion", "seconds", "warmup")},
            "line": {**workload.line._asdict(), **pair.line_options}, "traffic": {load.program: load.options for load in workload.traffic},
        }, again=given.again)
    return log


def finish(workloads, log, given):
    """Table, JSON and picture of those workloads whose rounds are all there."""
    import regret_picture  # matplotlib: only here, so that a machine without it can measure
    runs = {pair.name: found for pair in workloads if (found := runs_of(pair, log, given))}
    if not runs:
        return
    parameters = {name: value for name, value in vars(given).items() if isinstance(value, (str, int, float, list, dict, type(None)))}
    system = os.uname()
    result = regret_report.document([pair for pair in workloads if pair.name in runs], runs, log, {
        **parameters, "generated": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "kernel": system.release, "machine": system.machine, "cpus": os.cpu_count(),
    })
    (given.folder / "regret.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    regret_picture.draw(result, given.folder / "regret.svg")
    print("\nWhat the playbook did:\n" + "\n".join(regret_report.told(result)))
    print(f"\nTimes worse than the best choice, medians of the rounds:\n{regret_report.table(result)}")
    print(f"\npicture: {given.folder / 'regret.svg'}, all numbers: {given.folder / 'regret.json'}")


def interrupt(_signal, _frame):
    raise KeyboardInterrupt


def main():
    given = arguments()
    signal.signal(signal.SIGTERM, interrupt)
    given.directory, given.stop = given.folder / "fleets", threading.Event()
    failed = {}
    try:
        workloads = chosen(given)
        log = opened(workloads, given)
        missing = [pair for pair in workloads if runs_of(pair, log, given) is None]
        if missing:
            given.image = image.ensure(BUILD / "containers.conf")
            times = [(max(estimate(pair.workload, given) for pair in batch), batch) for batch in batches(missing, given.together)]
            print(f"about {sum(seconds for seconds, _batch in times) / 60:.0f} min if nothing of it is there yet and one trial is made on each:", "; ".join(
                f"{seconds:.0f} s {', '.join(pair.name for pair in batch)}" for seconds, batch in times
            ), flush=True)
            failed = measured(missing, log, given)
    except (image.LabError, Differs) as error:
        sys.exit(f"regret: {error}")
    except KeyboardInterrupt:
        sys.exit("regret: interrupted; --resume goes on from here")
    finish(workloads, log, given)
    if failed:
        sys.exit(f"regret: not measured: {', '.join(failed)}; --resume tries them again")


if __name__ == "__main__":
    main()
