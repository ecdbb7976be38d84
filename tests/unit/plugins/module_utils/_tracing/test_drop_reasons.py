"""Kernels that name other reasons than later ones do. Made by hand: no such kernel is at hand."""
import struct

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.drop_reasons import DropReasons
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_format import parse_event_format
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Tracing, Unavailable

FORMAT = """name: kfree_skb
ID: 9
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
{reason}
print fmt: "reason: %s", __print_symbolic(REC->reason, {{ 0, "NOT_SPECIFIED" }}, {{ 4, "{name}" }})
"""
REASON = "\tfield:enum skb_drop_reason reason;\toffset:8;\tsize:4;\tsigned:0;"


class Kernel:
    """Tracefs, instance and reader in one, with one event."""

    def __init__(self, text):
        self.text, self.written, self.consumer = text, {}, None

    def exists(self, _path):
        return self.text is not None

    def read(self, _path):
        return self.text

    def write(self, path, text):
        self.written[path] = text

    def event(self, event, path):
        return f"{event}/{path}"

    def subscribe(self, _event, consumer):
        self.consumer = consumer
        return parse_event_format(self.text)


def drop_reasons(text):
    kernel = Kernel(text)
    return DropReasons(Tracing(kernel, kernel, kernel, None)), kernel


def test_only_reasons_that_room_is_the_cause_of_are_asked_for():
    reasons, kernel = drop_reasons(FORMAT.format(reason=REASON, name="PROTO_MEM"))
    assert kernel.written == {"skb/kfree_skb/filter": "reason==4", "skb/kfree_skb/enable": "1"}
    reasons.start()
    for number in (4, 4, 77):  # one that the kernel did not name
        kernel.consumer(0, 0, 0, bytes(8) + struct.pack("=I", number), 0)
    assert reasons.shown() == {"counts": {"PROTO_MEM": 2}}


@pytest.mark.parametrize("text, why", [
    (None, "has no event"),
    (FORMAT.format(reason="", name="PROTO_MEM"), "does not say why"),
    (FORMAT.format(reason=REASON, name="TCP_CSUM"), "names none of the reasons"),
])
def test_a_kernel_that_says_less(text, why):
    with pytest.raises(Unavailable, match=why):
        drop_reasons(text)
