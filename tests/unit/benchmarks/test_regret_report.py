"""The text and the document of bench-regret, and its picture, from a log of two workloads."""
import json

import pytest
import regret_auto
import regret_report
from compare import start_sizes
from regret_log import Log
from regret_profiles import RMEM, WMEM
from regret_workloads import lab_pairs

SMALL = "4096 16384 262144"
REPORT = {"rows": [
    {"host": "bloat_near", "finding": "path_queue_bloated", "verdict": "improved", "outcome": "kept", "reason": "it was.", "needs_person": False, "round": 2},
    {"host": "bloat_far", "finding": None, "verdict": None, "outcome": "left", "reason": "", "needs_person": False},
]}


def felt(latency, goodput):
    return {"probe": {"latency_p50_ms": latency}, "stream": {"goodput_mbit": goodput}}


@pytest.fixture
def result(tmp_path):
    pairs = [lab_pairs()[name] for name in ("bloat", "bulk")]
    log = Log(tmp_path / "log")
    for pair in pairs:
        before = {end: start_sizes(pair.workload) for end in ("near", "far")}
        after = {**before, "near": {**before["near"], WMEM: SMALL}} if pair.name == "bloat" else before
        log.begin(pair.name, {})
        log.add("auto", pair.name, status=2 if pair.name == "bulk" else 0, seconds=61.0, variables={}, before=before, after=after,
                report=REPORT if pair.name == "bloat" else None)
    runs = {
        "bloat": {"start": [felt(300, 20)], "tiny": [felt(30, 2)], "auto": [felt(60, 17)]},
        "bulk": {"start": [felt(None, 500)], "tiny": [felt(None, None)], "auto": [felt(None, 500)]},
    }
    return regret_report.document(pairs, runs, log, {"rounds": 1})


def test_document(result):
    json.dumps(result, allow_nan=False)
    assert result["workloads"]["bloat"]["ratios"] == {"start": 1.0, "tiny": 10.0, "auto": pytest.approx(20 / 17)}
    assert result["workloads"]["bulk"]["ratios"] == {"start": 1.0, "tiny": None, "auto": 1.0}
    assert result["regrets"]["tiny"] == {"ratio": None, "workload": "bulk"}
    assert result["workloads"]["bloat"]["runs"]["start"] == [felt(300, 20)]
    assert result["parameters"] == {"rounds": 1} and result["profiles"]["tiny"]["tcp_rmem"] == "4096 16384 65536"


def test_table(result):
    head, _rule, bloat, bulk, _rule, regret = regret_report.table(result).splitlines()
    assert head.split() == ["start", "tiny", "auto"]
    assert bloat.split() == ["bloat", "1.00", "10", "1.18"]
    assert bulk.split() == ["bulk", "1.00", "-", "1.00"]
    assert regret.split() == ["regret", "1.00", "-", "1.18"]


def test_what_the_playbook_did_is_told(result):
    assert list(regret_report.told(result)) == [
        "bloat: status 0, 2 rounds, 61 s",
        "  bloat_near: path_queue_bloated: improved, kept: it was.",
        f"  bloat_near: {WMEM} 4096 16384 4194304 -> {SMALL}",
        "  probe latency_p50_ms: 300 -> 60, 0.20 x as bad as before",
        "  stream goodput_mbit: 20 -> 17, 1.18 x as bad as before  WORSE THAN BEFORE",
        "bulk: status 2, no report, 61 s",
        "  nothing changed",
        "  stream goodput_mbit: 500 -> 500, 1.00 x as bad as before",
    ]


def test_changes_are_by_host_and_key():
    auto = {"before": {"near": {RMEM: "1", WMEM: "2"}, "far": {RMEM: "1"}}, "after": {"near": {RMEM: "1", WMEM: "3"}, "far": {RMEM: "4"}}}
    assert regret_auto.changes(auto) == [
        {"end": "near", "key": WMEM, "old": "2", "new": "3"}, {"end": "far", "key": RMEM, "old": "1", "new": "4"},
    ]


@pytest.mark.parametrize("report, expected", [(None, None), ({"rows": []}, None), (REPORT, 2), ({"rows": [{"host": "a"}]}, 1)])
def test_rounds(report, expected):
    assert regret_auto.rounds({"report": report}) == expected


def test_picture(result, tmp_path):
    pytest.importorskip("matplotlib")
    import regret_picture
    regret_picture.draw(result, tmp_path / "regret.svg")
    text = (tmp_path / "regret.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml") and all(f"<!-- {name} -->" in text for name in ("bloat", "bulk", "start", "tiny", "auto", "worst of all"))
