# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """The planner's policy, as the filters that plan take it."""

    DOCUMENTATION = r"""
options:
  policy:
    type: dict
    description: The goal, and limits of the candidates, which are whole numbers or their text. An unknown name is refused.
    suboptions:
      goal:
        type: str
        default: balanced
        choices: [balanced, throughput, latency]
        description:
          - V(throughput) does not lower a buffer because data waits in it; V(latency) does not raise one so that more can be on its way.
            V(balanced) does both, and the guards of the verdict hold each to what the other wants.
      stall_budget_us:
        type: int
        default: 1000
        description: How long one collapse may keep a CPU, in microseconds. A collapsing host's maximum is sized for it.
      memory_percent:
        type: int
        default: 50
        description:
          - This share of what TCP may hold before it is under pressure (the second number of C(tcp_mem), or 1/16 of RAM where that is not to be
            seen) is divided among all bulk connections that were seen. No raised size goes above it.
      collapse_divisor:
        type: int
        default: 16
        description: By this the maximum of a collapsing host is divided where its stalls were not timed.
      rmem_max_floor_bytes:
        type: int
        default: 1048576
        description: No maximum of C(tcp_rmem) is lowered below this, nor below the default of C(tcp_rmem).
      rmem_max_ceiling_bytes:
        type: int
        default: 67108864
        description:
          - No maximum of C(tcp_rmem) is raised above this, nor above an eighth of what TCP may hold before it is under pressure.
          - C(net.core.rmem_max) is not raised above half of either, as the kernel doubles what a program asks for.
      rmem_default_ceiling_bytes:
        type: int
        default: 4194304
        description: As O(policy.rmem_max_ceiling_bytes), for the default of C(tcp_rmem).
      rmem_raise_factor:
        type: int
        default: 8
        description: How many times larger a size of C(tcp_rmem) is tried where it is the limit.
      wmem_max_floor_bytes:
        type: int
        default: 16384
        description: No maximum of C(tcp_wmem) is lowered below this.
      wmem_max_ceiling_bytes:
        type: int
        default: 67108864
        description: As O(policy.rmem_max_ceiling_bytes), for C(tcp_wmem) and C(net.core.wmem_max).
      wmem_raise_factor:
        type: int
        default: 2
        description:
          - How many times larger the maximum of C(tcp_wmem) is tried where send buffers are the limit. Small, as an open connection gives a larger
            buffer back only while it fills it; the next round takes the next step.
"""
