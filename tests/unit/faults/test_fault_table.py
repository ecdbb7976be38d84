"""The table of faults, and what breaks a limit."""
from pathlib import Path

from faults import FAULTS, QUICK
from judge import Judgement
from run import Played, lanes, rows_of
from settle import Settling
from systemd_faults import SYSTEMD
from table import Result, row, text

SAFETY = Path(__file__).resolve().parents[3] / "docs" / "safety.md"

FINE = {"a": Judgement("original"), "b": Judgement("proven")}


def test_a_row_counts_hosts_and_shows_the_one_with_the_least_room():
    found = row("cut", [Result(FINE, Settling(3, 24)), Result(FINE, Settling(9.5, 10))])
    assert found[:7] == ("cut", 2, 4, 2, 0, 9.5, 10) and found.good


def test_a_host_that_is_neither_breaks_it():
    found = row("cut", [Result({**FINE, "c": Judgement("neither", "half")}, Settling(3, 24))])
    assert found.neither == 1 and found.problems == ["c: half"] and not found.good


def test_too_late_breaks_it():
    found = row("cut", [Result(FINE, Settling(11, 10)), Result(FINE, Settling(None, 24))])
    assert found.problems == ["settled after 11.0 s, allowed 10.0 s", "settled after never, allowed 24.0 s"] and not found.good


def test_a_complaint_breaks_it_and_so_does_a_fault_that_never_came():
    assert not row("cut", [Result(FINE, None, ("c is not in the report",))]).good
    assert not row("cut", []).good


def test_the_table_has_all_rows_a_sum_and_the_problems():
    shown = text([row("cut", [Result(FINE, Settling(3, 24))]), row("killed", [Result({"c": Judgement("neither", "half")})])])
    lines = shown.splitlines()
    assert [line.split()[0] for line in lines] == ["Fault", "------", "cut", "killed", "all", "killed:"]
    assert lines[2].split() == ["cut", "1", "2", "1", "0", "3.0", "s", "24.0", "s"]
    assert lines[3].split() == ["killed", "1", "1", "0", "1", "-", "-"]
    assert lines[4].split() == ["all", "2", "3", "1", "1"] and lines[5] == "killed: c: half"


def test_a_second_fleet_begins_with_the_kills_and_the_first_helps_in_the_end():
    first, second = lanes(FAULTS).values()
    assert [fault.name for fault in second] == ["controller_killed"]
    assert first[0].name == "undisturbed" and first[-1].name == "controller_killed" and len(first) == len(FAULTS)
    assert list(lanes(FAULTS[:1])) == list(lanes(QUICK)) == ["faults"]


def test_what_two_fleets_played_is_one_row():
    parts = [
        Played("controller_killed", [Result(FINE, Settling(3, 24))], []), Played("undisturbed", [Result(FINE)], []),
        Played("controller_killed", [Result(FINE, Settling(9.5, 10))], ["the run never came to it"]),
    ]
    first, second = rows_of(parts)
    assert (first.fault, first.injected, first.good) == ("undisturbed", 1, True)
    assert second[:7] == ("controller_killed", 2, 4, 2, 0, 9.5, 10) and not second.good
    assert second.problems == ["the run never came to it"]


def test_every_fault_has_a_name_of_its_own_and_is_told_of():
    names = [fault.name for fault in (*FAULTS, *SYSTEMD)]
    assert len(set(names)) == len(names) and {fault.name for fault in QUICK} <= set(names)
    told = SAFETY.read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in told and name != "undisturbed"] == []
