"""The moments at which the controller is killed."""
from concurrent.futures import ThreadPoolExecutor

from kills import Shared, kills


def test_they_are_spread_over_a_run_and_the_seed_names_them():
    found = kills(50, seed=7)
    assert [int(kill.share * 50) for kill in found] == list(range(50))
    assert found == kills(50, seed=7) != kills(50, seed=8)


def test_half_of_them_leave_workers_alive_and_after_every_20th_comes_the_same_command():
    found = kills(50, seed=7)
    assert sum(kill.everything for kill in found) == 25
    assert [number for number, kill in enumerate(found, 1) if kill.again] == [20, 40]


def test_fleets_share_them_and_none_is_played_twice():
    shared = Shared(range(1000))
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(list, [shared, shared]))
    assert sorted(parts[0] + parts[1]) == list(range(1000)) and list(shared) == []
