"""How many waves, how long, and who."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.ahead import waves_ahead


def a_plan(number, of, cohort="c", least=0.0):
    return {"wave": {"cohort": cohort, "number": number, "of": of, "shared": False} if number else None, "least_washout_seconds": least}


@pytest.mark.parametrize("plans", [{}, {"a": a_plan(None, 0)}, {"a": a_plan(1, 1), "b": a_plan(1, 1, "d")}])
def test_one_wave_is_nothing_to_tell(plans):
    assert waves_ahead(plans, 16, 15, 3)["text"] == ""


def test_the_waves_of_one_number_take_the_time_of_the_longest():
    plans = {"a": a_plan(1, 3), "b": a_plan(2, 3), "c": a_plan(3, 3), "d": a_plan(1, 2, "slow", least=10), "e": a_plan(2, 2, "slow")}
    found = waves_ahead(plans, 10, 15, 3, 60)
    assert found["waves"] == 3 and found["seconds"] == 20 * (15 + 10) + 2 * 20 * 18 + 2 * 60
    assert found["text"].splitlines() == [
        "3 waves ahead, 22 min 20 s; longer where a trial is run once more, shorter where a wave ends the others:", "  c: a; b; c", "  slow: d; e",
    ]


def test_many_names_are_cut_short():
    plans = {f"h{at}": a_plan(2, 2) for at in range(6)} | {"z": a_plan(1, 2)}
    assert waves_ahead(plans, 10, 15, 3)["text"].splitlines()[1] == "  c: z; h0, h1, h2, h3 and 2 more"


def test_a_step_that_is_too_short_is_told_even_where_it_is_the_only_wave():
    short = dict(a_plan(1, 1), design="step", step_seconds=600.0)
    text = waves_ahead({"a": short, "b": short}, 16, 15, 3)["text"]
    assert text.startswith("a, b: a trial in one step of 600 s has 32 blocks, too few for a proof at 0.01")
    assert waves_ahead({"a": dict(short, step_seconds=3600.0)}, 16, 15, 3) == {"waves": 1, "seconds": 3660.0, "text": ""}


def test_a_step_that_has_no_room_for_a_block_is_told_and_no_error_of_the_others():
    found = waves_ahead({"a": dict(a_plan(1, 1), design="step", step_seconds=100.0), "b": a_plan(1, 1)}, 16, 15, 3)
    assert found["seconds"] == 576 and found["text"].startswith("a: socket_buffers_step_seconds is 100, but")


@pytest.mark.parametrize("others, seconds", [(3, 576), (4, 636)])
def test_both_ends_among_many_wait_for_the_appointed_time(others, seconds):
    both = dict(a_plan(1, 1), joint={"hosts": ["near", "far"]})
    plans = {"near": both, "far": both} | {f"h{at}": a_plan(None, 0) for at in range(others)}
    assert waves_ahead(plans, 16, 15, 3)["seconds"] == seconds
