# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other network namespaces of this machine: which there are, what they hold, and putting back what they copied.

A new one copies tcp_rmem and tcp_wmem of the initial one (tcp_sk_init in net/ipv4/tcp_ipv4.c), so one born in a trial may keep its
candidate. Before Linux 4.15 the machine has one of each, which a new one does not even see. /proc/sys/net is that of the reader's
namespace: a forked child goes into each of them. Found are those that a process is in, and those bound to a name. Standard library
only, as a trial's guardian runs this file too.
"""
import ctypes
import fcntl
import json
import os
import socket
import struct
import time
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence

COPIED_KEYS = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
FOLDERS = ("/run/netns", "/var/run/netns", "/run/docker/netns")
CLONE_NEWNET = 0x40000000
SO_NETNS_COOKIE = 71
SIOCGIFFLAGS, IFF_UP, IFREQ = 0x8913, 1, struct.Struct("16sH22x")
LOOPBACK = "lo"
TCP_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
SETTLE_SECONDS = 0.5  # one that is just being made has copied already, but cannot be seen yet


class Namespace(NamedTuple):
    """One that is not ours: how to open it, and what to call it."""

    inode: int
    path: str
    name: str


def netns_cookie() -> Optional[int]:
    """The cookie of this process's network namespace, never given out twice in a boot; None before Linux 5.14."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            return struct.unpack("=Q", probe.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8))[0]
        except OSError:
            return None


def find(proc: str = "/proc", folders: Iterable[str] = FOLDERS) -> List[Namespace]:
    """Those other than ours. Root sees all processes; what nobody may look at, or ends meanwhile, is left out."""
    ours = os.stat(f"{proc}/self/ns/net")
    found = {}  # type: Dict[int, Namespace]
    named = [(f"{folder}/{name}", _printable(f"{folder}/{name}")) for folder in folders for name in _names_in(folder)]
    of_processes = [(f"{proc}/{pid}/ns/net", f"process {pid}") for pid in _names_in(proc) if pid.isdigit()]
    for path, name in named + of_processes:
        try:
            status = os.stat(path)
        except OSError:
            continue
        # A name that nothing is bound to any more is a plain file of another file system.
        if status.st_dev == ours.st_dev and status.st_ino != ours.st_ino:
            found.setdefault(status.st_ino, Namespace(status.st_ino, path, name))
    return sorted(found.values(), key=lambda namespace: namespace.path)


def in_use(namespaces: Sequence[Namespace], paths: Mapping[str, str]) -> List[str]:
    """Names of those that TCP is used in, or may be: an interface besides lo is up, or there is a socket of TCP. Or nobody can tell.

    Only those that have a sysctl of their own, by its file: what they do not have they did not copy.
    What isolates a service (PrivateNetwork= of systemd) makes one with nothing but lo, which tcp_rmem and tcp_wmem mean nothing to.
    """
    return [row["name"] for row in _in_each(namespaces, lambda: {"used": any(map(_exists, paths.values())) and _is_used_here()}) if row.get("used", True)]


def look(namespaces: Sequence[Namespace], paths: Mapping[str, str]) -> List[Dict[str, Any]]:
    """{name, netns, values: {key: text}, reason} of each, by the sysctls' files; one that has gone meanwhile is left out.

    One that cannot be entered or read has no values, but a reason; a sysctl that a namespace does not have is not among its values.
    """
    return _in_each(namespaces, lambda: _values_here(paths))


def put_back(known: Iterable[str], keys: Mapping[str, Mapping[str, str]]) -> List[Dict[str, Any]]:
    """{name, netns, restored: {key: {value, restored, reason}}, reason} of each that is not among the known.

    `keys` has path, original and candidate of each sysctl. Only what holds exactly the candidate was copied, and is put back.
    """
    copied = {key: row for key, row in keys.items() if key in COPIED_KEYS}
    known = set(known)
    time.sleep(SETTLE_SECONDS)
    rows = _in_each(find(), lambda: _put_back_here(known, copied))
    return [row for row in rows if row["netns"] not in known]


def lost_in(rows: Iterable[Mapping[str, Any]]) -> Dict[str, str]:
    """What could not be put back, and why."""
    return {
        f"{key} in {row['name']}": str(one["reason"])
        for row in rows for key, one in row.get("restored", {}).items() if not one["restored"]
    }


def _printable(text: str) -> str:
    """A file's name may be any bytes; what is said of it goes into results and logs."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _names_in(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _exists(path: str) -> bool:
    """Unlike os.path.exists(), what may not be looked at is an error: nobody knows."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    return True


def _is_used_here() -> bool:
    return any(_is_up(name) for _index, name in socket.if_nameindex() if name != LOOPBACK) or any(_has_sockets(path) for path in TCP_TABLES)


def _is_up(interface: str) -> bool:
    """Some drivers make an interface in every namespace, and nobody ever sets it up (tunl0, sit0)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        _name, flags = IFREQ.unpack(fcntl.ioctl(probe, SIOCGIFFLAGS, IFREQ.pack(interface.encode(), 0)))
    return bool(flags & IFF_UP)


def _has_sockets(table: str) -> bool:
    """Below its heading. Without IPv6 there is no such table."""
    try:
        with open(table, encoding="ascii") as handle:
            return len(handle.readlines(4096)) > 1
    except FileNotFoundError:
        return False


def _values_here(paths: Mapping[str, str]) -> Dict[str, Any]:
    values = {key: _read(path) for key, path in paths.items() if _exists(path)}
    return {"netns": _identity_here(values), "values": values}


def _put_back_here(known: Iterable[str], keys: Mapping[str, Mapping[str, str]]) -> Dict[str, Any]:
    here = _values_here({key: row["path"] for key, row in keys.items()})
    if here["netns"] in known:
        return {"netns": here["netns"], "restored": {}}
    held = {key for key, row in keys.items() if here["values"].get(key) == " ".join(row["candidate"].split())}
    return {"netns": here["netns"], "restored": {key: _restore(keys[key]["path"], keys[key]["original"]) for key in sorted(held)}}


def _identity_here(values: Mapping[str, str]) -> str:
    """Without a cookie an inode, which is reused at once: what the namespace holds tells whether one may have copied the candidate."""
    cookie = netns_cookie()
    if cookie is not None:
        return f"cookie:{cookie}"
    held = ", ".join(f"{key} = {text}" for key, text in sorted(values.items()))
    return f"inode:{os.stat('/proc/self/ns/net').st_ino} with {held}"


def _read(path: str) -> str:
    with open(path, encoding="ascii") as handle:
        return " ".join(handle.read().split())


def _restore(path: str, original: str) -> Dict[str, Any]:
    try:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.write(descriptor, (original + "\n").encode("ascii"))
        finally:
            os.close(descriptor)
        value = _read(path)
    except OSError as error:
        return {"value": None, "restored": False, "reason": f"{path}: {error.strerror}"}
    back = value == " ".join(original.split())
    return {"value": value, "restored": back, "reason": None if back else "holds another value after the original was written"}


def _in_each(namespaces: Sequence[Namespace], function: Callable[[], Dict[str, Any]]) -> List[Dict[str, Any]]:
    """What the function returns inside each namespace, with its name. In a child, as there is no way back for a process without rights."""
    if not namespaces:
        return []
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            with os.fdopen(writer, "w") as pipe:
                pipe.write(json.dumps([_inside(namespace, function) for namespace in namespaces]))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return [row for row in json.loads(text) if row]


def _inside(namespace: Namespace, function: Callable[[], Dict[str, Any]]) -> Optional[Dict[str, Any]]:
    """None when it has gone, or its process has moved on to another one."""
    blank = {"name": namespace.name, "netns": f"inode:{namespace.inode}", "reason": None}
    try:
        descriptor = os.open(namespace.path, os.O_RDONLY)
    except OSError:
        return None
    try:
        if os.fstat(descriptor).st_ino != namespace.inode:
            return None
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, CLONE_NEWNET):
            return dict(blank, reason=f"cannot be entered: {os.strerror(ctypes.get_errno())}")
        return dict(blank, **function())
    except (OSError, ValueError) as error:
        return dict(blank, reason=f"cannot be read: {error}")
    finally:
        os.close(descriptor)
