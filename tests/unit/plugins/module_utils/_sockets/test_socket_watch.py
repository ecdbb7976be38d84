"""Real connections in a network namespace of their own: what a watch says of them, and what `ss` says."""
import errno
import gc
import os
import platform
import re
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets import sock_diag
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.inet_diag import addresses, parse_sockets
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.socket_watch import (
    SocketWatch,
    check_top,
    sockets_now,
    take_sample,
)

BULK_PORT, EXCHANGE_PORT, IDLE_PORT, LOCKED_PORT = 5001, 5002, 5003, 5004
LOCKED_ASKED = 32768  # the kernel doubles it: half of the default
CHUNK = bytes(65536)


@pytest.fixture
def host(private_host):
    private_host.shell("ip link set lo up")
    return private_host


class Connection:
    """Both ends, in this process."""

    def __init__(self, port, address="127.0.0.1", listen_on=None, rcvbuf=None):
        listen_on = listen_on or address
        self.listener = socket.socket(socket.AF_INET6 if ":" in listen_on else socket.AF_INET)
        self.listener.bind((listen_on, port))
        self.listener.listen()
        self.client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        if rcvbuf:
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.client.connect((address, port))
        self.server = self.listener.accept()[0]

    def close(self):
        for one in (self.client, self.server, self.listener):
            one.close()

    def download(self, total):
        """From the server to the client, all of it read."""
        sender = threading.Thread(target=self._send, args=(total,))
        sender.start()
        left = total
        while left:
            left -= len(self.client.recv(len(CHUNK)))
        sender.join()
        settle(self.server)

    def _send(self, total):
        while total:
            total -= self.server.send(CHUNK[:total])

    def exchange(self, times, size):
        for _time in range(times):
            self.client.sendall(bytes(size))
            read_all(self.server, size)
            self.server.sendall(bytes(10 * size))
            read_all(self.client, 10 * size)
        settle(self.server)


def read_all(end, size):
    while size:
        size -= len(end.recv(size))


def settle(end):
    """Until the other end has acknowledged all (tcpi_unacked)."""
    deadline = time.monotonic() + 5
    while struct.unpack_from("=I", end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 24)[0] and time.monotonic() < deadline:
        time.sleep(0.01)


def groups_of(result):
    return {(group["class"], group["direction"]): group for group in result["groups"]}


def rows_of(result, order):
    return {row["local_port"]: row for row in result["top"][order]}


MiB = 2 ** 20
HAS_RCV_WND = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2]) >= (6, 2)


def watch_each_kind():
    connections = [Connection(BULK_PORT), Connection(EXCHANGE_PORT, "::1"), Connection(IDLE_PORT, listen_on="::")]
    watch = SocketWatch(HostFiles(), top=10)
    connections[0].download(40 * MiB)
    connections[1].exchange(50, 100)
    return watch.end()


def test_a_window_of_each_kind(host):
    result = host.call(watch_each_kind)
    assert (result["available"], result["reason"], result["flows"], result["born"], result["closed"]) == (True, None, 6, 0, 0)
    groups = groups_of(result)
    assert {key: group["flows"] for key, group in groups.items()} == {
        (kind, direction): 1 for kind in ("bulk", "request_response", "idle") for direction in ("inbound", "outbound")
    }
    sender, receiver = groups["bulk", "inbound"], groups["bulk", "outbound"]
    assert sender["sums"]["bytes_out"] == receiver["sums"]["bytes_in"] == 40 * MiB and sender["sums"]["bytes_in"] == 0
    assert receiver["quantiles"]["goodput_in_bytes_per_second"]["max"] == pytest.approx(40 * MiB / result["seconds"], rel=1e-3)
    assert sender["quantiles"]["rtt_us"]["p50"] > 0 and sender["quantiles"]["delivery_rate_bytes_per_second"]["p50"] > 0
    assert 0 <= sender["quantiles"]["rwnd_limited_share"]["max"] <= 1 and sender["sums"]["busy_us"] > 0
    path = sender["quantiles"]["goodput_out_bytes_per_second"]["max"] * sender["quantiles"]["min_rtt_us"]["max"] / 1e6
    assert sender["quantiles"]["bdp_bytes"]["max"] == pytest.approx(path, rel=1e-4) and path > 0
    assert receiver["quantiles"]["receive_bdp_bytes"]["max"] > 0 == sender["quantiles"]["receive_bdp_bytes"]["max"]
    assert sender["sums"]["old_bytes_out"] == receiver["sums"]["old_bytes_in"] == 40 * MiB
    assert receiver["quantiles"]["send_payload_share"] is None  # nothing is queued
    assert 0 < receiver["quantiles"]["window_share"]["max"] <= 1 or not HAS_RCV_WND
    exchange = groups["request_response", "inbound"]
    assert (exchange["sums"]["bytes_in"], exchange["sums"]["bytes_out"]) == (5000, 50000)
    assert [row["port"] for row in result["ports"]] == [BULK_PORT, EXCHANGE_PORT, IDLE_PORT]
    assert result["ports"][0]["classes"] == {"bulk": 1}
    assert (result["listeners"]["sockets"], result["listeners"]["ports"], result["listeners"]["rcvbuf_not_default"]) == (3, 3, 0)
    assert all(group["counts"]["rcvbuf_probably_locked"] == 0 for group in groups.values())
    assert len(result["cpu_seconds"]) == 2 and result["retries"] == 0


def watch_one_that_is_locked():
    free, locked = Connection(BULK_PORT), Connection(LOCKED_PORT, rcvbuf=LOCKED_ASKED)
    watch = SocketWatch(HostFiles(), top=10)
    free.download(40 * MiB)
    locked.download(40 * MiB)
    return watch.end()


def test_a_buffer_locked_by_so_rcvbuf_is_found(host):
    group = groups_of(host.call(watch_one_that_is_locked))["bulk", "outbound"]
    assert group["flows"] == 2 and group["counts"]["rcvbuf_probably_locked"] == 1
    assert group["quantiles"]["rcvbuf_bytes"]["p50"] == 2 * LOCKED_ASKED


def one_locked_to_the_default():
    locked = Connection(LOCKED_PORT, rcvbuf=65536)
    watch = SocketWatch(HostFiles())
    locked.download(40 * MiB)
    return watch.end()


def test_so_is_one_that_is_locked_to_the_size_of_the_default(host):
    group = groups_of(host.call(one_locked_to_the_default))["bulk", "outbound"]
    assert group["quantiles"]["rcvbuf_bytes"]["max"] == 131072 and group["counts"]["rcvbuf_probably_locked"] == 1


def watch_births_and_deaths():
    kept, dying = Connection(BULK_PORT), Connection(IDLE_PORT)
    watch = SocketWatch(HostFiles())
    dying.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset: no time-wait
    dying.client.close()
    young = Connection(EXCHANGE_PORT)
    young.exchange(10, 100)
    kept.exchange(1, 100)
    kept.listener.close()  # what it accepted before is inbound all the same
    dying.close()
    return watch.end()


def test_births_and_deaths_are_counted(host):
    result = host.call(watch_births_and_deaths)
    assert (result["flows"], result["born"], result["closed"]) == (4, 2, 2)
    assert {row["port"] for row in result["ports"]} == {BULK_PORT, EXCHANGE_PORT}
    young = [row for row in result["ports"] if row["port"] == EXCHANGE_PORT][0]
    assert young["counts"]["born"] == 1 and (young["sums"]["bytes_in"], young["sums"]["old_bytes_in"]) == (1000, 0)
    old = [row for row in result["ports"] if row["port"] == BULK_PORT][0]
    assert (old["sums"]["old_bytes_in"], old["sums"]["old_bytes_out"]) == (100, 1000)
    assert young["quantiles"]["goodput_in_bytes_per_second"] is None


def listen(port, address="127.0.0.1"):
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    return listener


def watch_restarts():
    kept, restarted, twice, gone = listen(IDLE_PORT), listen(EXCHANGE_PORT), listen(BULK_PORT), listen(LOCKED_PORT)
    watch = SocketWatch(HostFiles())
    for closed in (restarted, twice, gone):
        closed.close()
    anew = [kept, listen(EXCHANGE_PORT), listen(BULK_PORT), listen(BULK_PORT, "::1"), listen(6000)]
    return [watch.end()["listeners"], SocketWatch(HostFiles()).end()["listeners"], len(anew)]


def test_listening_sockets_made_anew_are_renewed(host):
    """Not those that stayed, nor those on a port that nobody listened on before."""
    restarted, calm, sockets = host.call(watch_restarts)
    assert restarted["sockets"] == sockets == 5
    assert (restarted["renewed"], restarted["renewed_ports"]) == (3, [BULK_PORT, EXCHANGE_PORT])
    assert (calm["renewed"], calm["renewed_ports"]) == (0, [])


def stalled_reader():
    connection = Connection(BULK_PORT, "::1")
    mapped = Connection(EXCHANGE_PORT, listen_on="::")
    watch = SocketWatch(HostFiles(), top=10)
    for one, most in ((connection, 4 * MiB), (mapped, 2000)):
        one.server.setblocking(False)
        try:
            for _time in range(max(1, most // len(CHUNK))):
                one.server.send(CHUNK[:most])
        except BlockingIOError:
            pass
    time.sleep(0.3)
    result = watch.end()
    result["unread"] = len(connection.client.recv(64 * MiB, socket.MSG_PEEK))
    return result


def test_the_worst_have_addresses_of_both_families(host):
    result = host.call(stalled_reader)
    rows = result["top"]["receive_queue_bytes"]
    assert [(row["local_address"], row["peer_address"], row["peer_port"]) for row in rows] == [
        ("::1", "::1", BULK_PORT), ("127.0.0.1", "127.0.0.1", EXCHANGE_PORT),
    ]
    assert rows[0]["receive_queue_bytes"] == result["unread"] > 65536 and rows[1]["receive_queue_bytes"] == 2000
    waiting = rows_of(result, "notsent_bytes")[BULK_PORT]
    assert 0.3 < waiting["send_payload_share"] < 1
    assert waiting["class"] == "bulk" and waiting["direction"] == "inbound" and waiting["rwnd_limited_share"] > 0.5
    assert result["local_addresses"] == ["127.0.0.1", "::1"]
    queues = groups_of(result)["bulk", "outbound"]
    assert queues["sums"]["receive_queue_bytes"] == result["unread"]
    assert queues["quantiles"]["receive_memory_share"]["max"] > 0.5


def look_once():
    connection = Connection(BULK_PORT)
    connection.download(10 * MiB)
    return sockets_now(HostFiles())


def test_a_snapshot_has_sizes_and_queues_but_no_changes(host):
    result = host.call(look_once)
    assert (result["available"], result["flows"], result["born"], result["closed"], result["seconds"]) == (True, 2, None, None, None)
    group = groups_of(result)["bulk", "inbound"]
    assert group["sums"]["bytes_out"] is None and group["quantiles"]["goodput_out_bytes_per_second"] is None
    assert group["sums"]["old_bytes_in"] is group["sums"]["old_bytes_out"] is group["quantiles"]["receive_bdp_bytes"] is None
    assert group["quantiles"]["rtt_us"]["p50"] > 0 and group["sums"]["receive_memory_bytes"] == 0 and group["counts"]["born"] is None
    assert (result["listeners"]["sockets"], result["listeners"]["renewed"], result["listeners"]["renewed_ports"]) == (1, None, None)
    assert not {"top", "local_addresses"} & set(result)


def all_fields_and_those_of_ss():
    connections = [Connection(BULK_PORT), Connection(EXCHANGE_PORT, "::1"), Connection(IDLE_PORT, listen_on="::")]
    connections[0].download(10 * MiB)
    connections[1].exchange(20, 100)
    connections[2].client.send(bytes(777))
    time.sleep(0.3)  # no timer is to change anything between the two
    ours = {
        f"{row['local_port']}-{row['peer_port']}": found._replace(endpoints=row["peer_address"])._asdict()
        for found in parse_sockets(take_sample().flows) for row in (addresses(found),)
    }
    return [ours, subprocess.run(["ss", "-tinmH"], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout]


# Ours: how ss shows it, and in how many of ours (its milliseconds have 3 digits, like our microseconds).
OF_SS = {
    "rmem_alloc": (r"skmem:\(r(\d+),", 1), "rcvbuf": (r",rb(\d+),", 1), "sndbuf": (r",tb(\d+),", 1), "wmem_queued": (r",w(\d+),", 1),
    "drops": (r",d(\d+)\)", 1), "snd_mss": (r" mss:(\d+)", 1), "snd_cwnd": (r" cwnd:(\d+)", 1), "rtt_us": (r" rtt:([\d.]+)/", 1000),
    "rcv_rtt_us": (r" rcv_rtt:([\d.]+)", 1000), "rcv_space": (r" rcv_space:(\d+)", 1), "bytes_acked": (r" bytes_acked:(\d+)", 1),
    "bytes_received": (r" bytes_received:(\d+)", 1), "min_rtt_us": (r" minrtt:([\d.]+)", 1000), "data_segs_in": (r" data_segs_in:(\d+)", 1),
    "data_segs_out": (r" data_segs_out:(\d+)", 1), "busy_us": (r" busy:(\d+)ms", 1000), "notsent_bytes": (r" notsent:(\d+)", 1),
    "rwnd_limited_us": (r" rwnd_limited:(\d+)ms", 1000), "delivery_rate": (r" delivery_rate (\d+)bps", 0.125),
}


def test_every_field_is_the_one_of_ss(host):
    if not shutil.which("ss"):
        pytest.skip("ss is not installed (Debian: iproute2)")
    ours, text = host.call(all_fields_and_those_of_ss)
    rows = re.findall(r"^ESTAB +(\d+) +(\d+) +\S+?:(\d+) +(\S+):(\d+) *\n?(.*)$", text, re.MULTILINE)
    assert len(rows) == len(ours) == 6, text
    compared = set()
    for receive_queue, send_queue, local, peer, peer_port, details in rows:
        found = ours[f"{local}-{peer_port}"]
        assert (found["receive_queue"], found["send_queue"]) == (int(receive_queue), int(send_queue))
        assert found["endpoints"] == peer.strip("[]").replace("::ffff:", "")
        for name, (pattern, factor) in OF_SS.items():
            shown = re.search(pattern, details)
            if shown:  # ss leaves out what is 0
                assert found[name] == pytest.approx(float(shown.group(1)) * factor, rel=1e-3, abs=factor / 1000), (name, details)
                compared.add(name)
    assert compared >= set(OF_SS) - {"notsent_bytes", "rwnd_limited_us", "rcv_rtt_us", "busy_us", "delivery_rate"}


class Disturbing:
    """The kernel's own answers, but the first so many dumps claim to have been interrupted."""

    def __init__(self, times):
        self.left = times

    def __call__(self):
        self.handle = sock_diag._connect()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.handle.close()

    def send(self, request):
        self.first = True
        return self.handle.send(request)

    def recvmsg(self, size):
        data, ancillary, flags, address = self.handle.recvmsg(size)
        if self.left and self.first:
            self.left -= 1
            self.first = False
            data = data[:6] + struct.pack("=H", struct.unpack_from("=H", data, 6)[0] | sock_diag.NLM_F_DUMP_INTR) + data[8:]
        return data, ancillary, flags, address


def watch_disturbed(at_start, between, at_end):
    connect = Disturbing(at_start)

    def dump(*arguments):
        return sock_diag.read_dump(*arguments, connect=connect, pause=lambda _seconds: None)

    _kept = Connection(BULK_PORT)
    watch = SocketWatch(HostFiles(), dump=dump)
    connect.left = between
    watch._next_look = 0  # not to wait for it
    watch.look()
    connect.left = at_end
    return watch.end()


def test_interrupted_dumps_are_retried_and_counted(host):
    result = host.call(watch_disturbed, 2, 2, 1)
    assert result["available"] and (result["retries"], result["looks"]) == (5, 3)
    assert (result["flows"], result["born"], result["closed"]) == (2, 0, 0)


@pytest.mark.parametrize("at_start, at_end", [(3, 0), (0, 3)])
def test_interrupted_for_good_is_a_reason_and_no_numbers(host, at_start, at_end):
    result = host.call(watch_disturbed, at_start, 0, at_end)
    assert set(result) == {"available", "reason"} and result["available"] is False
    assert "3 dumps in a row were not whole" in result["reason"] and "NLM_F_DUMP_INTR" in result["reason"]


def watch_a_pause():
    connection = Connection(BULK_PORT)
    watch = SocketWatch(HostFiles())
    watch.look()  # too early
    connection.server.setblocking(False)
    sent = 0
    try:
        while True:
            sent += connection.server.send(CHUNK)
    except BlockingIOError:
        pass
    time.sleep(1.05)
    watch.look()
    read_all(connection.client, sent)
    settle(connection.server)
    return watch.end()


def test_a_look_between_sees_a_reader_that_paused(host):
    result = host.call(watch_a_pause)
    reader, writer = (groups_of(result)["bulk", direction] for direction in ("outbound", "inbound"))
    assert result["looks"] == 3 and len(result["cpu_seconds"]) == 3
    assert reader["quantiles"]["half_full_share"]["max"] == pytest.approx(1 / 3, rel=1e-3)
    assert reader["quantiles"]["mean_receive_queue_bytes"]["max"] > 10000 and reader["quantiles"]["receive_queue_bytes"]["max"] == 0
    assert writer["quantiles"]["mean_notsent_bytes"]["max"] > 10000 and writer["quantiles"]["notsent_bytes"]["max"] == 0


def watch_passers_by():
    watch = SocketWatch(HostFiles())
    gone, stays = Connection(BULK_PORT), Connection(BULK_PORT + 1)
    gone.server.send(CHUNK)  # nobody reads it
    stays.server.send(CHUNK)
    time.sleep(1.05)
    watch.look()
    gone.client.close()
    gone.server.close()
    time.sleep(1.05)
    watch.look()
    return watch.end()


def test_who_comes_and_goes_between_two_looks_is_counted_as_it_was_seen(host):
    result = host.call(watch_passers_by)
    assert result["passed"] >= 1 and result["flows"] + result["passed"] == 4 and result["closed"] == 0  # one end may linger
    assert sum(group["flows"] for group in result["groups"]) == 4
    reader = groups_of(result)["bulk", "outbound"]
    assert reader["flows"] == reader["counts"]["born"] == 2 and reader["quantiles"]["receive_queue_bytes"]["p50"] > 10000


def watch_with_a_look_that_fails(kind):
    replace = []

    def dump(*arguments):
        return replace[0]() if replace else sock_diag.read_dump(*arguments)

    _kept = Connection(BULK_PORT)
    watch = SocketWatch(HostFiles(), dump=dump)
    time.sleep(1.05)
    replace.append({"refuse": refuse, "malformed": malformed}[kind])
    watch.look()
    replace.clear()
    return watch.end()


def test_a_look_that_is_refused_is_none(host):
    result = host.call(watch_with_a_look_that_fails, "refuse")
    assert result["available"] and result["looks"] == 2 and result["flows"] == 2


def test_a_look_at_malformed_bytes_is_a_reason(host):
    assert host.call(watch_with_a_look_that_fails, "malformed")["available"] is False


def watch_with_every_datagram_twice():
    def dump(*arguments):
        once = sock_diag.read_dump(*arguments)
        return once._replace(datagrams=once.datagrams[:-1] + once.datagrams)

    _kept = Connection(BULK_PORT)
    return SocketWatch(HostFiles(), dump=dump).end()


def test_a_socket_that_comes_twice_counts_once(host):
    result = host.call(watch_with_every_datagram_twice)
    assert (result["flows"], result["born"], result["closed"], result["listeners"]["sockets"]) == (2, 0, 0, 1)


def watch_what_is_only_opened_and_closed():
    half_closed = Connection(BULK_PORT)
    watch = SocketWatch(HostFiles())
    half_closed.client.shutdown(socket.SHUT_WR)
    _young = Connection(EXCHANGE_PORT)
    time.sleep(0.1)
    return [watch.end(), sorted(found.state for found in parse_sockets(take_sample().flows))]


def test_opening_and_closing_alone_is_idle(host):
    result, states = host.call(watch_what_is_only_opened_and_closed)
    assert states == [1, 1, 5, 8]  # ESTABLISHED, FIN_WAIT2, CLOSE_WAIT
    assert {group["class"] for group in result["groups"]} == {"idle"}


def cut_by_a_small_buffer(buffer_bytes):
    _kept = Connection(BULK_PORT)
    sock_diag.RECEIVE_BYTES = buffer_bytes
    try:
        dump = sock_diag.read_dump(socket.AF_INET, (10,), (7,), pause=lambda _seconds: None)
        return [dump.retries, [found.state for found in parse_sockets(dump.datagrams)]]
    except sock_diag.DumpRefused as error:
        return str(error)


def test_the_kernel_says_when_a_datagram_is_cut(host):
    """One listener takes between 128 and 256 bytes."""
    assert host.call(cut_by_a_small_buffer, 64) == [2, [10]]
    assert "MSG_TRUNC" in host.call(cut_by_a_small_buffer, 16)


def refuse(*_arguments):
    raise sock_diag.DumpRefused("sock_diag: " + os.strerror(errno.EPERM))


def malformed(*_arguments):
    return sock_diag.Dump([bytes(200)], 0)


@pytest.mark.parametrize("dump, reason", [(refuse, "Operation not permitted"), (malformed, "a socket in 0 bytes")])
def test_a_host_without_sock_diag_gets_a_reason(dump, reason):
    for result in (SocketWatch(HostFiles(), dump=dump).end(), sockets_now(HostFiles(), dump=dump)):
        assert result["available"] is False and reason in result["reason"]


@pytest.mark.parametrize("top", [-1, 101])
def test_an_impossible_top_is_refused_by_name(top):
    with pytest.raises(ValueError, match="top: wants 0 to 100"):
        check_top(top)


@pytest.mark.parametrize("before", [True, False])
def test_no_cycles_are_looked_for_meanwhile_and_then_as_before(before):
    meanwhile = []

    def refused(*_given):
        meanwhile.append(gc.isenabled())
        raise sock_diag.DumpRefused("not here")

    try:
        (gc.enable if before else gc.disable)()
        sockets_now(HostFiles(), dump=refused)
        SocketWatch(HostFiles(), dump=refused).end()
        assert meanwhile == [False] * 2 and gc.isenabled() == before
    finally:
        gc.enable()
