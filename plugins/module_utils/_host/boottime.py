# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock that nobody sets, seconds since boot; and the time of day, for people to read."""
import datetime
import time

CLOCK_BOOTTIME = 7  # include/uapi/linux/time.h; Python names it from 3.7 on


def read_boottime() -> float:
    """Suspended time included: intervals must not shrink when a machine sleeps."""
    try:
        return time.clock_gettime(CLOCK_BOOTTIME)
    except OSError:
        return time.monotonic()


def utc_text() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
