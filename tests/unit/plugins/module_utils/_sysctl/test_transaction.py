"""The shared transaction, on real sysctls of a network namespace of its own."""
import os

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.transaction import (
    TransactionFailed,
    apply_values,
    check_writable,
    is_ours,
    read_values,
    restore_values,
)

LOWAT = "net.ipv4.tcp_notsent_lowat"
RMEM = "net.ipv4.tcp_rmem"
WMEM = "net.ipv4.tcp_wmem"
KEYS = [LOWAT, RMEM, WMEM]
FIRST = {LOWAT: "4294967295", RMEM: "4096\t87380\t65536", WMEM: "4096\t16384\t4194304"}


def first(function, *args, **kwargs):
    """Run with the first values in force; what the function did, and the values after it."""
    for key, text in FIRST.items():
        HostWriter().write_sysctl(key, text)
    try:
        result = function(*args, **kwargs)
    except TransactionFailed as error:
        result = {"key": error.key, "reason": error.reason, "unrestored": error.unrestored, "message": str(error)}
    return result, read_values(HostFiles(), KEYS)


def apply(values):
    return apply_values(HostFiles(), HostWriter(), values)


def test_all_values_are_written(private_host):
    values = {RMEM: "4096 131072 8388608", LOWAT: "131072"}
    assert private_host.call(first, apply, values) == [None, dict(FIRST, **{RMEM: "4096\t131072\t8388608", LOWAT: "131072"})]


@pytest.mark.parametrize("refused", [
    "5000 6000 2147483648",  # the kernel has taken min and default by the time it refuses the maximum
    "5000 nonsense 7000",
    "5000 6000",  # taken without a word: only reading back shows it
])
def test_a_refused_triple_restores_itself_and_the_others(private_host, refused):
    values = {LOWAT: "131072", RMEM: "4096 131072 8388608", WMEM: refused}
    failure, after = private_host.call(first, apply, values)
    assert after == FIRST
    assert failure["key"] == WMEM and failure["unrestored"] == {}
    assert "5000" in failure["reason"]


def half_written():
    try:
        HostWriter().write_sysctl(RMEM, "5000 6000 2147483648")
    except OSError:
        pass
    return read_values(HostFiles(), [RMEM])[RMEM]


def test_the_kernel_really_writes_a_part_of_a_refused_triple(private_host):
    assert private_host.call(first, half_written)[0] == "5000\t6000\t65536"


def test_what_cannot_be_put_back_is_named(private_host):
    class Stuck(HostWriter):
        writes = 0

        def write_sysctl(self, key, text):
            self.writes += 1
            if self.writes > 2:
                raise OSError(5, "Input/output error", sysctl_path(key))
            super().write_sysctl(key, text)

    def apply_stuck():
        return apply_values(HostFiles(), Stuck(), {LOWAT: "131072", RMEM: "5000 6000 7000", WMEM: "5000 6000 7000"})

    failure, after = private_host.call(first, apply_stuck)
    assert sorted(failure["unrestored"]) == KEYS
    assert "NOT restored: net.ipv4.tcp_rmem" in failure["message"]
    assert after[LOWAT] == "131072"


@pytest.mark.parametrize("key, reason", [
    ("net.ipv4.tcp_collapse_max_bytes", "does not have it"),
    ("kernel.osrelease", "read-only in this network namespace, even for root"),
])
def test_keys_that_cannot_be_written_are_refused_before_the_first_write(private_host, key, reason):
    failure, after = private_host.call(first, apply, {LOWAT: "131072", key: "1"})
    assert failure["key"] == key and reason in failure["reason"] and after == FIRST


def test_a_read_only_mount_is_named(private_host):
    private_host.shell("mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys")

    def check():
        try:
            check_writable(HostFiles(), [RMEM])
        except TransactionFailed as error:
            return str(error)

    assert "mounted read-only" in private_host.call(check)


def restore(present, ours, force=False):
    if present:
        HostWriter().write_sysctl(RMEM, present)
    return restore_values(HostFiles(), HostWriter(), {RMEM: FIRST[RMEM]}, {RMEM: ours}, force)[RMEM]


@pytest.mark.parametrize("present, ours, force, restored", [
    (None, [], False, True),
    ("5000 6000 7000", ["5000 6000 7000"], False, True),
    ("5000 6000 7000", ["4096 1 2", "5000 6000 7000"], False, True),
    ("5000 6000 65536", ["5000 6000 7000"], False, True),
    ("5000 6000 7001", ["5000 6000 7000"], False, False),
    ("7000 6000 5000", ["5000 6000 7000"], False, False),
    ("5000 6000 7001", ["5000 6000 7000"], True, True),
])
def test_restore_puts_back_what_is_ours_even_what_validation_refuses(private_host, present, ours, force, restored):
    row, after = private_host.call(first, restore, present, ours, force)
    assert row["restored"] is restored and (row["reason"] is None) is restored
    assert row["value"] == " ".join(after[RMEM].split())
    assert after[RMEM] == (FIRST[RMEM] if restored else present.replace(" ", "\t"))


def test_restoring_a_key_that_is_gone_is_a_reason(tmp_path):
    files, writer = HostFiles(str(tmp_path)), HostWriter(str(tmp_path))
    row = restore_values(files, writer, {RMEM: "1 2 3"}, {})[RMEM]
    assert row["restored"] is False and row["value"] is None and str(tmp_path) in row["reason"]


def test_only_the_newline_at_the_end_is_removed(tmp_path):
    path = str(tmp_path) + sysctl_path(RMEM)
    os.makedirs(os.path.dirname(path))
    with open(path, "w") as handle:
        handle.write(" 4096\t131072 \t1\n")
    assert read_values(HostFiles(str(tmp_path)), [RMEM]) == {RMEM: " 4096\t131072 \t1"}


@pytest.mark.parametrize("present, texts, expected", [
    ("1\t2\t3", ["1 2 3"], True),
    ("1 2 9", ["1 2 3", "7 8 9"], True),
    ("2 1 3", ["1 2 3"], False),
    ("1 2", ["1 2 3"], False),
    ("1 2 3", [], False),
])
def test_is_ours(present, texts, expected):
    assert is_ours(present, texts) is expected
