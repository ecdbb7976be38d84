"""The captures in tests/fixtures are what these kernels print. KERNELS_CAPTURE=1 takes them anew."""
import json
import os

import machine
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS

FIXTURES = machine.ROOT / "tests" / "fixtures"
PROC = ("netstat", "protocols", "snmp", "snmp6", "sockstat", "sockstat6", "softnet_stat")
FILES = (
    *(f"/proc/net/{name}" for name in PROC), "/proc/meminfo", "/proc/sys/kernel/osrelease",
    *("/proc/sys/" + key.replace(".", "/") for key in SYSCTLS),
    "/sys/kernel/tracing/events/skb/kfree_skb/format", "/sys/kernel/tracing/events/ftrace/funcgraph_exit/format",
)
# In one process, so that the counters and nstat belong to the same moment.
READ = """
import json, subprocess
found = {}
for path in FILES:
    try:
        found[path] = open(path).read()
    except OSError:
        pass
environment = {"NSTAT_HISTORY": "/dev/null", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
found["nstat"] = subprocess.run(["nstat", "-az"], stdout=subprocess.PIPE, env=environment).stdout.decode()
print(json.dumps(found))
"""


def fixture_path(folder, path):
    if path == "nstat":
        return folder / "nstat_az.txt"
    return folder / path.replace("/sys/kernel/tracing/", "/tracing/").lstrip("/")


@pytest.fixture(scope="module")
def live(kernel):
    # Some TCP in either family first: a machine that has just booted has not yet counted everything that it can.
    return json.loads(kernel.ssh("python3 -", input=READ.replace("FILES", repr(FILES))))


def names(path, text):
    """What a file's text is made of, without its numbers."""
    if path.endswith(("/netstat", "/snmp")):
        return [line.split() for line in text.splitlines()[::2]]
    if path.endswith(("/snmp6", "/sockstat", "/sockstat6", "nstat")):
        return [[word for word in line.split() if not word.replace(".", "").isdigit()] for line in text.splitlines()]
    if path.endswith("/softnet_stat"):
        return {len(line.split()) for line in text.splitlines()}
    if path.endswith("/format"):
        return [line for line in text.splitlines() if not line.startswith("ID:")]
    return []


def test_the_captures_have_the_shape_of_the_living_kernel(kernel, live):
    folder = FIXTURES / f"linux-{kernel.kernel.release}"
    if os.environ.get("KERNELS_CAPTURE"):
        for path, text in live.items():
            target = fixture_path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    for path, text in live.items():
        target = fixture_path(folder, path)
        assert target.exists() or names(path, text) == [], f"{target} is missing: KERNELS_CAPTURE=1 takes it"
        if target.exists():
            assert names(path, target.read_text(encoding="utf-8")) == names(path, text), path


def test_facts_of_the_living_kernel(kernel):
    counters = kernel.module("socket_counter_facts")["ansible_facts"]["socket_counters"]
    assert counters["identity"]["kernel_release"].startswith(kernel.kernel.release)
    assert counters["identity"]["netns_is_initial"] is True
    assert counters["sockets"]["available"], counters["sockets"]
    sizes = kernel.module("socket_buffer_facts")["ansible_facts"]["socket_buffers"]
    assert sizes["sysctls"]["net.core.rmem_max"]["writable"] is None or sizes["sysctls"]["net.core.rmem_max"]["writable"]
