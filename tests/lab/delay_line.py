"""A line between two hosts' networks: rate, delay, a queue in bytes, loss. For kernels without netem.

Each host gets a TUN device, `near` and `far` of the line; frames of up to 64 KiB pass whole. The line ends when one of
the two processes ends whose networks it joins, or after --seconds. Root only.
"""
import argparse
import collections
import ctypes
import json
import os
import select
import sys
import time

import segments
import tun
from image import LabError
from line_queue import Direction, Way

FRAME_BYTES = tun.VNET_HEADER_BYTES + 65536
FRAMES_PER_TURN = 16
PR_SET_TIMERSLACK, SLACK_NANOSECONDS = 29, 1000


class Traveller:
    """What is on its way in one direction, from one device to the other."""

    def __init__(self, source, target, direction):
        self.source = source
        self.target = target
        self.direction = direction
        self.tally = collections.Counter()
        self._waiting = collections.deque()  # (due, frame): due times never fall, as the line keeps the order

    def next_due(self):
        return self._waiting[0][0] if self._waiting else None

    def take(self, clock=time.monotonic):
        """Admit what has arrived, but leave in good time for what is due."""
        for _turn in range(FRAMES_PER_TURN):
            try:
                frame = os.read(self.source, FRAME_BYTES)
            except BlockingIOError:
                return
            shape = segments.shape(frame)
            for due, first, end in self.direction.admit(clock(), shape):
                self._waiting.append((due, frame if end - first == shape.segments else segments.cut(frame, first, end)))

    def deliver(self, clock=time.monotonic):
        waiting, tally = self._waiting, self.tally
        now = clock()
        while waiting and waiting[0][0] <= now:
            due, frame = waiting.popleft()
            try:
                os.write(self.target, frame)
            except OSError:
                tally["refused"] += 1
            after = clock()
            tally["frames"] += 1
            tally["bytes"] += len(frame) - tun.VNET_HEADER_BYTES
            tally["late_us"] = max(tally["late_us"], int((now - due) * 1e6))
            # The receiving kernel does its work inside this call.
            tally["receive_us"] = max(tally["receive_us"], int((after - now) * 1e6))
            now = after

    def told(self):
        """What happened since the last time, and start anew: frames, bytes, losses, and the worst of two delays."""
        tally = dict(self.tally, full=self.direction.full, lost=self.direction.lost)
        self.tally.clear()
        self.direction.full = self.direction.lost = 0
        return {name: tally.get(name, 0) for name in ("frames", "bytes", "full", "lost", "refused", "late_us", "receive_us")}


def forward(there, back, ends, until, tell):
    """Until the time has come or one of `ends` is readable; tell(seconds) once per second."""
    begin = time.monotonic()
    told = begin
    by_source = {there.source: there, back.source: back}
    watched = [*by_source, *ends]
    while True:
        there.deliver()
        back.deliver()
        now = time.monotonic()
        if now - told >= 1:
            told = now
            tell(now - begin)
        if now >= until:
            return
        dues = [due for due in (there.next_due(), back.next_due()) if due is not None]
        ready = select.select(watched, (), (), max(0.0, min(dues + [told + 1, until]) - now))[0]
        for descriptor in ready:
            if descriptor not in by_source:
                return
            by_source[descriptor].take()


def arguments():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("near", type=int, help="process in the network of one end")
    options.add_argument("far", type=int, help="process in the network of the other")
    way = Way()
    for prefix, whose in (("", "both ways"), ("back-", "from far to near, where that differs")):
        options.add_argument(f"--{prefix}mbit", type=float, help=f"rate ({way.mbit:g}; {whose})")
        options.add_argument(f"--{prefix}delay-ms", type=float, help=f"one way ({way.delay_ms:g}; {whose})")
        options.add_argument(f"--{prefix}queue-bytes", type=int, help=f"({way.queue_bytes}; {whose})")
        options.add_argument(f"--{prefix}loss", type=float, help=f"share of the segments ({way.loss:g}; {whose})")
    options.add_argument("--seed", type=int, default=1, help="of the losses (%(default)s)")
    options.add_argument("--frame-segments", type=int, default=0, help="most segments in a frame; 0: as many as fit 64 KiB (%(default)s)")
    options.add_argument("--mtu", type=int, default=tun.MTU, help="(%(default)s)")
    options.add_argument("--device", default="line0", help="name of the device on both hosts (%(default)s)")
    options.add_argument("--near-address", default="10.77.0.1/24", help="(%(default)s)")
    options.add_argument("--far-address", default="10.77.0.2/24", help="(%(default)s)")
    options.add_argument("--seconds", type=float, default=0, help="end after this time; 0: with the processes (%(default)s)")
    options.add_argument("--report", help="append a line of JSON per second: what each way carried and lost")
    return options.parse_args()


def ways(given):
    """The way there and the way back; what is not said of the way back is as there, what is said of neither the default."""
    there = Way(**{name: getattr(given, name) for name in Way._fields if getattr(given, name) is not None})
    back = there._replace(**{name: getattr(given, f"back_{name}") for name in Way._fields if getattr(given, f"back_{name}") is not None})
    return there.check(), back.check()


def hurry():
    """Wake up on time and before others, as a line that waits for a processor is a longer line; not permitted: it tells how late it is."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, SLACK_NANOSECONDS, 0, 0, 0)
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        pass


def main():
    given = arguments()
    try:
        way_there, way_back = ways(given)
        ends = [os.pidfd_open(given.near), os.pidfd_open(given.far)]
        near = tun.open_tun(given.near, given.device, given.near_address, given.frame_segments, given.mtu)
        far = tun.open_tun(given.far, given.device, given.far_address, given.frame_segments, given.mtu)
    except (ValueError, OSError, LabError) as error:
        sys.exit(f"delay_line: {error}")
    there = Traveller(near, far, Direction(way_there, given.seed))
    back = Traveller(far, near, Direction(way_back, given.seed + 1))

    def tell(seconds):
        line = {"at": round(time.time(), 3), "seconds": round(seconds, 3), "there": there.told(), "back": back.told()}
        if given.report:
            with open(given.report, "a", encoding="utf-8") as report:
                report.write(json.dumps(line) + "\n")

    hurry()
    print("ready", flush=True)
    forward(there, back, ends, time.monotonic() + (given.seconds or float("inf")), tell)


if __name__ == "__main__":
    main()
