# Copyright: the linuxnet.socket_buffers authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transaction both writers share: sysctls change all together or not at all.

An exit code proves nothing: every write is read back. A triple that the kernel refuses has
already been written up to the field it refused, so a key whose write failed is restored too.
"""
import errno
import os
from typing import Any, Dict, Iterable, Mapping, Optional

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles, sysctl_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import canonical

MISSING = "this kernel, or this network namespace, does not have it"
FOREIGN = "changed by somebody else since our last write"
_OPEN_REASONS = {
    errno.ENOENT: MISSING,
    errno.ENOTDIR: MISSING,
    errno.EROFS: "/proc/sys is mounted read-only here (as in most containers)",
}


class TransactionFailed(Exception):
    """Nothing is left changed, except what `unrestored` names with its reason."""

    def __init__(self, key: str, reason: str, unrestored: Optional[Mapping[str, str]] = None) -> None:
        self.key = key
        self.reason = reason
        self.unrestored = dict(unrestored or {})
        lost = "".join(f"; NOT restored: {name}: {why}" for name, why in sorted(self.unrestored.items()))
        super().__init__(f"{key}: {reason}{lost}")


def read_values(files: HostFiles, keys: Iterable[str]) -> Dict[str, str]:
    """Each key exactly as the kernel prints it, without the newline at the end."""
    return {key: _read_value(files, key) for key in keys}


def check_writable(files: HostFiles, keys: Iterable[str]) -> None:
    """Refuse before the first write what a write would refuse later: opening for writing asks the kernel itself."""
    for key in keys:
        path = files.path(sysctl_path(key))
        try:
            os.close(os.open(path, os.O_WRONLY))
        except OSError as error:
            raise TransactionFailed(key, f"cannot write {path}: {_open_reason(error)}")


def apply_values(files: HostFiles, writer: HostWriter, values: Mapping[str, str]) -> None:
    """Write and verify every value; on any failure put back every key touched, the failing one too."""
    originals = read_values(files, values)
    check_writable(files, values)
    touched: Dict[str, str] = {}
    for key in sorted(values):
        touched[key] = originals[key]
        reason = _write_and_verify(files, writer, key, values[key])
        if reason:
            raise TransactionFailed(key, reason, _put_back(files, writer, touched))


def restore_values(
    files: HostFiles,
    writer: HostWriter,
    originals: Mapping[str, str],
    ours: Mapping[str, Iterable[str]],
    force: bool = False,
) -> Dict[str, Dict[str, Any]]:
    """Put back what was there, key by key. `ours` holds the texts we may have written to each key.

    A value that is neither ours nor the original was set by somebody else: left and reported, unless forced.
    """
    return {key: _restore_one(files, writer, key, originals[key], ours.get(key, ()), force) for key in sorted(originals)}


def is_ours(present: str, texts: Iterable[str]) -> bool:
    """Whether each field comes from one of these texts: a triple that was written half is ours too."""
    fields = present.split()
    candidates = [text.split() for text in texts]
    return all(
        any(len(candidate) == len(fields) and candidate[index] == field for candidate in candidates)
        for index, field in enumerate(fields)
    )


def _restore_one(
    files: HostFiles, writer: HostWriter, key: str, original: str, ours: Iterable[str], force: bool
) -> Dict[str, Any]:
    try:
        present = _read_value(files, key)
    except TransactionFailed as error:
        return {"value": None, "restored": False, "reason": error.reason}
    if canonical(present) == canonical(original):
        return {"value": canonical(present), "restored": True, "reason": None}
    if not force and not is_ours(present, [original] + list(ours)):
        return {"value": canonical(present), "restored": False, "reason": FOREIGN}
    reason = _write_and_verify(files, writer, key, original)
    return {"value": canonical(original if reason is None else present), "restored": reason is None, "reason": reason}


def _read_value(files: HostFiles, key: str) -> str:
    path = sysctl_path(key)
    try:
        text = files.read_text(path)
    except OSError as error:
        raise TransactionFailed(key, f"cannot read {files.path(path)}: {error.strerror}")
    if text is None:
        raise TransactionFailed(key, f"no {files.path(path)}: {MISSING}")
    return text[:-1] if text.endswith("\n") else text


def _write_and_verify(files: HostFiles, writer: HostWriter, key: str, text: str) -> Optional[str]:
    """None, or why the key does not hold this value now."""
    try:
        writer.write_sysctl(key, text)
        found = _read_value(files, key)
    except OSError as error:
        return f"writing {canonical(text)!r} to {error.filename} failed: {error.strerror}"
    except TransactionFailed as error:
        return error.reason
    if canonical(found) != canonical(text):
        return f"holds {canonical(found)!r} after {canonical(text)!r} was written"
    return None


def _put_back(files: HostFiles, writer: HostWriter, originals: Mapping[str, str]) -> Dict[str, str]:
    """The keys that could not be put back, and why."""
    reasons = {key: _write_and_verify(files, writer, key, text) for key, text in originals.items()}
    return {key: reason for key, reason in reasons.items() if reason}


def _open_reason(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "read-only in this network namespace, even for root" if os.geteuid() == 0 else "writing needs root (become: true)"
    return _OPEN_REASONS.get(error.errno, error.strerror)
