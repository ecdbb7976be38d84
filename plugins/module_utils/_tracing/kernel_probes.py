# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes on a kernel function: two events of our own, made for one tracing instance."""
import errno
import re
from typing import List, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import decimal
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.span_table import Span
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance import KPROBES
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracing import Tracing, Unavailable

SOCKET_ARGUMENT = " sk=$arg1:x64"  # the functions we probe take the socket first


class KernelProbes:
    """The entry and exit of a span's function as events."""

    def __init__(self, tracing: Tracing, span: Span) -> None:
        self._tracefs = tracing.tracefs
        self._group = tracing.instance.name
        self._span = span
        if not self._tracefs.exists(KPROBES):
            raise Unavailable("this kernel has no kprobe events (CONFIG_KPROBE_EVENTS)")
        try:
            self.has_socket = self._define(_candidates(tracing.files, span.function))
        except BaseException:
            self.remove()
            raise

    def event(self, template: str) -> str:
        return template.format(group=self._group)

    def missed(self) -> int:
        """How often a probe could not fire since it was made."""
        rows = [line.split() for line in self._tracefs.read("kprobe_profile").splitlines()]
        names = [self.event(template).rpartition("/")[2] for template in (self._span.entry, self._span.exit)]
        return sum(decimal(row[2]) or 0 for row in rows if len(row) >= 3 and row[0] in names)

    def remove(self) -> None:
        for template in (self._span.exit, self._span.entry):
            event = self.event(template)
            if self._tracefs.exists(f"events/{event}"):
                self._tracefs.write(KPROBES, "-:" + event)

    def _define(self, symbols: List[str]) -> bool:
        """Whether both events carry the socket. Only Linux 6.9 and later know the arguments at the return."""
        for symbol in symbols:
            entry = self._first_accepted("p", self._span.entry, symbol)
            if entry is not None:
                at_exit = self._first_accepted("r", self._span.exit, symbol)
                if at_exit is not None:
                    return entry and at_exit
        name = self._span.function
        raise Unavailable(f"this kernel has no function {name} that can be probed (the compiler may have merged it into its caller)")

    def _first_accepted(self, kind: str, template: str, symbol: str) -> Optional[bool]:
        """True with the socket, False without, None for a symbol that the kernel does not know."""
        for argument in (SOCKET_ARGUMENT, ""):
            try:
                self._tracefs.write(KPROBES, f"{kind}:{self.event(template)} {symbol}{argument}")
                return bool(argument)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EINVAL):
                    raise
        return None


def _candidates(files: HostFiles, function: str) -> List[str]:
    """The function, and the names that a compiler gives to its own variant of it."""
    variant = re.compile(rf"^\S+ [tT] ({re.escape(function)}\.(?:isra|constprop|part)[.\w]*)(?:\s|$)", re.MULTILINE)
    return [function] + sorted(set(variant.findall(files.read_text("/proc/kallsyms") or "")))
