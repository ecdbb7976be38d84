"""Trials that switch once: of one host, with controls, and of several hosts together."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import step_moments
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.comparison import compared, compared_gauge, design_of
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.step import least_blocks, step_of

BLOCKS = 10


def a_trial(step=4, events=(), seed=5, **changed):
    made = {
        "design": "step", "seed": seed, "pairs": BLOCKS // 2, "seconds": [10.0] * BLOCKS, "counters": {"Events": list(events)}, "gauges": {},
        "blocks": {"pair": list(range(BLOCKS)), "arm": ["A"] * step + ["B"] * (BLOCKS - step)}, "absent": [],
    }
    made.update(changed)
    return made


DOUBLED = [100] * 4 + [200] * 6


def test_before_and_after_are_the_sides_of_the_step():
    found = compared([a_trial(events=DOUBLED)], ("Events",))
    assert found.rates() == (10.0, 20.0) and found.rate_of_both() == 16.0 and found.events_after() == 1200
    assert found.moved() and found.compared() == BLOCKS
    assert found.estimate() == pytest.approx(0.69, abs=0.01)
    assert found.p_greater(1) == found.least_p() == 1 / len(step_moments(BLOCKS)) and found.p_greater(-1) == 1


def test_an_unknown_block_is_left_out_by_itself():
    trial = a_trial(events=[100, None] + DOUBLED[2:])
    found = compared([trial], ("Events",))
    assert (found.compared(), found.rates()) == (9, (10.0, 20.0))
    assert found.left_out([trial]) == "1 of 10 blocks left out: the metric is not known in them"


def test_what_controls_did_as_well_is_no_work_of_the_change():
    other = a_trial(10, DOUBLED, blocks={"pair": list(range(BLOCKS)), "arm": ["A"] * BLOCKS})
    found = compared([a_trial(events=DOUBLED, controls=[other])], ("Events",))
    assert found.estimate() == pytest.approx(0.0, abs=0.01)
    before, after = found.rates()
    assert before == pytest.approx(after, rel=0.01)


def test_a_kernel_without_the_counter_has_no_comparison():
    assert compared([a_trial(absent=["Events"], counters={})], ("Events",)) is None


def test_of_several_hosts_each_draw_counts_for_itself():
    apart = compared([a_trial(events=DOUBLED), a_trial(6, [100] * 6 + [200] * 4, seed=6)], ("Events",))
    together = compared([a_trial(events=DOUBLED), a_trial(events=DOUBLED)], ("Events",))
    moments = len(step_moments(BLOCKS))
    assert (apart.least_p(), together.least_p()) == (1 / moments ** 2, 1 / moments)
    assert apart.rates() == together.rates() == (10.0, 20.0)


def test_a_gauge_is_compared_as_it_stands():
    found = compared_gauge([a_trial(gauges={"Flows": [10] * 4 + [20] * 6})], "Flows")
    assert found.rates() == (10.0, 20.0)
    assert compared_gauge([a_trial()], "Flows") is None


@pytest.mark.parametrize("alpha, blocks", [(0.01, 168), (0.05, 34), (0.2, 8)])
def test_how_many_blocks_a_proof_needs(alpha, blocks):
    assert least_blocks(alpha) == blocks
    assert len(step_moments(blocks)) * alpha >= 1 > len(step_moments(blocks - 2)) * alpha


def test_too_few_blocks_are_told_with_how_many_it_takes():
    found = compared([a_trial(events=DOUBLED)], ("Events",))
    assert found.why_too_few(0.01) == "7 possible moments of the step; an exact test at 0.01 needs at least 100, a trial of 168 blocks"
    assert found.why_too_few(0.2) is None and found.interval(0.01) is None


@pytest.mark.parametrize("arms", ["ABABABABAB", "ABBBBBBBBB", "AAAAAAAAAA", "BBBBBAAAAA"])
def test_blocks_that_nobody_drew_so_are_refused(arms):
    with pytest.raises(ValueError, match="not of one step in their middle three fifths"):
        step_of(a_trial(blocks={"pair": list(range(BLOCKS)), "arm": list(arms)}))


def test_no_one_test_is_for_two_designs():
    pairs = a_trial(events=DOUBLED, design="pairs")
    with pytest.raises(ValueError, match="different designs"):
        compared([a_trial(events=DOUBLED), pairs], ("Events",))


def test_an_unknown_design_is_refused_and_none_is_that_of_before():
    assert design_of({}) == "pairs"
    with pytest.raises(ValueError, match="design wants pairs, step, step_back, got 'latin square'"):
        design_of({"design": "latin square"})


@pytest.mark.parametrize("control", [None, [100] * 5 + [150] * 5])
def test_a_step_back_is_read_backwards(control):
    events = [100, 110, 90, None, 200, 220, 180, 200, 210, 190]
    trials = []
    for design, arms, turn in (("step", "AAAABBBBBB", list), ("step_back", "BBBBBBAAAA", lambda row: list(reversed(row)))):
        beside = [a_trial(events=turn(control), blocks={"arm": ["A"] * BLOCKS})] if control else []
        trials.append(a_trial(design=design, events=turn(events), blocks={"arm": list(arms)}, gauges={"Flows": turn(events)}, controls=beside))
    ahead, back = (compared([trial], ("Events",)) for trial in trials)
    assert back.hosts == ahead.hosts and back.rates() == ahead.rates() and back.p_greater(1) == ahead.p_greater(1)
    assert compared_gauge(trials[1:], "Flows").rates() == compared_gauge(trials[:1], "Flows").rates()


def test_a_step_back_whose_blocks_go_forward_is_none():
    with pytest.raises(ValueError, match="its design is step_back, but its blocks .* are not of one step"):
        step_of(a_trial(design="step_back"))
