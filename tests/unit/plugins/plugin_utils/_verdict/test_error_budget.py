"""How one error rate is shared among the tests of a verdict."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.error_budget import demand_level, levels


@pytest.mark.parametrize("least", [
    [], [2 ** -7] * 14, [2 ** -10] * 14, [2 ** -11] * 14, [2 ** -16] * 14, [2 ** -20, 0.5, 0.25], [2 ** -8], [1.0] * 5, [0.0] * 3,
])
@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.05])
def test_what_can_be_wrong_adds_up_to_alpha_at_most(alpha, least):
    shares = levels(alpha, least)
    able = [shares.blame for p_value in least if p_value <= shares.blame]
    assert shares.metric + sum(able) == pytest.approx(alpha * (0.8 if able else 1))
    assert shares.metric >= 0.29 * alpha


@pytest.mark.parametrize("least, metric, blame, doubt", [
    ([], 0.01, 0.005, 0.01),  # no guard moved: all is the metric's
    ([2 ** -16] * 10, 0.003, 0.0005, 0.003),
    ([2 ** -7] * 10, 0.01, 0.0005, 0.003),  # seven pairs can blame no guard of ten
    ([2 ** -16] * 5 + [2 ** -3] * 5, 0.0055, 0.0005, 0.003),  # half of them moved in three pairs only
    ([2 ** -16], 0.003, 0.005, 0.01),
])
def test_the_shares(least, metric, blame, doubt):
    assert levels(0.01, least) == pytest.approx((metric, blame, doubt))


@pytest.mark.parametrize("least, doubt", [
    (2 ** -16, 0.003),
    (2 ** -7, 2 ** -7),  # worse in each of seven pairs is a doubt, however many guards there are
    (2 ** -3, 0.01),  # never without proof at alpha
])
def test_a_doubt_stays_within_reach(least, doubt):
    assert levels(0.01, [least] * 10).doubt_of(least, 0.01) == pytest.approx(doubt)


@pytest.mark.parametrize("least, level", [(2 ** -16, 0.0025), (2 ** -7, 2 ** -7), (2 ** -3, 0.01)])
def test_both_kinds_of_demand_share_alpha_within_reach(least, level):
    assert demand_level(0.01, least) == level
