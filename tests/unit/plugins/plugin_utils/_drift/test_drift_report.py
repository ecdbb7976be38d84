"""What became of each drift, and when a person is needed."""
from __future__ import annotations

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.filter.drift_report import filter_drift_report
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._drift.drift_report import (
    drift_document,
    drift_markdown,
    drift_table,
)
from test_drift import DROPIN, LATER, OTHER, OURS, RMEM, facts

GOOD = facts()
MOVED = facts(OTHER)
FIGHT = facts(at_boot=OTHER, decided_by=LATER)
NO_FILE = facts(ours=None, at_boot=None)
NOTHING = {"changes": [], "drifted": [], "left": []}
WRITES = dict(NOTHING, changes=[{"key": RMEM, "old": OTHER, "new": OURS}], drifted=[{"name": RMEM, "written": OURS, "found": OTHER}])
REWRITES = dict(NOTHING, drifted=[{"name": DROPIN, "written": "our settings", "found": None}])
FOREIGN = dict(NOTHING, left=[{"name": DROPIN, "written": "our settings", "found": "another text", "reason": "changed by somebody else"}])
FAILED = {"msg": f"at boot another file would win: {LATER}", "failed": True}
GONE = {"msg": "No route to host", "unreachable": True}


@pytest.mark.parametrize(("record", "expected"), [
    ({"facts": GOOD}, [(None, None, "in_step")]),
    ({"facts": facts(ours=None, has_state_dir=False)}, [(None, None, "not_ours")]),
    ({"facts": MOVED}, [(RMEM, "running", "drifted")]),
    ({"facts": MOVED, "repair": "", "after": None, "failure": ""}, [(RMEM, "running", "drifted")]),
    ({"facts": MOVED, "repair": WRITES, "after": GOOD}, [(RMEM, "running", "repaired")]),
    ({"facts": MOVED, "repair": WRITES, "after": MOVED}, [(RMEM, "running", "drifted")]),
    ({"facts": MOVED, "repair": WRITES, "after": MOVED, "check_mode": True}, [(RMEM, "running", "would_repair")]),
    ({"facts": MOVED, "repair": NOTHING}, [(RMEM, "running", "drifted")]),
    ({"facts": NO_FILE}, [(None, "no_dropin", "drifted")]),
    ({"facts": NO_FILE, "repair": NOTHING}, [(None, None, "in_step")]),
    ({"facts": NO_FILE, "repair": REWRITES, "after": GOOD}, [(None, "dropin", "repaired")]),
    ({"facts": NO_FILE, "repair": REWRITES, "check_mode": True}, [(None, "dropin", "would_repair")]),
    ({"facts": MOVED, "repair": FOREIGN}, [(RMEM, "running", "drifted"), (None, "foreign", "drifted")]),
    ({"facts": FIGHT, "failure": FAILED}, [(RMEM, "next_boot", "drifted"), (None, "not_repaired", "failed")]),
    ({"facts": GOOD, "repair": dict(NOTHING, killed_trial={"restored": {}}), "after": GOOD}, [(None, "killed_run", "repaired")]),
    ({"facts": MOVED, "repair": GONE}, [(RMEM, "running", "drifted"), (None, "not_repaired", "unreachable")]),
    ({"facts": {}, "failure": GONE}, [(None, "not_read", "unreachable")]),
])
def test_what_became_of_a_host(record, expected):
    document = drift_document({"web": record}, "now")
    assert [(row["key"], row["kind"], row["outcome"]) for row in document["rows"]] == expected
    assert all(row["needs_person"] == (row["outcome"] in ("drifted", "failed", "unreachable")) for row in document["rows"])
    assert all((row["remedy"] is not None) == (row["outcome"] == "drifted") for row in document["rows"])
    assert sum(document["summary"][outcome] for outcome in {row[-1] for row in expected}) == document["summary"]["hosts"] == 1


HOSTS = {
    "a": {"facts": GOOD},
    "b": {"facts": FIGHT, "failure": FAILED},
    "c": {"facts": MOVED, "repair": WRITES, "after": GOOD},
    "d": {"failure": GONE},
}


def test_every_host_is_there_and_those_that_need_a_person_come_first():
    document = drift_document(HOSTS, "now")
    assert [row["host"] for row in document["rows"]] == ["b", "b", "d", "a", "c"]
    assert document["summary"] == {
        "hosts": 4, "unreachable": 1, "failed": 1, "drifted": 0, "would_repair": 0, "repaired": 1, "in_step": 1, "not_ours": 0,
        "needs_person": 2,
    }


def test_a_person_can_read_it():
    document = drift_document(HOSTS, "now")
    table = drift_table(document)
    for text in (table, drift_markdown(document)):
        for piece in (RMEM, OURS, OTHER, "99-zzz-later.conf", "No route", "Needs a person: 2."):
            assert piece in text
    assert max(map(len, table.splitlines())) <= 120 and f"b {RMEM}: {LATER}" in table and "socket_buffers_repair" not in table


def test_hostile_names_stay_text():
    name = "{{ 1 }}|\n<b>"
    found = facts(OTHER, set_in=[("/etc/sysctl.d/{key}{{ x }}.conf", OTHER)])
    text = drift_markdown(drift_document({name: {"facts": found}}, "now"))
    assert "{key}{{ x }}.conf" in text and "<b>" not in text.replace("\\<b\\>", "")


@pytest.mark.parametrize("hosts", [[], {"a": {"facts": {"host": {}}}}, {"a": 1}])
def test_the_filter_names_what_it_wants(hosts):
    with pytest.raises(Exception, match="drift_report: "):
        filter_drift_report(hosts, "now")
