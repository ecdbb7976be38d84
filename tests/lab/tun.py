"""TUN devices in the network namespaces of other processes."""
import contextlib
import ctypes
import fcntl
import os
import struct

from image import run

DEVICE = "/dev/net/tun"
TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454CA, 0x400454D0, 0x400454D8
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
IFF_NAPI = 0x0010  # received in the softirq, as from a network card, and not in the system call of the forwarder
CHECKSUM, TSO4, TSO6 = 1, 2, 4
VNET_HEADER_BYTES = 10
MTU = 1500
# Frames that wait while the forwarder is not running; more than a line's queue, so that only the line drops.
WAITING_FRAMES = 20000
LIBC = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def network_of(pid):
    """This thread, and what it starts, in the network namespace of a process."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            _enter(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(home)


def _enter(namespace):
    if LIBC.setns(namespace, 0):
        raise OSError(ctypes.get_errno(), "setns")


def open_tun(pid, name, address, frame_segments=0, mtu=MTU):
    """Descriptor of a new device that is up with this address; frames hold at most `frame_segments` segments (0: 64 KiB)."""
    with network_of(pid):
        device = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_NAPI))
        fcntl.ioctl(device, TUNSETVNETHDRSZ, struct.pack("i", VNET_HEADER_BYTES))
        fcntl.ioctl(device, TUNSETOFFLOAD, CHECKSUM | TSO4 | TSO6)
        run("ip", "address", "add", address, "dev", name)
        limit = ("gso_max_segs", str(frame_segments)) if frame_segments else ()
        run("ip", "link", "set", "dev", name, "mtu", str(mtu), "txqueuelen", str(WAITING_FRAMES), *limit, "up")
    return device
