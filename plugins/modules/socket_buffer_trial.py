# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: socket_buffer_trial
short_description: Try socket buffer sizes in a randomised experiment that ends at the originals
version_added: 0.1.0
author: linuxnet.socket_buffers authors (@linuxnet)
description:
  - Runs pairs of blocks on the host, one with the present values (A) and one with the candidate (B), in random order, and records what every
    counter did in each block. Judge the result with P(linuxnet.socket_buffers.verdict#filter).
  - Always ends at the originals. A guardian process, started before the first write, restores them within seconds when the trial dies in any way, and
    ends a trial that hangs 30 seconds after its time is over. If both are killed, the next run of this module or of
    M(linuxnet.socket_buffers.socket_buffer_tuning) restores. A reboot is a revert, because nothing outside O(state_dir) is written.
  - Takes O(pairs) x 2 x (O(washout_seconds) + O(block_seconds)) seconds and needs nobody watching, so run it with C(async).
  - Refuses to start while another trial, or M(linuxnet.socket_buffers.socket_buffer_tuning), is at work, and names it.
  - Gives up, restored, when somebody else changes one of its keys; that key is left as they set it.
options:
  values:
    description:
      - The candidate. Sysctl keys and their values, as in M(linuxnet.socket_buffers.socket_buffer_tuning).
    type: dict
    required: true
  pairs:
    description: Pairs of blocks, 1 to 1000. A verdict at 1 % needs at least 7.
    type: int
    default: 16
  block_seconds:
    description: Recorded part of each block, in seconds.
    type: float
    default: 15
  washout_seconds:
    description: Time at the start of each block that is not recorded, in seconds, for connections to follow the switch.
    type: float
    default: 3
  seed:
    description: Seed of the order of the blocks. Drawn at random, and returned, when not set.
    type: int
  state_dir:
    description: Absolute path of the directory, 0700 and the writer's own, for the lock and the record of the running trial.
    type: path
    default: /var/lib/linuxnet-socket-buffers
attributes:
  check_mode:
    description: Checks everything that would stop a trial and returns its schedule; writes nothing.
    support: full
  diff_mode:
    description: A trial ends where it began.
    support: none
  platform:
    description: Linux. Needs root.
    platforms: linux
    support: full
seealso:
  - module: linuxnet.socket_buffers.socket_buffer_tuning
"""

EXAMPLES = r"""
- name: Try a smaller receive buffer for about ten minutes
  linuxnet.socket_buffers.socket_buffer_trial:
    values:
      net.ipv4.tcp_rmem: 4096 131072 2097152
  become: true
  async: 1200
  poll: 0
  register: started
"""

RETURN = r"""
trial:
  description: What was tried and what was recorded. See C(docs/data_shapes.md) of the collection.
  returned: success, but not in check mode
  type: dict
  contains:
    version:
      description: Version of this shape.
      type: int
      returned: always
    identity:
      description: Boot, network namespace and kernel that the numbers belong to.
      type: dict
      returned: always
    status:
      description: V(complete) or V(aborted).
      type: str
      returned: always
    reason:
      description: Why it was aborted, or null.
      type: str
      returned: always
    pairs:
      description: Pairs of blocks asked for.
      type: int
      returned: always
    block_seconds:
      description: Recorded part of a block.
      type: float
      returned: always
    washout_seconds:
      description: Discarded part of a block.
      type: float
      returned: always
    seed:
      description: Seed of the order of the blocks.
      type: int
      returned: always
    baseline:
      description: The values of arm A, by key, canonical.
      type: dict
      returned: always
    candidate:
      description: The values of arm B, by key, canonical.
      type: dict
      returned: always
    blocks:
      description: For each recorded block its C(pair), its C(arm) and when its recording C(started), in seconds since boot.
      type: dict
      returned: always
    seconds:
      description: What the recorded part of each block really took.
      type: list
      elements: float
      returned: always
    counters:
      description: By name, the increase in each block; null where the counter went backwards. Only counters that moved.
      type: dict
      returned: always
    gauges:
      description: By name, the value at the end of each block. Only gauges that moved.
      type: dict
      returned: always
    absent:
      description: Names that this kernel does not have.
      type: list
      elements: str
      returned: always
    restored:
      description: By key, the C(value) at the end, whether it is the original (C(restored)), and the C(reason) if not.
      type: dict
      returned: always
recovered:
  description: By key, what was put back of an earlier trial that had been killed together with its guardian; null when there was none.
  returned: success, but not in check mode
  type: dict
schedule:
  description: C(total_seconds) and the arm of each block that a run with these options and this seed would have.
  returned: in check mode
  type: dict
"""

import random

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._state_dir import DEFAULT_STATE_DIR
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl_value import validated
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial_run import ERRORS, Host, inspect, run_trial, unrestored
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial_schedule import Schedule, blocks, check_schedule

ARGUMENT_SPEC = {
    "values": {"type": "dict", "required": True},
    "pairs": {"type": "int", "default": 16},
    "block_seconds": {"type": "float", "default": 15.0},
    "washout_seconds": {"type": "float", "default": 3.0},
    "seed": {"type": "int"},
    "state_dir": {"type": "path", "default": DEFAULT_STATE_DIR},
}


def main():
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    seed = params["seed"] if params["seed"] is not None else random.SystemRandom().randrange(2 ** 31)
    schedule = Schedule(params["pairs"], params["block_seconds"], params["washout_seconds"], seed)
    host = Host(HostFiles(), HostWriter())
    try:
        candidate = validated(params["values"])
        check_schedule(schedule)
        if module.check_mode:
            inspect(host, candidate, params["state_dir"])
            arms = [block.arm for block in blocks(schedule)]
            module.exit_json(changed=False, schedule=dict(schedule._asdict(), total_seconds=schedule.total_seconds(), arms=arms))
        result = run_trial(host, candidate, schedule, params["state_dir"])
    except ERRORS as error:
        module.fail_json(msg=str(error))
    lost = unrestored(result["trial"])
    if lost:
        module.fail_json(msg=f"the trial is over but NOT restored: {lost}; {params['state_dir']} keeps the originals", **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
