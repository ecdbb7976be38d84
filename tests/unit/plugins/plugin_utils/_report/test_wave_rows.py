"""Waves, from the records of their hosts to what a person reads."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome import outcome_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.outcome_record import outcome_record
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report import report_document
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.report_text import report_markdown, report_table
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.wave_rows import wave_rows

CHANGE = {"key": "net.ipv4.tcp_rmem", "old": "4096 131072 4194304", "new": "4096 131072 8388608"}
COHORT = "pruning_with_loss in web (net.ipv4.tcp_rmem, TcpExtRcvPruned)"


def verdict(word, effect=-0.7):
    interval = None if effect is None else [effect - 0.05, effect + 0.05]
    return {
        "verdict": word, "reason": f"RcvPruned/s moved, {word}", "metric": "TcpExtRcvPruned", "before": 90.0, "after": 27.0, "effect": effect,
        "interval": interval, "p_value": 0.001, "pairs": 16, "hosts": [], "left_out": {},
    }


def line(number, hosts, word="improved", decision="go_on", **changed):
    made = {
        "round": 1, "cohort": COHORT, "number": number, "of": 3, "hosts": hosts, "tried": len(hosts), "failed": 0, "verdict": verdict(word),
        "decision": decision, "reason": f"the pool {word}", "left_out": {}, "kept": hosts if word == "improved" else [], "put_back": [],
        "harm": decision == "end",
    }
    return dict(made, **changed)


def record(host, number, lines, word="improved", changes=(CHANGE,), tuned=True, **changed):
    plan = {
        "scenario": "pruning_with_loss", "changes": list(changes), "reason": "wave 2 of 3 ended it", "blocked": False, "waits_for": None,
        "wave": {"cohort": COHORT, "number": number, "of": 3, "shared": False},
    }
    results = {
        "host": host, "findings": [{"scenario": "pruning_with_loss", "summary": "s", "key": CHANGE["key"], "remedy": None, "evidence": []}],
        "plan": plan, "trial": {"trial": {"status": "complete", "reason": None, "restored": {}}} if changes else None,
        "verdict": verdict(word) if changes else None, "turn": "1", "waves": lines,
        "tuning": {"changed": True, "changes": list(changes), "left": []} if tuned else None,
    }
    return outcome_record(dict(results, **changed))


HARM = line(2, ["b"], "regressed", "end")
ENDED = [line(1, ["a"]), HARM]
PUT_BACK = [line(1, ["a"]), dict(HARM, put_back=["a"])]
TAKEN_BACK = {"changed": True, "changes": [CHANGE], "left": [], "undone": {"started": "noon", "earlier": False}}
GONE = {"unreachable": True, "msg": "no route"}


@pytest.mark.parametrize("given, outcome, needs_person, reason", [
    (record("a", 1, ENDED), "kept", False, "RcvPruned/s moved, improved"),
    (record("a", 1, PUT_BACK, tuning=TAKEN_BACK), "reverted", False, f"put back, as wave 2 of 3 ended {COHORT}: the pool regressed"),
    (record("a", 1, PUT_BACK, tuning={"changed": False, "changes": [], "left": [{"name": "k", "reason": "changed since"}]}), "failed", True,
     f"was to be put back, as wave 2 of 3 ended {COHORT}: the pool regressed; not brought back: k (changed since)"),
    (record("a", 1, PUT_BACK, tuned=False), "failed", True,
     f"was to be put back, as wave 2 of 3 ended {COHORT}: the pool regressed; not brought back: no change was taken back"),
    # The tuning that kept it is none that took it back.
    (record("a", 1, PUT_BACK), "failed", True,
     f"was to be put back, as wave 2 of 3 ended {COHORT}: the pool regressed; not brought back: no change was taken back"),
    (record("b", 2, ENDED, "regressed", tuned=False), "reverted", False, "RcvPruned/s moved, regressed"),
    (record("b", 2, ENDED, "improved", tuned=False), "reverted", False, f"improved by itself, but wave 2 of 3 ended {COHORT}: the pool regressed"),
    (record("c", 3, ENDED, changes=(), tuned=False), "left", False, "wave 2 of 3 ended it"),
    # Hosts that share one size are kept by their pool.
    (record("a", 1, ENDED, "inconclusive"), "kept", False, "RcvPruned/s moved, improved; by itself inconclusive"),
    (record("a", 1, ENDED, tuned=False), "failed", True, "improved, but not enforced: RcvPruned/s moved, improved"),
    # A host that failed before its wave was judged has no line of its own.
    (record("z", 1, [], trial=GONE, verdict=None, tuned=False), "unreachable", True, "collecting the trial: no route"),
])
def test_outcomes(given, outcome, needs_person, reason):
    assert outcome_of(given) == (outcome, reason, needs_person)


def test_every_wave_has_one_row_in_the_order_they_were_tried():
    records = [record("b", 2, ENDED, "regressed", tuned=False), record("a", 1, ENDED), record("c", 3, ENDED, changes=(), tuned=False)]
    assert [(row["number"], row["hosts"], row["decision"]) for row in wave_rows(records)] == [(1, ["a"], "go_on"), (2, ["b"], "end")]
    lines = [*ENDED, line(1, ["a"], round=2)]
    again = outcome_record({"host": "a", "earlier": [records[1]], "plan": records[1]["plan"], "turn": 2, "waves": lines})
    assert [(row["round"], row["number"]) for row in wave_rows([again, records[0]])] == [(1, 1), (1, 2), (2, 1)]


def document(*lines):
    return report_document([record("a", 1, lines), record("b", 2, lines, "regressed", tuned=False)], "now")


def test_the_table_names_the_wave_of_a_trial_and_tells_of_each_wave():
    text = report_table(document(line(1, ["a"]), dict(HARM, left_out={"x": "no route"})))
    assert "a            pruning" in text and "wave 1 of 3" in text and "b (wave 2 of 3): RcvPruned/s moved, regressed" in text
    told = " ".join(text.split())
    assert f"{COHORT}, wave 1 of 3 (a): improved, TcpExtRcvPruned -70.0% (-75.0% to -65.0%); went on: the pool improved" in told
    assert f"{COHORT}, wave 2 of 3 (b): regressed, TcpExtRcvPruned -70.0% (-75.0% to -65.0%); " in told
    assert "; ended, nobody in it keeps the change: the pool regressed. x: no route" in told


def test_markdown_has_a_table_of_the_waves():
    text = report_markdown(document(*ENDED))
    assert "## Waves" in text and "| 1 | pruning_with_loss in web (net.ipv4.tcp_rmem, TcpExtRcvPruned) | 1 of 3 | a | improved |" in text


def test_a_wave_of_its_own_is_told_by_the_row_of_the_host():
    alone = line(1, ["a"], of=1)
    assert report_document([record("a", 1, [alone])], "now")["waves"]
    text = report_table(report_document([record("a", 1, [alone])], "now"))
    assert COHORT not in text


def test_names_of_many_hosts_are_cut_short_in_a_terminal_only():
    names = [f"h{at}" for at in range(9)]
    given = document(line(1, ["a", *names]))
    assert "(a, h0, h1, h2, h3, h4 and 4 more)" in " ".join(report_table(given).split())
    assert "h8" in report_markdown(given)


@pytest.mark.parametrize("number, changed, words", [
    (1, {"verdict": None}, "not tried; went on: "), (1, {"decision": "end", "harm": False}, "; ended: "), (3, {}, "; done: "),
    (3, {"decision": "end", "harm": True}, "; ended, nobody in it keeps the change: "),
])
def test_what_came_of_a_wave_in_words(number, changed, words):
    text = report_table(report_document([record("a", number, [line(number, ["a"], **changed)])], "now"))
    assert words in " ".join(text.split())


def test_what_is_put_back_is_the_change_of_its_own_round():
    first = record("a", 1, [line(1, ["a"])])
    second = [dict(each, round=2) for each in PUT_BACK]
    last = outcome_record(dict(record("a", 1, [], tuning=TAKEN_BACK), host="a", turn=2, waves=[line(1, ["a"]), *second], earlier=[first]))
    rows = report_document([last], "now")["rows"]
    assert [(row["round"], row["outcome"]) for row in rows] == [(1, "kept"), (2, "reverted")]
    assert rows[1]["reason"].startswith("put back, as wave 2 of 3 ended")
