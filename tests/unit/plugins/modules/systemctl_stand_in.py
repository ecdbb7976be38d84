"""A stand-in for systemctl, for hosts without a systemd: knows the units of a file beside it, and notes what it is asked to (re)start.

A unit is what systemd would print of it, and beside that: `needs_rmem_max`, without which it does not start, and `seconds`, which a
restart takes.
"""
import json
import os
import stat
import sys
import time

UNITS, NOTES = "units.json", "restarts"
SINCE = "ActiveEnterTimestampMonotonic"
ACTIVE = {"LoadState": "loaded", "ActiveState": "active", "Result": "success", "CanStart": "yes", "CanStop": "yes", SINCE: "1"}
FAILED = {"ActiveState": "failed", "Result": "exit-code"}
UNKNOWN = dict(ACTIVE, LoadState="not-found", ActiveState="inactive")


def installed(private_host, **units):
    """In a folder of that host, with these units; the folder is to stand first in PATH."""
    folder = private_host.folder + "/bin"
    private_host.call(_install, folder, {name.replace("_", "."): dict(ACTIVE, **unit) for name, unit in units.items()})
    return folder


def _install(folder, units):
    os.makedirs(folder, exist_ok=True)
    with open(__file__, encoding="utf-8") as source, open(f"{folder}/systemctl", "w", encoding="utf-8") as program:
        program.write(f"#!{sys.executable}\n{source.read()}")
        os.fchmod(program.fileno(), stat.S_IRWXU)
    _write(f"{folder}/{UNITS}", units)


def _write(path, units):
    with open(path + ".new", "w", encoding="utf-8") as handle:
        json.dump(units, handle)
    os.replace(path + ".new", path)


def _restart(folder, units, name):
    with open("/proc/sys/net/ipv4/tcp_rmem", encoding="ascii") as sysctl, open(f"{folder}/{NOTES}", "a", encoding="utf-8") as notes:
        rmem_max = sysctl.read().split()[2]
        notes.write(f"{name} {rmem_max}\n")
    unit = units[name]
    time.sleep(unit.get("seconds", 0))
    failed = unit.get("needs_rmem_max", rmem_max) != rmem_max
    unit.update(FAILED if failed else dict(ACTIVE, **{SINCE: time.monotonic_ns()}))
    _write(f"{folder}/{UNITS}", units)
    return failed


def main(verb, *words):
    folder = os.path.dirname(os.path.abspath(__file__))
    names = words[words.index("--") + 1:]
    with open(f"{folder}/{UNITS}", encoding="utf-8") as handle:
        units = json.load(handle)
    if verb == "show":
        print("\n\n".join("\n".join(f"{key}={value}" for key, value in units.get(name, UNKNOWN).items()) for name in names))
        return 0
    if verb == "stop":
        for name in names:
            units[name]["ActiveState"] = "inactive"
        _write(f"{folder}/{UNITS}", units)
        return 0
    failed = [name for name in names if _restart(folder, units, name)]
    for name in failed:
        print(f"Job for {name} failed (says the stand-in).", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
