from collections import Counter

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import (
    STEP,
    STEP_BACK,
    Timetable,
    begin_of,
    check_lengths,
    end_of,
    limit_seconds,
    random_seed,
    schedule,
    step_moments,
    total_seconds,
    wait_seconds,
)


def orders(pairs, seed):
    blocks = schedule(pairs, seed)
    assert [block.pair for block in blocks] == [index // 2 for index in range(2 * pairs)]
    return ["".join(block.arm for block in blocks[index:index + 2]) for index in range(0, 2 * pairs, 2)]


def test_every_pair_has_both_arms_in_a_drawn_order():
    drawn = orders(1000, 1)
    assert set(drawn) == {"AB", "BA"}
    assert 400 < drawn.count("AB") < 600


def test_a_seed_gives_the_same_order_on_every_python():
    assert orders(8, 4) == ["BA", "BA", "BA", "AB", "BA", "BA", "BA", "BA"]
    assert orders(8, 5) != orders(8, 4)


@pytest.mark.parametrize("blocks, first, last", [(10, 2, 8), (12, 3, 9), (16, 4, 12), (32, 7, 25), (2000, 400, 1600)])
def test_a_step_leaves_both_arms_a_fifth_of_the_blocks(blocks, first, last):
    moments = step_moments(blocks)
    assert (moments[0], moments[-1]) == (first, last)


def step_of(pairs, seed):
    """The number of the first block of B."""
    blocks = schedule(pairs, seed, STEP)
    assert [block.pair for block in blocks] == list(range(2 * pairs))
    arms = "".join(block.arm for block in blocks)
    assert arms == "A" * arms.index("B") + "B" * (len(arms) - arms.index("B"))
    return arms.index("B")


def test_every_moment_of_a_step_is_as_likely_as_any_other():
    drawn = Counter(step_of(8, seed) for seed in range(4500))
    assert sorted(drawn) == list(step_moments(16)) and all(400 < count < 600 for count in drawn.values())


def test_a_seed_gives_the_same_step_on_every_python():
    assert [step_of(16, seed) for seed in (4, 5, 7, 4711, 2 ** 31 - 1)] == [14, 15, 17, 11, 17]


@pytest.mark.parametrize("seed", range(5))
def test_a_step_back_is_a_step_with_the_candidate_first(seed):
    step, back = ([block.arm for block in schedule(8, seed, design)] for design in (STEP, STEP_BACK))
    assert back == [{"A": "B", "B": "A"}[arm] for arm in step]


def test_random_seeds_differ_and_are_seeds():
    seeds = {random_seed() for _attempt in range(5)}
    assert len(seeds) > 1 and all(0 <= seed < 2 ** 31 for seed in seeds)


def test_the_time_counts_wash_outs_beside_the_blocks():
    assert total_seconds(16, 15, 3) == 576
    assert limit_seconds(576) == pytest.approx(638.6)


def test_due_times_are_all_counted_from_the_beginning():
    timetable = Timetable(100.0, 3, 15)
    assert [(timetable.washout_due(index), timetable.block_due(index)) for index in range(3)] == [(103, 118), (121, 136), (139, 154)]
    assert timetable.block_due(31) == 100 + total_seconds(16, 15, 3)


@pytest.mark.parametrize("started, end", [(103, 118), (102.9, 118), (105, 118), (110.5, 118), (111, 118.5), (130, 137.5)])
def test_what_began_late_still_has_half_its_length(started, end):
    assert end_of(118, started, 15) == end


@pytest.mark.parametrize("start_at, wait", [(1000.0, 0), (1600.0, 600), (1000.5, 0.5), (990.0, -10), (0, -1000)])
def test_how_long_to_wait_for_a_start(start_at, wait):
    assert wait_seconds(start_at, 1000.0) == wait


@pytest.mark.parametrize("start_at", [1600.1, 1e12, float("inf"), float("-inf"), float("nan")])
def test_a_start_that_nobody_waits_for(start_at):
    with pytest.raises(ValueError, match="^start_at: .* at most 600 ahead"):
        wait_seconds(start_at, 1000.0)


@pytest.mark.parametrize("now, begin", [(100.0, 100), (100.4, 100), (101.0, 100), (101.1, 101.1), (900.0, 900)])
def test_a_start_is_kept_unless_it_is_too_long_ago(now, begin):
    assert begin_of(100.0, now) == begin


@pytest.mark.parametrize("lengths", [(16, 15, 3), (1, 0.1, 0), (1000, 40, 3), (5, 15, 3, STEP)])
def test_lengths_that_can_be_run(lengths):
    check_lengths(*lengths)


@pytest.mark.parametrize("lengths, named", [
    ((0, 15, 3), "pairs"),
    ((1001, 1, 0), "pairs"),
    ((1, 0.05, 0), "block_seconds"),
    ((1, float("nan"), 0), "block_seconds"),
    ((1, float("inf"), 0), "86400"),
    ((1, 15, 15), "washout_seconds"),
    ((1, 15, -1), "washout_seconds"),
    ((1, 15, float("nan")), "washout_seconds"),
    ((1000, 100, 0), "200000 seconds"),
    ((4, 15, 3, STEP), "^pairs: design step wants at least 5"),
    ((4, 15, 3, STEP_BACK), "^pairs: design step_back wants at least 5"),
])
def test_lengths_that_cannot(lengths, named):
    with pytest.raises(ValueError, match=named):
        check_lengths(*lengths)
