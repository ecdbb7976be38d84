"""Fixed buffer sizes that hosts are given, by where they come from. Each is set on both hosts of a workload."""
from typing import NamedTuple

RMEM, WMEM, LOWAT = KEYS = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_notsent_lowat")
ENDS = ("near", "far")
START = "start"  # the workload's own sizes
AUTO = "auto"  # what the playbook left behind


class Profile(NamedTuple):
    name: str
    tcp_rmem: str
    tcp_wmem: str
    source: str


FIXED = (
    Profile("def618", "4096 131072 33554432", "4096 16384 4194304", "what the kernel starts with since Linux 6.16"),
    Profile("old6M", "4096 131072 6291456", "4096 16384 4194304", "what the kernel started with before Linux 6.16"),
    # The maximum on which the post of 2015 settled, for both directions.
    Profile("case4M", "4096 1048576 4194304", "4096 1048576 4194304", "the hosts of the case study"),
    # The smaller maximum that the post measured: blog.cloudflare.com/the-story-of-one-latency-spike
    Profile("cf2M", "4096 1048576 2097152", "4096 1048576 2097152", "Cloudflare's post of 2015 against latency spikes"),
    Profile("tuned16M", "4096 131072 16777216", "4096 16384 16777216", "tuned's profile network-throughput"),
    Profile("esnet32M", "4096 87380 33554432", "4096 65536 33554432", "ESnet's fasterdata.es.net, host tuning for 10 Gb/s"),
    # Meant for a kernel with a patch that bounds collapsing, and copied widely without it:
    # blog.cloudflare.com/optimizing-tcp-for-high-throughput-and-low-latency
    Profile("cfwan512M", "8192 262144 536870912", "4096 16384 536870912", "Cloudflare's post of 2022 on throughput over long paths"),
    Profile("tiny", "4096 16384 65536", "4096 16384 65536", "a small device: what too little costs"),
)


def fixed(workload):
    """{profile: {end: {key: value}}} of what is set without measuring, the workload's own sizes first."""
    rows = (Profile(START, workload.tcp_rmem, workload.tcp_wmem, "the workload's own"), *FIXED)
    return {row.name: {end: {RMEM: row.tcp_rmem, WMEM: row.tcp_wmem} for end in ENDS} for row in rows}


def grouped(profiles, start):
    """Profiles of equal values are measured once: [((name, ...), values)]. What a profile does not name is as in `start`."""
    groups = {}
    for name, values in profiles.items():
        whole = {end: {**start, **values[end]} for end in ENDS}
        key = tuple(tuple(sorted(whole[end].items())) for end in ENDS)
        groups.setdefault(key, ([], whole))[0].append(name)
    return [(tuple(names), values) for names, values in groups.values()]
