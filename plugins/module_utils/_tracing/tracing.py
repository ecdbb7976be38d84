# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every user of a tracing instance is given."""
from typing import NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.event_reader import EventReader
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.trace_instance import TraceInstance
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.tracefs import Tracefs


class Unavailable(Exception):
    """Why this kernel, or this user, has not got a means."""


class Tracing(NamedTuple):
    """The instance, the one reader of its buffers, and the host's other files."""

    tracefs: Tracefs
    instance: TraceInstance
    reader: EventReader
    files: HostFiles
