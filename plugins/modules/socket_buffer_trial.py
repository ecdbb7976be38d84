# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
DOCUMENTATION = r"""
---
module: socket_buffer_trial
short_description: Try socket buffer sizes in randomised blocks or one step, and end at the originals
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Runs an experiment on the host. Pairs of blocks, one under the present values (arm A) and one under the O(values) (arm B), in an
    order drawn for each pair, and the counters of each block recorded. The result feeds P(linuxnet.socket_buffers.verdict#filter).
  - With O(design=step) the blocks are all A up to a drawn moment, and all B from then on. That is for what reaches neither connections
    nor listeners that are open, where blocks in turns would compare a value with itself. With O(design=step_back) they are all B up to that
    moment, and all A from then on. That is for what takes hold later than in a block, and goes at once.
  - It ends at the originals, always, byte for byte, even where they are values that O(values) would refuse. So a trial by itself is no
    change. Reported as one is what a killed trial had left and is brought back first, a result or file that is V(discarded) (O(state)), and
    an original that could not be brought back, which fails the module.
  - A guardian process is started before the first write. When the trial dies in any way, or hangs, the guardian brings the originals
    back within seconds. Nothing is written that a reboot would not revert.
  - What a trial left that was killed together with its guardian is brought back first, and reported in RV(recovered).
  - It gives up, with the originals back, when it is asked to end (SIGTERM, SIGINT, SIGHUP), when its guardian dies, when a write fails,
    when counters were reset, or when somebody else changes one of its sysctls. That other value is left alone. RV(trial) then has the
    status V(aborted) and the reason.
  - It takes RV(total_seconds) and needs nobody watching; run it under C(async). With a O(context) its result also waits on the host, for a
    controller that comes back after the one that started it has died.
options:
  state:
    description:
      - V(run) runs a trial.
      - V(collected) returns the results that wait on the host, and leaves them there, and tells which trial runs. What a trial left that
        was killed together with its guardian is brought back first. On a host without a O(state_dir) it makes none.
      - V(discarded) removes the result of the trial O(id), or the O(job_file), or both, also while another trial runs. What has gone
        already is no error.
    type: str
    choices: [run, collected, discarded]
    default: run
  values:
    description:
      - The candidate. Each value is text (V(4096 131072 33554432)), a list of integers, a mapping with C(min), C(default) and C(max), or
        one integer, in the unit of the sysctl (bytes for all that can be set here).
      - Can be tried are C(net.ipv4.tcp_rmem), C(net.ipv4.tcp_wmem), C(net.ipv4.tcp_notsent_lowat), C(net.ipv4.tcp_limit_output_bytes),
        C(net.core.rmem_default), C(net.core.rmem_max), C(net.core.wmem_default) and C(net.core.wmem_max).
      - A triple must fulfil 4096 <= min <= default <= max <= 2147483647.
      - At least one must differ from what the host holds.
      - Without this option nothing is tried. The same schedule runs with the present values in both arms, and nothing is written. Such a
        trial tells how much this host differs from itself; see the playbook C(calibrate). Beside the steps of others (O(design)) it is an
        untouched control.
    type: dict
  design:
    description:
      - V(pairs) draws an order for each pair of blocks.
      - V(step) switches once, at a moment drawn by O(seed). All moments are equally likely that leave each arm a fifth of the blocks. It
        wants at least 5 O(pairs), which are then two blocks each and no more.
      - V(step_back) begins with the O(values) and switches back once, at such a moment.
    type: str
    choices: [pairs, step, step_back]
    default: pairs
  pairs:
    description:
      - Number of pairs of blocks, 1 to 1000.
      - An exact test at 1 % needs at least 7. For one step (O(design)) it needs 84, as the switch must have had at least 100 moments to come at.
    type: int
    default: 16
  block_seconds:
    description: Length of the recorded part of each block in seconds, at least 0.1.
    type: float
    default: 15
  washout_seconds:
    description:
      - How long to wait after each switch before recording, in seconds. Less than O(block_seconds), and not a part of it.
    type: float
    default: 3
  seed:
    description: Draws the order of the blocks. Random when not set; the one used is returned.
    type: int
  start_at:
    description:
      - When the first block is to begin, in seconds since 1970 by the host's clock, so that hosts which are not reached at the same moment
        are in step. At most 600 seconds ahead.
      - Where that is more than a second ago, the first block begins at once, and RV(trial.late_seconds) says how late.
      - A clock that is set while the trial waits changes nothing.
    type: float
  restart_services:
    description:
      - Services and sockets of systemd that are restarted right after the switch of O(design=step), and again right after the originals are
        back, because a listener keeps the buffer sizes that it was made with. Where a socket unit listens for a service, name both.
      - V(.service) is appended to a name without a suffix. All are restarted together, within 60 seconds; systemd knows their order.
      - Refused before anything is written where systemd does not run, and what is not loaded, not active, or what this run runs in. So is
        what would cut it off, or would stop together with the unit. That is C(ssh), C(sshd), C(dropbear); C(systemd-*), C(dbus),
        C(dbus-broker), C(messagebus); C(NetworkManager*), C(network), C(network-*), C(networking), C(ifup@*), C(netplan*), C(wicked*),
        C(connman), C(dhcpcd*), C(wpa_supplicant*); C(nftables), C(iptables), C(ip6tables), C(firewalld), C(ufw), C(netfilter-persistent);
        C(wg-quick@*), C(openvpn*), C(strongswan*), C(ipsec), C(tailscaled), C(zerotier-one).
      - A restart that fails ends the trial, and they are restarted with the originals. What then does not run fails the module by name.
      - When the trial dies, whoever brings the originals back restarts them afterwards, if the trial had come to its switch. What the next
        run finds stopped it leaves stopped, and fails once with its name.
      - Without O(values) nothing is restarted.
    type: list
    elements: str
    default: []
  owner:
    description:
      - Whose trial it is, in one line of text. Whoever is refused while it runs is told, and so are facts and syslog.
      - P(linuxnet.socket_buffers.run_owner#lookup) gives one.
    type: str
  context:
    description:
      - Whatever another controller needs to judge the result, such as the plan.
      - With it, even an empty one, the result waits on the host after the trial, with this beside it, until it is V(discarded) (O(state)).
        Of more than 5 results the oldest go.
    type: dict
  child_namespaces:
    description:
      - What to do in the initial network namespace of a host that has others, such as those of containers. A new one copies C(tcp_rmem) and
        C(tcp_wmem) of the initial one, so a container that is born in a trial would keep the candidate.
      - V(refuse) tries neither of these where one of the others is in use, which is to say that an interface besides C(lo) is up there, or there
        is a socket of TCP. Those that merely isolate a service, as C(PrivateNetwork=) of systemd, are no reason.
      - V(restore) tries, and at the end finds the namespaces that were born in the trial. Those that hold exactly the candidate get the
        original, and RV(trial.child_namespaces) has them. Their connections may have grown in the meantime. So it is where V(refuse) found none
        in use.
      - Found are namespaces that a process is in, or that have a name in C(/run/netns) or C(/run/docker/netns).
    type: str
    choices: [refuse, restore]
    default: refuse
  id:
    description: The trial whose result is V(discarded) (O(state)).
    type: str
  job_file:
    description:
      - The C(results_file) of the C(async) job that ran it, to be removed in the same run where the result is V(discarded) (O(state)).
    type: path
  state_dir:
    description:
      - Directory for the lock, for results that wait, and during a trial for its record and its guardian. It is made with mode 0700 when
        missing, and goes away when nothing is left in it.
      - Refused when it is a symbolic link, belongs to another user, or can be written by group or others.
      - Use the same one in every run on a host.
    type: path
    default: /var/lib/linuxnet-socket-buffers
attributes:
  check_mode:
    description:
      - Returns the schedule and the total time, and refuses what a real run would refuse; writes nothing. V(collected) brings nothing back.
    support: full
  diff_mode:
    description: Ends where it began, so there is no difference.
    support: none
  async:
    description: Meant to run under C(async). The guardian outlives the job when that is killed.
    support: full
  platform:
    description: Linux, in any network namespace. Root is needed.
    support: full
    platforms: linux
notes:
  - The time is 2 * O(pairs) * (O(washout_seconds) + O(block_seconds)) seconds. A trial that takes a tenth and 5 seconds longer is
    asked to end by its guardian, and killed 5 seconds later. With O(start_at) the wait comes before that, and with O(restart_services) the
    last restart, of a minute at most, after it.
  - Blocks keep to a timetable that is set when the first one begins, so that hosts which began together stay in step. What switching and
    recording costs is taken from the time of the block. A host that is late ends a block when it is due, but not before half of its
    length; the same goes for the wash-out. So does the restart of services.
  - Sockets that are already open keep buffers that have grown, also after the originals are back; RV(trial.residual) counts them.
  - Only one of this module and M(linuxnet.socket_buffers.socket_buffer_tuning) works on a host at a time; the other fails and names it,
    with its owner, its process, since when and for how many seconds more. That end is kept by the clock since boot, which nobody sets.
  - Begin and end of a trial, and what a guardian did, are in syslog (daemon, notice), where there is one.
  - Where systemd runs, the guardian is a transient service, which is started again when it is killed, and a trial moves from its login
    session into a scope of its own, so that the end of the session takes neither along. Elsewhere the guardian is a process in a session of its own.
seealso:
  - module: linuxnet.socket_buffers.socket_buffer_tuning
  - module: linuxnet.socket_buffers.socket_counter_facts
"""

EXAMPLES = r"""
- name: Try a smaller maximum for ten minutes
  linuxnet.socket_buffers.socket_buffer_trial:
    values:
      net.ipv4.tcp_rmem: 4096 131072 2097152
  become: true
  async: 1300
  poll: 0
  register: started

- name: Try a default that only a new listener takes, and restart the one that matters
  linuxnet.socket_buffers.socket_buffer_trial:
    values:
      net.ipv4.tcp_rmem: 4096 524288 6291456
    design: step
    pairs: 84
    restart_services: [nginx]
  become: true
  async: 6200
  poll: 0

- name: Which results wait here, and what runs?
  linuxnet.socket_buffers.socket_buffer_trial:
    state: collected
  become: true
  register: waiting

- name: Remove one that has been judged
  linuxnet.socket_buffers.socket_buffer_trial:
    state: discarded
    id: "{{ waiting.results[0].id }}"
  become: true

- name: How long would it take, and in which order?
  linuxnet.socket_buffers.socket_buffer_trial:
    values:
      net.ipv4.tcp_wmem: {min: 4096, default: 16384, max: 33554432}
    pairs: 8
    seed: 7
  become: true
  check_mode: true
"""

RETURN = r"""
id:
  description: Names this trial.
  returned: when a trial ran
  type: str
  sample: 0f9c4b1a7d3e5560
owner:
  description: As given.
  returned: when a trial ran
  type: str
  sample: alice@ctl/1f0c
kept:
  description: Whether the result also waits on the host. When it should and could not, a warning says why.
  returned: when a trial ran
  type: bool
  sample: true
running:
  description: The trial that runs on this host, or null.
  returned: when O(state=collected)
  type: dict
  contains:
    id:
      description: Its name.
      type: str
      sample: 0f9c4b1a7d3e5560
    owner:
      description: Whose it is, or null.
      type: str
      sample: alice@ctl/1f0c
    process:
      description: Its process.
      type: int
      sample: 4711
    started:
      description: When it began, UTC, ISO 8601.
      type: str
      sample: "2025-03-01T12:00:00+00:00"
    keys:
      description: The sysctls that it tries.
      type: list
      elements: str
      sample: [net.ipv4.tcp_rmem]
    seconds_left:
      description: Until its end is due; 0 when it is late.
      type: float
      sample: 302.5
results:
  description:
    - Results that wait, newest first. Each is what its trial returned (RV(id), RV(owner), RV(trial), RV(recovered), RV(total_seconds);
      C(failed) and C(msg) where an original could not be brought back, or a service does not run as it did), and the C(context) beside it.
  returned: when O(state=collected)
  type: list
  elements: dict
damaged:
  description: Results that cannot be read, with C(id) and C(reason).
  returned: when O(state=collected)
  type: list
  elements: dict
child_namespaces:
  description:
    - Network namespaces in use besides the initial one, as those of containers, with their C(count) and the first C(names). Where there are any, a trial
      of C(tcp_rmem) or C(tcp_wmem) is refused unless O(child_namespaces=restore). None are looked for outside the initial one.
  returned: when O(state=collected)
  type: dict
  sample: {count: 2, names: [process 4711, process 4802]}
refused:
  description: Whether a rule forbids this trial that an option changes (O(child_namespaces)); nothing is wrong then.
  returned: when it is so
  type: bool
  sample: true
total_seconds:
  description: What the blocks take, wash-outs included.
  returned: when a trial ran, and in check mode
  type: float
  sample: 576.0
schedule:
  description: The blocks that a real run would make, in their order.
  returned: in check mode
  type: dict
  contains:
    design:
      description: As asked for.
      type: str
      sample: pairs
    seed:
      description: The seed that gives this order.
      type: int
      sample: 7
    pair:
      description: For each block, the number of its pair, from 0. In a step each block has its own.
      type: list
      elements: int
      sample: [0, 0, 1, 1]
    arm:
      description: For each block, V(A) (the present values) or V(B) (the candidate).
      type: list
      elements: str
      sample: [A, B, B, A]
recovered:
  description: The killed trial whose values were brought back first; null when there was none. Where there was one, the host is changed.
  returned: when O(state) is V(run) or V(collected), also where the new trial is then refused; null in check mode of V(collected)
  type: dict
  contains:
    id:
      description: Its name; null if an older version of this collection ran it.
      type: str
    owner:
      description: Whose it was, or null.
      type: str
    started:
      description: When that trial began, UTC, ISO 8601.
      type: str
      sample: "2025-03-01T12:00:00+00:00"
    restored:
      description: As RV(trial.restored). Empty when its values had gone already.
      type: dict
    child_namespaces:
      description: As RV(trial.child_namespaces).
      type: dict
    restarted:
      description: Services that were restarted after it, by name, with C(restarted), C(active) and C(reason).
      type: dict
    reason:
      description: Why nothing had to be brought back, or null.
      type: str
trial:
  description: What was recorded. See C(docs/data_shapes.md) of the collection.
  returned: not in check mode
  type: dict
  contains:
    version:
      description: Version of this shape.
      type: int
      sample: 1
    identity:
      description:
        - Boot (C(boot_id)), network namespace (C(netns), C(netns_is_initial)) and C(kernel_release) that the numbers belong to.
      type: dict
    status:
      description: V(complete), or V(aborted) before its time.
      type: str
      sample: complete
    reason:
      description: Why it was aborted, or null.
      type: str
    design:
      description: As asked for.
      type: str
      sample: pairs
    seed:
      description: The seed of the order.
      type: int
      sample: 7
    pairs:
      description: The pairs of blocks asked for.
      type: int
      sample: 16
    block_seconds:
      description: The recorded part of each block, as asked for.
      type: float
      sample: 15.0
    washout_seconds:
      description: The wait after each switch, as asked for.
      type: float
      sample: 3.0
    began_epoch_seconds:
      description:
        - When the first block began, in seconds since 1970 by the host's clock. Block C(i) is due to end (C(i) + 1) * (O(washout_seconds) +
          O(block_seconds)) later. Null when it came to none.
      type: float
      sample: 1767225600.25
    late_seconds:
      description: How long after O(start_at) that was; 0 in time. Null without an appointment, or when it came to no block.
      type: float
      sample: 0.0
    baseline:
      description: The values of arm A, read from the files below C(/proc/sys/net) before the first write, one space between fields.
      type: dict
      sample: {net.ipv4.tcp_rmem: 4096 131072 6291456}
    candidate:
      description: The values of arm B.
      type: dict
      sample: {net.ipv4.tcp_rmem: 4096 131072 2097152}
    blocks:
      description:
        - One entry per block that was recorded to its end, in three columns.
        - C(pair) and C(arm) as in RV(schedule); C(started) in seconds since boot (CLOCK_BOOTTIME), after the wash-out.
      type: dict
      sample: {pair: [0, 0], arm: [B, A], started: [81.5, 99.5]}
    seconds:
      description: What the recorded part of each block really took.
      type: list
      elements: float
      sample: [15.003, 15.002]
    counters:
      description: By name, the increase in each block; null where the counter went backwards. Only counters that moved.
      type: dict
      sample: {TcpExtTCPRcvCollapsed: [120, 4410]}
    gauges:
      description: By name, the value at the end of each block. Only gauges that moved.
      type: dict
      sample: {TcpCurrEstab: [12, 14]}
    absent:
      description: Names that this kernel does not have.
      type: list
      elements: str
    stalls:
      description:
        - How long receiving kept a CPU from everything else, block by block, by the kernel's own tracing; C(available) and C(reason) where
          that was not possible.
      type: dict
      sample: {available: true, span: tcp_collapse, means: kernel_histogram, longest_us: [2100.0, 21400.0]}
    flows:
      description: What the TCP connections did, block by block, from sock_diag; C(available) and C(reason) where that was not possible.
      type: dict
      sample: {available: true, columns: {flows_request_rtt_us: [410, 432]}}
    restored:
      description:
        - By sysctl, the C(value) it holds at the end, whether the original is back (C(restored)), and the C(reason) if not.
        - A sysctl that somebody else changed is left as it is. One that could not be brought back for another reason fails the module.
      type: dict
      sample: {net.ipv4.tcp_rmem: {value: 4096 131072 6291456, restored: true, reason: null}}
    child_namespaces:
      description:
        - Null unless it was in the initial network namespace and tried C(tcp_rmem) or C(tcp_wmem).
        - How many others there were at the start (C(before)), how many were C(born) since, and C(rows) of them, at most 100, with C(name),
          C(netns), C(restored) (as above, of what held the candidate) and C(reason). What could not be put back is in C(lost) and fails the
          module.
      type: dict
      sample: {before: 3, born: 0, rows: [], reason: null, lost: {}}
    restarted:
      description:
        - By unit of O(restart_services), how many C(times) it was restarted, whether it is C(active), and the C(reason) why it is not as it
          was, or null. Empty when nothing was tried.
        - A unit with a reason fails the module, unless the trial ended before its switch.
      type: dict
      sample: {nginx.service: {times: 2, active: true, reason: null}}
    residual:
      description:
        - After the originals are back, the number of TCP connections (C(flows)), and how many of them hold larger buffers than the maximum
          in force (C(rcvbuf_above_max), C(sndbuf_above_max)), of an earlier one or of SO_RCVBUF. C(ports) are those listened on, of the 10
          busiest, that such connections are of.
        - The three numbers and C(ports) are null, with the C(reason), where nobody could look at the connections.
      type: dict
      sample: {rcvbuf_above_max: 3, sndbuf_above_max: 0, flows: 412, ports: [443], reason: null}
"""

import time
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import DEFAULT_STATE_DIR
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import validated
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_collect import collect, discard
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_experiment import Request
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_namespaces import REFUSE, RESTORE
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_owner import check_owner
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_result import check_id, new_id
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_run import ERRORS, failure, refuse, run_trial
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import (
    DESIGNS,
    PAIRS,
    check_lengths,
    random_seed,
    wait_seconds,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_services import services_of

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["run", "collected", "discarded"], "default": "run"},
    "values": {"type": "dict"},
    "design": {"type": "str", "choices": list(DESIGNS), "default": PAIRS},
    "pairs": {"type": "int", "default": 16},
    "block_seconds": {"type": "float", "default": 15},
    "washout_seconds": {"type": "float", "default": 3},
    "seed": {"type": "int"},
    "start_at": {"type": "float"},
    "restart_services": {"type": "list", "elements": "str", "default": []},
    "owner": {"type": "str"},
    "context": {"type": "dict"},
    "child_namespaces": {"type": "str", "choices": [REFUSE, RESTORE], "default": REFUSE},
    "id": {"type": "str"},
    "job_file": {"type": "path"},
    "state_dir": {"type": "path", "default": DEFAULT_STATE_DIR},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "discarded", ("id", "job_file"), True)],
        supports_check_mode=True,
    )
    try:
        result = STATES[module.params["state"]](module, HostFiles(), HostWriter())
    except ERRORS as error:
        module.fail_json(**failure(error))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def run(module: AnsibleModule, files: HostFiles, writer: HostWriter) -> Dict[str, Any]:
    request = read_request(module.params)
    if module.check_mode:
        refuse(files, request)
        return {"changed": False, "total_seconds": request.total_seconds(), "schedule": shown_schedule(request)}
    result, undone = run_trial(files, writer, request)
    if undone.keeping:
        module.warn(f"the result could not be kept on the host, for whoever comes back for it: {undone.keeping}")
    if undone.clearing:
        module.warn(f"the trial's files could not be removed, which is left to the next run: {undone.clearing}")
    return dict(result, kept=request.context is not None and not undone.keeping)


def collected(module: AnsibleModule, files: HostFiles, writer: HostWriter) -> Dict[str, Any]:
    return collect(files, writer, module.params["state_dir"], module.check_mode)


def discarded(module: AnsibleModule, files: HostFiles, writer: HostWriter) -> Dict[str, Any]:
    params = module.params
    trial_id = None if params["id"] is None else check_id(params["id"])
    return discard(files, writer, params["state_dir"], trial_id, params["job_file"], module.check_mode)


STATES = {"run": run, "collected": collected, "discarded": discarded}


def read_request(params: Dict[str, Any]) -> Request:
    """ValueError, naming the option, for what cannot be tried."""
    lengths, design = (params["pairs"], params["block_seconds"], params["washout_seconds"]), params["design"]
    check_lengths(*lengths, design=design)
    services = services_of(params["restart_services"], design, switches=2 * params["pairs"])
    wait = None if params["start_at"] is None else wait_seconds(params["start_at"], time.time())
    candidate = {} if params["values"] is None else validated(params["values"])
    return Request(
        candidate,
        *lengths,
        seed=random_seed() if params["seed"] is None else params["seed"],
        state_dir=params["state_dir"],
        id=new_id(),
        owner=None if params["owner"] is None else check_owner(params["owner"]),
        context=params["context"],
        child_namespaces=params["child_namespaces"],
        design=design,
        services=services if candidate else (),
        begin_monotonic=None if wait is None else time.monotonic() + wait,
    )


def shown_schedule(request: Request) -> Dict[str, Any]:
    blocks = request.blocks()
    columns = {"pair": [block.pair for block in blocks], "arm": [block.arm for block in blocks]}
    return dict(columns, design=request.design, seed=request.seed)


if __name__ == "__main__":
    main()
