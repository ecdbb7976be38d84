"""How many times worse than the best choice is each profile? Pure: medians in, ratios out.

A workload's score is the first number that it says is felt. Only profiles that keep 90 % of the best throughput can be the
best choice; a profile that does not keep it is as bad as its score or its throughput, whichever is worse. A profile's
regret is its worst ratio over the workloads. Nothing felt at all is None, and worse than any number.
"""
import math
import statistics

KEPT_THROUGHPUT = 0.9
WORSE_BY = 1.1  # what a number may be worse by chance or without anybody minding


def medians(felt, runs):
    """{(program, name): median} of what is felt; a run in which nothing was felt counts as the worst."""
    return {(row.program, row.name): _median([_value(run, row) for run in runs], row.more_is_better) for row in felt}


def _value(run, row):
    line = run[row.program]
    if row.name not in line:
        raise ValueError(f"{row.program} does not report {row.name}; it has {', '.join(sorted(name for name in line if '_' in name))}")
    return line[row.name]


def _median(values, more_is_better):
    """Of nothing, 0 throughput and an infinite time are what it comes to; None if that is the median, too."""
    nothing = 0.0 if more_is_better else math.inf
    middle = statistics.median(nothing if value is None else value for value in values)
    return middle if 0 < middle < math.inf else None


def worse(value, best, more_is_better):
    """How many times worse than the best a value is; below 1 when it is better. None if it is nothing."""
    if value is None or best is None:
        return None if value is None else 0.0
    return best / value if more_is_better else value / best


def ratios(felt, found):
    """{profile: ratio of 1 and more, or None} on one workload, from {profile: medians}; and the names of the candidates for the best."""
    score, throughputs = felt[0], [row for row in felt if row.more_is_better]
    lost = {name: _worst(_against_best(found, name, row) for row in throughputs) for name in found}
    candidates = [name for name in found if lost[name] is not None and lost[name] <= 1 / KEPT_THROUGHPUT]
    best = _best([found[name][score.program, score.name] for name in candidates], score.more_is_better)
    result = {}
    for name in found:
        own = worse(found[name][score.program, score.name], best, score.more_is_better)
        result[name] = _worst([1.0, own] if name in candidates else [1.0, own, lost[name]])
    return result, candidates


def _against_best(found, name, row):
    key = row.program, row.name
    return worse(found[name][key], _best([values[key] for values in found.values()], row.more_is_better), row.more_is_better)


def _best(values, more_is_better):
    known = [value for value in values if value is not None]
    return (max if more_is_better else min)(known) if known else None


def _worst(values):
    """The largest; None, which is nothing, is worse than all. Of no values: 1, nothing is lost."""
    values = list(values)
    return None if None in values else max(values, default=1.0)


def regrets(by_workload):
    """{profile: (worst ratio or None, workload)} from {workload: {profile: ratio}}; every workload has the same profiles."""
    result = {}
    for name in next(iter(by_workload.values()), {}):
        column = {workload: ratio[name] for workload, ratio in by_workload.items()}
        worst = max(column, key=lambda workload: math.inf if column[workload] is None else column[workload])
        result[name] = column[worst], worst
    return result


def against_start(felt, start_runs, runs):
    """Rows {program, name, start, own, worse, flagged}: each felt number against that of the sizes from before.

    Flagged is what is more than 10 % worse and also worse than every single run of `start`, whose spread is noise.
    """
    before, after = medians(felt, start_runs), medians(felt, runs)
    rows = []
    for row in felt:
        key = row.program, row.name
        times = worse(after[key], before[key], row.more_is_better)
        worst = _worst_of_all([_value(run, row) for run in start_runs], row.more_is_better)
        beyond = times is None or worst is not None and worse(after[key], worst, row.more_is_better) > 1
        rows.append({
            "program": row.program, "name": row.name, "start": before[key], "own": after[key], "worse": times,
            "flagged": (times is None and before[key] is not None) or (times is not None and times > WORSE_BY and beyond),
        })
    return rows


def _worst_of_all(values, more_is_better):
    if None in values:
        return None
    return min(values) if more_is_better else max(values)
