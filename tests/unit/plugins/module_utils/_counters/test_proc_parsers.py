"""Text of /proc/net, also of kernels that have no fixture, and text that is broken."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import (
    MalformedText,
    parse_mib_pairs,
    parse_name_values,
    parse_protocols,
    parse_sockstat,
    parse_softnet,
)

# One name below two prefixes, as 6.12 has it (net/mptcp/mib.c).
TWO_PRUNED = "TcpExt: RcvPruned PruneCalled\nTcpExt: 3 7\nMPTcpExt: RcvPruned\nMPTcpExt: 5\n"
UNUSED = " 00000000" * 6
# 4.18 has 11 columns, and its lines are the online CPUs in order (net/core/net-procfs.c); 6.4 and later have 15.
SOFTNET_4_18 = f"0000ffff 00000001 00000002{UNUSED} 0000000a 00000003\n"
SOFTNET_6_18 = f"00000010 00000000 00000001{UNUSED} 00000000 00000000 00000004 00000003 00000000 00000000\n"


def test_a_name_counts_below_its_own_prefix():
    assert parse_mib_pairs(TWO_PRUNED) == {
        "TcpExt": {"TcpExtRcvPruned": 3, "TcpExtPruneCalled": 7}, "MPTcpExt": {"MPTcpExtRcvPruned": 5},
    }


def test_values_are_64_bit_and_may_be_negative():
    assert parse_mib_pairs("Tcp: MaxConn InSegs\nTcp: -1 18446744073709551615\n") == {"Tcp": {"TcpMaxConn": -1, "TcpInSegs": 2 ** 64 - 1}}


SOFTNET_NAMES = ("processed", "dropped", "time_squeeze", "received_rps", "flow_limit_count", "backlog_length", "cpu")


@pytest.mark.parametrize("text, expected", [
    (SOFTNET_4_18, (65535, 1, 2, 10, 3, None, None)),
    (SOFTNET_6_18, (16, 0, 1, 0, 0, 4, 3)),
])
def test_softnet_columns_by_kernel(text, expected):
    assert parse_softnet(text) == [dict(zip(SOFTNET_NAMES, expected))]


def test_protocols():
    text = (
        "protocol  size sockets  memory press maxhdr  slab module     cl co\n"
        "TCP       2432     12      34   yes     320   yes  kernel      y  y\n"
        "UDP       1344      1      -1   NI       0   yes  kernel      y  y\n"
    )
    assert parse_protocols(text) == {
        "TCP": {"sockets": 12, "memory_pages": 34, "pressure": 1}, "UDP": {"sockets": 1, "memory_pages": None, "pressure": None},
    }


def test_sockstat():
    assert parse_sockstat("sockets: used 9\nTCP: inuse 5 orphan 0 tw 2 alloc 7 mem 3\n") == {
        "sockets_used": 9, "TCP_inuse": 5, "TCP_orphan": 0, "TCP_tw": 2, "TCP_alloc": 7, "TCP_mem": 3,
    }


@pytest.mark.parametrize("parse, text, message", [
    (parse_mib_pairs, "TcpExt: A B\n", "line 1: names without a line of values"),
    (parse_mib_pairs, "TcpExt: A B\nTcp: 1 2\n", "line 1: expected 'Prefix: names'"),
    (parse_mib_pairs, "TcpExt: A B\nTcpExt: 1\n", "line 1: TcpExt has 2 names but 1 values"),
    (parse_mib_pairs, "Tcp: A\nTcp: 1\nUdp: A\nUdp: x\n", "line 4: expected an integer of at most 64 bits, got 'x'"),
    (parse_name_values, "Udp6InErrors 0\nnonsense\n", "line 2: expected a name and a value"),
    (parse_softnet, "0000 0001 zzzz\n", "line 1: expected hexadecimal columns"),
    (parse_softnet, "0000 0001\n", "line 1: expected 9 columns, got 2"),
    (parse_softnet, SOFTNET_6_18 + SOFTNET_6_18[:90] + "\n", "line 2: expected 15 columns, got 10"),
    (parse_softnet, SOFTNET_6_18 + SOFTNET_6_18[:90], "line 2: cut short"),
    (parse_softnet, "0x1 " * 9 + "\n", "line 1: expected hexadecimal columns"),
    (parse_softnet, "100000000 " * 9 + "\n", "line 1: expected hexadecimal columns"),
    (parse_mib_pairs, "Tcp: A\nTcp: 12", "line 2: cut short"),
    (parse_mib_pairs, "Tcp: A\nTcp: 1\nTcp: A\nTcp: 2\n", "line 4: TcpA stands here twice, with 1 and 2"),
    (parse_name_values, "A 1_000\n", "line 1: expected an integer of at most 64 bits, got '1_000'"),
    (parse_name_values, "A 18446744073709551616\n", "line 1: expected an integer of at most 64 bits"),
    (parse_name_values, "A 1\nA 2\n", "line 2: A stands here twice, with 1 and 2"),
    (parse_protocols, "protocol\nTCP 1 2 3 yes\nTCP 1 3 3 yes\n", "line 3: TCP stands here twice"),
    (parse_sockstat, "TCP: inuse\n", "line 1: expected 'FAMILY: name value ...'"),
    (parse_protocols, "protocol size\nTCP 1 2\n", "line 2: expected protocol, size, sockets"),
])
def test_broken_text_says_where_and_what(parse, text, message):
    with pytest.raises(MalformedText) as caught:
        parse(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("parse, empty", [
    (parse_mib_pairs, {}), (parse_name_values, {}), (parse_softnet, []), (parse_sockstat, {}), (parse_protocols, {}),
])
def test_an_empty_file_is_empty(parse, empty):
    assert parse("") == empty
