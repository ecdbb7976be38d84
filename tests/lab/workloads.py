"""What the lab can put between two hosts: a line, and traffic over it, with the number by which its users would judge it.

A new workload is one row here. Every value is only where it starts from: `lab.py up --set` changes any of them.
"""
import math
from typing import NamedTuple

from line_queue import Way

# Both ends of what kernels from 6.16 on start with.
TCP_RMEM = "4096 131072 33554432"
TCP_WMEM = "4096 16384 4194304"


class Felt(NamedTuple):
    """The number that the application feels: of which program, under which name in its report, and is more of it better."""

    program: str
    name: str
    more_is_better: bool


class Traffic(NamedTuple):
    """A program of tests/lab/traffic, whose near end sends to the far one; and its options."""

    program: str
    options: dict = {}


class Workload(NamedTuple):
    """A line, the traffic over it, the buffer sizes to start from, and the times that fit it."""

    why: str
    line: Way
    traffic: tuple
    felt: tuple  # first what the workload is about; the others must not pay for it
    tcp_rmem: str = TCP_RMEM
    tcp_wmem: str = TCP_WMEM
    congestion: str = "cubic"  # of all its connections, as machines differ in what they start with
    frame_segments: int = 0  # most segments in a frame (0: as many as fit 64 KiB)
    seconds: float = 8  # of a run that shows what is felt
    warmup: float = 2  # of these, at the beginning, which do not count
    rounds: int = 3  # of each profile in a comparison: more where equal ones differ much from run to run
    # Of a trial on it: a block holds a period of the traffic, the wash-out what the values before leave behind.
    block_seconds: float = 4
    washout_seconds: float = 2
    traffic_mbit: float = math.inf  # what the programs make at most, where that is less than the line carries

    @property
    def load_mbit(self):
        """What the machine has to move at most."""
        return min(self.line.mbit, self.traffic_mbit)


LONG = Way(mbit=1000, delay_ms=20, queue_bytes=8_000_000)
SLOW = Way(mbit=20, delay_ms=10, queue_bytes=8_000_000)
GOODPUT = Felt("stream", "goodput_mbit", True)
LATENCY = Felt("probe", "latency_p50_ms", False)
AGE = Felt("stream", "age_p50_ms", False)

WORKLOADS = {
    "bulk": Workload(
        "a long path: the sender's buffer holds less than is under way",
        LONG, (Traffic("stream", {"flows": 1, "block-bytes": 65536}),), (GOODPUT,),
    ),
    "both_bound": Workload(
        "a long path: the buffers of both ends are too small, and raising one alone meets the other",
        LONG, (Traffic("stream", {"flows": 1, "block-bytes": 65536, "flow-seconds": 3}),), (GOODPUT,),
        tcp_rmem="4096 1048576 4194304", tcp_wmem="4096 1048576 4194304",
        block_seconds=9, washout_seconds=3.5,  # a connection that is open does not follow a larger tcp_rmem
    ),
    "bloat": Workload(
        "large buffers fill the queue in front of a slow line, and everybody waits in it",
        SLOW, (Traffic("stream", {"flows": 2}), Traffic("probe")), (LATENCY, GOODPUT),
        seconds=25, warmup=5, block_seconds=6, washout_seconds=4,  # the queue grows slowly
    ),
    "chatty": Workload(
        "small messages to a reader that is away: a full buffer of mostly overhead is copied together again and again",
        Way(mbit=1000, delay_ms=0.5, queue_bytes=8_000_000),
        # 40 KiB every 10 ms, which the smallest buffers cannot hold: that is what they cost here.
        (
            Traffic("chatty", {"away": 2, "back": 1, "cycles": 1, "wanted-bytes": 16 << 20, "read-bytes": 40960, "read-period": 0.01}),
            Traffic("probe", {"period": 0.01}),
        ),
        (Felt("chatty", "read_max_ms", False), Felt("chatty", "messages_per_s", True), Felt("probe", "latency_p99_ms", False)),
        # The longest of 300 reads: once nothing is collapsed it is whatever interrupted one of them, from 0.1 to 0.8 ms with the same sizes.
        seconds=13, warmup=0, rounds=9, block_seconds=6, washout_seconds=4,  # a connection is there for 3 to 4 s
    ),
    "pausing": Workload(
        "fresh connections to a reader that is busy at first: the buffer they start with is all that arrives meanwhile",
        LONG, (Traffic("fresh", {"flows": 40, "flow-bytes": 600_000, "pause": 0.25, "relisten": 5}),),
        # Their mean, as half of them may take a tenth of a second more than the others: the median is of the one kind or of the other then.
        (Felt("fresh", "flow_mean_ms", False),),
        seconds=8, warmup=0, block_seconds=6, washout_seconds=5.5, traffic_mbit=100,  # its reader listens anew every 5 s
    ),
    "stale": Workload(
        "one stream on a slow line: what the sender's buffer holds is old when it arrives",
        SLOW, (Traffic("stream", {"flows": 1, "block-bytes": 4096}),), (AGE, GOODPUT),
        seconds=15, warmup=5, block_seconds=5, washout_seconds=3,
    ),
    "many": Workload(
        "many streams on one line: each waits in a buffer of its own",
        Way(mbit=100, delay_ms=10, queue_bytes=4_000_000), (Traffic("stream", {"flows": 100, "block-bytes": 4096}),), (AGE, GOODPUT),
        seconds=15, warmup=5, block_seconds=5, washout_seconds=3,
    ),
    "mixed": Workload(
        "bulk and interactive traffic of one host: what helps the first may hurt the other",
        LONG, (Traffic("stream", {"flows": 1, "block-bytes": 65536}), Traffic("probe")), (GOODPUT, LATENCY),
    ),
    "lossy": Workload(
        "a line that loses a little, and a congestion control that does not mind",
        Way(mbit=500, delay_ms=20, queue_bytes=8_000_000, loss=0.003), (Traffic("stream", {"block-bytes": 65536}),), (GOODPUT,),
        congestion="bbr",
        seconds=25, warmup=6,  # with these losses a connection takes 5 s to come to its rate, and now and then BBR pauses to measure the path
    ),
    "slow_reader": Workload(
        "a reader that takes its time: every buffer is full, and no size of it makes the program faster",
        LONG, (Traffic("stream", {"flows": 1, "block-bytes": 65536, "read-bytes-per-second": 5_000_000}),), (GOODPUT,), traffic_mbit=40,
    ),
    "idle": Workload(
        "next to nothing: there is nothing to find here",
        LONG, (Traffic("probe", {"period": 1}),), (LATENCY,), warmup=0, traffic_mbit=1,
    ),
}
LINE_SETTINGS = (*Way._fields, *(f"back_{name}" for name in Way._fields), "seed", "mtu", "frame_segments")


def changed(workload, settings):
    """The workload with other values, and what else is said of its line: {'mbit': '50', 'stream.flows': '4', 'back_loss': '0.1'}."""
    line, extra, traffic = workload.line._asdict(), {"frame_segments": workload.frame_segments}, workload.traffic
    for name, value in settings.items():
        program, dot, option = name.partition(".")
        if dot and program in {load.program for load in traffic}:
            traffic = tuple(
                load._replace(options={**load.options, option: value}) if load.program == program else load for load in traffic
            )
        elif name in line:
            line[name] = _number(name, value, type(Way._field_defaults[name]))
        elif name in LINE_SETTINGS:
            _number(name, value, float)
            extra[name] = value
        else:
            known = ", ".join((*LINE_SETTINGS, *(f"{load.program}.OPTION" for load in traffic)))
            raise ValueError(f"--set {name}: not a setting of this workload; there are {known}")
    return workload._replace(line=Way(**line).check(), traffic=traffic), extra


def _number(name, value, kind):
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"--set {name}: {value} is not {'a whole' if kind is int else 'a'} number") from None
