# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: socket_buffer_facts
short_description: Sizes and limits of TCP socket buffers, who sets them, and what can be written here
version_added: 0.1.0
description:
  - Reads every sysctl that sizes or limits socket buffers, the file that decides it at boot, and the host around it.
  - Reads files only, starts no program, changes nothing and needs no root. With root it says more of trials and of other network
    namespaces.
  - What the kernel does not have is V(null), never 0. A file that cannot be read is V(null) too, with a warning that names it.
attributes:
  check_mode:
    description: Runs the same in check mode, since it changes nothing.
    support: full
  diff_mode:
    description: Has no differences to show, since it changes nothing.
    support: none
  facts:
    description: Returns facts that are added to the host.
    support: full
  platform:
    description: Target OS or families that it works on.
    platforms: linux
    support: full
options:
  state_dir:
    description:
      - State directory of the writers on this host, to tell whether it exists, which trial runs and how many results wait. Its content is
        for root; without, that is V(null), with the reason.
    type: path
    default: /var/lib/linuxnet-socket-buffers
notes:
  - Values are those of the network namespace that the module runs in.
  - A value at boot follows the order of C(sysctl --system) of procps, C(/etc/sysctl.conf) last. C(systemd-sysctl) orders the
    folders in the same way and does not read C(/etc/sysctl.conf), unless a link in C(/etc/sysctl.d) points to it.
  - Without root, a network namespace other than the initial one may get another identity at each run on kernels before 5.14.
seealso:
  - module: linuxnet.socket_buffers.socket_counter_facts
  - module: linuxnet.socket_buffers.socket_buffer_tuning
author:
  - linuxnet.socket_buffers authors (@linuxnet)
"""

EXAMPLES = r"""
- name: Read the sizes and limits of socket buffers
  linuxnet.socket_buffers.socket_buffer_facts:

- name: Show the largest receive buffer of a TCP socket
  ansible.builtin.debug:
    msg: "{{ ansible_facts.socket_buffers.tcp_rmem.max }} bytes"

- name: List what differs from the next boot, and the file that decides there
  ansible.builtin.debug:
    msg: "{{ item.key }}: {{ item.value.value }} now, {{ item.value.boot_value }} by {{ item.value.boot_file }}"
  loop: "{{ ansible_facts.socket_buffers.sysctls | dict2items | selectattr('value.differs_from_boot', 'true') }}"
  loop_control:
    label: "{{ item.key }}"
"""

RETURN = r"""
ansible_facts:
  description: Facts of this host.
  returned: always
  type: dict
  contains:
    socket_buffers:
      description: Sizes and limits of socket buffers.
      returned: always
      type: dict
      contains:
        version:
          description: Version of this layout.
          returned: always
          type: int
          sample: 1
        identity:
          description: What this record belongs to. Records of different identities must not be compared number by number.
          returned: always
          type: dict
          contains:
            boot_id:
              description: The boot, from C(/proc/sys/kernel/random/boot_id).
              returned: always
              type: str
              sample: 944f44bd-f5cf-4fc7-9580-ade87c3d07a4
            netns:
              description:
                - The network namespace, as C(cookie:N) from the socket option C(SO_NETNS_COOKIE) (Linux 5.14).
                - On older kernels C(inode:N+start:M), the inode of C(/proc/self/ns/net) and the start of the oldest process to
                  be seen in it, in clock ticks since boot (0 for the initial namespace).
              returned: always
              type: str
              sample: cookie:4097
            netns_is_initial:
              description: Whether it is the initial one, which alone shows C(/proc/sys/net/ipv4/tcp_mem). V(null) if unknowable.
              returned: always
              type: bool
              sample: true
            kernel_release:
              description: The kernel, from C(/proc/sys/kernel/osrelease).
              returned: always
              type: str
              sample: 6.1.0-18-amd64
        host:
          description: The machine around the sockets.
          returned: always
          type: dict
          contains:
            ram_bytes:
              description: Memory in bytes, C(MemTotal) of C(/proc/meminfo). A container sees that of its machine.
              returned: always
              type: int
              sample: 8201285632
            page_size_bytes:
              description: Size of a memory page in bytes, from C(sysconf). The unit of C(tcp_mem) and C(udp_mem).
              returned: always
              type: int
              sample: 4096
            cpus:
              description: Number of CPUs online, from C(/sys/devices/system/cpu/online).
              returned: always
              type: int
              sample: 8
            link_mbps:
              description: Speed of the fastest network interface with a device behind it, in megabits per second. V(null) where none tells.
              type: int
            container:
              description:
                - Whether this is a container, from what its engine left in C(/run/systemd/container), C(/run/.containerenv),
                  C(/proc/1/cgroup) or C(/.dockerenv), else from the processes to be seen. V(null) if unknowable.
                - C(/.dockerenv) does not count where kernel threads can be seen, as on a machine made from an image.
              returned: always
              type: bool
              sample: false
            container_kind:
              description: Which engine made the container. V(null) if unknown, or if it is none.
              returned: always
              type: str
              sample: podman
            has_state_dir:
              description: Whether O(state_dir) exists, as it does where something was kept, a trial runs, or a run was killed.
              returned: always
              type: bool
              sample: false
            has_dropin:
              description:
                - Whether there is a sysctl.d file of M(linuxnet.socket_buffers.socket_buffer_tuning) with its settings.
                  V(null) if it cannot be read.
              returned: always
              type: bool
              sample: true
            trial:
              description: The trial that runs here, and what waits to be collected; see M(linuxnet.socket_buffers.socket_buffer_trial).
              returned: always
              type: dict
              contains:
                running:
                  description:
                    - C(id), C(owner), C(process), C(started), C(keys) and C(seconds_left) of it. V(null) if none runs, or for want of root.
                  type: dict
                  sample: {id: 0f9c4b1a7d3e5560, owner: alice@ctl/1f0c, process: 4711, started: "2025-03-01T12:00:00+00:00",
                           keys: [net.ipv4.tcp_rmem], seconds_left: 302.5}
                uncollected:
                  description: Number of results that wait. V(null) for want of root.
                  type: int
                  sample: 0
                reason:
                  description: Why nobody can tell, or V(null).
                  type: str
            network_namespaces:
              description: Network namespaces besides the initial one, as those of containers. Told by root in the initial one only.
              returned: always
              type: dict
              contains:
                count:
                  description:
                    - How many there are, by the processes in them and the names in C(/run/netns) and C(/run/docker/netns). V(null) if
                      nobody can tell.
                  type: int
                  sample: 12
                differing:
                  description:
                    - Those whose C(tcp_rmem) or C(tcp_wmem) differ from the initial one's, at most 100. C(name) is the file that names it,
                      or C(process) and a number; C(values) by sysctl, V(null) with the C(reason) where it cannot be read.
                  type: list
                  elements: dict
                  sample: [{name: /run/netns/web, values: {net.ipv4.tcp_rmem: 4096 131072 8388608}, reason: null}]
                reason:
                  description: Why nobody can tell, or V(null).
                  type: str
            managers:
              description: Programs that set socket buffers by themselves and run, or left a profile behind.
              returned: always
              type: list
              elements: dict
              contains:
                name:
                  description: C(tuned) or C(bpftune).
                  returned: always
                  type: str
                  sample: tuned
                active:
                  description: Whether a process of that name runs, from C(/proc/PID/comm).
                  returned: always
                  type: bool
                  sample: true
                detail:
                  description: The active profile of tuned, from C(/etc/tuned/active_profile). V(null) if there is none.
                  returned: always
                  type: str
                  sample: throughput-performance
        tcp_rmem:
          description: Receive buffer of a TCP socket in bytes, from C(/proc/sys/net/ipv4/tcp_rmem). V(null) where it is absent.
          returned: always
          type: dict
          contains: &triple
            min:
              description: Bytes that a socket keeps under memory pressure.
              returned: always
              type: int
              sample: 4096
            default:
              description: Bytes that a new socket starts with.
              returned: always
              type: int
              sample: 131072
            max:
              description: Bytes up to which the kernel grows it.
              returned: always
              type: int
              sample: 6291456
        tcp_wmem:
          description: Send buffer of a TCP socket in bytes, from C(/proc/sys/net/ipv4/tcp_wmem). V(null) where it is absent.
          returned: always
          type: dict
          contains: *triple
        sysctls:
          description: One entry for each sysctl of this collection, such as C(net.ipv4.tcp_rmem), also for those that are absent.
          returned: always
          type: dict
          contains:
            <key>:
              description: The sysctl C(/proc/sys/net/...) of that name.
              returned: always
              type: dict
              contains:
                present:
                  description: Whether this kernel and namespace have it.
                  returned: always
                  type: bool
                  sample: true
                scope:
                  description: V(namespace) if each network namespace has its own, V(host) if the machine has one.
                  returned: always
                  type: str
                  sample: namespace
                unit:
                  description: Unit of its numbers, such as V(bytes), V(pages) or V(microseconds).
                  returned: always
                  type: str
                  sample: bytes
                writable:
                  description:
                    - Whether root could write it here, from the mode of the file and the flags of the mount that covers it
                      in C(/proc/self/mountinfo).
                    - V(null) if it is absent, or no mount is known to cover it.
                  returned: always
                  type: bool
                  sample: true
                value:
                  description: Its value now, with one space between fields. V(null) if it is absent or cannot be read.
                  returned: always
                  type: str
                  sample: 4096 131072 6291456
                boot_value:
                  description: The value that the next boot would give it. V(null) if no file sets it and the kernel chooses.
                  returned: always
                  type: str
                  sample: 4096 131072 33554432
                boot_file:
                  description: The file that decides at boot, C(/proc/cmdline) for a parameter of the kernel. V(null) if none does.
                  returned: always
                  type: str
                  sample: /etc/sysctl.d/90-network.conf
                differs_from_boot:
                  description: Whether the value now is another than at boot. V(null) if no file decides.
                  returned: always
                  type: bool
                  sample: true
                set_in:
                  description:
                    - Every file that sets it, and the value there, in the order of a boot. One that loses there can be loaded by hand.
                  returned: always
                  type: list
                  elements: dict
                  sample: [{file: /etc/sysctl.d/90-network.conf, value: 4096 131072 33554432}]
                our_value:
                  description:
                    - The value in the sysctl.d file of M(linuxnet.socket_buffers.socket_buffer_tuning). V(null) if that does not set it.
                  returned: always
                  type: str
                  sample: 4096 131072 33554432
"""

from typing import Any, Dict, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.nic import fastest_link_mbps
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import (
    DROPIN_PATH,
    MARKER,
    dropin_settings,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_facts import read_host
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, TolerantFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.namespace_facts import read_namespaces
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import DEFAULT_STATE_DIR
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_facts import read_sysctls
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import triple
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_collect import trial_facts


def read_facts(files: HostFiles, state_dir: str = DEFAULT_STATE_DIR) -> Dict[str, Any]:
    dropin = files.read_text(DROPIN_PATH)
    ours = dropin_settings(dropin)
    sysctls = {key: dict(row, our_value=ours.get(key)) for key, row in read_sysctls(files).items()}
    identity = read_identity(files)
    values = {key: row["value"] for key, row in sysctls.items()}
    host = dict(
        read_host(files),
        link_mbps=fastest_link_mbps(files),
        has_state_dir=files.exists(state_dir),
        has_dropin=_has_dropin(files, dropin),
        trial=trial_facts(files, state_dir),
        network_namespaces=read_namespaces(files, identity["netns_is_initial"], values),
    )
    return {
        "version": 1,
        "identity": identity,
        "host": host,
        "tcp_rmem": triple(sysctls["net.ipv4.tcp_rmem"]["value"]),
        "tcp_wmem": triple(sysctls["net.ipv4.tcp_wmem"]["value"]),
        "sysctls": sysctls,
    }


def _has_dropin(files: HostFiles, text: Optional[str]) -> Optional[bool]:
    return None if text is None and files.exists(DROPIN_PATH) else MARKER in (text or "")


def main() -> None:
    module = AnsibleModule(argument_spec={"state_dir": {"type": "path", "default": DEFAULT_STATE_DIR}}, supports_check_mode=True)
    files = TolerantFiles()
    facts = read_facts(files, module.params["state_dir"])
    for unreadable in files.unreadable:
        module.warn(f"taken as absent, since it cannot be read: {unreadable}")
    module.exit_json(ansible_facts={"socket_buffers": facts})


if __name__ == "__main__":
    main()
