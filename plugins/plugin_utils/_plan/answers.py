# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each scenario is answered: a new size, why this one, and what bounded it. Pure.

A candidate is where to start a trial, not a proof. A new answer is one row of ANSWERS and the function that sizes it.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import INT_MAX
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenario import CORE_RMEM, Knob, Metric, Scenario
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._diagnosis.scenarios import SCENARIOS
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.earlier_rounds import SPARE, Record
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._measured.stalls import duration
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.history import FellShort, Overshot, fell_short, overshot
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.policy import BALANCED, GOALS, LATENCY, MIB, THROUGHPUT, Policy
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._plan.room import ONE_SOCKET_SHARE, Room

# The kernel wakes the program once a third of the buffer is free (sk_stream_min_wspace, include/net/sock.h): the rest has to fill the path
# until it has written. And what is acknowledged two segments at a time is freed in pieces of some more.
PATH_FILL = 1.5
SPARE_SEGMENTS_BYTES = 4 * 1448
# Of send memory, where nothing was seen: one segment of 1448 bytes in what the kernel books for it.
PAYLOAD_SHARE = 0.6
# No size above this makes a connection faster: twice what is under way, for repair, of which half the memory may be payload.
LINK_FILL = 4
CORE_STEP, CORE_DOUBLES = 2, 2  # the kernel makes a buffer of twice what a program may ask for
# Unsent data that is worth having: what leaves within 5 ms, and two segments, as the kernel wakes the program at half of it
# (tcp_stream_memory_free, include/net/tcp.h) and one that is whole should be left then.
UNSENT_SECONDS, UNSENT_STEP_BYTES = 0.005, 1024
UNSENT_LEAST_BYTES = 3 * UNSENT_STEP_BYTES  # 2 x 1448


class Candidate(NamedTuple):
    """The new size of the field, why this one, and what bounded it, in words and in bytes.

    `size` None: nothing to size it by, and `reason` says what is missing.
    """

    size: int | None
    reason: str
    ceiling: str
    limit: int | None = None


class Second(NamedTuple):
    """The one other size that a finding may be answered with in the same run: after which try, and the size that this one makes of it."""

    tried: Callable[[str, Knob, Sequence[Record]], Any | None]
    candidate: Callable[[Room, Knob, Policy, Any], Candidate]


class Answer(NamedTuple):
    """How a scenario is answered, and for which goals."""

    candidate: Callable[[Room, Knob, Policy], Candidate]
    goals: tuple[str, ...] = GOALS
    joint: bool = False  # only together with the peers of its flows
    second: Second | None = None


def _within_stall_budget(room: Room, _knob: Knob, policy: Policy) -> Candidate:
    now = room.sizes.of("max")
    if room.stall is None:
        return _lowered(
            room, policy, now // policy.collapse_divisor,
            f"a collapse walks the whole queue, so its cost grows with the maximum: try 1/{policy.collapse_divisor} of it. In a published case"
            " 2 instead of 32 MiB took the longest stall from 23 to 3 ms. Where to start the trial, not a proof;"
            " where stalls could be timed they decide instead",
        )
    longest, budget = room.stall.longest_us, policy.stall_budget_us
    measured = f"the longest {room.stall.span} took {duration(longest)} with a maximum of {now / MIB:.3g} MiB"
    if longest <= budget:
        return Candidate(now, measured, f"{measured}, within the {duration(budget)} of the policy (stall_budget_us)")
    return _lowered(
        room, policy, min(int(now * budget / longest), now // 2),
        f"{measured}, {duration(longest / (now / MIB))} per MiB: size for {duration(budget)} (stall_budget_us of the policy),"
        " and at most half, so that a trial can tell. Where to start it, not a proof",
    )


def _halved(room: Room, _knob: Knob, policy: Policy) -> Candidate:
    return _lowered(
        room, policy, room.sizes.of("max") // 2, "half of the present maximum, so that as many sockets can hold only half of the memory",
    )


def _lowered(room: Room, policy: Policy, size: int, reason: str) -> Candidate:
    floor = max(policy.rmem_max_floor_bytes, room.sizes.of("default"))
    return Candidate(max(room.whole_pages(size), floor), reason, f"not below {floor} bytes (floor of the policy, and tcp_rmem default)", floor)


def _doubled(room: Room, knob: Knob, policy: Policy) -> Candidate:
    return _raised(
        room, knob, policy, 2, policy.rmem_max_ceiling_bytes,
        "twice the present maximum: how much is missing cannot be seen from counters, so one step and a trial", fills_a_path=False,
    )


def _send_buffer_raised(room: Room, knob: Knob, policy: Policy) -> Candidate:
    # The kernel takes from an open connection only a buffer that is smaller than it wants (tcp_sndbuf_expand). Beyond that the present values'
    # blocks would run with the candidate's buffers.
    return _stepped_up(
        room, knob, policy, policy.wmem_raise_factor, policy.wmem_max_ceiling_bytes,
        "A small step, as an open connection gives a larger buffer back only while it fills it; the next round takes the next",
    )


def _receive_buffer_raised(room: Room, knob: Knob, policy: Policy) -> Candidate:
    return _stepped_up(
        room, knob, policy, policy.rmem_raise_factor, policy.rmem_max_ceiling_bytes,
        "One large step, as the kernel gives a connection no more than it can use",
    )


def _stepped_up(room: Room, knob: Knob, policy: Policy, factor: int, ceiling: int, why: str) -> Candidate:
    return _raised(
        room, knob, policy, factor, ceiling,
        f"{factor} times the present maximum: while the buffer itself limits a flow its true need cannot be seen. {why}",
    )


def _narrowed(room: Room, knob: Knob, policy: Policy, tried: Overshot) -> Candidate:
    """In place of the step that went too far: as large as what it gained."""
    return _raised(
        room, knob, policy, tried.gain, tried.size,
        f"{tried.gain:.3g} times the present maximum: with {tried.size} bytes round {tried.round} of this run moved so much more, at the cost of"
        f" {tried.cost}. As large a buffer holds what that takes, and the rest of it waited in a queue",
    )


def _default_raised(room: Room, knob: Knob, policy: Policy) -> Candidate:
    return _raised(
        room, knob, policy, policy.rmem_raise_factor, policy.rmem_default_ceiling_bytes,
        f"{policy.rmem_raise_factor} times the present default: how much comes while a reader pauses cannot be seen while the buffer is full,"
        " so one step and a trial", fills_a_path=False,
    )


def _default_raised_further(room: Room, knob: Knob, policy: Policy, tried: FellShort) -> Candidate:
    """Where the first step was not enough: another as large."""
    before = room.sizes.like(tried.size).of(knob.field)
    candidate = _raised(
        room, knob, policy, policy.rmem_raise_factor ** 2, policy.rmem_default_ceiling_bytes,
        f"{policy.rmem_raise_factor} times the {before} bytes of round {tried.round} of this run, which cost nothing and proved nothing ({tried.shown}):"
        " as long as not all that comes fits, as many windows close", fills_a_path=False,
    )
    if candidate.size > before:
        return candidate
    return Candidate(None, f"{before} bytes were tried in round {tried.round} of this run and not kept ({tried.shown}), and more is {candidate.ceiling}", "")


def _core_maximum_raised(room: Room, knob: Knob, policy: Policy) -> Candidate:
    return _raised(
        room, knob, policy, CORE_STEP, policy.rmem_max_ceiling_bytes if knob.key == CORE_RMEM else policy.wmem_max_ceiling_bytes,
        f"{CORE_STEP} times the present maximum: what a program asks for cannot be seen while it is cut off. A small step, as the kernel does"
        f" not fit a buffer that was asked for to its path; it makes it {CORE_DOUBLES} times this number. The next round takes the next",
        CORE_DOUBLES,
    )


def _raised(
    room: Room, knob: Knob, policy: Policy, factor: float, policy_ceiling: int, reason: str, doubles: int = 1, fills_a_path: bool = True,
) -> Candidate:
    """`doubles`: how many times the sysctl's number a buffer may get; all ceilings are of the buffer.

    `fills_a_path`: it is to hold what is under way. What comes while a reader is away has nothing to do with the length of the path.
    """
    ceilings = [(INT_MAX, "largest value the kernel takes"), (policy_ceiling, "ceiling of the policy")]
    if room.memory_bytes is not None:
        ceilings.append((room.memory_bytes // ONE_SOCKET_SHARE, "the share of TCP memory for one socket"))
        # Only those that move much grow to a maximum; a default is for all.
        number, whose = (room.flows.active, "active") if knob.field == "default" else (room.flows.bulk, "bulk")
        shared = room.memory_bytes * policy.memory_percent // 100 // max(1, number)
        ceilings.append((shared, f"{policy.memory_percent} % of TCP memory (memory_percent of the policy) for {number} {whose} connections"))
    if fills_a_path and room.link_bytes_per_second and room.flows.rtt_us:
        held = room.link_bytes_per_second * room.flows.rtt_us / 1e6
        ceilings.append((int(LINK_FILL * held), f"{LINK_FILL} times what the fastest link holds in {duration(room.flows.rtt_us)}"))
    ceiling, name = min((size // doubles, name) for size, name in ceilings)
    size, limit = room.whole_pages(min(room.sizes.of(knob.field) * factor, ceiling)), room.whole_pages(ceiling)
    return Candidate(size, reason, f"not above {ceiling} bytes ({name})", limit)


def _sized_for_the_path(room: Room, _knob: Knob, policy: Policy) -> Candidate:
    bdp = room.flows.bdp_bytes
    if bdp is None:
        return Candidate(None, "what the path holds (rate x smallest round trip time) could not be seen", "")
    share = room.flows.payload_share or PAYLOAD_SHARE
    size = (PATH_FILL * bdp + SPARE_SEGMENTS_BYTES) / share
    if room.raised and room.raised.needed > size:
        return _as_the_gain_takes(room, _knob, policy)
    floor = policy.wmem_max_floor_bytes
    return Candidate(
        max(room.pages_up(size), floor),
        f"the path of the largest flow holds {bdp / 1e3:,.0f} kB (rate x smallest round trip time): {PATH_FILL:g} times that and"
        f" {SPARE_SEGMENTS_BYTES} bytes of segments, of which {share:.0%} of the memory is payload. What is more only waits in a queue",
        f"not below {floor} bytes (wmem_max_floor_bytes of the policy)",
        floor,
    )


def _as_the_gain_takes(room: Room, _knob: Knob, _policy: Policy) -> Candidate:
    raised = room.raised
    if raised is None:
        return Candidate(None, "no step of this run was kept that its gain could be held against", "")
    return Candidate(
        room.pages_up(raised.needed),
        f"round {raised.round} of this run raised it from {raised.old} bytes and moved {raised.gain:.3g} times as much: as many times that, and"
        f" {SPARE - 1:.0%}, holds what that takes, and what is more only waits in a queue",
        f"not below {raised.needed} bytes, which the gain takes",
        raised.needed,
    )


def _unsent_kept_short(room: Room, _knob: Knob, _policy: Policy) -> Candidate:
    rate = room.flows.goodput_bytes_per_second
    if rate is None:
        return Candidate(None, "the rate of its connections could not be seen", "")
    return Candidate(
        max(-(-int(rate * UNSENT_SECONDS) // UNSENT_STEP_BYTES) * UNSENT_STEP_BYTES, UNSENT_LEAST_BYTES),
        f"what the fastest flow ({rate / 1e6:,.3g} MB/s) sends in {UNSENT_SECONDS * 1000:g} ms: more only gets old before it leaves",
        f"not below {UNSENT_LEAST_BYTES} bytes, two segments: the kernel wakes the program at half of it",
        UNSENT_LEAST_BYTES,
    )


NARROWER, LARGER = Second(overshot, _narrowed), Second(fell_short, _default_raised_further)

ANSWERS: dict[str, Answer] = {
    "memory_pressure": Answer(_halved),
    "collapsing": Answer(_within_stall_budget),
    "pruning_with_loss": Answer(_doubled),
    "both_ends_too_small": Answer(_send_buffer_raised, goals=(BALANCED, THROUGHPUT), joint=True),
    "sender_buffer_too_small": Answer(_send_buffer_raised, goals=(BALANCED, THROUGHPUT), second=NARROWER),
    "receiver_window_too_small": Answer(_receive_buffer_raised, goals=(BALANCED, THROUGHPUT), second=NARROWER),
    "send_buffer_cut_off": Answer(_core_maximum_raised, goals=(BALANCED, THROUGHPUT)),
    "receive_buffer_cut_off": Answer(_core_maximum_raised, goals=(BALANCED, THROUGHPUT)),
    "pausing_reader": Answer(_default_raised, second=LARGER),
    "queue_bloat": Answer(_sized_for_the_path, goals=(BALANCED, LATENCY)),
    "sender_buffer_oversized": Answer(_as_the_gain_takes, goals=(BALANCED, LATENCY)),
    "stale_send_queue": Answer(_unsent_kept_short, goals=(BALANCED, LATENCY)),
}
SCENARIO = {scenario.name: scenario for scenario in SCENARIOS}


def turned(scenario: Scenario) -> tuple[Knob, Metric]:
    """What a scenario with an answer turns, and what has to move then."""
    if scenario.knob is None or scenario.metric is None:
        raise ValueError(f"{scenario.name}: has no knob or no metric, so it has no answer")
    return scenario.knob, scenario.metric


METRICS = {metric.name: metric.direction for _knob, metric in (turned(SCENARIO[name]) for name in ANSWERS)}
