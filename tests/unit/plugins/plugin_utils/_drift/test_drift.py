"""Every way in which a running value, our drop-in and the next boot can disagree."""
from __future__ import annotations

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._drift.drift import drift_rows, is_ours

RMEM = "net.ipv4.tcp_rmem"
OURS, OTHER = "4096 131072 2097152", "4096 131072 999424"
DROPIN = "/etc/sysctl.d/99-zz-linuxnet-socket-buffers.conf"
LATER, EARLY = "/etc/sysctl.d/99-zzz-later.conf", "/etc/sysctl.d/30-db.conf"
TUNED = {"name": "tuned", "active": True, "detail": "network-throughput"}
FORMER = {"name": "bpftune", "active": False, "detail": None}


def facts(running=OURS, ours=OURS, at_boot=OURS, decided_by=DROPIN, writable=True, set_in=(), managers=(), **host):
    sysctl = {
        "value": running, "our_value": ours, "boot_value": at_boot, "boot_file": decided_by, "writable": writable,
        "set_in": [{"file": file, "value": value} for file, value in (*set_in, (DROPIN, OURS))],
    }
    foreign = dict(sysctl, value="1", our_value=None, boot_value="2")
    host = dict({"has_dropin": ours is not None, "has_state_dir": True, "managers": list(managers)}, **host)
    return {"host": host, "sysctls": {RMEM: sysctl, "net.core.somaxconn": foreign}}


@pytest.mark.parametrize(("found", "kind", "words"), [
    (facts(), None, ""),
    (facts(has_state_dir=False), None, ""),
    (facts(OTHER), "running", "or our drop-in was changed since both were written"),
    (facts(OTHER, managers=[TUNED, FORMER]), "running", "changed, perhaps by tuned (network-throughput), since"),
    (facts(OTHER, set_in=[(EARLY, OTHER), (LATER, "1 2 3")]), "running", f"changed, perhaps by {EARLY}, since"),
    (facts(OTHER, set_in=[(EARLY, OTHER)], managers=[TUNED]), "running", f"perhaps by {EARLY} or tuned (network-throughput), since"),
    (facts(at_boot=OTHER, decided_by=LATER), "next_boot", f"{LATER} will win over our drop-in at the next boot, with {OTHER}"),
    (facts(OTHER, at_boot=OTHER, decided_by=LATER), "overruled", f"{LATER} wins over our drop-in at boot, with {OTHER}"),
    (facts("1 2 3", at_boot=OTHER, decided_by=LATER), "overruled", f"with {OTHER}"),
    (facts(OTHER, writable=False), "read_only", "cannot be written here"),
    (facts(OTHER, writable=None), "running", ""),
    (facts(None, writable=None), "missing", "does not have it"),
])
def test_what_a_key_shows(found, kind, words):
    rows = drift_rows(found)
    assert [(row["key"], row["kind"]) for row in rows] == ([(RMEM, kind)] if kind else [])
    assert all(words in row["reason"] and row["ours"] == OURS for row in rows)
    assert all((f"set {OURS} there" in row["remedy"]) == (row["at_boot"] == OTHER) for row in rows)


@pytest.mark.parametrize(("found", "kinds", "ours"), [
    (facts(ours=None, at_boot=None), ["no_dropin"], True),
    (facts(ours=None, has_state_dir=False), [], False),
    (facts(ours=None, has_state_dir=False, has_dropin=None), ["unreadable"], True),
    (facts(ours=None, trial={"running": {"keys": ["net.ipv4.tcp_wmem"]}}), [], True),
])
def test_what_the_dropin_itself_shows(found, kinds, ours):
    assert [row["kind"] for row in drift_rows(found)] == kinds and is_ours(found) is ours


def test_what_a_running_trial_changes_is_no_drift():
    running = {"running": {"keys": [RMEM]}, "uncollected": 0, "reason": None}
    assert drift_rows(facts(OTHER, trial=running)) == []
    assert [row["kind"] for row in drift_rows(facts(OTHER, trial={"running": None, "reason": None}))] == ["running"]
