"""A fleet with hostile names, of hosts that are all this machine, and the playbooks on it."""
import json
import os
import re
import shutil
import stat
import subprocess
import sys

ANSIBLE_PLAYBOOK = shutil.which("ansible-playbook")
# Runs a module as the real interpreter does, then puts what a hostile host could say wherever a text of the host stands.
LYING_PYTHON = """#!{python}
import json, subprocess, sys

LIE = {lie!r}

done = subprocess.run([{python!r}] + sys.argv[1:], stdout=subprocess.PIPE)
try:
    result = json.loads(done.stdout)
except ValueError:
    result = {{}}
facts = result.get("ansible_facts", {{}}).get("socket_buffers")
if {fails} and facts:
    print(json.dumps({{"failed": True, "msg": LIE, "module_stderr": LIE}}))
elif facts:
    facts["identity"]["kernel_release"] += LIE
    facts["host"]["managers"] = [{{"name": "tuned" + LIE, "active": True, "detail": LIE}}]
    for sysctl in facts["sysctls"].values():
        sysctl["boot_file"], sysctl["boot_value"], sysctl["differs_from_boot"] = "/etc/sysctl.d/" + LIE, LIE, True
    print(json.dumps(result))
elif "window" in result:
    window = result["window"]
    window["identity"]["kernel_release"] += LIE
    window["counters"]["nic_" + LIE + "_rx_dropped"] = [0] * len(window["seconds"])
    window["absent"].append(LIE)
    window["sockets"] = {{"available": False, "reason": LIE}}
    print(json.dumps(result))
else:
    sys.stdout.buffer.write(done.stdout)
sys.exit(done.returncode)
"""


class Fleet:
    """Hosts that are all this machine, below names of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.sentinel = folder / "pwned"
        self.runs = "{{ lookup('ansible.builtin.pipe', 'touch %s') }}" % self.sentinel
        self.lie = f" {self.runs} | <script>\x1b[2J\x9b31m\u202e\nnext line"
        self.names = ["plain", "a/../../b", "line\nend", "a|<script>`x`\x1b[31m", "\u65e5\u672c\u8a9e \u202eevil " + "x" * 200, "failing", "lying"]
        self.groups = {}
        self.hostvars = {name: {"ansible_connection": "local", "ansible_python_interpreter": sys.executable} for name in self.names}

    def name_a_host(self, name):
        self.names.append(name)
        self.hostvars[name] = self.hostvars["plain"]

    def play(self, playbook, *options, **environment):
        """Its end, and all that it printed."""
        for name in ("failing", "lying"):
            python = self._program(f"python-{name}", LYING_PYTHON.format(python=sys.executable, lie=self.lie, fails=name == "failing"))
            self.hostvars[name] = dict(self.hostvars["plain"], ansible_python_interpreter=str(python))
        groups = {"all": {"hosts": self.names}, "_meta": {"hostvars": self.hostvars}, "../g|<b>": {"hosts": ["plain"]}, **self.groups}
        inventory = self._program("inventory", f"#!/bin/sh\nexec cat {self.folder}/inventory.json\n")
        (self.folder / "inventory.json").write_text(json.dumps(groups))
        given = dict(
            socket_buffers_become=False, socket_buffers_window_seconds=1, socket_buffers_interval_seconds=1,
            socket_buffers_state_dir=str(self.folder / "state"), socket_buffers_report_dir=str(self.folder / "reports"),
        )
        environment = dict(
            os.environ, ANSIBLE_FORKS="8", ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="false", ANSIBLE_HOME=str(self.folder / "home"),
            **environment,
        )
        return subprocess.run(
            [ANSIBLE_PLAYBOOK, "-i", str(inventory), f"linuxnet.socket_buffers.{playbook}", "-e", json.dumps(given), *options],
            cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False,
        )

    def _program(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path


def takes_names_for_templates():
    """ansible-core before 2.19 runs a name like any text of the inventory."""
    shown = subprocess.run([ANSIBLE_PLAYBOOK, "--version"], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    major, minor = re.search(r"core (\d+)\.(\d+)", shown).groups()
    return (int(major), int(minor)) < (2, 19)
