"""state: repaired, by the real module, on real sysctls of a network namespace of its own."""
import pytest
from tuned_host import DROPIN, FIRST, RMEM, WANTED, WMEM, Tuned, sysctl_file

LATER = "/etc/sysctl.d/99-zzz-later.conf"
DRIFTED = "4096 87380 999424"


@pytest.fixture
def tuned(private_host):
    return Tuned(private_host)


def states(tuned):
    return {key: tuned.sysctl(key) for key in FIRST}, tuned.host.read(DROPIN)


def repaired(tuned, **options):
    """What a repair does, what check mode says of it beforehand, and that a second one does nothing."""
    before = tuned.snapshot()
    predicted = tuned.run(state="repaired", _ansible_check_mode=True, **options)
    assert predicted.pop("write_calls") == 0 and tuned.snapshot() == before
    result = tuned.run(state="repaired", **options)
    assert dict(result, residual=None) == dict(predicted, write_calls=result["write_calls"])
    after = tuned.snapshot()
    again = tuned.run(state="repaired", **options)
    assert not again["changed"] and again["write_calls"] == 0 and tuned.snapshot() == after
    assert again["left"] == result["left"]
    return result


# What happens to a host behind our back, and what drifted by it.
DRIFTS = {
    "a running value": (lambda host: host.write(sysctl_file(RMEM), DRIFTED), [RMEM]),
    "the file is gone": (lambda host: host.shell(f"rm {DROPIN}"), [DROPIN]),
    "the file is empty": (lambda host: host.write(DROPIN, ""), [DROPIN]),
    "a value in the file": (lambda host: host.shell(f"sed -i 's/131072/87380/' {DROPIN}"), [DROPIN]),
    "both": (lambda host: host.shell(f"rm {DROPIN}; echo {DRIFTED} >{sysctl_file(RMEM)}"), [RMEM, DROPIN]),
    "an earlier file": (lambda host: host.write("/etc/sysctl.d/10-early.conf", f"{RMEM} = {DRIFTED}\n"), []),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_what_was_written_last_comes_back(tuned, name):
    drift, drifted = DRIFTS[name]
    first = states(tuned)
    tuned.present()
    kept = states(tuned)
    drift(tuned.host)
    result = repaired(tuned)
    assert result["changed"] == bool(drifted) and [row["name"] for row in result["drifted"]] == drifted
    assert states(tuned) == kept and result["left"] == []
    assert tuned.absent()["left"] == [] and states(tuned) == first


def test_a_later_file_is_named_and_nothing_is_written(tuned):
    tuned.present()
    tuned.host.write(LATER, f"{RMEM} = {DRIFTED}\n")
    assert LATER in tuned.fail(state="repaired")
    tuned.host.write(sysctl_file(WMEM), "4096 16384 999424")
    assert LATER in tuned.fail(state="repaired")


@pytest.mark.parametrize("text", ["# mine now\n", "TEXTvm.swappiness = 10\n"])
def test_what_is_not_ours_is_left_until_forced(tuned, text):
    tuned.present()
    kept = states(tuned)
    tuned.host.write(DROPIN, text.replace("TEXT", kept[1]))
    tuned.host.write(sysctl_file(RMEM), DRIFTED)
    before = tuned.snapshot()
    assert [row["name"] for row in repaired(tuned)["left"]] == [DROPIN]
    assert tuned.snapshot() == before
    assert repaired(tuned, force=True)["left"] == []
    assert states(tuned) == kept


def test_without_a_journal_the_file_alone_counts(tuned):
    tuned.present()
    kept = states(tuned)
    tuned.host.shell(f"rm -r {tuned.state_dir}")
    assert not repaired(tuned)["changed"]
    tuned.host.write(sysctl_file(RMEM), DRIFTED)
    assert [row["key"] for row in repaired(tuned)["changes"]] == [RMEM] and states(tuned) == kept


def test_without_a_journal_a_bad_value_in_the_file_is_named(tuned):
    tuned.present()
    tuned.host.shell(f"rm -r {tuned.state_dir}; echo '{RMEM} = 8388608 131072 4096' >>{DROPIN}")
    message = tuned.fail(state="repaired")
    assert DROPIN in message and RMEM in message


def test_a_host_that_is_not_ours_is_left_alone(tuned):
    tuned.host.write(LATER, f"{RMEM} = {DRIFTED}\n")
    result = repaired(tuned)
    assert not result["changed"] and result["write_calls"] == 0


def test_values_for_this_boot_only_are_nobodys_drift(tuned):
    tuned.present(persist=False)
    tuned.host.write(sysctl_file(RMEM), DRIFTED)
    assert not repaired(tuned)["changed"]


def test_what_was_being_taken_back_does_not_return(tuned):
    tuned.present()
    tuned.host.write(DROPIN, "# mine now\n")
    assert [row["name"] for row in tuned.absent()["left"]] == [DROPIN]
    tuned.host.shell(f"rm {DROPIN}")
    assert not repaired(tuned)["changed"] and states(tuned)[0] == FIRST


def test_after_taking_back_the_last_change_the_one_before_it_is_repaired(tuned):
    tuned.present()
    kept = states(tuned)
    tuned.present({RMEM: "4096 131072 16777216"})
    tuned.run(state="previous")
    tuned.host.write(sysctl_file(RMEM), DRIFTED)
    tuned.host.shell(f"rm {DROPIN}")
    assert repaired(tuned)["changed"] and states(tuned) == kept
    assert tuned.run(state="previous")["undone"]["earlier"] and states(tuned) == kept


def test_a_file_that_was_edited_before_the_change_that_is_taken_back(tuned):
    """Exact is exact: the edited text comes back, and is readable whatever is in it."""
    tuned.present()
    tuned.host.write(DROPIN, tuned.host.read(DROPIN) + "net/ipv4/tcp_rmem=4096 131072 5242880\nnonsense\n")
    before = states(tuned)
    tuned.present({RMEM: "4096 131072 16777216"})
    assert tuned.run(state="previous")["changed"] and states(tuned) == before
    assert tuned.run(state="previous")["changed"] is False
    assert not tuned.present({RMEM: WANTED[RMEM]}, persist=False)["changed"]
    assert tuned.absent()["left"] == [] and states(tuned) == (FIRST, None)
