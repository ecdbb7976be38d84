# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
DOCUMENTATION = r"""
---
module: socket_buffer_tuning
short_description: Enforce and persist socket buffer sizes, or bring the originals back
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Sets socket buffer sysctls in the running kernel and in one sysctl.d file of its own, all of them or none.
  - Every value is validated before the first write and read back after it. When anything fails, everything that was
    written is put back, including a triple that the kernel refused after it had already taken a part of it.
  - What was there before the first change is kept in a journal, across repeated runs, and comes back exactly with O(state=absent).
  - A run that was killed leaves the host in between. The next run finds that in the journal, first brings back the state
    before the killed run, and says so in RV(recovered).
  - Values that drifted away from what this module last wrote are repaired, and reported in RV(drifted). A repair is no change, so
    that there is nothing to take back of it.
options:
  state:
    description:
      - V(present) makes the host hold the O(values), now and (with O(persist)) after a boot.
      - V(repaired) brings back the sysctl.d file as this module wrote it last, and the running values that are in it. What another file
        sets at boot is an error that names it. A file in which somebody wrote more than values of our sysctls is left with O(force=false).
        Without a journal the file alone tells what is ours. Nothing happens to values that were never persisted.
      - V(previous) brings back what was there right before the last change. Only that one is taken back, however often it is asked for,
        until there is a new one; RV(undone) tells. A change that was killed is none, and what a boot ended needs no taking back.
      - V(absent) brings back the originals of everything this module ever changed and did not bring back yet.
      - V(recovered) only undoes what a run of this module, or a trial together with its guardian, left when it was killed.
    type: str
    choices: [present, repaired, previous, absent, recovered]
    default: present
  values:
    description:
      - The sysctls to set. Each value is text (V(4096 131072 33554432)), a list of integers, a mapping with C(min), C(default)
        and C(max), or one integer, in the unit of the sysctl (bytes for all that can be set here).
      - Can be set are C(net.ipv4.tcp_rmem), C(net.ipv4.tcp_wmem), C(net.ipv4.tcp_notsent_lowat), C(net.ipv4.tcp_limit_output_bytes),
        C(net.core.rmem_default), C(net.core.rmem_max), C(net.core.wmem_default) and C(net.core.wmem_max).
      - A triple must fulfil 4096 <= min <= default <= max <= 2147483647; the kernel would accept an inverted one.
      - Sysctls that an earlier run set and this one does not name keep what that run gave them.
      - Required with O(state=present), not used with the other states.
    type: dict
  replaces:
    description:
      - What the O(values) are to replace, in the same forms; also what could not be set here, as an inverted triple. Where one of these sysctls
        holds neither that nor what is wanted, or somebody wrote more than values of our sysctls into the sysctl.d file, the module fails, names
        it, and changes nothing.
      - For values that were decided on a while ago, as after a trial. Only used with O(state=present).
    type: dict
  persist:
    description:
      - Whether to write the values to V(/etc/sysctl.d/99-zz-linuxnet-socket-buffers.conf) too.
      - When another file would win over it at boot with a different value, the module fails, names that file, and changes nothing.
      - With V(false) the file stays as it is.
      - Only used with O(state=present). Taking back always brings back what was in place of the file before.
    type: bool
    default: true
  force:
    description:
      - With O(state=absent) and O(state=previous), bring back what was there also where somebody else changed a value or the file after
        this module's last write; with O(state=repaired), replace a file in which somebody else wrote. Without it that is left
        alone and reported in RV(left).
    type: bool
    default: false
  state_dir:
    description:
      - Directory for the journal and the lock. It is made with mode 0700 when missing, and goes away when nothing is left to bring back.
      - Refused when it is a symbolic link, belongs to another user, or can be written by group or others.
      - Use the same one in every run on a host.
    type: path
    default: /var/lib/linuxnet-socket-buffers
attributes:
  check_mode:
    description: Can run in check mode and predict the result without modifying or creating anything.
    support: full
  diff_mode:
    description: Returns the sysctls and the sysctl.d file before and after.
    support: full
  platform:
    description: Linux, in any network namespace. To write, root is needed.
    support: full
    platforms: linux
notes:
  - A network namespace has its own C(net.ipv4) sysctls. The C(net.core) ones can be written in the initial namespace only.
  - Sockets that are already open keep buffers that have grown, also after the originals are back; RV(residual) counts them.
  - Only one of this module and M(linuxnet.socket_buffers.socket_buffer_trial) works on a host at a time; the other fails and names it.
seealso:
  - module: linuxnet.socket_buffers.socket_buffer_trial
  - module: linuxnet.socket_buffers.socket_buffer_facts
"""

EXAMPLES = r"""
- name: Let TCP receive buffers grow to 64 MiB, now and after a boot
  linuxnet.socket_buffers.socket_buffer_tuning:
    values:
      net.ipv4.tcp_rmem: 4096 131072 67108864
  become: true

- name: Keep what a trial proved, unless somebody else changed the value since
  linuxnet.socket_buffers.socket_buffer_tuning:
    values:
      net.ipv4.tcp_rmem: 4096 131072 67108864
    replaces:
      net.ipv4.tcp_rmem: 4096 131072 6291456
  become: true

- name: Set both directions until the next boot only
  linuxnet.socket_buffers.socket_buffer_tuning:
    values:
      net.ipv4.tcp_rmem: {min: 4096, default: 131072, max: 16777216}
      net.ipv4.tcp_wmem: [4096, 16384, 16777216]
    persist: false
  become: true

- name: Take back the last change only
  linuxnet.socket_buffers.socket_buffer_tuning:
    state: previous
  become: true

- name: Bring back what was there before the first change
  linuxnet.socket_buffers.socket_buffer_tuning:
    state: absent
  become: true
"""

RETURN = r"""
changes:
  description: The sysctls that changed, read from and written to the files below C(/proc/sys/net).
  returned: success
  type: list
  elements: dict
  contains:
    key:
      description: Name of the sysctl.
      type: str
      sample: net.ipv4.tcp_rmem
    old:
      description: The value before, with one space between fields, in the unit of the sysctl.
      type: str
      sample: 4096 131072 6291456
    new:
      description: The value after, as read back.
      type: str
      sample: 4096 131072 67108864
dropin:
  description: The sysctl.d file of this module.
  returned: success
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
      sample: /etc/sysctl.d/99-zz-linuxnet-socket-buffers.conf
    changed:
      description: Whether its text changed.
      type: bool
      sample: true
drifted:
  description:
    - What differed from this module's last write, and was repaired.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the sysctl, or path of the sysctl.d file.
      type: str
      sample: net.ipv4.tcp_rmem
    written:
      description: The value that was last written, or for the file a short description.
      type: str
      sample: 4096 131072 67108864
    found:
      description: What was there instead; null when there was nothing.
      type: str
      sample: 4096 87380 6291456
recovered:
  description: The run that was killed before its end and whose changes were undone first; null when there was none.
  returned: success
  type: dict
  contains:
    started:
      description: When that run began, UTC, ISO 8601.
      type: str
      sample: "2025-03-01T12:00:00+00:00"
    keys:
      description: The sysctls that were put back, and their values.
      type: dict
      sample: {net.ipv4.tcp_rmem: 4096 131072 6291456}
    dropin:
      description: Path of the sysctl.d file when it was put back, else null.
      type: str
      sample: /etc/sysctl.d/99-zz-linuxnet-socket-buffers.conf
killed_trial:
  description:
    - The killed M(linuxnet.socket_buffers.socket_buffer_trial) whose values were brought back first, as that module
      returns it in C(recovered); null when there was none. Check mode cannot look past one, and fails.
  returned: success
  type: dict
left:
  description: What was not brought back, because somebody else changed it (or it is not there any more).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the sysctl, or path of the sysctl.d file.
      type: str
      sample: net.ipv4.tcp_rmem
    written:
      description: The value that this module last wrote, or for the file a short description; null when unknown.
      type: str
      sample: 4096 131072 67108864
    found:
      description: What is there now; null when there is nothing.
      type: str
      sample: 4096 87380 6291456
    reason:
      description: Why it was left.
      type: str
      sample: changed by somebody else since our last write
originals:
  description: The values before this module's first change of each sysctl that it manages, one space between fields.
  returned: success
  type: dict
  sample: {net.ipv4.tcp_rmem: 4096 131072 6291456}
undone:
  description: The change that O(state=previous) took back. Null with another state, and when there never was one.
  returned: success
  type: dict
  contains:
    started:
      description: When the run began that had made it, UTC, ISO 8601.
      type: str
      sample: "2025-03-01T12:00:00+00:00"
    earlier:
      description: Whether it had been taken back before, by an earlier run or by a boot, so that there was nothing to do.
      type: bool
      sample: false
residual:
  description:
    - Open TCP connections that hold larger buffers than the maximum now in force, and keep them until they are closed.
    - Null in check mode, and when nothing changed.
  returned: success
  type: dict
  contains:
    rcvbuf_above_max:
      description: How many have a receive buffer above the maximum, of an earlier one or of SO_RCVBUF.
      type: int
      sample: 3
    sndbuf_above_max:
      description: The same of send buffers.
      type: int
      sample: 0
    flows:
      description: How many connections there are.
      type: int
      sample: 412
    ports:
      description:
        - Ports listened on whose connections are among them, of the 10 busiest. Null where the numbers are.
      type: list
      elements: int
      sample: [443]
    reason:
      description: Why nobody could look at the connections; the numbers are null then. Else null.
      type: str
"""

from typing import Any, Dict, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import DROPIN_PATH
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce import ERRORS, Request, enforce
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_report import diff, result
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import DEFAULT_STATE_DIR
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.residual import residual_now
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue, as_text, validated

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["present", "repaired", "previous", "absent", "recovered"], "default": "present"},
    "values": {"type": "dict"},
    "replaces": {"type": "dict"},
    "persist": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
    "state_dir": {"type": "path", "default": DEFAULT_STATE_DIR},
}


def _replaced(replaces: Optional[Dict[str, Any]], values: Dict[str, Any]) -> Dict[str, str]:
    unknown = sorted(set(replaces or ()) - set(values))
    if unknown:
        raise InvalidValue(f"replaces: {', '.join(unknown)} is not in values")
    return {key: as_text(key, replaces[key]) for key in sorted(replaces or ())}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ("values",))],
        supports_check_mode=True,
    )
    params, files = module.params, HostFiles()
    try:
        request = Request(
            state=params["state"],
            values=validated(params["values"]) if params["state"] == "present" else {},
            persist=params["persist"],
            force=params["force"],
            state_dir=params["state_dir"],
            replaces=_replaced(params["replaces"], params["values"]) if params["state"] == "present" else {},
        )
        work = enforce(files, HostWriter(), request, module.check_mode)
    except ERRORS as error:
        module.fail_json(msg=str(error))
    shown = {"diff": diff(work, DROPIN_PATH)} if module._diff else {}
    done = result(work, DROPIN_PATH)
    residual = residual_now(files) if done["changed"] and not module.check_mode else None
    module.exit_json(residual=residual, **done, **shown)


if __name__ == "__main__":
    main()
