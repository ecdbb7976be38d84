"""The picture of bench-regret: how many times worse than the best choice, by workload and profile, on a log axis."""
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402
from regret_profiles import AUTO  # noqa: E402

MARKERS = "ov^s<DP>hX"


def draw(result, path: Path):
    names, workloads = list(result["regrets"]), list(result["workloads"])
    columns = {name: [result["workloads"][workload]["ratios"][name] for workload in workloads] + [result["regrets"][name]["ratio"]] for name in names}
    # Worse than any number: hollow, above all of them.
    nothing = 3 * max(ratio for column in columns.values() for ratio in column if ratio is not None)
    figure, axes = pyplot.subplots(figsize=(max(6.0, 1.1 * (len(workloads) + 1)), 5), layout="constrained")
    for number, (name, ratios) in enumerate(columns.items()):
        # Beside each other within a column, so that equal ratios stay apart.
        places = [place + (number - (len(names) - 1) / 2) * 0.7 / len(names) for place in range(len(ratios))]
        look = {"color": "black", "markersize": 11, "zorder": 3} if name == AUTO else {"markersize": 6, "alpha": 0.8}
        look["marker"] = "*" if name == AUTO else MARKERS[number % len(MARKERS)]
        line, = axes.plot(places, [float("nan") if ratio is None else ratio for ratio in ratios], linestyle="none", label=name, **look)
        silent = [place for place, ratio in zip(places, ratios) if ratio is None]
        axes.plot(silent, [nothing] * len(silent), linestyle="none", **{**look, "color": line.get_color(), "markerfacecolor": "none"})
    for place in range(len(workloads) + 1):
        axes.axvline(place - 0.5, color="0.9", linewidth=0.8)
    axes.axvline(len(workloads) - 0.5, color="0.3", linewidth=1.2)
    axes.axhline(1, color="0.3", linewidth=0.8)
    if any(None in column for column in columns.values()):
        axes.axhline(nothing, color="0.3", linewidth=0.8, linestyle=":")
        axes.text(-0.45, nothing * 1.1, "nothing got through", fontsize="small")
    axes.set(yscale="log", ylabel="times worse than the best choice", xlim=(-0.5, len(workloads) + 0.5))
    axes.set_xticks(range(len(workloads) + 1), [*workloads, "worst of all"], rotation=30, ha="right")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(path)
    pyplot.close(figure)
