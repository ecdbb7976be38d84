"""A window as tests/fixtures/windows keeps it: what a diagnosis reads, and nothing that belongs to one machine. Pure."""
import json
import re

SIZES = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.core.rmem_max")
STILL = ("protocols_TCP_pressure", "softnet_cpus")
ABSENT = ("MPTcpExtRcvPruned", "protocols_UDP_pressure", "protocols_UDPv6_pressure")
OF_SOCKETS = ("available", "reason", "seconds", "looks", "flows", "born", "closed", "listeners", "retries")
OF_GROUP = ("class", "direction", "flows", "counts", "sums", "quantiles")


def recorded(window):
    """The fixture's text."""
    identity, sockets = window["identity"], window["sockets"]
    rows = {
        "version": window["version"],
        "identity": {
            "boot_id": "00000000-0000-0000-0000-000000000000", "netns": "cookie:1", "netns_is_initial": identity["netns_is_initial"],
            "kernel_release": re.match(r"\d+(\.\d+)*", identity["kernel_release"])[0],
        },
        "interval_seconds": window["interval_seconds"],
        "sizes": _only(window["sizes"], SIZES),
        "seconds": window["seconds"],
        "counters": {name: values for name, values in sorted(window["counters"].items()) if any(values)},
        "gauges": _only(window["gauges"], STILL),
        "still": _only(window["still"], STILL),
        "absent": [name for name in window["absent"] if name in ABSENT],
        "sockets": {**_only(sockets, OF_SOCKETS), "groups": [_only(group, OF_GROUP) for group in sockets["groups"]]},
    }
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {_lines(value)}" for name, value in rows.items()) + "\n}\n"


def _only(values, names):
    return {name: values[name] for name in names if name in values}


def _lines(value):
    """A row of its own for each column and each group."""
    if not isinstance(value, dict) or not any(isinstance(part, list) for part in value.values()):
        return json.dumps(value)
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(part)}" for name, part in value.items()) + "\n}"
