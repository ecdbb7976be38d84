"""Traffic that a whole machine suffers from, or one socket that nobody else may have: only for machines of their own. It ends by itself.

    trouble.py NAME SECONDS
"""
import argparse
import contextlib
import os
import socket
import threading
import time
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PREEMPTION = Path("/sys/kernel/debug/sched/preempt")
MESSAGE_BYTES = 150


class Clock:
    def __init__(self, seconds):
        self._end = time.monotonic() + seconds

    def running(self):
        return time.monotonic() < self._end


def connected():
    """The two ends of a connection over loopback: who sends, who reads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = socket.create_connection(listener.getsockname())
        reader = listener.accept()[0]
    sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sender, reader


def in_background(work):
    def until_the_peer_is_gone():
        with contextlib.suppress(OSError):
            work()
    threading.Thread(target=until_the_peer_is_gone, daemon=True).start()


def streams(clock, flows=4, pause=0.001):
    """Streams as fast as they go, or as their readers let them."""
    readers = []
    for _number in range(flows):
        sender, reader = connected()
        in_background(lambda sender=sender: _send_for_ever(sender, bytes(1 << 16)))
        readers.append(reader)
    buffer = bytearray(1 << 16)
    while clock.running():
        for reader in readers:
            with contextlib.suppress(BlockingIOError):
                reader.recv_into(buffer, 0, socket.MSG_DONTWAIT)
        time.sleep(pause)


def _send_for_ever(sender, data, flags=0):
    while True:
        sender.send(data, flags)


def slow_streams(clock):
    """What waits for slow readers is memory of the machine."""
    streams(clock, flows=8, pause=0.3)


def unread_datagrams(clock):
    """Datagrams for sockets with room, of which nobody reads."""
    # Each CPU keeps up to a megabyte of what it has booked to itself (SK_MEMORY_PCPU_RESERVE, include/net/sock.h): so many that this is not enough.
    receivers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _number in range(40)]
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for receiver in receivers:
        receiver.bind(("127.0.0.1", 0))
    while clock.running():
        for receiver in receivers:
            sender.sendto(bytes(1000), receiver.getsockname())
        time.sleep(0.1)


def shrinking_buffers(clock):
    """A program that makes its buffer smaller than the window that it has offered: what comes into that window does not fit any more."""
    while clock.running():
        sender, reader = connected()
        with sender, reader:
            in_background(lambda sender=sender: _send_for_ever(sender, bytes(1 << 16)))
            buffer, received = bytearray(1 << 16), 0
            while received < 4 << 20:
                received += reader.recv_into(buffer)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            time.sleep(0.5)


def small_messages(clock, cpu_percent=10):
    """To a reader with a tenth of a CPU, which looks at all that waits several times before it takes it."""
    (CGROUPS / "cgroup.subtree_control").write_text("+cpu", encoding="utf-8")
    group = CGROUPS / "starved"
    group.mkdir(exist_ok=True)
    (group / "cpu.max").write_text(f"{cpu_percent * 1000} 100000", encoding="utf-8")
    if PREEMPTION.exists():
        PREEMPTION.write_text("full", encoding="utf-8")
    sender, reader = connected()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)  # half of it is room in the backlog
    if os.fork() == 0:
        sender.close()
        (group / "cgroup.procs").write_text("0", encoding="utf-8")
        buffer = bytearray(1 << 22)
        while clock.running():
            for _look in range(3):
                reader.recv_into(buffer, 0, socket.MSG_PEEK)
            reader.recv_into(buffer)
        os._exit(0)
    reader.close()
    in_background(lambda: _send_for_ever(sender, bytes(MESSAGE_BYTES), socket.MSG_EOR))
    while clock.running():
        time.sleep(0.1)


def starved_reader(clock):
    """With a fiftieth of a CPU: what it holds when its time is up, a socket among it, it holds for a tenth of a second."""
    small_messages(clock, cpu_percent=2)


TROUBLES = {work.__name__: work for work in (streams, slow_streams, unread_datagrams, shrinking_buffers, small_messages, starved_reader)}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("name", choices=sorted(TROUBLES))
    options.add_argument("seconds", type=float)
    given = options.parse_args()
    TROUBLES[given.name](Clock(given.seconds))


if __name__ == "__main__":
    main()
