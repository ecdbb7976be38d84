# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
DOCUMENTATION = r"""
---
module: receive_latency_facts
short_description: How long the kernel is busy receiving, as histograms, with nothing installed
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - For O(duration) seconds, times every call of the kernel's C(tcp_collapse()) and every run of its receive softirq, by the kernel's
    own tracing. A larger receive buffer makes fewer but longer collapses. Counters improve then, while whoever waits for that CPU
    suffers; only a histogram shows it.
  - Uses the best means that this kernel offers, found by trying, and says why it skipped a better one.
  - Counts the packets that the kernel dropped for want of room, by its own names for the reason, and samples how it sizes receive
    buffers, where the kernel tells.
  - Works in a tracing instance of its own and with probes of its own name, and touches nothing that other users of tracing have. All of
    it is removed at the end, also when the module is asked to end (SIGTERM, SIGINT, SIGHUP). What a killed run left, the next
    run removes. The only exception is the means V(function_graph) before Linux 6.12, which needs the one tracer of the machine. It
    is taken only if nobody uses it.
  - Where there is no tracing (no root, no tracefs, kernel lockdown) the facts say so, and the module does not fail.
options:
  duration:
    description:
      - How long to watch, in seconds; more than 0, at most 3600.
      - The module runs that long; use C(async) for more than a few seconds.
    type: float
    default: 10
  means:
    description:
      - Which means may be used. They are tried in the order of the default, whatever the order here.
      - V(kernel_histogram) pairs and counts in the kernel (histogram triggers and synthetic events).
      - V(event_pairs) notes entries and exits, and pairs them in user space.
      - V(function_graph) has the kernel's tracer of that name note each call of C(tcp_collapse()).
    type: list
    elements: str
    choices: [kernel_histogram, event_pairs, function_graph]
    default: [kernel_histogram, event_pairs, function_graph]
attributes:
  check_mode:
    description: Watches in check mode too. Nothing outside of tracing is changed, and tracing is left as it was.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
  facts:
    description: Returns C(ansible_facts).
    support: full
  platform:
    description: Linux, with tracefs mounted at C(/sys/kernel/tracing), as systemd does. Root is needed.
    platforms: linux
    support: full
notes:
  - Tracing belongs to the machine. The events of all its network namespaces, so of all its containers, are included.
  - The instance's buffers take at most 8 MiB for each CPU and 32 MiB in all, but at least 64 KiB for each CPU. When the kernel makes an
    instance it takes about 1.4 MiB for each CPU for a moment.
seealso:
  - module: linuxnet.socket_buffers.socket_counter_facts
  - module: linuxnet.socket_buffers.socket_buffer_trial
"""

EXAMPLES = r"""
- name: Watch for ten seconds
  linuxnet.socket_buffers.receive_latency_facts:
  become: true

- name: The longest collapse
  ansible.builtin.debug:
    msg: "{{ ansible_facts.receive_latency.tcp_collapse.max_us }} microseconds"
  when: ansible_facts.receive_latency.available and ansible_facts.receive_latency.tcp_collapse.available
"""

RETURN = r"""
ansible_facts:
  description: What was seen.
  returned: success
  type: dict
  contains:
    receive_latency:
      description: Histograms and counts of one stretch of time.
      type: dict
      returned: always
      contains:
        version:
          description: Version of this shape.
          type: int
          returned: always
        identity:
          description: Boot, network namespace and kernel, as in M(linuxnet.socket_buffers.socket_counter_facts).
          type: dict
          returned: always
        includes:
          description: Whose packets are in the numbers.
          type: str
          returned: always
          sample: every network namespace of the machine
        available:
          description: Whether anything could be timed.
          type: bool
          returned: always
        reason:
          description: Why nothing could be timed, or null.
          type: str
          returned: always
        seconds:
          description: How long it was watched.
          type: float
          returned: when there is tracing
        sizes:
          description: The sysctls in force, by key, from C(/proc/sys).
          type: dict
          returned: when there is tracing
        removed_leftovers:
          description: Tracing instances of killed runs that were removed first.
          type: list
          elements: str
          returned: when there is tracing
        tcp_collapse:
          description: Calls of the function that copies a full receive queue together.
          type: dict
          returned: when there is tracing
          contains: &span
            available:
              description: Whether a means was found.
              type: bool
              returned: always
            means:
              description: The means used, or null.
              type: str
              returned: always
            skipped:
              description: Better means, each with the C(reason) why it was not used.
              type: list
              elements: dict
              returned: always
            meaning:
              description: What is timed, in words.
              type: str
              returned: always
            count:
              description: How many.
              type: int
              returned: when available
            total_us:
              description: Their durations added up, in microseconds.
              type: float
              returned: when available
            max_us:
              description: The longest, in microseconds.
              type: float
              returned: when available
            upper_us:
              description: Upper edges of the buckets in microseconds, powers of two without a gap. A bucket holds what is longer than the edge before.
              type: list
              elements: int
              returned: when available
            counts:
              description: How many in each bucket.
              type: list
              elements: int
              returned: when available
            lost_events:
              description: Events for which the kernel had no room, or probes that could not fire. The histogram lacks them.
              type: int
              returned: when available
            unpaired:
              description: Beginnings or ends without their other half. One or two are ordinary, at the edges of the time watched.
              type: int
              returned: when available
        net_rx_softirq:
          description: Runs of the receive softirq. Other CPUs go on, this one does nothing else meanwhile.
          type: dict
          returned: when there is tracing
          contains: *span
        drop_reasons:
          description: >-
            C(available), C(reason), C(lost_events) and C(counts), packets dropped by the kernel's name of the reason, such as C(PROTO_MEM), C(SOCKET_RCVBUFF)
            or C(TCP_OFO_QUEUE_PRUNE). Those only that room, a queue or memory is the cause of. From the event skb:kfree_skb (Linux 5.18).
          type: dict
          returned: when there is tracing
        rcvbuf_growth:
          description: >-
            C(available), C(reason), C(lost_events), C(events), and the quantiles C(p50) and C(p95) of C(rtt_us), C(copied_bytes_per_rtt), C(rcvbuf_bytes) and
            C(window_ratio) (the share of a buffer that the kernel offers as window). From the event tcp:tcp_rcvbuf_grow (Linux 6.16).
          type: dict
          returned: when there is tracing
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.signals import noted_signals
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.latency_session import MEANS_NAMES
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.receive_latency import check_duration, record_latency


def main():
    means = {"type": "list", "elements": "str", "choices": list(MEANS_NAMES), "default": list(MEANS_NAMES)}
    module = AnsibleModule(argument_spec={"duration": {"type": "float", "default": 10.0}, "means": means}, supports_check_mode=True)
    with noted_signals() as signals:
        try:
            check_duration(module.params["duration"])
            latency = record_latency(HostFiles(), module.params["duration"], module.params["means"], lambda: bool(signals))
        except (OSError, ValueError) as error:
            module.fail_json(msg=str(error))
    if signals:
        module.fail_json(msg=f"asked to end ({signals[0]}) before the time was over; tracing is as it was")
    module.exit_json(changed=False, ansible_facts={"receive_latency": latency})


if __name__ == "__main__":
    main()
