# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is timed, where it begins and ends, and when it is a stall. A new span is one row."""
from typing import NamedTuple, Optional


class Span(NamedTuple):
    """Two events, the condition under which they belong to it, the kernel function if the events have to be made, and what is no stall."""

    name: str
    meaning: str
    entry: str
    exit: str
    condition: Optional[str] = None
    function: Optional[str] = None
    ordinary_us: int = 0  # what is longer is a stall; an edge of a bucket


# In a probe's path {group} becomes the name of the instance. It is in the event's own name, too: kprobe_profile lists no groups.
COLLAPSE = Span(
    "tcp_collapse", "copying the buffers of one full receive queue together, in the kernel's tcp_collapse()",
    "{group}/in_{group}", "{group}/out_{group}", function="tcp_collapse",
)
# include/linux/interrupt.h: NET_RX_SOFTIRQ is 3.
NET_RX = Span(
    "net_rx_softirq", "one run of the receive softirq, in which (nearly all) collapsing happens: all packets of a CPU until it gives way",
    "irq/softirq_entry", "irq/softirq_exit", condition="vec==3",
    ordinary_us=1024,
)
SPANS = (COLLAPSE, NET_RX)
