"""The inventory of sizes, from hosts as the fact modules describe them."""
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.size_report import size_document, size_markdown, size_table


def sysctl(value, file=None, differs=None, writable=True):
    return {"value": value, "boot_file": file, "differs_from_boot": differs, "writable": writable}


def record(rmem, managers=(), collapsed=0):
    return {
        "sizes": {
            "identity": {"kernel_release": "6.1.0"},
            "host": {"managers": [{"name": name, "active": True, "detail": None} for name in managers]},
            "sysctls": {"net.ipv4.tcp_rmem": rmem, "net.ipv4.tcp_wmem": sysctl("4096 16384 4194304")},
        },
        "counters": {"counters": {"TcpExtTCPRcvCollapsed": collapsed, "TcpExtRcvPruned": None}},
    }


HOSTS = {
    "web": record(sysctl("4096 131072 6291456", "/etc/sysctl.d/90-net.conf", True), managers=("tuned",), collapsed=1234567),
    "box": record(sysctl("4096 131072 33554432", writable=False)),
    "gone": {"failure": "No route to host", "sizes": {}, "counters": {}},
}


def test_rows_say_who_sets_what_and_what_a_boot_would_change():
    rows = {row["host"]: row for row in size_document(HOSTS, "now")["rows"]}
    assert list(rows) == ["box", "gone", "web"]
    assert rows["web"]["tcp_rmem_file"] == "/etc/sysctl.d/90-net.conf"
    assert rows["web"]["differs_from_boot"] == ["net.ipv4.tcp_rmem"] and rows["web"]["managers"] == ["tuned"]
    assert rows["box"]["read_only"] == ["net.ipv4.tcp_rmem"] and rows["box"]["tcp_rmem_file"] is None
    assert rows["gone"] == {"host": "gone", "failure": "No route to host"}


def test_a_person_can_read_it():
    document = size_document(HOSTS, "now")
    for text in (size_table(document), size_markdown(document)):
        for piece in ("1,234,567", "tuned", "read-only", "kernel", "No route"):
            assert piece in text
    assert max(map(len, size_table(document).splitlines())) <= 120
