"""The modules on a host whose files and interfaces have names that are no UTF-8, or that a terminal or a template would obey."""
import json
import os

import pytest

NAME = b"\xff{{1}}\x1b[2J|"  # at most 15 bytes, for an interface
SHOWN = "\ufffd{{1}}\x1b[2J|"


def make_files():
    for folder, text in (("/etc/sysctl.d", b"net.ipv4.tcp_rmem = 4096 131072 \xff\n"), ("/run/sysctl.d", b"net.core.rmem_max = 1\n")):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder.encode(), folder.encode()[1:4] + NAME + b".conf"), "wb") as handle:
            handle.write(text)


def make_interface():
    return os.spawnlp(os.P_WAIT, "ip", "ip", "link", "add", "name", os.fsdecode(NAME), "type", "bridge")


def run(host, module, **arguments):
    output, errors = host.start_module(module, arguments).communicate(timeout=60)
    assert output, errors
    result = json.loads(output)
    output.encode(), json.dumps(result, ensure_ascii=False).encode()  # ansible-core 2.19 refuses a result that is no Unicode
    return result


def test_a_file_of_any_name_decides_and_is_named(private_host):
    private_host.call(make_files)
    sysctls = run(private_host, "socket_buffer_facts")["ansible_facts"]["socket_buffers"]["sysctls"]
    assert sysctls["net.ipv4.tcp_rmem"]["boot_file"] == f"/etc/sysctl.d/etc{SHOWN}.conf"
    assert sysctls["net.ipv4.tcp_rmem"]["boot_value"] == "4096 131072 \ufffd"


def test_a_file_of_any_name_that_would_win_at_boot_is_named(private_host):
    private_host.shell("printf 'net.ipv4.tcp_rmem = 1 2 3\\n' >/etc/sysctl.d/z\"$(printf '\\377\\033')\".conf")
    result = run(private_host, "socket_buffer_tuning", values={"net.ipv4.tcp_rmem": "4096 131072 6291456"}, state_dir=f"{private_host.folder}/state")
    assert result["failed"] and "/etc/sysctl.d/z\ufffd\x1b.conf sets net.ipv4.tcp_rmem = 1 2 3" in result["msg"]


def test_an_interface_of_any_name_has_counters(private_host):
    private_host.shell("mount -t sysfs sysfs /sys")
    if private_host.call(make_interface):
        pytest.skip("no interface can be made here")
    window = run(private_host, "socket_counter_facts", gather_subset=["nic"], duration=0.2, interval=0.1)["window"]
    assert window["seconds"]
    facts = run(private_host, "socket_counter_facts", gather_subset=["nic"])["ansible_facts"]["socket_counters"]
    assert list(facts["nics"]) == [SHOWN] and facts["counters"][f"nic_{SHOWN}_rx_dropped"] == 0
