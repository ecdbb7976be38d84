import json

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_record import (
    Record,
    RecordError,
    TriedKey,
    parse,
    render,
)

RMEM = "net.ipv4.tcp_rmem"
RECORD = Record(
    id="0f9c4b1a7d3e5560",
    owner="alice@ctl/1f0c",
    started="2025-03-01T12:00:00+00:00",
    identity={"boot_id": "944f44bd-f5cf-4fc7-9580-ade87c3d07a4", "netns": "cookie:4097"},
    pid=4711,
    start_ticks=81500,
    due_boottime_seconds=1391.0,
    limit_boottime_seconds=1453.6,
    known_namespaces=None,
    design="step",
    services=["nginx.service"],
    keys={RMEM: TriedKey("/proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456", "4096 131072 2097152")},
)


def test_what_was_written_is_read():
    assert parse(render(RECORD), "trial.json") == RECORD
    assert RECORD.originals() == {RMEM: "4096\t131072\t6291456"} and RECORD.candidate() == {RMEM: "4096 131072 2097152"}


def test_no_file_is_no_record():
    assert parse(None, "trial.json") is None


def edited(**changes):
    return json.dumps(dict(json.loads(render(RECORD)), **changes))


@pytest.mark.parametrize("text, message", [
    ("", "damaged"),
    ("[]", "damaged"),
    ("{", "damaged"),
    ('{"version": 1}', "damaged"),
    ("null", "damaged"),
    (render(RECORD)[:100], "damaged"),
    (edited(keys={}), "names no sysctl"),
    (edited(keys={"kernel.core_pattern": {"path": "/proc/sys/kernel/core_pattern", "original": "|x", "candidate": "|y"}}), "core_pattern"),
    (edited(keys={RMEM: {"path": "p", "original": None, "candidate": "1 2 3"}}), "damaged"),
    (edited(keys={RMEM: ["p", "o", "c"]}), "damaged"),
    (edited(identity="here"), "identity"),
    (edited(extra=1), "damaged"),
    (edited(services=["../nginx"]), "nginx"),
    (edited(services=["nginx"]), "services"),
    (edited(services=[1]), "damaged"),
    (edited(services=None), "damaged"),
    (edited(version=4), "version 4"),
])
def test_a_record_that_cannot_be_used_is_named(text, message):
    with pytest.raises(RecordError, match=message) as raised:
        parse(text, "/state/trial.json")
    assert str(raised.value).startswith("/state/trial.json")


SINCE_2 = ("id", "owner", "due_boottime_seconds", "limit_boottime_seconds", "known_namespaces")
SINCE_3 = ("design", "services")


@pytest.mark.parametrize("version, unknown, more", [(1, SINCE_2 + SINCE_3, {"limit_seconds": 638.6}), (2, SINCE_3, {})])
def test_what_an_older_collection_left_can_still_be_undone(version, unknown, more):
    document = {name: value for name, value in json.loads(render(RECORD)).items() if name not in unknown}
    record = parse(json.dumps(dict(document, version=version, **more)), "trial.json")
    assert record.originals() == RECORD.originals() and record.candidate() == RECORD.candidate() and record.identity == RECORD.identity
    assert (record.design, record.services) == ("pairs", [])
    assert (record.id, record.owner, record.known_namespaces) == ((None, None, None) if version == 1 else (RECORD.id, RECORD.owner, None))
