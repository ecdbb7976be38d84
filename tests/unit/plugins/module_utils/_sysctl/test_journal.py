import json

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.journal import (
    DONE,
    PENDING,
    UNDONE,
    Entry,
    FileChange,
    JournalError,
    KeyChange,
    Managed,
    compacted,
    managed,
    next_id,
    parse,
    reduced,
    render,
)

PATH = "/var/lib/x/journal.json"
FILE = "/etc/sysctl.d/99-zz.conf"
OTHER = {"boot_id": "c", "netns": "cookie:2"}


def entry(number, keys=None, file=None, phase=DONE):
    changes = {key: KeyChange(*texts) for key, texts in (keys or {}).items()}
    identity = {"boot_id": "b", "netns": "cookie:1"}
    return Entry(number, "2025-03-01T12:00:00+00:00", identity, phase, changes, file and FileChange(FILE, *file))


HISTORY = [
    entry(1, {"a": ("0\t0", "1 1")}, ("was \udcff\n", 0o640, "one")),
    entry(2, {"b": ("5", "6")}),
    entry(3, {"a": ("1\t1", "2 2"), "b": ("6", "7")}, ("one", 0o644, "two")),
    entry(4, {"a": ("9\t9", "2 2")}, ("edited", 0o644, "two"), PENDING),
]


def test_a_journal_survives_its_text():
    assert parse(render(HISTORY), PATH) == HISTORY
    assert parse(render([entry(1, phase=UNDONE)]), PATH) == [entry(1, phase=UNDONE)]
    assert parse(None, PATH) == []


def test_first_originals_and_last_writes():
    assert managed(HISTORY) == Managed(
        {"a": KeyChange("0\t0", "2 2"), "b": KeyChange("5", "7")},
        FileChange(FILE, "was \udcff\n", 0o640, "two"),
    )
    assert managed([]) == Managed({}, None)


def test_compacting_keeps_the_last_change_and_what_all_before_it_come_to():
    changes = HISTORY[:3] + [entry(4, {"c": ("1", "2")}), entry(5, {"a": ("2\t2", "3 3")}, ("two", 0o644, "three"))]
    older, last = compacted(changes, OTHER)
    assert last == changes[-1] and managed([older, last]) == managed(changes)
    keys = {"a": ("0\t0", "2 2"), "b": ("5", "7"), "c": ("1", "2")}
    assert older == entry(4, keys, ("was \udcff\n", 0o640, "two"))._replace(identity=OTHER)
    assert next_id([older, last]) == 6 and next_id([]) == 1
    assert compacted([older, last], OTHER) == [older, last] and compacted([], OTHER) == []


REPAIRS = [entry(6, {"a": ("9\t9", "2\t2")}), entry(7, {"b": ("9", "7")}, ("edited", 0o644, "two")), entry(8, {}, (None, None, "two"))]


def test_a_repair_is_no_change():
    assert compacted(HISTORY[:3] + REPAIRS, OTHER)[-1] == HISTORY[2]
    for change in (entry(9, {"a": ("2\t2", "3 3")}), entry(9, {"c": ("1", "1")}), entry(9, {"a": ("9", "2 2")}, ("two", 0o644, "three"))):
        assert compacted(HISTORY[:3] + REPAIRS + [change], OTHER)[-1] == change


def test_what_was_undone_is_known_until_the_next_change():
    undone = entry(4, phase=UNDONE)
    assert compacted(HISTORY[:3] + [undone], OTHER)[1:] == [undone]
    assert compacted(HISTORY[:3] + [undone] + REPAIRS, OTHER)[1:] == [undone]
    assert [row.phase for row in compacted(HISTORY[:3] + [undone, entry(5, {"c": ("1", "2")})], OTHER)] == [DONE, DONE]


@pytest.mark.parametrize("keys, file, ids", [
    (set(), False, []),
    ({"b"}, False, [2, 3]),
    (set(), True, [1, 3, 4]),
    ({"a", "b"}, True, [1, 2, 3, 4]),
])
def test_reducing_drops_entries_that_have_nothing_left(keys, file, ids):
    left = reduced(HISTORY, keys, file)
    assert [row.id for row in left] == ids
    assert set(managed(left).keys) == keys and bool(managed(left).file) is file


def broken(**fields):
    document = json.loads(render(HISTORY))
    document["entries"][-1].update(fields)
    return json.dumps(document)


@pytest.mark.parametrize("text", [
    "", "{", "null", "[]", "3", "{}", '{"version": 1}', '{"version": 1, "entries": {}x}', '{"version": 1, "entries": [1]}',
    broken(phase="half"), broken(id="4"), broken(id=True), broken(started=None), broken(identity={}), broken(identity=[]),
    broken(keys=[]), broken(keys={"a": {"original": 1, "written": "2"}}), broken(keys={"a": {"original": "1"}}),
    broken(file={"path": FILE}), broken(file=FILE),
    broken(file={"path": FILE, "original_text": 1, "original_mode": 420, "written_text": None}),
    render(HISTORY + [entry(5)]),
])
def test_a_damaged_journal_names_file_and_remedy(text):
    with pytest.raises(JournalError) as caught:
        parse(text, PATH)
    assert PATH in str(caught.value) and "damaged" in str(caught.value) and "remove it" in str(caught.value)


@pytest.mark.parametrize("version", [0, 3, "1", None])
def test_another_version_is_refused(version):
    with pytest.raises(JournalError) as caught:
        parse(json.dumps({"version": version, "entries": []}), PATH)
    assert PATH in str(caught.value) and repr(version) in str(caught.value)
