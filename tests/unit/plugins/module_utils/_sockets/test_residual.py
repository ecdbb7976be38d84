"""Connections with larger buffers than the maximum in force: counted, or a reason."""
import socket

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets import residual
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.residual import residual_now, residual_of

UNKNOWN = {"rcvbuf_above_max": None, "sndbuf_above_max": None, "flows": None, "ports": None}


def sockets(flows, *counts):
    return {
        "available": True, "reason": None, "flows": flows,
        "groups": [{"counts": {"rcvbuf_above_max": received, "sndbuf_above_max": sent}} for received, sent in counts],
        "ports": [
            {"port": port, "counts": {"rcvbuf_above_max": received, "sndbuf_above_max": sent}}
            for port, received, sent in ((8080, 0, 1), (443, 2, None), (22, 0, 0), (25, None, None))
        ],
    }


@pytest.mark.parametrize("seen, rcvbuf, sndbuf", [
    (sockets(9, (1, 0), (2, 4)), 3, 4),
    (sockets(0), 0, 0),
    (sockets(5, (None, 2), (None, 0)), None, 2),  # the namespace does not show tcp_rmem
])
def test_all_groups_count_and_what_none_knows_is_null(seen, rcvbuf, sndbuf):
    counts = {"rcvbuf_above_max": rcvbuf, "sndbuf_above_max": sndbuf, "flows": seen["flows"]}
    assert residual_of(seen) == dict(counts, ports=[443, 8080], reason=None)


def test_without_sock_diag_there_is_a_reason():
    assert residual_of({"available": False, "reason": "sock_diag: no"}) == dict(UNKNOWN, reason="sock_diag: no")


@pytest.mark.parametrize("error, reason", [(OSError(5, "Input/output error", "/proc/x"), "Input/output error"), (KeyError(), "KeyError()")])
def test_whatever_breaks_is_a_reason(monkeypatch, error, reason):
    def broken(_files):
        raise error

    monkeypatch.setattr(residual, "sockets_now", broken)
    found = residual_now(HostFiles())
    assert found == dict(UNKNOWN, reason=found["reason"]) and reason in found["reason"]


def lower_the_maxima():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        server, _peer = listener.accept()
        with server:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 50000)
            before = residual_now(HostFiles())
            for key, text in (("tcp_rmem", "4096 65536 65536"), ("tcp_wmem", "4096 16384 90000")):
                with open(f"/proc/sys/net/ipv4/{key}", "w") as handle:
                    handle.write(text)
            return [before, residual_now(HostFiles())]


def test_open_connections_keep_what_a_lowered_maximum_no_longer_allows(private_host):
    private_host.shell("ip link set lo up; echo 4096 131072 6291456 >/proc/sys/net/ipv4/tcp_rmem")
    before, after = private_host.call(lower_the_maxima)
    assert before == {"rcvbuf_above_max": 0, "sndbuf_above_max": 0, "flows": 2, "ports": [], "reason": None}
    assert (after["rcvbuf_above_max"], after["flows"], len(after["ports"]), after["reason"]) == (2, 2, 1, None)
    assert after["sndbuf_above_max"] >= 1
