"""A copy of the collection whose modules only act: what each host measures and how its trials end is told by a file of the host.

So the main playbook runs as it is, on as many hosts as wanted, without root, traffic or a kernel's cooperation.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLACE = ("ansible_collections", "linuxnet", "socket_buffers")

MODULE = '''#!/usr/bin/python
import json, os, random, time
from ansible.module_utils import basic
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.flow_measures import MEASURES
KEYS = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
NOTED = ("state", "values", "design", "restart_services", "pairs")


def play(module, part):
    """What the host is told to be, and a note of what was asked of it."""
    folder = module.params["state_dir"]
    with open(os.path.join(folder, "asked"), "a") as asked:
        asked.write(json.dumps(dict(part=part, **{name: module.params[name] for name in NOTED})) + "\\n")
    with open(os.path.join(folder, "part.json")) as told:
        return json.load(told)


def still_runs(module, told):
    return told.get("runs") and not os.path.exists(module.params["state_dir"] + "/looked")


def identity(told):
    return {"boot_id": "b", "netns": "n", "netns_is_initial": "children" in told, "kernel_release": "6.1.0"}


def socket_buffer_facts(module):
    told = play(module, "facts")
    # While a trial runs its candidate may be in force.
    sizes = {"min": 4096, "default": 131072, "max": 8 << 20 if still_runs(module, told) else told.get("max", 4 << 20)}
    row = {"present": True, "writable": True, "boot_file": None, "unit": "bytes", "value": " ".join(map(str, sizes.values()))}
    host = {"ram_bytes": told.get("ram", 64 << 30), "page_size_bytes": 4096, "link_mbps": None, "managers": [],
            "has_state_dir": bool(told.get("left"))}
    return {"ansible_facts": {"socket_buffers": {
        "version": 1, "identity": identity(told), "host": host, "tcp_rmem": sizes, "tcp_wmem": sizes,
        "sysctls": dict.fromkeys(KEYS, row)}}}


def socket_counter_facts(module):
    # It needs no folder of its own, so where it runs tells which host it is.
    folder, host = os.path.split(module._remote_tmp)
    with open(os.path.join(os.path.dirname(folder), "hosts", host, "part.json")) as part:
        told = json.load(part)
    moved = {"TcpInSegs": [5000] * 5, "TcpExtRcvPruned": [0 if told.get("calm") else 30] * 5,
             "TcpExtTCPRcvCollapsed": [20000 if told.get("collapses") else 0] * 5, "TcpExtPruneCalled": [8 if told.get("collapses") else 0] * 5,
             "IpExtInOctets": [5000000] * 5}
    # Connections that were there before: whatever comes is for them.
    old = {"class": "bulk", "direction": "inbound", "flows": 4, "counts": {}, "sums": {"old_bytes_in": 5 * 5000000}, "quantiles": {}}
    # Whose send buffers would not follow a lower maximum.
    full = {"class": "bulk", "direction": "outbound", "flows": 4, "counts": {"path_queue_bloated": 4, "sndbuf_stays": 4}, "sums": {},
            "quantiles": {"bdp_bytes": {"max": 100000}}}
    groups = [group for group, name in ((old, "old"), (full, "bloated")) if told.get(name)]
    sockets = {"available": True, "reason": None, "groups": groups, "listeners": {}, "seconds": 5.0} if groups else None
    return {"window": {
        "version": 1, "identity": identity(told), "seconds": [1.0] * 5,
        "counters": moved, "gauges": {}, "still": {}, "absent": [], "sizes": {}, "sockets": sockets}}


def receive_latency_facts(module):
    module.fail_json(msg="Missing sudo password")


def socket_buffer_trial(module):
    told = play(module, "trial")
    kept = module.params["state_dir"] + ".left"
    if module.params["state"] == "collected" and still_runs(module, told):
        open(module.params["state_dir"] + "/looked", "w").close()
        running = {"owner": json.load(open(kept))["owner"], "seconds_left": 0.1}
        return {"running": running, "results": [], "damaged": [], "recovered": None}
    if module.params["state"] == "collected":
        results = [json.load(open(kept))] if told.get("left") else []
        for plan in (result["context"].get("plan") for result in results):
            if plan:  # else it was recorded beside another host
                plan["wave"]["number"] = told.get("wave", 1)
        running = {"owner": None} if os.path.exists(kept + ".late") else None
        return {"running": running, "results": results, "damaged": [], "recovered": None, "child_namespaces": told.get("children")}
    if module.params["state"] == "discarded":
        return {}
    if told.get("end") == "refused":
        module.fail_json(msg="somebody else is at it")
    if told.get("end") == "killed_all":
        os.kill(os.getppid(), 9)  # who would write down that the job ended
    if told.get("end") in ("killed", "killed_all"):
        os.kill(os.getpid(), 9)
    if told.get("late"):
        open(kept + ".late", "w").close()
        time.sleep(told["late"])
        os.remove(kept + ".late")
    pairs, source = module.params["pairs"], random.Random(module.params["state_dir"])
    design = module.params["design"]
    step = design != "pairs"
    arms = [arm for _pair in range(pairs) for arm in source.sample("AB", 2)]
    if step:
        first = source.randrange(-(-2 * pairs // 5), 2 * pairs - -(-2 * pairs // 5) + 1)
        before, after = "AB" if design == "step" else "BA"
        arms = [before] * first + [after] * (2 * pairs - first)
    factor = told.get("factor", 1) if module.params["values"] else 1
    drops = [round(3000 * (factor if arm == "B" else 1) * source.uniform(0.9, 1.1)) for arm in arms]
    columns = dict({measure.name: [1000.0] * len(arms) for measure in MEASURES}, flows_bulk_rtt_us=[100.0 * drop for drop in drops])
    result = {"id": "0123456789abcdef", "owner": module.params["owner"], "context": module.params["context"], "trial": {
        "version": 1, "status": "aborted" if told.get("end") == "aborted" else "complete", "reason": told.get("end"), "pairs": pairs,
        "seed": module.params["seed"] or source.randrange(1, 99), "block_seconds": 15.0, "washout_seconds": 0.0,
        "began_epoch_seconds": float(module.params["start_at"] or 1.0), "design": design, "candidate": module.params["values"] or {},
        "restarted": {name: {"times": 2, "active": True, "reason": None} for name in module.params["restart_services"] or []},
        "blocks": {"pair": [at if step else at // 2 for at in range(2 * pairs)], "arm": arms, "started": [15.0 * at for at in range(2 * pairs)]},
        "seconds": [15.0] * (2 * pairs), "gauges": {}, "absent": [],
        "flows": {"available": True, "reason": None, "columns": columns}, "stalls": {"available": False, "reason": "acted", "skipped": []},
        "counters": {"TcpInSegs": [75000] * (2 * pairs), "TcpExtRcvPruned": drops}, "restored": {}, "residual": None}}
    if told.get("end") == "lost" and not module.params["values"]:
        module.fail_json(msg="nothing came of it")
    with open(kept, "w") as left:
        json.dump(result, left)
    return result


def socket_buffer_tuning(module):
    play(module, "tuning")
    values = module.params["values"] or {}
    changes = [{"key": key, "old": "x", "new": new} for key, new in values.items()]
    undone = {"started": "noon", "earlier": False} if module.params["state"] == "previous" else None
    return {"changed": True, "changes": changes, "left": [], "dropin": {}, "undone": undone}


def main():
    # Whatever a role asks for is understood.
    given = {name for name in basic._load_params() if not name.startswith("_ansible_")} | {
        "values", "state", "state_dir", "pairs", "seed", "owner", "context", "design", "start_at", "restart_services"}
    kinds = {"pairs": "int", "seed": "int", "values": "dict", "context": "dict", "restart_services": "list"}
    module = basic.AnsibleModule(argument_spec={name: {"type": kinds.get(name, "raw")} for name in given}, supports_check_mode=True)
    module.exit_json(**{"changed": False, **THIS(module)})


main()
'''
MODULES = ("socket_buffer_facts", "socket_counter_facts", "receive_latency_facts", "socket_buffer_trial", "socket_buffer_tuning")


# Hosts that act need no time.
QUICK = (
    ("_variables.py", "LEAST_STEP_SECONDS = 600", "LEAST_STEP_SECONDS = 1"), ("_run_time.py", "LEAD_SECONDS = 60", "LEAD_SECONDS = 1"),
    ("_run_time.py", "LEAST_BACK_SECONDS = 3.0", "LEAST_BACK_SECONDS = 0.05"),
)


class Fleet:
    """Hosts that act, and the main playbook on them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        tree = self.folder.joinpath(*PLACE)
        for part in ("plugins", "roles", "playbooks", "meta"):
            shutil.copytree(ROOT / part, tree / part)
        shutil.copy(ROOT / "galaxy.yml", tree)
        for name, long, short in QUICK:
            path = tree / "plugins" / "plugin_utils" / name
            text = path.read_text(encoding="utf-8")
            assert long in text
            path.write_text(text.replace(long, short), encoding="utf-8")
        for name in MODULES:
            (tree / "plugins" / "modules" / f"{name}.py").write_text(MODULE.replace("THIS", name), encoding="utf-8")

    def run(self, hosts, variables, *arguments):
        """`hosts` is {name: part}; returns the JSON report, and what was printed."""
        for folder in self.folder.glob("hosts/*/"):
            shutil.rmtree(folder)
        inventory = {"all": {"hosts": {}, "vars": {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "socket_buffers_become": False,
            "socket_buffers_state_dir": f"{self.folder}/hosts/{{{{ inventory_hostname }}}}", "socket_buffers_report_dir": str(self.folder),
            "ansible_remote_tmp": f"{self.folder}/tmp/{{{{ inventory_hostname }}}}", "ansible_async_dir": f"{self.folder}/async",
            "socket_buffers_window_seconds": 1, "socket_buffers_pairs": 8, "socket_buffers_block_seconds": 0.5, "socket_buffers_washout_seconds": 0,
            "socket_buffers_extend": False, "socket_buffers_rounds": 1, **variables,
        }}}
        for name, part in hosts.items():
            (self.folder / "hosts" / name).mkdir(parents=True)
            (self.folder / "hosts" / name / "part.json").write_text(json.dumps(part), encoding="utf-8")
            inventory["all"]["hosts"][name] = part.get("variables", {})
        (self.folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        (self.folder / "measure_tune_verify.json").unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", self.folder / "hosts.json", "linuxnet.socket_buffers.measure_tune_verify", *arguments],
            env=self._environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )
        return json.loads((self.folder / "measure_tune_verify.json").read_text(encoding="utf-8")), done.stdout

    def asked(self, host, part):
        """What the modules of a host were asked for, in order."""
        path = self.folder / "hosts" / host / "asked"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [row for row in map(json.loads, lines) if row["part"] == part]

    def _environment(self):
        return dict(
            os.environ, ANSIBLE_COLLECTIONS_PATH=str(self.folder), ANSIBLE_HOME=str(self.folder / "home"), ANSIBLE_FORKS="10",
            ANSIBLE_LOCALHOST_WARNING="false", ANSIBLE_PYTHON_INTERPRETER=sys.executable, ANSIBLE_NOCOLOR="1", PYTHONPATH="",
        )
