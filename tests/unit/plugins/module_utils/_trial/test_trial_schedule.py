import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_schedule import (
    Timetable,
    check_lengths,
    end_of,
    limit_seconds,
    random_seed,
    schedule,
    total_seconds,
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


@pytest.mark.parametrize("lengths", [(16, 15, 3), (1, 0.1, 0), (1000, 40, 3)])
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
])
def test_lengths_that_cannot(lengths, named):
    with pytest.raises(ValueError, match=named):
        check_lengths(*lengths)
