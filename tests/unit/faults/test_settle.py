"""When a fleet has settled, and how long it was allowed to take."""
import pytest
from settle import GRACE_SECONDS, QUIET_SECONDS, Look, Settling, Watch, least_room

IN_TRIAL = Look(trying=True, busy=True, good=False, trial_began=90)
AT_A = IN_TRIAL._replace(good=True)
WRITING = Look(trying=False, busy=True, good=False)
LEFT = Look(trying=False, busy=False, good=False)
GOOD = Look(trying=False, busy=False, good=True)


def watched(*looks, **options):
    """One host, injected at 100, looked at from then on once a second; its trial takes 14."""
    watch = Watch(100, 14, **options)
    for second, look in enumerate(looks):
        watch.note(100 + second, {"a": look})
    return watch


@pytest.mark.parametrize("looks, seconds", [
    ((GOOD,), 0),
    ((IN_TRIAL, AT_A, IN_TRIAL, GOOD, GOOD), 3),
    ((AT_A, AT_A, GOOD), 2),  # its values are the original ones just now, and it is not over
    ((GOOD, GOOD, IN_TRIAL, GOOD), 3),  # a trial that was on its way
    ((IN_TRIAL, GOOD, WRITING, GOOD), 1),  # a module between its first and its last write
    ((IN_TRIAL, LEFT, LEFT), None),
    ((GOOD, WRITING, LEFT), None),
])
def test_settled_from_the_first_look_on_that_stays_good(looks, seconds):
    assert watched(*looks).outcome().seconds == seconds


def test_until_ten_seconds_after_the_end_of_the_trial():
    assert watched(IN_TRIAL, GOOD).outcome().allowed == 90 + 14 - 100 + GRACE_SECONDS
    assert watched(GOOD).outcome().allowed == GRACE_SECONDS


def test_a_trial_that_died_gives_no_more_time():
    assert watched(IN_TRIAL, GOOD, trial_died=True).outcome().allowed == GRACE_SECONDS


def test_at_rest_once_nothing_was_busy_for_a_while():
    watch = watched(IN_TRIAL, GOOD)
    assert not watch.at_rest(100 + QUIET_SECONDS - 0.1)
    assert watch.at_rest(100 + QUIET_SECONDS)


def test_of_several_hosts_the_one_with_the_least_room_counts():
    watch = Watch(100, 14)
    watch.note(100, {"quick": AT_A, "slow": IN_TRIAL._replace(trial_began=100)})
    watch.note(105, {"quick": GOOD, "slow": IN_TRIAL._replace(trial_began=100)})
    watch.note(123, {"quick": GOOD, "slow": GOOD})
    assert watch.outcome() == Settling(23, 24)


def test_too_late_and_never_are_not_in_time():
    assert Settling(10, 10).in_time and not Settling(10.1, 10).in_time and not Settling(None, 10).in_time
    assert least_room([Settling(1, 10), Settling(None, 100), Settling(9, 10)]).seconds is None
    assert least_room([]) is None
