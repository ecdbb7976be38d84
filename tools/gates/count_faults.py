"""Print the counts of a table of faults: count_faults.py GATE FILE."""
import json
import sys

gate, path = sys.argv[1:]
with open(path, encoding="utf-8") as handle:
    good = [row["good"] for row in json.load(handle)["rows"]]
print(f"{gate}: {sum(good)} passed, {len(good) - sum(good)} failed, 0 skipped")
