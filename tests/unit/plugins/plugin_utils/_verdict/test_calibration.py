"""Trials in which nothing was tried, judged as if something had been."""
import random

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._report.calibration_report import calibration_markdown, calibration_text
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.calibration import calibration
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.pairs import Arms

PAIRS = 8


def nothing_tried(seed=1, spread=0.1, trend=0.0, **changed):
    """Sixteen blocks of a busy host under the same values; with a trend each block sees more than the one before."""
    source = random.Random(seed)
    load = [source.lognormvariate(trend * index, spread) for index in range(2 * PAIRS)]
    made = {
        "status": "complete", "reason": None, "seed": 5, "pairs": PAIRS, "candidate": {}, "seconds": [15.0] * 2 * PAIRS,
        "blocks": {"pair": [index // 2 for index in range(2 * PAIRS)], "arm": ["A", "B"] * PAIRS, "started": list(range(2 * PAIRS))},
        "counters": {"TcpInSegs": [round(75_000 * x) for x in load], "IpExtInOctets": [round(1e8 * x) for x in load]},
        "gauges": {}, "absent": [], "stalls": {"available": False, "reason": "no tracefs"},
    }
    return dict(made, **changed)


def test_false_verdicts_are_as_rare_as_promised():
    document = calibration({f"web{number}": nothing_tried(number) for number in range(6)}, "now", throws=60)
    assert document["hosts"] == 6 and document["throws"] >= 6 * 60
    assert document["false_improved"] <= 0.03 * document["throws"] and document["false_regressed"] <= 0.03 * document["throws"]
    assert {row["metric"] for row in document["rows"]} >= {"IpExtInOctets"}


def test_a_restless_host_can_show_only_large_effects():
    calm, restless = (calibration({"web1": nothing_tried(spread=spread)}, "now", throws=20)["rows"][0] for spread in (0.02, 0.4))
    assert 0 < calm["smallest_effect"] < 0.1 < restless["smallest_effect"]


def test_a_verdict_that_cries_wolf_is_found_out(monkeypatch):
    """Were the test not exact, this is where it would show."""
    monkeypatch.setattr(Arms, "p_greater", lambda arms, sign: 0.0 if sign * arms.estimate() > 0 else 1.0)
    document = calibration({"web1": nothing_tried(spread=0.5)}, "now", throws=40)
    assert document["false_improved"] > 10


@pytest.mark.parametrize("trial, note", [
    (nothing_tried(counters={}), "hardly any TCP traffic"),
    ({"failure": "Connection refused"}, "Connection refused"),
    (nothing_tried(status="aborted", reason="asked to end"), "aborted: asked to end"),
])
def test_a_host_that_says_nothing_is_listed_with_the_reason(trial, note):
    document = calibration({"web1": trial}, "now", throws=5)
    assert document["throws"] == 0 and note in document["rows"][0]["note"]
    assert note in calibration_text(document).replace("\n", " ") or "Connection" in note
    assert "No host had enough traffic" in calibration_text(document)


def test_a_trial_that_tried_something_is_refused():
    with pytest.raises(ValueError, match="web1: this trial tried net.ipv4.tcp_rmem"):
        calibration({"web1": nothing_tried(candidate={"net.ipv4.tcp_rmem": "1 2 3"})}, "now")


def test_what_a_person_reads():
    document = calibration({"web1": nothing_tried(spread=0.02)}, "2026-01-01", throws=10)
    text, markdown = calibration_text(document), calibration_markdown(document)
    assert "every improved or regressed is false: 0.00% improved, 0.00% regressed, in 10 throws over 1 hosts" in text.replace("\n  ", " ")
    assert markdown.startswith("# How sure is a verdict on this fleet?\n\nGenerated 2026-01-01.") and "| web1 | IpExtInOctets | 10 | 0 | 0 |" in markdown


@pytest.mark.parametrize("effect, text", [
    (0.07, "7%"), (8.99, "899%"), (9.0, "only a tenfold change"), (4.6e8, "only a tenfold change"), (None, "only a tenfold change"),
])
def test_no_figure_is_given_for_what_is_tenfold(effect, text):
    row = dict(calibration({"web1": nothing_tried()}, "now", throws=2)["rows"][0], smallest_effect=effect)
    document = dict(calibration({"web1": nothing_tried()}, "now", throws=2), rows=[row])
    assert f"| {text} | - |" in calibration_markdown(document)
