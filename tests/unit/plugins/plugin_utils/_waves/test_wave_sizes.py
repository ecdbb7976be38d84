"""How many go at a time."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._waves.sizes import DEFAULT_WAVES, read_waves, wave_sizes


@pytest.mark.parametrize("units, waves, sizes", [
    (0, DEFAULT_WAVES, []),
    (1, DEFAULT_WAVES, [1]),
    (2, DEFAULT_WAVES, [1, 1]),
    (4, DEFAULT_WAVES, [1, 1, 1, 1]),
    (8, DEFAULT_WAVES, [1, 1, 1, 1, 2, 2]),
    (40, DEFAULT_WAVES, [1, 1, 2, 8, 10, 10, 8]),
    (100, DEFAULT_WAVES, [1, 1, 5, 20, 25, 25, 23]),
    (1, [5], [1]),
    (10, [1, "10%", "100%"], [1, 1, 8]),
    (10, ["33.3%"], [3, 3, 3, 1]),
    (7, [2], [2, 2, 2, 1]),
    (29, ["100%"], [29]),
])
def test_sizes(units, waves, sizes):
    assert wave_sizes(units, waves) == sizes


@pytest.mark.parametrize("units", range(1, 200))
def test_every_unit_has_a_wave_and_no_wave_is_more_than_its_share(units):
    sizes = wave_sizes(units, DEFAULT_WAVES)
    assert sum(sizes) == units and min(sizes) > 0
    assert all(size == 1 or size <= units * share for size, share in zip(sizes, (0, 0, 0.05, 0.2, *[0.25] * units)))


@pytest.mark.parametrize("given, steps", [([1, "1", " 5 % ", "100%", "2.50%"], [1, 1, "5%", "100%", "2.50%"]), ((3,), [3])])
def test_steps_are_numbers_or_shares(given, steps):
    assert read_waves(given) == steps


@pytest.mark.parametrize("given", [None, [], "1,2", {}, [0], ["0%"], ["100.1%"], [-1], [1.5], ["half"], [None], [True], [[1]], ["1e2"], ["١"]])
def test_what_is_no_step_is_refused(given):
    with pytest.raises(ValueError, match="wants"):
        read_waves(given)
