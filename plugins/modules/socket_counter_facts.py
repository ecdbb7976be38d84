# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: socket_counter_facts
short_description: Counters of socket buffers, as a snapshot or as a window of buckets
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Reads what the kernel counts about socket buffers, the protocols above them and the queues below them, from C(/proc) and C(/sys) and
    by the ethtool ioctl, and what it knows of each TCP connection, by the netlink protocol sock_diag. Runs no program and needs no root.
  - Without O(duration) it returns a snapshot as facts. With it, it returns a window, one bucket per O(interval), as RV(window).
  - Everything belongs to the network namespace that the module runs in, but softnet, the protocols' memory and pressure, and the
    fields orphan, alloc and mem of sockstat, which the kernel keeps per machine.
options:
  gather_subset:
    description:
      - What to read, as in M(ansible.builtin.setup). An entry starting with C(!) leaves a subset out, so all but the interfaces
        is C([all, '!nic']).
      - V(tcp) reads Tcp and TcpExt; V(ip) Ip, IpExt and Ip6; V(udp) Udp, UdpLite, Udp6 and UdpLite6; V(mptcp) MPTcpExt.
      - V(softnet) reads the per-CPU receive queues, V(sockstat) sockets and their memory, V(protocols) memory and pressure by protocol.
      - V(nic) reads interface losses, speed and rings, V(sizes) the sysctls in force.
      - V(sockets) reads the TCP sockets and sums them up by class, direction and listening port. It is part of V(all), as it costs
        milliseconds on most hosts and about a second of CPU at most for 50000 sockets, once in a snapshot and at both ends of a window. As with
        C(ss), the kernel may load its modules C(inet_diag) and C(tcp_diag) for it; V(!sockets) leaves it out.
      - V(min) is V(tcp) alone and always part of it, unless excluded by C(!min).
      - Valid are V(all), V(min), V(tcp), V(ip), V(udp), V(mptcp), V(softnet), V(sockstat), V(protocols), V(nic), V(sizes)
        and V(sockets).
    type: list
    elements: str
    default: [all]
  duration:
    description:
      - Length of a window in seconds, more than 0 and at most 86400, in at most 3600 buckets. Without it, a snapshot is returned.
      - The module runs that long; use C(async) for more than a few seconds.
    type: float
  interval:
    description: Length of one bucket of a window in seconds, from 0.05 to O(duration).
    type: float
    default: 1
  top:
    description:
      - Of the subset V(sockets), also return that many of the worst flows, from 0 to 100, in each of several orders, one row per flow
        with its addresses, and the local addresses of all flows.
      - Without it, no address leaves the host.
    type: int
    default: 0
attributes:
  check_mode:
    description: Reads only, in check mode too.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
  facts:
    description: Returns C(ansible_facts) unless O(duration) is set.
    support: partial
  platform:
    description: Linux. Which counters exist depends on the kernel; one that it lacks is null.
    platforms: linux
    support: full
seealso:
  - module: linuxnet.socket_buffers.socket_buffer_facts
"""

EXAMPLES = r"""
- name: A snapshot of every counter
  linuxnet.socket_buffers.socket_counter_facts:

- name: How often did the kernel collapse a receive queue since boot?
  ansible.builtin.debug:
    msg: "{{ ansible_facts.socket_counters.counters.TcpExtTCPRcvCollapsed }}"

- name: TCP and UDP only
  linuxnet.socket_buffers.socket_counter_facts:
    gather_subset: ['!all', udp]

- name: A window of one minute, in buckets of one second
  linuxnet.socket_buffers.socket_counter_facts:
    duration: 60
  async: 120
  poll: 0
  register: started

- name: What do the TCP connections do for ten seconds, and which are the five worst?
  linuxnet.socket_buffers.socket_counter_facts:
    gather_subset: ['!all', '!min', sockets]
    duration: 10
    top: 5
"""

RETURN = r"""
ansible_facts:
  description: The snapshot, when O(duration) is not set.
  returned: without O(duration)
  type: dict
  contains:
    socket_counters:
      description: All counters at one moment.
      type: dict
      returned: always
      contains:
        version:
          description: Version of this shape.
          type: int
          returned: always
        identity:
          description: What the numbers belong to. Numbers of different identities must not be subtracted.
          type: dict
          returned: always
          contains: &identity
            boot_id:
              description: From C(/proc/sys/kernel/random/boot_id).
              type: str
              returned: always
            netns:
              description: The network namespace, by a name that is not used again in this boot.
              type: str
              returned: always
            netns_is_initial:
              description: Whether it is the initial one; null when that cannot be known.
              type: bool
              returned: always
            kernel_release:
              description: From C(/proc/sys/kernel/osrelease).
              type: str
              returned: always
        boottime_seconds:
          description: When, in seconds since boot (CLOCK_BOOTTIME).
          type: float
          returned: always
        counters:
          description:
            - Numbers that only grow, by the names that C(nstat) uses, such as C(TcpExtPruneCalled); those of softnet and interfaces
              are prefixed C(softnet_) and C(nic_NAME_). Null where this kernel has no such counter.
            - From C(/proc/net/snmp), C(/proc/net/netstat), C(/proc/net/snmp6), C(/proc/net/softnet_stat), C(/sys/class/net/*/statistics)
              and the driver's own statistics that tell of loss.
          type: dict
          returned: always
        gauges:
          description:
            - Numbers that may fall, such as C(TcpCurrEstab), C(sockstat_TCP_mem_pages), C(softnet_cpus) and C(protocols_TCP_pressure)
              (1, 0, or null). Units other than a count are in the name.
            - From C(/proc/net/sockstat), C(/proc/net/sockstat6) and C(/proc/net/protocols).
          type: dict
          returned: always
        softnet:
          description: One row per online CPU, from C(/proc/net/softnet_stat). 32-bit numbers that wrap; null what the kernel does not show.
          type: list
          elements: dict
          returned: when the subset softnet is read
          contains:
            cpu:
              description: Number of the CPU (Linux 5.10 and later).
              type: int
              returned: always
            processed:
              description: Packets.
              type: int
              returned: always
            dropped:
              description: Packets dropped because the queue of the CPU was full.
              type: int
              returned: always
            time_squeeze:
              description: How often a receive softirq ran out of budget or time.
              type: int
              returned: always
            received_rps:
              description: Wake-ups by another CPU to take packets over.
              type: int
              returned: always
            flow_limit_count:
              description: Packets dropped because one flow filled the queue.
              type: int
              returned: always
            backlog_length:
              description: Packets in the queue now (Linux 5.10 and later).
              type: int
              returned: always
        nics:
          description:
            - Losses, by interface. Those with a device behind them; where none has one, as in a container, all but lo.
            - The dictionary is keyed by the name of the interface.
          type: dict
          returned: when the subset nic is read
          contains:
            speed_mbps:
              description: From C(/sys/class/net/*/speed), in Mb/s; null when unknown.
              type: int
              returned: always
            mtu:
              description: From C(/sys/class/net/*/mtu), in bytes.
              type: int
              returned: always
            ring:
              description: C(rx), C(rx_max), C(tx) and C(tx_max) in descriptors, from the ethtool ioctl; null where the driver has none.
              type: dict
              returned: always
            statistics:
              description: Errors and drops from C(/sys/class/net/*/statistics).
              type: dict
              returned: always
            driver:
              description: Those of the driver's own statistics that tell of loss, from the ethtool ioctl.
              type: dict
              returned: always
        sizes:
          description: The sysctls in force, by key, as text with single spaces, from C(/proc/sys).
          type: dict
          returned: when the subset sizes is read
        sockets:
          description:
            - The TCP connections of this network namespace, from sock_diag. Null in it is what this kernel does not tell, what was never
              measured, and, without a window, what is a change.
          type: dict
          returned: when the subset sockets is read
          contains: &sockets
            available:
              description: Whether there is a whole list of sockets. If not, there is only the reason beside it, and nothing fails.
              type: bool
              returned: always
            reason:
              description: Why there is none, such as a kernel without sock_diag, or dumps that were interrupted three times in a row.
              type: str
              returned: always
            seconds:
              description: From the first look to the last; null in a snapshot.
              type: float
              returned: when available
            looks:
              description:
                - How many looks there were. Both ends of the window, and between them about four a second at irregular moments, at most
                  about 60, for 2 % of a CPU at most. Null in a snapshot.
              type: int
              returned: when available
            flows:
              description: How many connections there are at the last look.
              type: int
              returned: when available
            born:
              description: How many of them were not there at the first look; null in a snapshot.
              type: int
              returned: when available
            passed:
              description: How many connections were seen that were not there at the first look, nor at the last; null in a snapshot.
              type: int
              returned: when available
            closed:
              description: How many connections of the first look are gone; null in a snapshot.
              type: int
              returned: when available
            groups:
              description:
                - One row per C(class) and C(direction), with the number of C(flows), and C(counts), C(sums) and C(quantiles)
                  (C(p50), C(p90), C(p99), C(max)) by measure. See C(docs/data_shapes.md) of the collection for the measures.
                - The class is V(bulk), V(request_response), V(idle), or V(unknown) where the kernel does not count payload. The direction
                  is V(inbound) when the local port is one that is listened on, else V(outbound).
              type: list
              elements: dict
              returned: when available
            ports:
              description: The same, by listening port, for the ten busiest; C(classes) has the number of flows by class.
              type: list
              elements: dict
              returned: when available
            ports_left_out:
              description: How many more ports there are.
              type: int
              returned: when available
            listeners:
              description:
                - Of the listening sockets, their number and that of their C(ports), how many have buffers that are not the present default
                  (accepted connections inherit those), and how much of their accept queues is in use.
                - C(renewed) is how many were made in the window on a port that was listened on at its start, and C(renewed_ports) are those
                  ports, at most 20. Null in a snapshot.
              type: dict
              returned: when available
            top:
              description: By order, the worst flows with their measures and addresses, worst first.
              type: dict
              returned: when available and O(top) is not 0
            local_addresses:
              description: The distinct local addresses of all flows, sorted as text, at most 100. One mapped into IPv6 is shown as IPv4.
              type: list
              elements: str
              returned: when available and O(top) is not 0
            retries:
              description: How many dumps were disturbed, thrown away and asked for again.
              type: int
              returned: when available
            cpu_seconds:
              description: What each look cost this process, the kernel's work for it included.
              type: list
              elements: float
              returned: when available
window:
  description: What moved in each bucket. See C(docs/data_shapes.md) of the collection.
  returned: with O(duration)
  type: dict
  contains:
    version:
      description: Version of this shape.
      type: int
      returned: always
    identity:
      description: As in the facts. The same all the time, or the window is refused.
      type: dict
      returned: always
      contains: *identity
    interval_seconds:
      description: The interval that was asked for.
      type: float
      returned: always
    started:
      description: Start, in seconds since boot.
      type: float
      returned: always
    ended:
      description: End, in seconds since boot.
      type: float
      returned: always
    seconds:
      description: What each bucket really took.
      type: list
      elements: float
      returned: always
    counters:
      description:
        - By name, the increase in each bucket. Only counters that moved.
        - Null where the counter went backwards, or was there at one end only. Several that went backwards at once refuse the window.
      type: dict
      returned: always
    gauges:
      description: By name, the value at the end of each bucket. Only gauges that moved.
      type: dict
      returned: always
    first:
      description: Raw values at the start of what moved.
      type: dict
      returned: always
    last:
      description: Raw values at the end of what moved.
      type: dict
      returned: always
    still:
      description: Gauges that did not move, and their value.
      type: dict
      returned: always
    absent:
      description: Names that this kernel does not have.
      type: list
      elements: str
      returned: always
    sizes:
      description: The sysctls in force at the end.
      type: dict
      returned: always
    sockets:
      description: The TCP connections at the end, and what they did since the start.
      type: dict
      returned: when the subset sockets is read
      contains: *sockets
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.facts.collector import get_collector_names
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.counter_table import ALL_SUBSETS
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import snapshot_facts
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.window import check_lengths, record_window
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.socket_watch import check_top, sockets_now

MINIMAL_SUBSET = frozenset(("tcp",))


def main():
    module = AnsibleModule(
        argument_spec={
            "gather_subset": {"type": "list", "elements": "str", "default": ["all"]},
            "duration": {"type": "float"},
            "interval": {"type": "float", "default": 1.0},
            "top": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    duration, interval, top = (module.params[name] for name in ("duration", "interval", "top"))
    files = HostFiles()
    try:
        subsets = wanted_subsets(module.params["gather_subset"])
        check_top(top)
        if duration is None:
            module.exit_json(changed=False, ansible_facts={"socket_counters": facts_now(files, subsets, top)})
        check_lengths(duration, interval)
        module.exit_json(changed=False, window=record_window(files, subsets, duration, interval, top))
    except (OSError, ValueError) as error:
        module.fail_json(msg=str(error))


def facts_now(files, subsets, top):
    facts = snapshot_facts(files, subsets)
    if "sockets" in subsets:
        facts["sockets"] = sockets_now(files, top)
    return facts


def wanted_subsets(asked):
    """Names of the subsets to read, by the rules of setup's gather_subset."""
    try:
        return get_collector_names(valid_subsets=ALL_SUBSETS, minimal_gather_subset=MINIMAL_SUBSET, gather_subset=asked)
    except TypeError as error:
        raise ValueError(f"gather_subset: {error}")


if __name__ == "__main__":
    main()
