"""One's own workloads, from a YAML file: each row is a workload of the lab with other values, under a name of its own."""
import re
import subprocess
import sys
from pathlib import Path

import pairs
import yaml
from image import LabError
from workloads import WORKLOADS, Felt, changed

TRAFFIC = Path(pairs.__file__).parent / "traffic"
NOT_TO_SET = {"help", "peer", "port", "report", "seconds", "warmup"}  # the benchmark's own
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")  # part of a host's name
SIZES = re.compile(r"\d+ \d+ \d+")
FELT = re.compile(r"(\w+)\.(\w+_(mbit|per_s|ms))")
MORE_IS_BETTER = {"mbit": True, "per_s": True, "ms": False}


class BadRow(ValueError):
    """A row that is no workload; the message names row and key."""


def _number(low, high=3600):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}")
        return float(value)
    return check


def _rounds(value):
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 99:
        raise ValueError("a whole number from 1 to 99")
    return value


def _sizes(value):
    text = " ".join(str(value).split())
    if not SIZES.fullmatch(text):
        raise ValueError("min, default and max in bytes, as '4096 131072 6291456'")
    return text


def _text(value):
    if not isinstance(value, str) or not value:
        raise ValueError("text")
    return value


def _felt(value):
    found = [FELT.fullmatch(str(text)) for text in value] if isinstance(value, list) else []
    if not found or not all(found):
        raise ValueError("a list of PROGRAM.NUMBER with a number that ends with _mbit, _per_s or _ms, as [stream.goodput_mbit]")
    return tuple(Felt(match[1], match[2], MORE_IS_BETTER[match[3]]) for match in found)


VALUES = {
    "tcp_rmem": _sizes, "tcp_wmem": _sizes, "congestion": _text, "felt": _felt, "seconds": _number(1), "warmup": _number(0),
    "block_seconds": _number(0.5), "washout_seconds": _number(0), "traffic_mbit": _number(0, 1e6), "rounds": _rounds,
    "why": _text,
}
KEYS = ("name", "base", "settings", *VALUES)


def lab_pairs():
    """The workloads of the lab, by name."""
    return {name: pairs.Pair(name, *changed(workload, {})) for name, workload in WORKLOADS.items()}


def read(path):
    """The workloads of a file, by name; an error names the file, the row and the key."""
    try:
        with open(path, encoding="utf-8") as file:
            rows = yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LabError(f"{path}: {error}") from None
    try:
        return parsed(rows)
    except BadRow as error:
        raise LabError(f"{path}: {error}") from None


def parsed(rows):
    """{name: pair} of the rows as YAML has them."""
    if not isinstance(rows, list) or not rows:
        raise BadRow("a workloads file is a list of rows, each with a name and a base; see tests/benchmarks/workloads.example.yml")
    found = {}
    for number, row in enumerate(rows, 1):
        where = f"row {number}"
        if not isinstance(row, dict):
            raise BadRow(f"{where}: not a mapping with a name and a base")
        name = row.get("name")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise BadRow(f"{where}: name: {name!r} is not lower-case letters, digits and _, at most 31, a letter first")
        where = f"{where} ({name})"
        if name in found:
            raise BadRow(f"{where}: name: there is one before it")
        found[name] = _pair(where, row)
    return found


def _pair(where, row):
    unknown = sorted(str(key) for key in set(row) - set(KEYS))
    if unknown:
        raise BadRow(f"{where}: {', '.join(unknown)}: no key of a workload; there are {', '.join(KEYS)}")
    base = row.get("base")
    if base not in WORKLOADS:
        raise BadRow(f"{where}: base: {base!r} is none of {', '.join(WORKLOADS)}")
    settings = row.get("settings") or {}
    if not isinstance(settings, dict) or any(isinstance(value, (dict, list, type(None))) for value in settings.values()):
        raise BadRow(f"{where}: settings: not a mapping of names and single values, as {{mbit: 50, stream.flows: 4}}")
    try:
        workload, line_options = changed(WORKLOADS[base], {str(name): str(value) for name, value in settings.items()})
    except ValueError as error:
        raise BadRow(f"{where}: settings: {str(error).removeprefix('--set ')}") from None
    _check_options(where, settings, workload.traffic)
    workload = workload._replace(**_values(where, row))
    missing = sorted({felt.program for felt in workload.felt} - {load.program for load in workload.traffic})
    if missing:
        raise BadRow(f"{where}: felt: {base} does not run {', '.join(missing)}, but {', '.join(load.program for load in workload.traffic)}")
    if workload.warmup >= workload.seconds:
        raise BadRow(f"{where}: warmup: {workload.warmup:g}, not shorter than seconds, {workload.seconds:g}")
    if workload.washout_seconds >= workload.block_seconds:
        raise BadRow(f"{where}: washout_seconds: {workload.washout_seconds:g}, not shorter than block_seconds, {workload.block_seconds:g}")
    return pairs.Pair(row["name"], workload, line_options)


def _check_options(where, settings, traffic):
    """Ask the programs themselves: one that does not start would only be missed when its traffic is."""
    for load in traffic:
        own = {name.partition(".")[2]: value for name, value in settings.items() if name.startswith(f"{load.program}.")}
        if not own:
            continue
        known = sorted(set(re.findall(r"--([a-z][a-z-]*)", _program(load.program, "--help").stdout)) - NOT_TO_SET)
        unknown = sorted(set(own) - set(known))
        if unknown:
            raise BadRow(f"{where}: settings: {load.program}.{unknown[0]}: no option of {load.program}.py; there are {', '.join(known)}")
        said = _program(load.program, *(f"--{name}={value}" for name, value in own.items()), "--help")
        if said.returncode:
            raise BadRow(f"{where}: settings: {load.program}: {said.stderr.strip().splitlines()[-1]}")


def _program(name, *options):
    return subprocess.run([sys.executable, str(TRAFFIC / f"{name}.py"), "receive", *options], capture_output=True, text=True, check=False)


def _values(where, row):
    found = {}
    for key, check in VALUES.items():
        if key in row:
            try:
                found[key] = check(row[key])
            except ValueError as error:
                raise BadRow(f"{where}: {key}: {row[key]!r} is not {error}") from None
    return found
