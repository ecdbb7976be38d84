from pathlib import Path

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_format import Field, parse_event_format

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"


def form(kernel, event):
    return parse_event_format((FIXTURES / f"linux-{kernel}" / "tracing" / "events" / event / "format").read_text())


@pytest.mark.parametrize("kernel, number, proto_mem, offset", [("6.1", 1373, 16, 28), ("6.12", 1519, 19, 36), ("6.18", 2310, 20, 36)])
def test_drop_reasons_have_names_whose_numbers_differ_by_kernel(kernel, number, proto_mem, offset):
    found = form(kernel, "skb/kfree_skb")
    assert found.fields["reason"] == Field(offset, 4, found.fields["reason"].signed)
    assert found.number == number
    assert {name: value for value, name in found.symbols.items()}["PROTO_MEM"] == proto_mem


def test_fields_of_every_size():
    fields = form("6.18", "tcp/tcp_rcvbuf_grow").fields
    assert fields["rtt_us"] == Field(12, 4, False)
    assert fields["scaling_ratio"] == Field(48, 1, False)
    assert fields["saddr_v6"] == Field(64, 16, False)
    assert fields["time"].signed


def test_a_symbolic_field_that_is_not_ours_gives_its_own_names():
    assert form("6.18", "irq/softirq_entry").symbols[3] == "NET_RX"


@pytest.mark.parametrize("text", ["", "name: x\nID: 7\n", "field:int a; offset:0; size:4; signed:1;"])
def test_other_text_is_refused(text):
    with pytest.raises(MalformedText, match="no event's format"):
        parse_event_format(text)
