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
