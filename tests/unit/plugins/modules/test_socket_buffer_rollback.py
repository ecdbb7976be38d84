"""state: previous, by the real module, on real sysctls of a network namespace of its own."""
import json
import signal
from pathlib import Path

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import epoch, read_identity
from tuned_host import DROPIN, FIRST, RMEM, WANTED, WMEM, Tuned, run_module, sysctl_file

VERSION_1 = Path(__file__).resolve().parents[3] / "fixtures" / "journals" / "version-1.json"
FOREIGN = "changed by somebody else since our last write"


@pytest.fixture
def tuned(private_host):
    return Tuned(private_host)


def states(tuned):
    """All that the last change may have touched; the journal may differ."""
    mode = tuned.host.shell(f"stat -c %a {DROPIN} || true")
    return {key: tuned.sysctl(key) for key in FIRST}, tuned.host.read(DROPIN), mode


def previous(tuned, **options):
    return tuned.run(state="previous", **options)


def rmem(size):
    return {RMEM: f"4096 131072 {size}"}


CHANGES = [
    dict(values=rmem(2097152)),
    dict(values=rmem(3145728)),
    dict(values=dict(rmem(3145728), **{WMEM: "4096 16384 1048576"})),
    dict(values=rmem(4194304), persist=False),
    dict(values=rmem(4194304)),
    dict(values=rmem(5242880)),
]


def enforce(tuned, changes):
    for change in changes:
        assert tuned.run(**change)["changed"]


@pytest.mark.parametrize("number", range(1, len(CHANGES) + 1))
def test_exactly_what_was_there_before_the_last_change_comes_back(tuned, number):
    tuned.host.write(DROPIN, "# was here\n")
    tuned.host.shell(f"chmod 0640 {DROPIN}")
    original = states(tuned)
    enforce(tuned, CHANGES[:number - 1])
    before, snapshot = states(tuned), tuned.snapshot()
    enforce(tuned, CHANGES[number - 1:number])
    result = previous(tuned)
    assert result["changed"] and result["left"] == [] and result["undone"]["earlier"] is False
    assert states(tuned) == before
    again = previous(tuned)
    assert not again["changed"] and again["write_calls"] == 0 and states(tuned) == before
    assert again["undone"] == (dict(result["undone"], earlier=True) if number > 1 else None)
    assert number > 1 or tuned.snapshot() == snapshot
    assert tuned.absent()["left"] == []
    assert states(tuned) == original and not tuned.host.read(tuned.state_dir + "/journal.json")


def test_check_mode_predicts_it_and_writes_nothing(tuned):
    enforce(tuned, CHANGES[:3])
    before = tuned.snapshot()
    predicted = previous(tuned, _ansible_check_mode=True)
    assert predicted.pop("write_calls") == 0 and tuned.snapshot() == before
    real = previous(tuned)
    real.pop("write_calls")
    assert dict(real, residual=None) == predicted
    assert [part["before_header"] for part in real["diff"]] == ["sysctl (running kernel)", DROPIN]


def test_a_new_change_can_be_taken_back_again_and_a_repair_is_none(tuned):
    enforce(tuned, CHANGES[:2])
    previous(tuned)
    before = states(tuned)
    tuned.host.write(sysctl_file(RMEM), "4096 87380 999424")
    tuned.present(rmem(2097152))  # a repair
    assert not previous(tuned)["changed"] and states(tuned) == before
    tuned.present(rmem(8388608))
    tuned.host.write(sysctl_file(RMEM), "4096 87380 999424")
    tuned.present(rmem(8388608))
    assert previous(tuned)["changed"] and states(tuned) == before


def test_a_host_without_any_change_of_ours_is_left_alone(tuned):
    result = previous(tuned)
    assert (result["changed"], result["undone"], result["write_calls"]) == (False, None, 0)
    tuned.present()
    tuned.host.shell(f"rm -r {tuned.state_dir}")
    assert [row["name"] for row in previous(tuned)["left"]] == [DROPIN]


def test_what_somebody_else_changed_is_left_until_forced(tuned):
    enforce(tuned, CHANGES[:1])
    before = states(tuned)
    enforce(tuned, [dict(values=dict(rmem(3145728), **{WMEM: "4096 16384 1048576"}))])
    tuned.host.write(sysctl_file(RMEM), "4096 87380 999424")
    result = previous(tuned)
    assert [(row["name"], row["reason"]) for row in result["left"]] == [(RMEM, FOREIGN)]
    assert tuned.sysctl(WMEM) == FIRST[WMEM] and tuned.host.read(DROPIN) == before[1]
    assert tuned.sysctl(RMEM) == "4096\t87380\t999424\n"
    again = previous(tuned)
    assert not again["changed"] and again["left"] == result["left"]
    assert previous(tuned, force=True)["changed"] and states(tuned) == before
    assert not previous(tuned, force=True)["changed"] and states(tuned) == before


def test_a_boot_takes_back_what_was_not_persisted_and_nothing_more_is(tuned):
    enforce(tuned, CHANGES[:1] + [dict(values=rmem(4194304), persist=False)])
    tuned.host.write(sysctl_file(RMEM), "4096 131072 2097152")
    reboot(tuned)
    before = states(tuned)
    result = previous(tuned)
    assert not result["changed"] and result["undone"]["earlier"] and states(tuned) == before
    assert tuned.absent()["left"] == [] and tuned.sysctl(RMEM) == FIRST[RMEM]


def test_after_a_boot_the_last_change_is_still_taken_back_once(tuned):
    enforce(tuned, CHANGES[:1])
    before = states(tuned)
    enforce(tuned, CHANGES[1:2])
    reboot(tuned)
    assert previous(tuned)["changed"] and states(tuned) == before
    reboot(tuned)
    assert not previous(tuned)["changed"] and states(tuned) == before
    tuned.absent()
    assert tuned.sysctl(RMEM) == FIRST[RMEM] and tuned.files() == []


def test_after_a_boot_and_a_repair_it_is_still_known_that_it_was_taken_back(tuned):
    enforce(tuned, CHANGES[:2])
    previous(tuned)
    before = states(tuned)
    reboot(tuned)
    tuned.host.write(sysctl_file(RMEM), "4096 87380 999424")
    assert tuned.present(rmem(2097152))["changed"]
    assert not previous(tuned)["changed"] and states(tuned) == before


def test_values_that_were_there_before_a_change_over_a_drift_are_ours_to_take_back(tuned):
    enforce(tuned, CHANGES[:1])
    tuned.host.write(sysctl_file(RMEM), "4096 87380 999424")
    before = states(tuned)
    enforce(tuned, CHANGES[1:2])
    assert previous(tuned)["changed"] and states(tuned) == before
    assert tuned.absent()["left"] == [] and tuned.sysctl(RMEM) == FIRST[RMEM]


def reboot(tuned):
    journal = tuned.journal()
    for entry in journal["entries"]:
        entry["identity"]["boot_id"] = "another"
    tuned.host.write(tuned.state_dir + "/journal.json", json.dumps(journal))


@pytest.mark.parametrize("following", [{"state": "previous"}, {"state": "absent"}])
def test_sigkill_before_any_write(tuned, following):
    tuned.host.write(DROPIN, "# was here\n")
    clean = states(tuned)
    enforce(tuned, CHANGES[:1])
    expected = states(tuned) if following["state"] == "previous" else clean
    tuned.absent()
    nth = 0
    while True:
        nth += 1
        enforce(tuned, CHANGES[:2])
        outcome = tuned.host.run(run_module, tuned.args({"state": "previous"}), kill_before=nth)
        if "signal" not in outcome:
            break
        assert outcome == {"signal": signal.SIGKILL}
        tuned.run(**following)
        assert states(tuned) == expected, f"killed before write {nth}"
        assert tuned.run(**following)["changed"] is False
        assert states(tuned) == expected, f"killed before write {nth}"
        tuned.absent()
        assert states(tuned) == clean
    assert nth > 15


# How version 1 left a host: five changes, of which that journal had dropped the second, and a repair at the end.
UPGRADED = {"after the third": 2, "after the repair": 4}


@pytest.fixture(params=UPGRADED)
def upgraded(tuned, request):
    journal = json.loads(VERSION_1.read_text(encoding="utf-8"))
    identity = tuned.host.call(lambda: epoch(read_identity(HostFiles())))
    journal["entries"] = [dict(entry, identity=identity) for entry in journal["entries"][:UPGRADED[request.param]]]
    for entry in journal["entries"]:
        for key, change in entry["keys"].items():
            tuned.host.write(sysctl_file(key), change["written"])
        if entry["file"]:
            tuned.host.write(DROPIN, entry["file"]["written_text"])
    tuned.host.shell(f"mkdir -m 700 {tuned.state_dir}")
    tuned.host.write(tuned.state_dir + "/journal.json", json.dumps(journal))
    tuned.last_change = [entry for entry in journal["entries"] if entry["file"]][-1]
    return tuned


def test_after_an_upgrade_the_first_originals_come_back(upgraded):
    assert upgraded.absent()["left"] == []
    assert states(upgraded)[0] == FIRST and upgraded.host.read(DROPIN) == "# was here\n"


def test_after_an_upgrade_the_state_before_the_last_change_comes_back(upgraded):
    result = previous(upgraded)
    assert result["undone"] == {"started": upgraded.last_change["started"], "earlier": False} and result["left"] == []
    for key, change in upgraded.last_change["keys"].items():
        assert upgraded.sysctl(key) == change["original"] + "\n"
    assert upgraded.host.read(DROPIN) == upgraded.last_change["file"]["original_text"]
    assert not previous(upgraded)["changed"]
    assert upgraded.absent()["left"] == []
    assert states(upgraded)[0] == FIRST and upgraded.host.read(DROPIN) == "# was here\n"


def test_after_an_upgrade_the_next_change_builds_on_what_was_there(upgraded):
    before = states(upgraded)
    upgraded.present(WANTED)
    assert previous(upgraded)["changed"] and states(upgraded) == before
    assert upgraded.absent()["left"] == [] and states(upgraded)[0] == FIRST
