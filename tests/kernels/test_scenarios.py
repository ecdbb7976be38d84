"""What no container may make its machine suffer: made for real on a machine of its own, measured, and called by its name.

KERNELS_CAPTURE=1 records the windows for tests/fixtures/windows.
"""
import os
import time
from pathlib import Path
from typing import NamedTuple

import machine
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.diagnosis import diagnose
from recorded import recorded

TROUBLE = Path(__file__).with_name("trouble.py")
WINDOWS = machine.ROOT / "tests" / "fixtures" / "windows"
SMALL_BUFFERS = {"net.ipv4.tcp_rmem": "4096 131072 262144"}
WINDOW_SECONDS, WARM_UP_SECONDS = 20, 8
LOAD_SECONDS = 60  # until an emulated machine has taken a window


class Trouble(NamedTuple):
    """What is set, what runs meanwhile (a function of trouble.py), and what it is to be called."""

    scenario: str
    load: str
    sysctls: dict = {}


TROUBLES = (
    Trouble("memory_pressure", "slow_streams", {"net.ipv4.tcp_mem": "64 128 200000"}),
    Trouble("collapsing", "small_messages", SMALL_BUFFERS),
    Trouble("softnet_drops", "streams", {"net.core.netdev_max_backlog": "1"}),
    Trouble("softnet_squeezes", "streams", {"net.core.netdev_budget": "1"}),
    Trouble("udp_memory", "unread_datagrams", {"net.ipv4.udp_mem": "8 16 24"}),
    Trouble("pruning_with_loss", "shrinking_buffers"),
    Trouble("backlog_drops", "starved_reader", SMALL_BUFFERS),
)
# Linux 5.10 does not count what UDP drops for want of memory (MemErrors came with 5.11).
UNCOUNTED = {("5.10", "udp_memory")}


@pytest.fixture
def sysctls(kernel):
    """Sets them, and puts back what was there."""
    originals = {}

    def put(wanted):
        for key, value in wanted.items():
            originals.setdefault(key, kernel.ssh(f"sysctl -n {key}"))
            kernel.ssh(f"sysctl -qw {key}='{value}'")
    yield put
    put(dict(originals))


def loaded(kernel, trouble):
    kernel.ssh("cat > /root/trouble.py", input=TROUBLE.read_text(encoding="utf-8"))
    return kernel.start(f"python3 /root/trouble.py {trouble.load} {LOAD_SECONDS}")


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.scenario)
def test_a_machine_in_trouble(kernel, sysctls, trouble):
    if (kernel.kernel.release, trouble.scenario) in UNCOUNTED:
        pytest.skip(f"Linux {kernel.kernel.release} does not count it")
    sysctls(trouble.sysctls)
    load = loaded(kernel, trouble)
    try:
        time.sleep(WARM_UP_SECONDS)
        window = kernel.module("socket_counter_facts", duration=WINDOW_SECONDS)["window"]
    finally:
        said, _nothing = load.communicate()
    found = [finding["scenario"] for finding in diagnose(window)]
    print(f"\n{trouble.scenario}: {', '.join(found)}")
    if os.environ.get("KERNELS_CAPTURE"):
        (WINDOWS / f"{trouble.scenario}.json").write_text(recorded(window), encoding="utf-8")
    assert trouble.scenario in found, said
    assert load.returncode == 0, said
