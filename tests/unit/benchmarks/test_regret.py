"""What bench-regret does in which order, and what it tells the playbook."""
import argparse

import pytest
import regret
import regret_auto
from image import LabError
from regret_workloads import lab_pairs


def given(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["regret.py", *arguments])
    return regret.arguments()


def test_what_is_light_runs_beside_its_like():
    known = lab_pairs()
    found = [[pair.name for pair in batch] for batch in regret.batches([known[name] for name in ("stale", "bulk", "idle", "bloat", "lossy")], 5)]
    assert found == [["bulk"], ["lossy"], ["bloat", "stale", "idle"]]


def test_one_at_a_time():
    known = lab_pairs()
    assert all(len(batch) == 1 for batch in regret.batches([known["bloat"], known["stale"]], 1))


def test_the_playbook_is_told_what_fits_the_workload(monkeypatch):
    workload = lab_pairs()["chatty"].workload
    options = given(monkeypatch, "--pairs=9", '--variables={"socket_buffers_seed": 5}')
    told = regret_auto.variables(workload, options)
    assert told["socket_buffers_block_seconds"] == workload.block_seconds and told["socket_buffers_pairs"] == 9
    assert told["socket_buffers_seed"] == 5 and set(told) - {"socket_buffers_rounds"} <= set(regret_auto.VARIABLES)
    assert regret_auto.variables(workload, given(monkeypatch, "--block-seconds=30"))["socket_buffers_block_seconds"] == 30


@pytest.mark.parametrize("known", [True, False])
def test_rounds_are_asked_for_where_there_are_any(monkeypatch, known):
    monkeypatch.setattr(regret_auto, "VARIABLES", {regret_auto.ROUNDS: None} if known else {})
    assert (regret_auto.ROUNDS in regret_auto.variables(lab_pairs()["bulk"].workload, given(monkeypatch))) is known


@pytest.mark.parametrize("name", sorted(lab_pairs()))
def test_times_fit_the_variables(monkeypatch, name):
    workload = lab_pairs()[name].workload
    assert workload.washout_seconds < workload.block_seconds and workload.warmup < workload.seconds
    assert regret.estimate(workload, given(monkeypatch)) > 0


def test_a_workload_says_how_many_rounds_it_takes_and_the_command_line_overrides_that(monkeypatch):
    known = lab_pairs()
    default, told = given(monkeypatch), given(monkeypatch, "--rounds=2")
    assert [regret.rounds_of(known[name].workload, default) for name in ("bulk", "chatty")] == [3, 9]
    assert regret.rounds_of(known["chatty"].workload, told) == 2


@pytest.mark.parametrize("arguments, message", [
    (["--workloads=bulk,slow"], "--workloads: slow is none of bulk"), (["--profiles=huge"], "--profiles: huge is none of def618"),
    (["--workloads-file=/none.yml"], "/none.yml"),
])
def test_what_there_is_not_is_named(monkeypatch, arguments, message):
    with pytest.raises(LabError, match=message):
        regret.chosen(given(monkeypatch, *arguments))


def test_the_workloads_of_a_file_replace_the_labs(monkeypatch, tmp_path):
    (tmp_path / "mine.yml").write_text("- {name: mine, base: idle}\n", encoding="utf-8")
    monkeypatch.setenv("BENCH_WORKLOADS", str(tmp_path / "mine.yml"))
    assert [pair.name for pair in regret.chosen(given(monkeypatch))] == ["mine"]


def test_an_earlier_file_is_put_aside_but_not_with_resume(monkeypatch, tmp_path):
    workloads = [lab_pairs()["idle"]]
    for expected, arguments in ((1, ()), (1, ("--resume",)), (2, ())):
        regret.opened(workloads, given(monkeypatch, f"--folder={tmp_path}", *arguments))
        assert len(list(tmp_path.glob("results*.jsonl"))) == expected


def test_an_unknown_option_of_the_command_line_ends_it(monkeypatch):
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        given(monkeypatch, "--nonsense")
