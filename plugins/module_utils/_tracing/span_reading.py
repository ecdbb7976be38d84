# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What any means of timing a span hands on."""
from typing import NamedTuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.log2_histogram import Histogram


class SpanReading(NamedTuple):
    """Since the last start. `lost_events`: the kernel had no room for them. `unpaired`: an entry or exit without its other half."""

    histogram: Histogram
    lost_events: int
    unpaired: int
