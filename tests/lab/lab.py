"""A fleet of containers with real traffic between them, to run the playbooks on.

  lab.py up          a fresh fleet, its traffic and its inventory; with --workload, pairs of hosts with a line between them
  lab.py down        remove it
  lab.py status      what runs, and the traffic on each host
  lab.py felt        what the applications of the workloads feel
  lab.py inventory   path of the inventory
  lab.py image       name of the hosts' image, built if missing
"""
import argparse
import os
import sys
from pathlib import Path

import image
import pairs
from fleet import SENDER, Fleet, Host, Load
from workloads import TCP_RMEM, TCP_WMEM, WORKLOADS

BUILD = Path(os.environ.get("LAB_BUILD") or Path(os.path.abspath(__file__)).parents[2] / ".build")
# What a queued small message takes in kernel memory on average, with a margin for those that are merged on arrival.
MESSAGE_TRUESIZE = 880


def hosts(given):
    """The fleet of the command line, by name: what comes each host's way."""
    messages = given.messages or int((given.tcp_rmem or TCP_RMEM).split()[2]) // MESSAGE_TRUESIZE
    bursts = (f"--messages={messages}", f"--message-bytes={given.message_bytes}", f"--upload-bytes={given.upload_bytes}")
    exchanges = Load("exchanges", (f"--period={given.exchange_period}",))
    fleet = [
        Host("collapsing", (Load("bursts", (f"--period={given.burst_period}", *bursts)), exchanges)),
        Host("slow_reader", (Load("slow_stream", (f"--pause={given.reader_pause}",)),)),
        Host("healthy", (exchanges,)),
        Host("idle"),
        # Its /proc/sys stays read-only, as in most containers. With bursts it has a finding that nothing can be done about.
        Host("read_only", (Load("bursts", (f"--period={given.burst_period}", *bursts)) if given.read_only_bursts else exchanges,), writable=False),
    ]
    fleet += [Host(f"healthy{number}", (exchanges,)) for number in range(2, given.extra_healthy + 2)]
    names = given.hosts.split(",") if given.hosts else [host.name for host in fleet]
    unknown = sorted(set(names) - {host.name for host in fleet})
    if unknown:
        raise image.LabError(f"--hosts: {', '.join(unknown)} is none of {', '.join(host.name for host in fleet)}")
    return [Host(SENDER)] + [host for host in fleet if host.name in names]


def up(fleet, given):
    if given.workload:
        up_pairs(fleet, given)
        return
    if given.set:
        raise image.LabError("--set is for --workload")
    wanted = hosts(given)
    name = image.ensure(BUILD / "containers.conf")
    addresses = fleet.up(name, wanted, given.tcp_rmem or TCP_RMEM, given.tcp_wmem or TCP_WMEM)
    if given.seconds:
        fleet.start_traffic(wanted, addresses, given.seconds)
    print(f"lab: {len(wanted) - 1} hosts and a sender are up, traffic for {given.seconds:g} s; inventory: {fleet.inventory}")


def up_pairs(fleet, given):
    if given.hosts:
        raise image.LabError("--hosts is for the fleet; the hosts of --workload come in pairs")
    wanted = pairs.wanted(given.workload.split(","), given.pairs, dict(given.set))
    name = image.ensure(BUILD / "containers.conf")
    fleet.up(name, pairs.hosts(wanted, fleet.directory, given.tcp_rmem, given.tcp_wmem), TCP_RMEM, TCP_WMEM)
    pairs.join(fleet, wanted)
    if given.seconds:
        for pair in wanted:
            pairs.start_traffic(fleet, pair, given.seconds)
    names = ", ".join(pair.name for pair in wanted)
    print(f"lab: {names}: each two hosts and a line, traffic for {given.seconds:g} s; inventory: {fleet.inventory}")


def felt(fleet, _given):
    for name in sorted({host.rpartition("_")[0] for host in fleet.addresses()} - {""}):
        workload = WORKLOADS.get(name.rstrip("0123456789"))
        if workload:
            lines = pairs.felt(fleet.directory, name)
            for program, value, more in workload.felt:
                line = lines.get(program, {})
                when = "in all" if line.get("total") else "the last report"
                print(f"{name:12} {program:8} {value:16} {line.get(value)} ({'more' if more else 'less'} is better; {when})")


def down(fleet, _given):
    fleet.down()


def status(fleet, _given):
    addresses = fleet.addresses()
    for name, address in addresses.items():
        print(f"{name:12} {address:15}", "; ".join(fleet.programs(name)) or "no traffic program")
    if not addresses:
        print("lab: not up")


def inventory(fleet, _given):
    print(fleet.inventory)


def show_image(_fleet, _given):
    print(image.ensure(BUILD / "containers.conf"))


COMMANDS = {"up": up, "down": down, "status": status, "felt": felt, "inventory": inventory, "image": show_image}


def setting(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text}: not NAME=VALUE")
    return name, value


def arguments():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("command", choices=COMMANDS)
    options.add_argument("--fleet", default="lab", help="name of the fleet; several can be up beside each other (lab)")
    options.add_argument("--workload", help=f"pairs of hosts with these, separated by commas, instead of the fleet: {', '.join(WORKLOADS)}")
    options.add_argument("--pairs", type=int, default=1, help="pairs of hosts for each workload (%(default)s)")
    options.add_argument(
        "--set", type=setting, action="append", default=[], metavar="NAME=VALUE",
        help="a value of the workloads' line or programs, as mbit=50 or stream.flows=4; may be repeated",
    )
    options.add_argument("--hosts", help="only these, separated by commas (all)")
    options.add_argument("--extra-healthy", type=int, default=0, help="this many more healthy hosts (0)")
    options.add_argument("--read-only-bursts", action="store_true", help="the read-only host collapses too")
    options.add_argument("--seconds", type=float, default=900, help="traffic ends after this time; 0: no traffic (900)")
    options.add_argument("--tcp-rmem", help=f"buffer sizes to start from (the workload's, or {TCP_RMEM})")
    options.add_argument("--tcp-wmem", help=f"(the workload's, or {TCP_WMEM})")
    options.add_argument("--burst-period", type=float, default=2, help="seconds from one burst to the next (%(default)s)")
    options.add_argument("--upload-bytes", type=int, default=4 << 20, help="of each burst, before its messages (%(default)s)")
    options.add_argument("--messages", type=int, help="of each burst (as many as fill the largest receive buffer)")
    options.add_argument("--message-bytes", type=int, default=150, help="(%(default)s)")
    options.add_argument("--reader-pause", type=float, default=0.1, help="seconds the slow reader sleeps between two reads (%(default)s)")
    options.add_argument("--exchange-period", type=float, default=0.05, help="seconds between ordinary connections (%(default)s)")
    return options.parse_args()


def main():
    given = arguments()
    os.environ.setdefault("CONTAINERS_CONF", str(BUILD / "containers.conf"))
    try:
        COMMANDS[given.command](Fleet(given.fleet, BUILD / given.fleet), given)
    except image.LabError as error:
        sys.exit(f"lab: {error}")


if __name__ == "__main__":
    main()
