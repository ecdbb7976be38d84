"""What holds for every row of the table of sysctls."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS, WRITABLE_KEYS


@pytest.mark.parametrize("row", SYSCTLS.values(), ids=SYSCTLS.keys())
def test_row(row):
    assert row.key.startswith("net.")
    assert row.scope in ("namespace", "host")
    assert row.integers in (0, 1, 3)
    assert row.unit and row.about
    if row.writable_range:
        low, high = row.writable_range
        assert 0 <= low < high and row.unit == "bytes" and row.integers


def test_what_may_be_written():
    assert set(WRITABLE_KEYS) == {
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_notsent_lowat",
        "net.ipv4.tcp_limit_output_bytes",
        "net.core.rmem_default",
        "net.core.rmem_max",
        "net.core.wmem_default",
        "net.core.wmem_max",
    }
