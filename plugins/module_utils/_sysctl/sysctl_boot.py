# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot would set, and the file that decides it.

The rule is that of `sysctl --system` (procps). systemd-sysctl orders the folders in the same way, but does not read
/etc/sysctl.conf; we count that file, and as the last, so that a value is called safe at boot only when it is under both.
"""
import posixpath
import re
from fnmatch import fnmatchcase
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.kernel_text import readable
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical

# A file hides those of the same name in the folders after its own.
FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
LAST_FILE = "/etc/sysctl.conf"
KERNEL_COMMAND_LINE = "/proc/cmdline"

BootFiles = List[Tuple[str, Optional[str]]]

_WILDCARD = re.compile(r"[*?[]")
_COMMAND_LINE_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')


class BootSetting(NamedTuple):
    """The value that a boot gives to a key, and the file that holds it."""

    value: str
    file: str


class _Line(NamedTuple):
    pattern: str  # a path below /proc/sys, which may be a glob
    value: str  # empty: it assigns nothing, but keeps globs away from what it names
    file: str


_LastLines = Dict[str, Optional[_Line]]


def read_boot_files(files: HostFiles) -> BootFiles:
    """Path and text of every file that a boot applies, in that order. A text of None could not be read.

    A file masked by a link to /dev/null is there, with nothing in it.
    """
    chosen: Dict[str, str] = {}
    unreadable: BootFiles = []
    for folder in FOLDERS:
        try:
            names = files.list_dir(folder)
        except OSError:
            unreadable.append((folder, None))
            continue
        for name in names:
            if name.endswith(".conf"):
                chosen.setdefault(name, posixpath.join(folder, name))
    paths = [KERNEL_COMMAND_LINE] + [chosen[name] for name in sorted(chosen)] + [LAST_FILE]
    return unreadable + [(path, _read(files, path)) for path in paths if files.exists(path)]


def _read(files: HostFiles, path: str) -> Optional[str]:
    try:
        return files.read_text(path)
    except OSError:
        return None


def with_file(ordered: BootFiles, path: str, text: str) -> BootFiles:
    """The same boot, if `path` (of the first folder, /etc/sysctl.d) had this text."""
    name = posixpath.basename(path)
    others = [(other, old) for other, old in ordered if not _same_name(other, name)]
    before = sum(1 for other, _old in others if _rank(other) < _rank(path))
    return others[:before] + [(path, text)] + others[before:]


def _same_name(path: str, name: str) -> bool:
    return posixpath.dirname(path) in FOLDERS and posixpath.basename(path) == name


def _rank(path: str) -> Tuple[int, str]:
    """Where a file stands in the order of a boot."""
    if posixpath.dirname(path) in FOLDERS:
        return (1, posixpath.basename(path))
    return (2 if path == LAST_FILE else 0, path)


def boot_settings(ordered: BootFiles, keys: Iterable[str]) -> Dict[str, BootSetting]:
    """What these files give to each key; a key that none of them sets is left out.

    The last assignment wins. A line that names the key outranks every glob, wherever it stands.
    """
    texts = [(path, text) for path, text in ordered if text is not None]
    kernel = _last_of(line for path, text in texts if path == KERNEL_COMMAND_LINE for line in _command_line(path, text))
    lines = _last_of(line for path, text in texts if path != KERNEL_COMMAND_LINE for line in _lines(path, text))
    targets = {key: key.replace(".", "/") for key in keys}
    by_glob = _by_glob(lines, list(targets.values()))
    decided = ((key, lines.get(target, by_glob.get(target)) or kernel.get(target)) for key, target in targets.items())
    return {key: BootSetting(line.value, readable(line.file)) for key, line in decided if line is not None}


def settings_by_file(ordered: BootFiles, keys: Iterable[str]) -> Dict[str, List[BootSetting]]:
    """What each file alone would give to a key, in the order of a boot: who set a value by hand often loaded one of them."""
    wanted = list(keys)
    found: Dict[str, List[BootSetting]] = {key: [] for key in wanted}
    for file in ordered:
        for key, setting in boot_settings([file], wanted).items():
            found[key].append(setting)
    return found


def _last_of(lines: Iterable[_Line]) -> _LastLines:
    """Of each pattern the last line that assigns something, None where none does; in the order of these lines."""
    last: _LastLines = {}
    for line in lines:
        if line.value:
            last.pop(line.pattern, None)
            last[line.pattern] = line
        else:
            last.setdefault(line.pattern, None)
    return last


def _by_glob(lines: _LastLines, targets: List[str]) -> Dict[str, _Line]:
    """For each target the last line whose glob names it and that assigns something."""
    found: Dict[str, _Line] = {}
    for pattern, line in lines.items():
        if line and _WILDCARD.search(pattern):
            found.update((target, line) for target in targets if _matches(target, pattern))
    return found


def _matches(target: str, pattern: str) -> bool:
    """As glob(7): a wildcard does not reach over a slash."""
    names, patterns = target.split("/"), pattern.split("/")
    try:
        return len(names) == len(patterns) and all(map(fnmatchcase, names, patterns))
    except re.error:  # a range that ends before it begins, before Python 3.9: it matches nothing
        return False


def _lines(path: str, text: str) -> Iterator[_Line]:
    for line in text.split("\n"):
        name, equals, value = line.strip().partition("=")
        if not name or name[0] in "#;":
            continue
        # A dash in front allows the assignment to fail; without an assignment it excludes the key from globs.
        dashed = name[0] == "-"
        if equals or dashed:
            yield _Line(_as_path((name[1:] if dashed else name).strip()), canonical(value), path)


def _as_path(name: str) -> str:
    """The first separator decides which of the two separates: a.b/c is a/b.c, a/b.c stays."""
    first = re.search(r"[./]", name)
    if first is None or first.group() == "/":
        return name
    return name.translate(str.maketrans("./", "/."))


def _command_line(path: str, text: str) -> Iterator[_Line]:
    """The kernel's own sysctl.KEY=VALUE parameters (5.8), which it sets before the first program runs."""
    for word in _COMMAND_LINE_WORD.findall(text):
        name, _equals, value = word.replace('"', "").partition("=")
        if re.match(r"sysctl[./]", name) and canonical(value):
            yield _Line(name[len("sysctl."):].replace(".", "/"), canonical(value), path)
