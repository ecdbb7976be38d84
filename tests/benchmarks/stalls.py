"""How the longest stall grows with the maximum of tcp_rmem: the collapsing host of the lab, timed by receive_latency_facts.

  stalls.py [--maxima-mib 6 16 32] [--rounds 5] [--seconds 15] [--picture stalls.svg]

The maxima take turns, so that a slow minute of the machine falls on all of them. Everything runs as a user would run it: the lab's host over
ssh, the module by Ansible. Prints a table, writes a JSON file beside the picture.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

ROOT = Path(os.path.abspath(__file__)).parents[2]
BUILD = Path(os.environ.get("LAB_BUILD") or ROOT / ".build")
FLEET = "stalls"
MIB = 1 << 20


def lab(*arguments):
    subprocess.run([sys.executable, str(ROOT / "tests/lab/lab.py"), *arguments, "--fleet", FLEET], check=True)


def ansible(module, arguments):
    command = ["ansible", "-i", str(BUILD / FLEET / "hosts.yml"), "collapsing", "-m", module, "-a", json.dumps(arguments)]
    text = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    return json.loads(text.partition("=>")[2])


def timed(mib, given):
    ansible("linuxnet.socket_buffers.socket_buffer_tuning", {"values": {"net.ipv4.tcp_rmem": f"4096 131072 {int(mib * MIB)}"}})
    time.sleep(given.settle)
    latency = ansible("linuxnet.socket_buffers.receive_latency_facts", {"duration": given.seconds})["ansible_facts"]["receive_latency"]
    span = next(name for name in ("tcp_collapse", "net_rx_softirq") if latency.get(name, {}).get("available"))
    return dict(latency[span], span=span)


def draw(rows, given):
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    maxima = sorted(rows)
    for mib in maxima:
        left.plot([mib] * len(rows[mib]), [row["max_us"] / 1000 for row in rows[mib]], "o", color="tab:blue", alpha=0.6)
    left.plot(maxima, [longest(rows[mib]) / 1000 for mib in maxima], color="tab:blue", label="median of the rounds")
    left.set(xlabel="maximum of tcp_rmem, MiB", ylabel="longest stall in a round, ms", xticks=maxima, ylim=(0, None), title="The longest stall")
    left.legend()
    for mib in maxima:
        edges = sorted({edge for row in rows[mib] for edge in row["upper_us"]})
        counts = [sum(dict(zip(row["upper_us"], row["counts"])).get(edge, 0) for row in rows[mib]) for edge in edges]
        right.step(edges, counts, where="pre", label=f"{mib:g} MiB")
    right.set(xscale="log", yscale="log", xlabel="duration, us", ylabel="how often", title=f"All of them: {rows[maxima[0]][0]['span']}")
    right.legend()
    figure.savefig(given.picture)


def longest(found):
    return statistics.median(row["max_us"] for row in found)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--maxima-mib", type=float, nargs="+", default=[6, 16, 32])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=15, help="of one round (15)")
    options.add_argument("--settle", type=float, default=6, help="until connections of the value before are over (6)")
    options.add_argument("--upload-bytes", type=int, default=1 << 20, help="of each connection, before its small messages (1 MiB)")
    options.add_argument("--picture", type=Path, default=BUILD / "stalls.svg")
    given = options.parse_args()
    enough = (given.seconds + given.settle + 15) * given.rounds * len(given.maxima_mib)
    lab("up", "--hosts", "collapsing", "--seconds", str(enough), "--upload-bytes", str(given.upload_bytes))
    rows = {mib: [] for mib in given.maxima_mib}
    try:
        for number in range(given.rounds):
            for mib in given.maxima_mib:
                rows[mib].append(timed(mib, given))
                print(f"round {number + 1}: {mib:g} MiB: longest {rows[mib][-1]['max_us'] / 1000:.2f} ms", flush=True)
    finally:
        lab("down")
    print(f"\nmaximum   median longest {rows[given.maxima_mib[0]][0]['span']}   per MiB")
    for mib in sorted(rows):
        print(f"{mib:4g} MiB   {longest(rows[mib]) / 1000:8.2f} ms   {longest(rows[mib]) / 1000 / mib:6.3f} ms")
    draw(rows, given)
    given.picture.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(f"picture: {given.picture}")


if __name__ == "__main__":
    main()
