# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what is to be replaced is still what it was when somebody decided on it. Pure."""
from typing import Any, Mapping

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import is_only_ours
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.enforce_plan import View, of_this_boot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.journal import managed
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical


class Interfered(Exception):
    """Somebody else was faster; the message names what."""


def refuse_interference(view: View, path: str, identity: Mapping[str, Any], wanted: Mapping[str, str], replaces: Mapping[str, str]) -> None:
    """Raise unless each of these keys holds what is to be replaced, or what is wanted already, and no line of somebody else would get lost."""
    found = {key: canonical(view.values[key]) for key in sorted(replaces)}
    changed = [
        f"{key} is {now}, and {replaces[key]} was to be replaced" for key, now in found.items() if now not in (replaces[key], wanted[key])
    ]
    known = managed(of_this_boot(view.entries, identity)).file
    if known and view.dropin.text != known.written_text and not is_only_ours(view.dropin.text, known.written_text):
        changed.append(f"{path} is not as it was written last, and holds more than values of its own")
    if changed:
        raise Interfered(f"{'; '.join(changed)}: somebody else changed that since. Nothing was changed; look who it was, then measure anew")
