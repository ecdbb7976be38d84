"""Files of a host that somebody else may have written, cut or damaged: each parser refuses by name, or says what stands there."""
import json
import re
from fnmatch import fnmatchcase

import mangling
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import MARKER, dropin_settings, dropin_text
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import host_facts, host_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.mounts import is_read_only
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl import journal
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_boot import KERNEL_COMMAND_LINE, boot_settings
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_table import SYSCTLS, WRITABLE_KEYS
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.sysctl_value import InvalidValue, canonical, triple, validated
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import guardian, trial_record
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_recovery import outlived
from hypothesis import given
from hypothesis import strategies as st

PATH = "/var/lib/x/state.json"
NESTED = "[" * 100000
any_text = mangling.texts | mangling.decoded
# As a file's bytes are kept where they have to be put back.
file_text = st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape"))
keys = st.sampled_from(WRITABLE_KEYS)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8,
)

# --- the journal and the trial's record -------------------------------------------------------------------------------------------

IDENTITY = {"boot_id": "b", "netns": "cookie:1"}
entries = st.builds(
    journal.Entry, st.integers(1, 99), st.text(max_size=30), st.just(IDENTITY), st.just(journal.DONE),
    st.dictionaries(keys, st.builds(journal.KeyChange, any_text, any_text), max_size=3),
    st.none() | st.builds(journal.FileChange, st.text(max_size=30), st.none() | file_text, st.none() | st.integers(0, 0o7777), st.none() | file_text),
)
records = st.builds(
    trial_record.Record, st.none() | st.text(max_size=16), st.none() | st.text(max_size=30), st.text(max_size=30), st.just(IDENTITY),
    st.integers(1, 2 ** 22), st.integers(0), st.floats(0, 1e6), st.floats(0, 1e6), st.none() | st.lists(st.text(max_size=30), max_size=3),
    st.sampled_from(["pairs", "step"]), st.lists(st.sampled_from(["nginx.service", "web.socket"]), max_size=2),
    st.dictionaries(keys, st.builds(trial_record.TriedKey, any_text, any_text, any_text), min_size=1, max_size=3),
)


@given(st.lists(entries, max_size=4))
def test_a_journal_survives_its_text(given_entries):
    assert journal.parse(journal.render(given_entries), PATH) == given_entries


@given(records)
def test_a_record_survives_its_text(record):
    assert trial_record.parse(trial_record.render(record), PATH) == record


def journal_or_refused(text):
    try:
        return journal.parse(text, PATH)
    except journal.JournalError as error:
        assert str(error).startswith(PATH)
        return None


def record_or_refused(text):
    try:
        return trial_record.parse(text, PATH)
    except trial_record.RecordError as error:
        assert str(error).startswith(PATH)
        return None


JOURNAL = journal.render([
    journal.Entry(1, "2025-03-01", IDENTITY, journal.DONE, {"net.ipv4.tcp_rmem": journal.KeyChange("4096\t1\t2", "4096 1 3")}, None),
    journal.Entry(2, "2025-03-02", IDENTITY, journal.PENDING, {}, journal.FileChange("/etc/sysctl.d/x.conf", "a\udcff", 0o644, "b")),
])
RECORD = trial_record.render(trial_record.Record(
    id="0123456789abcdef", owner="alice", started="2025-03-01", identity=IDENTITY, pid=7, start_ticks=8, due_boottime_seconds=9.0,
    limit_boottime_seconds=10.0, known_namespaces=None, design="step", services=["nginx.service"],
    keys={"net.ipv4.tcp_rmem": trial_record.TriedKey("/proc/sys/net/ipv4/tcp_rmem", "1 2 3", "1 2 4")},
))


def test_a_state_file_cut_anywhere_is_refused():
    assert [journal_or_refused(JOURNAL[:end]) for end in range(len(JOURNAL) - 1)] == [None] * (len(JOURNAL) - 1)
    assert [record_or_refused(RECORD[:end]) for end in range(len(RECORD) - 1)] == [None] * (len(RECORD) - 1)


@given(any_text | any_json.map(json.dumps) | mangling.mangled(JOURNAL) | st.just(NESTED))
def test_any_text_is_a_journal_or_refused_by_name(text):
    found = journal_or_refused(text)
    if found:  # whatever it says, it can be worked with
        journal.compacted(found), journal.managed(found), journal.next_id(found)
        assert journal.parse(journal.render(found), PATH) == found


@given(st.data())
def test_a_journal_with_any_value_anywhere_is_a_journal_or_refused(data):
    assert_survives(data, JOURNAL, journal_or_refused)


@given(any_text | any_json.map(json.dumps) | mangling.mangled(RECORD) | st.just(NESTED))
def test_any_text_is_a_record_or_refused_by_name(text):
    found = record_or_refused(text)
    if found:
        assert outlived(found, IDENTITY) in (True, False)
        assert set(found.originals()) == set(found.candidate()) <= set(WRITABLE_KEYS)


@given(st.data())
def test_a_record_with_any_value_anywhere_is_a_record_or_refused(data):
    assert_survives(data, RECORD, record_or_refused)


def assert_survives(data, text, parse):
    document = json.loads(text)
    place = document
    while True:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        step = data.draw(st.sampled_from(steps))
        inner = place[step]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            place[step] = data.draw(any_json)
            break
        place = inner
    parse(json.dumps(document))


# --- the drop-in ------------------------------------------------------------------------------------------------------------------

settings = st.dictionaries(keys, st.sampled_from(("4096", "4096 131072 6291456")), min_size=1)


@given(st.none() | file_text | any_text, settings)
def test_a_drop_in_keeps_what_was_there_and_reads_as_ours(before, ours):
    text = dropin_text(before, ours)
    assert text.startswith(before or "") and dropin_settings(text) == ours
    if "\x00" not in text:
        boot = boot_settings([("/etc/sysctl.d/x.conf", text)], ours)
        assert {key: setting.value for key, setting in boot.items()} == ours  # whatever stands before us, we are the last to assign


@given(any_text | st.tuples(any_text, any_text).map(MARKER.join))
def test_any_text_has_settings_of_ours_or_none(text):
    assert all(isinstance(value, str) for value in dropin_settings(text).values())


# --- sysctl.d and the kernel's command line ---------------------------------------------------------------------------------------

PIECES = (
    "net.ipv4.tcp_rmem", "net/ipv4/tcp_rmem", "net.ipv4.*", "net/*/tcp_?mem", "net.ipv4.tcp_[rw]mem", "net.ipv4.tcp_[z-a]mem", "*", "-", "#", ";",
    " = ", "=", "4096", "1 2 3", "\n", "\n", " ", "\t", "\0", "sysctl.", '"', "[", "\x85", "\u2028", "\ufffd",
)
sysctl_text = st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | any_text
TWO = ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")


def plainly(texts, key):
    """The rule, said in the plainest way: the last assignment wins, a line that names the key outranks every glob."""
    target, lines = key.replace(".", "/"), []
    for text in texts:
        for line in text.split("\n"):
            name, equals, value = line.strip().partition("=")
            if name and name[0] not in "#;" and (equals or name[0] == "-"):
                name = (name[1:] if name[0] == "-" else name).strip()
                first = re.search("[./]", name)
                lines.append((name.translate(str.maketrans("./", "/.")) if first and first.group() == "." else name, canonical(value)))
    named = [value for pattern, value in lines if pattern == target]
    matching = [value for pattern, value in lines if pattern.count("/") == 2 and all(map(fnmatchcase, target.split("/"), pattern.split("/")))]
    assigning = [value for value in (named or matching) if value]
    return assigning[-1] if assigning else None


@given(st.lists(sysctl_text, max_size=3))
def test_what_a_boot_gives_is_what_the_plain_rule_says(texts):
    found = boot_settings([(f"/etc/sysctl.d/{number}.conf", text) for number, text in enumerate(texts)], TWO)
    assert {key: found[key].value if key in found else None for key in TWO} == {key: plainly(texts, key) for key in TWO}


@given(sysctl_text, sysctl_text)
def test_any_command_line_is_read(line, text):
    for setting in boot_settings([(KERNEL_COMMAND_LINE, line), ("/etc/sysctl.d/x.conf", text)], SYSCTLS).values():
        assert setting.value == canonical(setting.value) != ""


def test_enormous_sysctl_files_take_no_time():
    units = ("net.ipv4.tcp_rmem = 1 2 3\n", "net.ipv4.*=1\n", "a", "*", "[", '"', 'a"b', "-\n")
    numbered = "".join(f"net.ipv4.tcp_{number}* = 1\n" for number in range(mangling.MANY // 10))
    for text in (*mangling.enormous(*units), numbered, "net.ipv4." + "*?" * 40 + "x = 1\n"):
        with mangling.soon():
            boot_settings([(KERNEL_COMMAND_LINE, text), ("/etc/sysctl.d/x.conf", text)], SYSCTLS)


@given(any_text)
def test_one_spelling_stays_one(text):
    assert canonical(canonical(text)) == canonical(text) and "\n" not in canonical(text)


@given(any_text | st.sampled_from(("4096 1_0 9", "٣ 4 5", "1 2 " + "9" * 5000, "4096\u00a0131072 6291456", "1 2 +3")))
def test_a_triple_is_three_plain_numbers(text):
    found = triple(text)
    assert found is None or text.isascii() and all(0 <= number < 2 ** 64 for number in found.values())


@given(st.dictionaries(keys | st.text(max_size=20), any_json | any_text | st.lists(st.integers() | any_text, max_size=4), max_size=3))
def test_what_may_be_written_is_plain_numbers_or_refused_by_name(values):
    try:
        found = validated(values)
    except InvalidValue as error:
        assert str(error).startswith(("values: ", *values))
    else:
        assert all(re.fullmatch(r"[0-9]+( [0-9]+ [0-9]+)?", text) for text in found.values())


# --- mountinfo and the rest of /proc ----------------------------------------------------------------------------------------------

SYSCTL_FILE = "/proc/sys/net/ipv4/tcp_rmem"
MOUNTS = "22 27 0:21 / /proc rw,nosuid shared:13 - proc proc rw\n36 35 0:21 /sys /proc/sys {} - proc proc rw\n"


def escaped(path):
    """As the kernel does (seq_path): what it separates by, and the sign it escapes with."""
    return "".join(f"\\{ord(char):03o}" if char in " \t\n\\" else char for char in path)


@given(any_text, st.sampled_from(("ro", "rw")))
def test_a_mount_point_of_any_name_is_no_other_mount(name, flag):
    """Whoever may mount chooses the name, and must not be able to tell us of a mount that is not there."""
    lie = "37 35 0:21 /sys /proc/sys {} - proc proc rw".format({"ro": "rw", "rw": "ro"}[flag])
    for point in (name, f"{name}\n{lie}", f"{name}\x0b{lie}", f"{name}\u2028{lie}", f"{name}\x85{lie}"):
        hostile = f"40 35 0:40 / /mnt/{escaped(point)} rw - fuse.x x rw\n"
        assert is_read_only(MOUNTS.format(flag) + hostile, SYSCTL_FILE) is (flag == "ro")


@given(any_text | mangling.mangled(MOUNTS.format("ro")))
def test_any_mountinfo_gives_an_answer(text):
    assert is_read_only(text, SYSCTL_FILE) in (True, False, None)


STAT = "4711 (a b) c) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 81500 5 6 18446744073709551615\n"


@given(any_text | mangling.mangled(STAT))
def test_a_line_of_a_process_gives_its_start_or_none(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guardian, "read_text", lambda _path: text)
        found = {guardian.start_ticks(4711), host_identity.start_ticks(text)}
    assert all(ticks is None or 0 <= ticks or "-" in text for ticks in found)


def test_the_start_of_a_process_with_any_name():
    assert host_identity.start_ticks(STAT) == 81500
    for name in ("", ")", "(", ") S 1", "a\nb", "x" * 64):
        assert host_identity.start_ticks(STAT.replace("a b) c", name)) == 81500


@pytest.mark.parametrize("text, cpus", [
    ("0-3,8\n", 5), ("0\n", 1), ("0-0\n", 1), ("", None), (None, None), ("3-0\n", None), ("0-3,x\n", None), ("0-\n", None),
    ("0-99999999999999999999", None),
])
def test_a_list_of_cpus_is_counted_or_not_known(text, cpus):
    assert host_facts.count_cpus(text) == cpus


@given(any_text | mangling.mangled("0-3,8\n") | mangling.mangled("MemTotal:        4009240 kB\n"))
def test_a_number_of_the_machine_is_positive_or_not_known(text):
    for read in (host_facts.count_cpus, host_facts.ram_bytes):
        found = read(text)
        assert found is None or isinstance(found, int) and found >= 0


def test_enormous_files_of_a_host_take_no_time():
    units = ("[", "9", "0-1,\n", "36 35 0:21 /sys /proc/sys ro - proc proc rw\n", "\\040", "MemTotal:\n", MARKER + "a = 1\n", "(")
    for text in mangling.enormous(*units):
        with mangling.soon():
            journal_or_refused(text), record_or_refused(text), dropin_settings(text), is_read_only(text, SYSCTL_FILE)
            host_facts.count_cpus(text), host_facts.ram_bytes(text), host_identity.start_ticks(text), triple(text)
