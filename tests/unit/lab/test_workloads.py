"""The table of workloads: every row can be brought up, and --set reaches what it names and nothing else."""
import importlib
import sys

import pairs
import pytest
from image import LabError
from line_queue import Way
from workloads import LINE_SETTINGS, WORKLOADS, changed

ROWS = sorted(WORKLOADS)


def options_of(program):
    """Names and defaults of a traffic program's own options."""
    module = importlib.import_module(program)
    with pytest.MonkeyPatch.context() as patch:
        seen = []
        parse = module.endpoint.argparse.ArgumentParser.parse_args

        def capture(parser, *_args):
            seen.append(parse(parser, ["receive"]))
            raise SystemExit
        patch.setattr(module.endpoint.argparse.ArgumentParser, "parse_args", capture)
        with pytest.raises(SystemExit):
            module.main()
    return vars(seen[0])


@pytest.mark.parametrize("name", ROWS)
def test_a_row_names_options_that_its_programs_have(name):
    for load in WORKLOADS[name].traffic:
        known = options_of(load.program)
        assert {option.replace("-", "_") for option in load.options} <= set(known)
        assert {"report", "congestion", "warmup", "seconds", "peer"} <= set(known)


@pytest.mark.parametrize("name", ROWS)
def test_what_is_felt_comes_from_one_of_its_programs(name):
    workload = WORKLOADS[name]
    assert {felt.program for felt in workload.felt} <= {load.program for load in workload.traffic}
    assert all(felt.name.endswith(("_ms", "_mbit", "_per_s")) for felt in workload.felt)
    workload.line.check()
    assert all(len([int(size) for size in text.split()]) == 3 for text in (workload.tcp_rmem, workload.tcp_wmem))


@pytest.mark.parametrize("name", ROWS)
def test_the_times_of_a_row_fit_together(name):
    workload = WORKLOADS[name]
    assert 0 <= workload.warmup < workload.seconds and 0 <= workload.washout_seconds < workload.block_seconds


def test_what_the_machine_has_to_move_is_the_lines_or_less():
    assert WORKLOADS["bulk"].load_mbit == 1000 and WORKLOADS["bloat"].load_mbit == 20 and WORKLOADS["idle"].load_mbit == 1


@pytest.mark.parametrize("name", ROWS)
def test_no_two_programs_of_a_row_share_a_port(name):
    ports = [options_of(load.program)["port"] for load in WORKLOADS[name].traffic]
    assert len(ports) == len(set(ports))


def test_set_changes_the_line_and_a_program():
    settings = {"mbit": "0.5", "queue_bytes": "7", "stream.flows": "4", "back_loss": "0.1", "frame_segments": "2"}
    workload, extra = changed(WORKLOADS["bloat"], settings)
    assert workload.line == WORKLOADS["bloat"].line._replace(mbit=0.5, queue_bytes=7)
    assert {load.program: load.options for load in workload.traffic} == {"stream": {"flows": "4"}, "probe": {}}
    assert extra == {"frame_segments": "2", "back_loss": "0.1"}
    assert WORKLOADS["bloat"].traffic[0].options == {"flows": 2}


@pytest.mark.parametrize("settings, message", [
    ({"speed": "1"}, "--set speed: not a setting"),
    ({"fresh.flows": "1"}, "--set fresh.flows: not a setting"),
    ({"mbit": "0"}, "no such line"),
    ({"mbit": "fast"}, "--set mbit: fast is not a number"),
    ({"queue_bytes": "1.5"}, "--set queue_bytes: 1.5 is not a whole number"),
    ({"back_mbit": "fast"}, "--set back_mbit: fast is not a number"),
])
def test_set_refuses_what_it_does_not_know(settings, message):
    with pytest.raises(ValueError, match=message):
        changed(WORKLOADS["bloat"], settings)


def test_pairs_have_names_of_their_own():
    wanted = pairs.wanted(["bulk", "idle"], 2, {})
    assert [pair.name for pair in wanted] == ["bulk", "bulk2", "idle", "idle2"]
    assert wanted[1].host(pairs.NEAR) == "bulk2_near"


def test_an_unknown_workload_is_refused_by_name():
    with pytest.raises(LabError, match="slow is none of bulk"):
        pairs.wanted(["bulk", "slow"], 1, {})


def test_hosts_start_with_the_sizes_of_their_workload(tmp_path):
    wanted = pairs.wanted(["both_bound"], 1, {})
    start, given = (pairs.hosts(wanted, tmp_path, *sizes) for sizes in ((), ("1 2 3", None)))
    assert [host.name for host in start] == ["both_bound_near", "both_bound_far"]
    assert dict(start[0].sysctls) == {"net.ipv4.tcp_rmem": "4096 1048576 4194304", "net.ipv4.tcp_wmem": "4096 1048576 4194304"}
    assert dict(given[1].sysctls)["net.ipv4.tcp_rmem"] == "1 2 3"


@pytest.mark.skipif(sys.version_info < (3, 9), reason="the lab runs on Python 3.9 or newer")
def test_the_line_takes_every_setting(monkeypatch):
    import delay_line
    options = [f"--{name.replace('_', '-')}=1" for name in LINE_SETTINGS if "loss" not in name]
    monkeypatch.setattr(sys, "argv", ["delay_line.py", "1", "2", *options])
    there, back = delay_line.ways(delay_line.arguments())
    assert there == back == Way(1.0, 1.0, 1, 0.0)


def test_the_last_word_of_each_program_is_felt(tmp_path):
    for host, program, lines in (
        ("bulk_far", "stream", ['{"at": 1, "goodput_mbit": 5}', '{"at": 2, "goodput_mbit": 6, "total": true}']),
        ("bulk_near", "probe", ['{"at": 1, "latency_p50_ms": 7}']), ("bulk2_far", "stream", ['{"at": 9, "goodput_mbit": 1}']),
    ):
        folder = tmp_path / "reports" / host
        folder.mkdir(parents=True)
        (folder / f"{program}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert pairs.felt(tmp_path, "bulk")["stream"] == {"at": 2, "goodput_mbit": 6, "total": True}
    assert set(pairs.felt(tmp_path, "bulk")) == {"stream", "probe"}
    assert set(pairs.felt(tmp_path, "bulk", since=1)) == {"stream"}
