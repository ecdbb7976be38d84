"""What containers cannot show: net.core.*, a real boot after a change, and a reboot in the middle of a trial."""
import pytest
from machine import await_until

CORE = {
    "net.core.rmem_max": "8388608", "net.core.wmem_max": "8388608", "net.core.rmem_default": "262144", "net.core.wmem_default": "262144",
}
RMEM = "net.ipv4.tcp_rmem"
DROPIN = "/etc/sysctl.d/"


def values(kernel, keys):
    return {key: kernel.ssh("cat /proc/sys/" + key.replace(".", "/")).replace("\t", " ") for key in keys}


@pytest.fixture
def originals(kernel):
    kernel.ssh(f"sysctl -qw net.ipv4.tcp_rmem='{kernel.boot_rmem}'")  # the load of other tests wants another one
    return values(kernel, [*CORE, RMEM])


def test_core_limits_persist_over_a_boot_and_come_back(kernel, originals):
    wanted = {**CORE, RMEM: "4096 131072 16777216"}
    assert all(originals[key] != wanted[key] for key in wanted)
    files = kernel.ssh(f"ls {DROPIN}")

    made = kernel.module("socket_buffer_tuning", values=wanted)
    assert made["changed"] and values(kernel, wanted) == wanted
    assert not kernel.module("socket_buffer_tuning", values=wanted)["changed"]

    kernel.reboot()
    assert values(kernel, wanted) == wanted
    assert not kernel.module("socket_buffer_tuning", values=wanted)["changed"]

    assert kernel.module("socket_buffer_tuning", state="absent")["changed"]
    assert values(kernel, wanted) == originals and kernel.ssh(f"ls {DROPIN}") == files

    kernel.reboot()
    assert values(kernel, wanted) == originals


def test_a_reboot_in_a_trial_is_a_revert(kernel, originals):
    module = kernel.start_module("socket_buffer_trial", values={"net.core.rmem_max": "16777216"}, pairs=20, block_seconds=60, washout_seconds=1)
    await_until(lambda: values(kernel, ["net.core.rmem_max"])["net.core.rmem_max"] == "16777216", 200)
    assert "trial_guardian" in kernel.ssh("ps ax")
    kernel.reboot()
    module.communicate()
    assert values(kernel, originals) == originals
    found = kernel.module("socket_buffer_tuning", state="recovered")
    assert values(kernel, originals) == originals and not found.get("failed")
    assert kernel.ssh("ls -A /var/lib/linuxnet-socket-buffers 2>/dev/null || true") == ""


def test_the_guardian_is_a_service_that_outlives_the_trial(kernel, originals):
    module = kernel.start_module("socket_buffer_trial", values={"net.core.wmem_max": "16777216"}, pairs=20, block_seconds=60, washout_seconds=1, seed=4)
    await_until(lambda: values(kernel, ["net.core.wmem_max"])["net.core.wmem_max"] == "16777216", 200)
    assert "Guardian of a socket buffer trial" in kernel.ssh("systemctl list-units --no-legend 'run-*'")
    kernel.ssh("kill -KILL $(python3 -c 'import json; print(json.load(open(\"/var/lib/linuxnet-socket-buffers/trial.json\"))[\"pid\"])')")
    module.communicate()
    await_until(lambda: values(kernel, originals) == originals, 20)


def test_a_clock_that_jumps_by_a_day_has_no_say_in_a_trial(kernel, originals):
    wanted = {"net.core.wmem_max": "16777216"}
    module = kernel.start_module("socket_buffer_trial", values=wanted, pairs=20, block_seconds=60, washout_seconds=1, seed=4)
    await_until(lambda: values(kernel, wanted) == wanted, 200)
    kernel.ssh("date --set='+1 day'")
    assert values(kernel, wanted) == wanted and "trial_guardian" in kernel.ssh("ps ax")
    kernel.ssh("date --set='-2 days'")
    kernel.ssh("kill -KILL $(python3 -c 'import json; print(json.load(open(\"/var/lib/linuxnet-socket-buffers/trial.json\"))[\"pid\"])')")
    module.communicate()
    await_until(lambda: values(kernel, originals) == originals, 20)
    kernel.ssh("date --set='+1 day'")
