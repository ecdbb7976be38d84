"""The file from which an interrupted bench-regret goes on."""
import json
import math

import pytest
from regret_log import Differs, Log, finite

VALUES = {"near": {"key": "1"}, "far": {"key": "2"}}
OTHER = {"near": {"key": "3"}, "far": {"key": "2"}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.jsonl"


def filled(path):
    log = Log(path)
    log.begin("bulk", {"seconds": 5})
    log.add("auto", "bulk", status=0)
    log.add("run", "bulk", round=1, values=VALUES, felt={"stream": 2})
    log.add("run", "bulk", round=0, values=VALUES, felt={"stream": 1})
    return log


def test_it_goes_on_from_what_is_there(path):
    for log in (filled(path), Log(path)):
        log.begin("bulk", {"seconds": 5})
        assert log.auto("bulk")["status"] == 0 and log.auto("idle") is None
        assert log.runs("bulk", VALUES) == [{"stream": 1}, {"stream": 2}] and log.runs("bulk", OTHER) == []
        assert log.has_run("bulk", 1, VALUES) and not log.has_run("bulk", 2, VALUES) and not log.has_run("bulk", 1, OTHER)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4


def test_other_parameters_are_refused_by_name(path):
    filled(path)
    with pytest.raises(Differs, match="bulk: .*other seconds, warmup; --again"):
        Log(path).begin("bulk", {"seconds": 6, "warmup": 1})


def test_again_starts_one_workload_anew_and_keeps_the_others(path):
    log = filled(path)
    log.begin("idle", {})
    log.add("auto", "idle", status=2)
    log.begin("bulk", {"seconds": 6}, again=True)
    for one in (log, Log(path)):
        assert one.auto("bulk") is None and one.runs("bulk", VALUES) == [] and one.auto("idle")["status"] == 2
        one.begin("bulk", {"seconds": 6})


def test_json_has_no_infinity():
    assert finite({"a": (math.inf, 1.5, [math.nan]), "b": "x"}) == {"a": [None, 1.5, [None]], "b": "x"}
    json.dumps(finite({"a": math.inf}), allow_nan=False)


def test_parameters_with_an_infinity_are_the_same_again(path):
    Log(path).begin("bulk", {"most": math.inf, "pair": (1, 2)})
    Log(path).begin("bulk", {"most": math.inf, "pair": (1, 2)})


def test_a_line_cut_off_by_the_end_of_the_machine_does_not_count(path):
    filled(path)
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"kind": "run", "workload": "bu')
    log = Log(path)
    assert len(log.runs("bulk", VALUES)) == 2
    log.add("run", "bulk", round=2, values=VALUES, felt={"stream": 3})
    assert len(Log(path).runs("bulk", VALUES)) == 3
