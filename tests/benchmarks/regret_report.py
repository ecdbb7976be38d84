"""The result of bench-regret as text and as one document: ratios by workload and profile, and what `auto` did. Pure."""
import regret_auto
import regret_score
from regret_log import finite
from regret_profiles import AUTO, FIXED, START


def document(workloads, all_runs, log, parameters):
    """Every number: {parameters, profiles, workloads: {name: ...}, regrets}, from {workload: {profile: runs}}."""
    found = {}
    for pair in workloads:
        runs, auto = all_runs[pair.name], log.auto(pair.name)
        felt = pair.workload.felt
        medians = {name: regret_score.medians(felt, own) for name, own in runs.items()}
        ratios, candidates = regret_score.ratios(felt, medians)
        found[pair.name] = {
            "why": pair.workload.why,
            "felt": [row._asdict() for row in felt],
            "medians": {name: {f"{program}.{key}": value for (program, key), value in own.items()} for name, own in medians.items()},
            "ratios": ratios,
            "candidates": candidates,
            "runs": runs,
            "auto": {
                **auto, "changes": regret_auto.changes(auto), "rounds": regret_auto.rounds(auto),
                "against_start": regret_score.against_start(felt, runs[START], runs[AUTO]),
            },
        }
    regrets = regret_score.regrets({name: one["ratios"] for name, one in found.items()})
    return finite({
        "parameters": parameters,
        "profiles": {row.name: row._asdict() for row in FIXED},
        "workloads": found,
        "regrets": {name: {"ratio": ratio, "workload": workload} for name, (ratio, workload) in regrets.items()},
    })


def table(result):
    """Workloads as rows, profiles as columns, the worst ratio of each in the last row."""
    names = list(result["regrets"])
    rows = [["", *names]]
    rows += [[workload, *(_ratio(one["ratios"][name]) for name in names)] for workload, one in result["workloads"].items()]
    rows.append(["regret", *(_ratio(result["regrets"][name]["ratio"]) for name in names)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(names) + 1)]
    lines = ["  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]).rstrip() for row in rows]
    rule = "-" * max(len(line) for line in lines)
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def _ratio(value):
    """Three digits, and in full from 100 on; nothing was felt: a dash, which is worse than any number."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 99.5 else f"{value:.3g}" if value >= 9.95 else f"{value:.2f}"


def told(result):
    """What the playbook did on each workload, and whether anybody pays for it."""
    for workload, one in result["workloads"].items():
        auto = one["auto"]
        status = "ended after its time" if auto["status"] is None else f"status {auto['status']}"
        rounds = "no report" if auto["rounds"] is None else f"{auto['rounds']} round{'s' if auto['rounds'] > 1 else ''}"
        yield f"{workload}: {status}, {rounds}, {auto['seconds']:.0f} s"
        for row in (auto["report"] or {}).get("rows", ()):
            if row.get("verdict") or row.get("needs_person"):
                yield f"  {row['host']}: {row['finding'] or '-'}: {row['verdict'] or 'no verdict'}, {row['outcome']}: {row['reason']}"
        for change in auto["changes"]:
            yield f"  {workload}_{change['end']}: {change['key']} {change['old']} -> {change['new']}"
        if not auto["changes"]:
            yield "  nothing changed"
        for row in auto["against_start"]:
            times = "nothing felt" if row["worse"] is None else f"{row['worse']:.2f} x as bad as before"
            flag = "  WORSE THAN BEFORE" if row["flagged"] else ""
            yield f"  {row['program']} {row['name']}: {_value(row['start'])} -> {_value(row['own'])}, {times}{flag}"


def _value(value):
    return "nothing" if value is None else f"{value:.4g}"
