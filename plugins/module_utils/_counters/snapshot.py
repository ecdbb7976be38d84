# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All counters of this host at one moment."""
from typing import Any, Dict, FrozenSet, Iterable, List, NamedTuple, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.counter_table import (
    ALL_SUBSETS,
    ASKED_FOR,
    SOURCES,
    Values,
    is_gauge,
)
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.nic import nic_counters, read_nics
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.proc_parsers import MalformedText, parse_softnet
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.boottime import read_boottime
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical


class Snapshot(NamedTuple):
    """Counters only grow (or wrap); gauges may fall. A value this kernel does not have is None."""

    identity: Dict[str, Any]
    boottime_seconds: float
    counters: Values
    gauges: Values


def take_snapshot(files: HostFiles, subsets: Iterable[str] = ALL_SUBSETS, identity: Optional[Dict[str, Any]] = None) -> Snapshot:
    """Read every source of the wanted subsets once.

    Further snapshots of one process are given the identity of its first. It stays in its namespace, but the oldest process there, by which
    one without a cookie is known, may end.
    """
    wanted = frozenset(subsets)
    values = {name: None for subset in wanted for name in ASKED_FOR.get(subset, ())}  # type: Values
    boottime_seconds = read_boottime()
    for source in SOURCES:
        if wanted.intersection(source.subsets):
            values.update(_read(files, source, wanted))
    if "nic" in wanted:
        values.update(nic_counters(files))
    return Snapshot(
        identity=read_identity(files) if identity is None else identity,
        boottime_seconds=boottime_seconds,
        counters={name: value for name, value in values.items() if not is_gauge(name)},
        gauges={name: value for name, value in values.items() if is_gauge(name)},
    )


def _read(files: HostFiles, source: Any, wanted: FrozenSet[str]) -> Values:
    text = files.read_text(source.path)
    if text is None:
        return {}
    try:
        return source.values(text, wanted)
    except MalformedText as error:
        raise MalformedText(f"{source.path}: {error}") from None


def snapshot_facts(files: HostFiles, subsets: Iterable[str]) -> Dict[str, Any]:
    """The `socket_counters` of docs/data_shapes.md."""
    wanted = frozenset(subsets)
    snapshot = take_snapshot(files, wanted)
    facts = dict(snapshot._asdict(), version=1)  # type: Dict[str, Any]
    for subset, name, read in (("softnet", "softnet", read_softnet_rows), ("nic", "nics", read_nics), ("sizes", "sizes", read_sizes)):
        if subset in wanted:
            facts[name] = read(files)
    return facts


def read_softnet_rows(files: HostFiles) -> List[Dict[str, Optional[int]]]:
    text = files.read_text("/proc/net/softnet_stat")
    return parse_softnet(text) if text is not None else []


def read_sizes(files: HostFiles) -> Dict[str, str]:
    """The sizes in force, canonical, of the sysctls that this kernel has."""
    texts = {key: files.read_text(sysctl_path(key)) for key in SYSCTLS}
    return {key: canonical(text) for key, text in texts.items() if text is not None}
