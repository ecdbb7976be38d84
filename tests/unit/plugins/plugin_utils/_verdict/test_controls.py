"""Untouched hosts: which are in step, and what of their drift is taken out."""
import math

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.controls import drift, why_no_control, with_controls

TRIAL = {"status": "complete", "pairs": 2, "block_seconds": 15.0, "washout_seconds": 3.0, "seconds": [15.0] * 4, "began_epoch_seconds": 1000.0}
CONTROL = dict(TRIAL, candidate={})


@pytest.mark.parametrize("changed, reason", [
    ({}, None),
    ({"began_epoch_seconds": 1004.5}, None),
    ({"began_epoch_seconds": 995.0}, "its blocks began 5 s apart"),
    ({"began_epoch_seconds": None}, "when its first block began is not known"),
    ({"status": "aborted", "reason": "its guardian died"}, "the trial was aborted: its guardian died"),
    ({"candidate": {"net.ipv4.tcp_rmem": "1 2 3"}}, "it tried net.ipv4.tcp_rmem itself"),
    ({"block_seconds": 14.0}, "it ran other blocks"),
    ({"seconds": [15.0] * 3}, "it ran other blocks"),
])
def test_a_control_ran_the_same_blocks_at_the_same_time_and_tried_nothing(changed, reason):
    assert why_no_control(TRIAL, dict(CONTROL, **changed)) == reason


def test_those_that_count_go_along_with_the_trial_and_the_others_are_named():
    late = dict(CONTROL, began_epoch_seconds=2000.0)
    trial, told = with_controls(TRIAL, {"c1": CONTROL, "c2": late, "c3": None})
    assert trial["controls"] == [CONTROL]
    assert told == {"hosts": ["c1"], "left_out": {"c2": "its blocks began 1e+03 s apart", "c3": "no trial came back"}}


def test_drift_is_the_mean_of_what_each_moved():
    steady, doubled = ([1000] * 4, [10.0] * 4), ([1000, 1000, 2000, 2000], [10.0] * 4)
    assert drift([doubled], 4) == pytest.approx([-math.log(2) / 2] * 2 + [math.log(2) / 2] * 2, abs=1e-3)
    assert drift([doubled, steady], 4) == pytest.approx([-math.log(2) / 4] * 2 + [math.log(2) / 4] * 2, abs=1e-3)


@pytest.mark.parametrize("columns", [[], [(None, None)], [([4, 4, 4, 0], [10.0] * 4)], [([None] * 4, [10.0] * 4)]])
def test_what_no_control_counts_did_not_drift(columns):
    assert drift(columns, 4) == [0.0] * 4


def test_a_block_that_no_control_knows_is_not_known():
    first, second = ([None, 9, None, 9], [10.0] * 4), ([9, 9, None, 9], [10.0] * 4)
    assert drift([first, second], 4) == pytest.approx([0.0, 0.0, None, 0.0])
