"""The real module, on real sysctls of a network namespace of its own."""
import json
import os
import signal
import socket

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import epoch, read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.state_dir import hold_lock
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_guard import record_path
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_record import Record, TriedKey, render
from tuned_host import DROPIN, FIRST, RMEM, WANTED, WMEM, Tuned, run_module, settings, sysctl_file


@pytest.fixture
def tuned(private_host):
    return Tuned(private_host)


def test_present_sets_runtime_and_dropin_and_absent_brings_everything_back(tuned):
    before = tuned.snapshot()
    result = tuned.present()
    assert result["changed"]
    assert result["changes"] == [
        {"key": RMEM, "old": "4096 87380 6291456", "new": WANTED[RMEM]},
        {"key": WMEM, "old": "4096 16384 4194304", "new": WANTED[WMEM]},
    ]
    assert result["originals"] == {RMEM: "4096 87380 6291456", WMEM: "4096 16384 4194304"}
    assert (tuned.sysctl(RMEM), tuned.sysctl(WMEM)) == ("4096\t131072\t8388608\n", "4096\t16384\t8388608\n")
    assert settings(tuned.host.read(DROPIN)) == WANTED
    assert tuned.host.shell(f"stat -c %a {tuned.state_dir} {tuned.state_dir}/journal.json {DROPIN}").split() == ["700", "600", "644"]
    assert tuned.journal()["entries"][0]["keys"][RMEM]["original"] == "4096\t87380\t6291456"

    result = tuned.absent()
    assert result["changed"] and result["left"] == [] and result["dropin"]["changed"]
    assert tuned.snapshot() == before
    assert tuned.files() == []


def run_beside_a_connection(args):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()), listener.accept()[0]:
        return run_module(args)


def test_after_a_change_the_connections_above_the_new_maximum_are_counted(tuned):
    tuned.host.shell("ip link set lo up")
    lowered = tuned.args({"values": {RMEM: "4096 16384 16384"}})
    found = [
        tuned.host.call(run_beside_a_connection, args)
        for args in (dict(lowered, _ansible_check_mode=True), lowered, lowered, tuned.args({"state": "absent"}))
    ]
    predicted, changed, unchanged, absent = [(result["changed"], result["residual"]) for result in found]
    assert predicted == (True, None) and unchanged == (False, None)
    assert len(changed[1].pop("ports")) == 1 and absent[1].pop("ports") == []
    assert changed == (True, {"rcvbuf_above_max": 2, "sndbuf_above_max": 0, "flows": 2, "reason": None})
    assert absent == (True, {"rcvbuf_above_max": 0, "sndbuf_above_max": 0, "flows": 2, "reason": None})


@pytest.mark.parametrize("spelling", [
    WANTED,
    {RMEM: "4096\t131072   8388608", WMEM: [4096, "16384", 8388608]},
    {RMEM: {"min": 4096, "default": 131072, "max": 8388608}, WMEM: " 4096 16384 8388608\n"},
])
def test_a_second_run_writes_nothing(tuned, spelling):
    tuned.present()
    result = tuned.present(spelling)
    assert (result["changed"], result["changes"], result["diff"], result["write_calls"]) == (False, [], [], 0)


def test_absent_on_a_clean_host_writes_nothing(tuned):
    result = tuned.absent()
    assert (result["changed"], result["left"], result["write_calls"]) == (False, [], 0)


@pytest.mark.parametrize("prepare, options", [
    ([], {"values": WANTED}),
    ([{"values": WANTED}], {"state": "absent"}),
    ([{"values": {RMEM: WANTED[RMEM]}}], {"values": WANTED}),
    ([{"values": WANTED}], {"values": WANTED}),
])
def test_check_mode_predicts_the_result_and_writes_nothing(tuned, prepare, options):
    for earlier in prepare:
        tuned.run(**earlier)
    before = tuned.snapshot()
    predicted = tuned.run(_ansible_check_mode=True, **options)
    assert predicted.pop("write_calls") == 0 and tuned.snapshot() == before
    real = tuned.run(**options)
    real.pop("write_calls")
    assert (real["residual"] is None) == (not real["changed"])
    assert dict(real, residual=None) == predicted  # nobody can tell what connections will be there


def test_diff_shows_runtime_and_file(tuned):
    runtime, dropin = tuned.present({RMEM: WANTED[RMEM]})["diff"]
    assert runtime["before"] == f"{RMEM} = 4096 87380 6291456\n"
    assert runtime["after"] == f"{RMEM} = 4096 131072 8388608\n"
    assert (dropin["before_header"], dropin["before"], dropin["after"]) == (DROPIN, "", tuned.host.read(DROPIN))


def test_without_persist_the_file_stays_away(tuned):
    before = tuned.snapshot()
    assert not tuned.present(persist=False)["dropin"]["changed"]
    assert tuned.host.read(DROPIN) is None
    assert not tuned.present(persist=False)["changed"]
    tuned.absent()
    assert tuned.snapshot() == before


def test_originals_are_the_first_ones_and_other_keys_stay_managed(tuned):
    before = tuned.snapshot()
    tuned.present({RMEM: "4096 131072 8388608"})
    tuned.present({RMEM: "4096 131072 16777216"})
    result = tuned.present({WMEM: "4096 16384 16777216"})
    assert result["originals"] == {RMEM: "4096 87380 6291456", WMEM: "4096 16384 4194304"}
    assert settings(tuned.host.read(DROPIN)) == {RMEM: "4096 131072 16777216", WMEM: "4096 16384 16777216"}
    assert len(tuned.journal()["entries"]) == 2
    tuned.absent()
    assert tuned.snapshot() == before


def test_originals_that_validation_would_refuse_come_back(tuned):
    tuned.host.write(sysctl_file(RMEM), "4096 131072 65536")
    tuned.present()
    tuned.absent()
    assert tuned.sysctl(RMEM) == "4096\t131072\t65536\n"


@pytest.mark.parametrize("text", ["# ours, by chance\nvm.swappiness=10\nnet.ipv4.tcp_rmem=1 2 3\n", "no newline, \udcff no utf-8", ""])
def test_a_file_that_was_there_keeps_its_settings_and_comes_back_exactly(tuned, text):
    tuned.host.write(DROPIN, text)
    tuned.host.shell(f"chmod 0640 {DROPIN}")
    before = tuned.snapshot()
    tuned.present()
    assert tuned.host.read(DROPIN).startswith(text)
    tuned.present({RMEM: "4096 131072 16777216"})
    assert tuned.host.read(DROPIN).count("swappiness") == text.count("swappiness")
    tuned.absent()
    assert tuned.snapshot() == before


def test_drift_is_repaired_and_reported(tuned):
    before = tuned.snapshot()
    tuned.present()
    tuned.host.write(sysctl_file(RMEM), "4096 87380 1048576")
    tuned.host.shell(f"rm {DROPIN}")
    result = tuned.present()
    assert result["drifted"] == [
        {"name": RMEM, "written": WANTED[RMEM], "found": "4096 87380 1048576"},
        {"name": DROPIN, "written": "our settings", "found": None},
    ]
    assert tuned.sysctl(RMEM) == "4096\t131072\t8388608\n" and settings(tuned.host.read(DROPIN)) == WANTED
    tuned.absent()
    assert tuned.snapshot() == before


REPLACES = {key: " ".join(FIRST[key].split()) for key in WANTED}


def test_what_is_still_there_is_replaced_and_what_is_wanted_already_is_fine(tuned):
    tuned.host.write(sysctl_file(WMEM), WANTED[WMEM])
    assert [row["key"] for row in tuned.present(replaces=REPLACES)["changes"]] == [RMEM]
    assert not tuned.present(replaces=REPLACES)["changed"]


def test_what_somebody_else_set_since_is_not_replaced(tuned):
    tuned.host.write(sysctl_file(RMEM), "4096 87380 1048576")
    message = tuned.fail(values=WANTED, replaces=REPLACES)
    assert f"{RMEM} is 4096 87380 1048576, and 4096 87380 6291456 was to be replaced: somebody else" in message and WMEM not in message


@pytest.mark.parametrize("edit, lost", [("echo vm.swappiness=10 >>", True), ("rm", False), ("sed -i s/8388608/4194304/", False)])
def test_what_somebody_else_wrote_into_our_file_is_not_lost(tuned, edit, lost):
    tuned.present({RMEM: WANTED[RMEM]})
    tuned.host.shell(f"{edit} {DROPIN}")
    wanted = dict(values={WMEM: WANTED[WMEM]}, replaces={WMEM: REPLACES[WMEM]})
    if lost:
        assert f"{DROPIN} is not as it was written last" in tuned.fail(**wanted)
    else:
        assert settings(tuned.run(**wanted) and tuned.host.read(DROPIN)) == WANTED


@pytest.mark.parametrize("replaced", ["1024 87380 65536", [1024, 87380, 65536], {"min": 1024, "default": 87380, "max": 65536}])
def test_what_must_not_be_written_can_be_replaced(tuned, replaced):
    tuned.host.write(sysctl_file(RMEM), "1024 87380 65536")
    assert tuned.present({RMEM: WANTED[RMEM]}, replaces={RMEM: replaced})["changed"]


def test_only_what_is_set_can_be_replaced(tuned):
    assert f"replaces: {WMEM} is not in values" in tuned.fail(values={RMEM: WANTED[RMEM]}, replaces=REPLACES)
    assert "replaces" not in tuned.fail(values={RMEM: "1 2"}, replaces={RMEM: "4096 87380 6291456"})


def test_a_value_that_was_right_already_is_an_original_too(tuned):
    tuned.host.write(sysctl_file(RMEM), WANTED[RMEM])
    tuned.present()
    tuned.host.write(sysctl_file(RMEM), "4096 87380 1048576")
    assert tuned.present()["originals"][RMEM] == WANTED[RMEM]
    tuned.absent()
    assert tuned.sysctl(RMEM) == "4096\t131072\t8388608\n"


def test_the_journal_does_not_grow_with_repairs(tuned):
    tuned.present()
    for size in range(5):
        tuned.host.write(sysctl_file(RMEM), f"4096 87380 {1048576 + size}")
        tuned.present()
    assert len(tuned.journal()["entries"]) == 1
    assert tuned.absent()["originals"][RMEM] == "4096 87380 6291456"


def test_what_somebody_else_changed_is_left_until_forced(tuned):
    before = tuned.snapshot()
    tuned.present()
    tuned.host.write(sysctl_file(RMEM), "4096 87380 1048576")
    tuned.host.write(DROPIN, "# mine now\n")
    result = tuned.absent()
    assert [row["name"] for row in result["left"]] == [RMEM, DROPIN]
    assert tuned.sysctl(RMEM) == "4096\t87380\t1048576\n" and tuned.host.read(DROPIN) == "# mine now\n"
    assert tuned.sysctl(WMEM) == FIRST[WMEM]
    again = tuned.absent()
    assert not again["changed"] and again["left"] == result["left"]
    assert tuned.absent(force=True)["left"] == []
    assert tuned.snapshot() == before


def test_a_dropin_without_journal_is_reported(tuned):
    tuned.present()
    tuned.host.shell(f"rm -r {tuned.state_dir}")
    result = tuned.absent()
    assert not result["changed"] and [row["name"] for row in result["left"]] == [DROPIN]


@pytest.mark.parametrize("path, text, wins", [
    ("/etc/sysctl.d/99-zzz.conf", "net.ipv4.tcp_rmem = 4096 1 2\n", True),
    ("/etc/sysctl.d/99-zzz.conf", "net/ipv4/tcp_rmem=4096\t131072\t8388608\n", False),
    ("/etc/sysctl.d/99-sysctl.conf", "net.ipv4.tcp_rmem = 4096 1 2\n", False),
])
def test_a_later_file_that_would_win_at_boot_is_refused(tuned, path, text, wins):
    tuned.host.write(path, text)
    if not wins:
        assert tuned.present()["changed"]
        return
    message = tuned.fail(values=WANTED)
    assert path in message and RMEM in message and "4096 1 2" in message
    assert tuned.present(persist=False)["changed"]


def states(tuned):
    return {key: tuned.sysctl(key) for key in FIRST}, tuned.host.read(DROPIN)


@pytest.mark.parametrize("earlier, killed, following", [
    (None, {"values": WANTED}, {"state": "absent"}),
    (None, {"values": WANTED}, {"values": WANTED}),
    ({RMEM: "4096 131072 16777216"}, {"values": WANTED}, {"state": "absent"}),
    ({RMEM: "4096 131072 16777216"}, {"values": WANTED}, {"values": WANTED}),
    (WANTED, {"state": "absent"}, {"state": "absent"}),
    (WANTED, {"state": "absent"}, {"values": WANTED}),
])
def test_sigkill_before_any_write(tuned, earlier, killed, following):
    tuned.host.write(DROPIN, "# was here\n")
    clean = states(tuned)
    tuned.present()
    enforced = states(tuned)
    tuned.absent()
    expected = clean if following.get("state") == "absent" else enforced
    nth = recoveries = 0
    while True:
        nth += 1
        if earlier:
            tuned.present(earlier)
        outcome = tuned.host.run(run_module, tuned.args(killed), kill_before=nth)
        if "signal" not in outcome:
            break
        assert outcome == {"signal": signal.SIGKILL}
        recoveries += bool(tuned.run(**following)["recovered"])
        assert states(tuned) == expected, f"killed before write {nth}"
        assert tuned.run(**following)["changed"] is False
        tuned.absent()
        assert states(tuned) == clean
        assert tuned.files() == [os.path.basename(DROPIN)]
    assert nth > 15 and recoveries > 8


def kill_with_all_written(tuned):
    """Killed when everything is written and only the end is not journalled."""
    last = tuned.host.call(run_module, tuned.args({"values": WANTED, "state_dir": tuned.host.folder + "/other"}))["write_calls"]
    tuned.run(state="absent", state_dir=tuned.host.folder + "/other")
    nth = last
    while True:
        outcome = tuned.host.run(run_module, tuned.args({"values": WANTED}), kill_before=nth)
        assert outcome == {"signal": signal.SIGKILL}
        if tuned.journal()["entries"][-1]["phase"] == "pending":
            return
        tuned.absent()
        nth -= 1


def test_recovery_is_predicted_by_check_mode_and_reported(tuned):
    kill_with_all_written(tuned)
    before = tuned.snapshot()
    predicted = tuned.absent(_ansible_check_mode=True)
    assert tuned.snapshot() == before and predicted["write_calls"] == 0
    result = tuned.absent()
    assert dict(result, write_calls=0, residual=None) == predicted
    assert result["recovered"]["keys"] == {RMEM: "4096 87380 6291456", WMEM: "4096 16384 4194304"}
    assert result["recovered"]["dropin"] == DROPIN


def test_recovery_leaves_what_somebody_else_changed(tuned):
    kill_with_all_written(tuned)
    tuned.host.write(sysctl_file(RMEM), "4096 87380 1048576")
    result = tuned.absent()
    assert [row["name"] for row in result["left"]] == [RMEM]
    assert tuned.sysctl(RMEM) == "4096\t87380\t1048576\n" and tuned.sysctl(WMEM) == FIRST[WMEM]
    # The original is still known, so force can bring it back.
    tuned.absent(force=True)
    assert tuned.sysctl(RMEM) == FIRST[RMEM]


@pytest.mark.parametrize("part", ["boot_id", "netns"])
@pytest.mark.parametrize("written, left_with", [(True, FIRST[RMEM]), (False, "4096\t131072\t8388608\n")])
def test_recovery_after_a_restart_undoes_what_the_dropin_set_again(tuned, part, written, left_with):
    """Without the drop-in, whatever the host holds now is not ours."""
    kill_with_all_written(tuned)
    journal = tuned.journal()
    journal["entries"][-1]["identity"][part] = "another"
    tuned.host.write(tuned.state_dir + "/journal.json", json.dumps(journal))
    if not written:
        tuned.host.shell(f"rm {DROPIN}")
    result = tuned.absent()
    assert bool(result["recovered"]["keys"]) == written and tuned.host.read(DROPIN) is None
    assert tuned.sysctl(RMEM) == left_with


@pytest.mark.parametrize("persist, left_with", [(True, FIRST[RMEM]), (False, "4096\t131072\t8388608\n")])
def test_absent_after_a_restart_speaks_only_for_what_the_dropin_sets(tuned, persist, left_with):
    tuned.present(persist=persist)
    journal = tuned.journal()
    journal["entries"][0]["identity"]["boot_id"] = "another"
    tuned.host.write(tuned.state_dir + "/journal.json", json.dumps(journal))
    assert tuned.absent()["left"] == []
    assert tuned.sysctl(RMEM) == left_with


@pytest.mark.parametrize("text, message", [
    ("", "damaged"),
    ("{", "damaged"),
    ("[]", "damaged"),
    ('{"version": 1}', "damaged"),
    ('{"version": 1, "entries": [{"id": 1}]}', "damaged"),
    ('{"version": 3, "entries": []}', "version 3"),
])
def test_a_journal_that_cannot_be_used_is_refused(tuned, text, message):
    tuned.present()
    tuned.host.write(tuned.state_dir + "/journal.json", text)
    for options in ({"values": {RMEM: "4096 131072 16777216"}}, {"state": "absent"}):
        error = tuned.fail(**options)
        assert message in error and tuned.state_dir + "/journal.json" in error


def test_another_holder_of_the_lock_is_named(tuned):
    def beside_a_trial(args):
        with hold_lock(args["state_dir"], "a trial of somebody"):
            return run_module(args)

    for check_mode in (True, False):
        result = tuned.host.call(beside_a_trial, tuned.args({"values": WANTED, "_ansible_check_mode": check_mode}))
        assert result["failed"] and "a trial of somebody (process " in result["msg"]
    assert tuned.present()["changed"]


def test_a_killed_trial_is_ended_before_originals_are_taken(tuned):
    def leave_a_trial():
        tried = TriedKey(sysctl_file(RMEM), FIRST[RMEM].strip(), "4096 131072 16777216")
        record = Record(
            "0f9c4b1a7d3e5560", "alice@ctl", "2025-03-01T12:00:00+00:00", epoch(read_identity(HostFiles())), os.getpid(), 1, 60.0, 120.0,
            None, "pairs", [], {RMEM: tried},
        )
        os.mkdir(tuned.state_dir, 0o700)
        HostWriter().replace_file(record_path(tuned.state_dir), render(record), 0o600)

    tuned.host.call(leave_a_trial)
    tuned.host.write(sysctl_file(RMEM), "4096 131072 16777216")
    assert "a trial was killed here" in tuned.fail(values=WANTED, _ansible_check_mode=True)
    result = tuned.present()
    assert result["killed_trial"]["restored"][RMEM]["restored"] and result["originals"][RMEM] == "4096 87380 6291456"
    tuned.absent()
    assert tuned.sysctl(RMEM) == FIRST[RMEM] and tuned.files() == []


# What can be wrong with a host, the options that meet it, and what the message must name.
BROKEN_HOSTS = [
    ("mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys", {"values": WANTED}, [RMEM, "mounted read-only"]),
    ("mkdir /tmp/x$$; mount --bind /tmp/x$$ /proc/sys/net; rmdir /tmp/x$$", {"values": WANTED}, [RMEM, "does not have it"]),
    ("true", {"values": {RMEM: WANTED[RMEM], "net.core.rmem_max": 12345678}}, ["net.core.rmem_max"]),
    ("chmod 777 STATE", {"values": WANTED}, ["STATE", "writable by group or others"]),
    ("chown 12345 STATE", {"values": WANTED}, ["STATE", "12345"]),
    ("mv STATE STATE.real; ln -s STATE.real STATE", {"values": WANTED}, ["STATE", "symbolic link"]),
    ("umount /etc/sysctl.d; mount -t tmpfs -o ro none /etc/sysctl.d", {"values": WANTED}, [DROPIN, "read-only"]),
    (f"ln -s /dev/null {DROPIN}", {"values": WANTED}, [DROPIN, "regular file"]),
    ("mount -t tmpfs -o size=4k none /etc/sysctl.d; head -c 4096 /dev/zero >/etc/sysctl.d/full", {"values": WANTED}, [DROPIN, "No space"]),
    ("mount -t tmpfs -o size=4k,mode=700 none STATE; head -c 4096 /dev/zero >STATE/full", {"values": WANTED}, ["STATE/", "No space"]),
]


@pytest.mark.parametrize("break_it, options, named", BROKEN_HOSTS)
def test_a_host_that_cannot_be_written_is_named_and_stays_as_it_was(tuned, break_it, options, named):
    tuned.host.shell(f"mkdir -m 700 {tuned.state_dir}")
    tuned.host.shell(break_it.replace("STATE", tuned.state_dir))
    message = tuned.fail(**options)
    for words in named:
        assert words.replace("STATE", tuned.state_dir) in message


def test_without_root_the_message_says_so(tuned):
    message = tuned.fail(user=65534, values=WANTED, state_dir="/var/lib/none-such")
    assert RMEM in message and "needs root" in message


# Inputs that ansible.posix.sysctl takes although they are wrong.
@pytest.mark.parametrize("values, named", [
    ({"net.ipv4.tcp_no_such_key": 1}, "net.ipv4.tcp_no_such_key"),
    ({RMEM: "4096 131072"}, "three integers"),
    ({RMEM: "6291456 131072 4096"}, "min <= default <= max"),
    ({RMEM: "4096 131072 2147483648"}, "2147483648"),
])
def test_wrong_values_are_refused_every_time_and_change_nothing(tuned, values, named):
    for _run in range(2):
        assert named in tuned.fail(values=values)
    assert tuned.host.read(DROPIN) is None


def test_whitespace_is_no_change_and_a_duplicate_key_keeps_its_effect(tuned):
    tuned.host.write(DROPIN, f"{RMEM} = 4096 1 2\nnet.core.somaxconn = 1\n{RMEM}\t=\t4096 131072 8388608\nnet.core.somaxconn = 2\n")
    tuned.present()
    assert tuned.present({RMEM: "4096\t131072\t8388608"})["changed"] is False
    text = tuned.host.read(DROPIN)
    assert text.index("somaxconn = 1") < text.index("somaxconn = 2") and text.rindex(RMEM) > text.index("somaxconn = 2")


def test_recovered_undoes_what_was_killed_and_nothing_else(tuned):
    before = tuned.snapshot()
    kill_with_all_written(tuned)
    result = tuned.run(state="recovered")
    assert result["changed"] and set(result["recovered"]["keys"]) == {RMEM, WMEM}
    assert tuned.snapshot() == before
    tuned.present()
    kept = tuned.snapshot()
    assert tuned.run(state="recovered")["changed"] is False and tuned.snapshot() == kept
