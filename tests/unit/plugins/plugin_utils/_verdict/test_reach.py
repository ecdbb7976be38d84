"""How much of the traffic each kind of change could touch."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._verdict.reach import LOWAT, Tried, reach, told, too_small

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"


def change(key, old, new):
    return {"key": key, "old": old, "new": new}


def a_trial(old_in=(900, 900, 250, 150), octets_in=(1000, 1000, 1000, 1000), **changed):
    made = {
        "seconds": [15.0] * 4, "absent": ["Ip6InOctets"], "blocks": {"pair": [0, 0, 1, 1], "arm": ["A", "A", "B", "B"]},
        "counters": {"IpExtInOctets": list(octets_in), "IpExtOutOctets": [1000] * 4},
        "flows": {"available": True, "reason": None, "columns": {"flows_old_in_bytes": list(old_in), "flows_old_out_bytes": [0] * 4}},
    }
    return dict(made, **changed)


LOWERED = change(RMEM, "4096 131072 33554432", "4096 131072 2097152")
RAISED = change(RMEM, "4096 131072 33554432", "4096 131072 67108864")
SENDING = change(WMEM, "4096 16384 4194304", "4096 16384 33554432")


@pytest.mark.parametrize("changed, share, words", [
    (SENDING, 1.0, "a higher maximum reaches open connections at once"),
    (change(WMEM, "4096 16384 4194304", "4096 16384 131072"), None, "a lower maximum reaches open connections"),
    (change(LOWAT, "4294967295", "16384"), 1.0, "a limit of unsent data counts for open connections"),
    (change(LOWAT, "16384", "4294967295"), 1.0, "a limit of unsent data counts for open connections"),
    (RAISED, None, "window scale"),
    (LOWERED, 0.8, "a lower maximum reaches connections made after each switch"),
    (change(RMEM, "4096 131072 33554432", "4096 1048576 33554432"), 0.8, "listens anew"),
    (change(WMEM, "4096 16384 4194304", "4096 65536 4194304"), 1.0, "listens anew"),
    (change(RMEM, "4096 131072 33554432", "8192 131072 33554432"), 1.0, "while memory is short"),
    (change("net.core.rmem_max", "212992", "4194304"), 0.8, "whose program asks"),
    (change("net.core.wmem_max", "212992", "4194304"), 1.0, "whose program asks"),
    (change("net.core.rmem_default", "212992", "4194304"), None, None),
    (change(RMEM, "4096 131072 33554432", "4096 131072 33554432"), None, None),
])
def test_each_field_and_direction_has_its_reach(changed, share, words):
    found = reach([Tried([changed], [a_trial()])])
    assert found["share"] == share
    assert words in found["note"] if words else found["note"] is None


def test_a_change_of_two_fields_has_both_notes_and_reaches_what_either_does():
    found = reach([Tried([change(RMEM, "4096 131072 33554432", "4096 65536 2097152")], [a_trial()])])
    assert found["share"] == 0.8 and "a default" in found["note"] and "; a lower maximum" in found["note"]


@pytest.mark.parametrize("changes, share", [
    ([LOWERED, SENDING], 1.0),
    ([RAISED, SENDING], 1.0),
    ([RAISED, LOWERED], None),  # at least 0.8
    ([], None),
])
def test_several_changes_reach_what_any_of_them_does(changes, share):
    assert reach([Tried(changes, [a_trial()])])["share"] == share


@pytest.mark.parametrize("changed", [
    {"flows": {"available": False, "reason": "no sock_diag"}},
    {"flows": {"available": True, "reason": None, "columns": {"flows_bulk_read_bytes": [1, 2, 3, 4]}}},  # a record of before
    {"old_in": (900, 900, None, None)},
    {"octets_in": (1000, 1000, 0, 0)},
    {"octets_in": (1000, 1000, None, None)},
    {"absent": ["IpExtInOctets", "Ip6InOctets"], "counters": {}},
])
def test_what_was_not_counted_is_unknown(changed):
    assert reach([Tried([LOWERED], [a_trial(**changed)])])["share"] is None


def test_before_a_trial_only_what_needs_none_is_known():
    assert reach([Tried([LOWERED])])["share"] is None and reach([Tried([SENDING])])["share"] == 1.0


def test_blocks_that_are_not_known_on_either_side_are_left_out():
    assert reach([Tried([LOWERED], [a_trial(old_in=(0, 0, None, 400))])])["share"] == 0.6


@pytest.mark.parametrize("old, share", [(1200, 0.0), (0, 1.0)])
def test_a_share_stays_between_nothing_and_all(old, share):
    """Payload that was acknowledged in a block may have come in the one before."""
    assert reach([Tried([LOWERED], [a_trial(old_in=(0, 0, old, old))])])["share"] == share


def test_both_ipv4_and_ipv6_count():
    trial = a_trial(absent=[])
    trial["counters"]["Ip6InOctets"] = [0, 0, 1000, 1000]
    assert reach([Tried([LOWERED], [trial])])["share"] == 0.9


def test_hosts_weigh_by_their_bytes():
    busy, quiet = a_trial(), a_trial(old_in=(0, 0, 0, 0), octets_in=(100, 100, 100, 100))
    assert reach([Tried([LOWERED], [busy, quiet])])["share"] == pytest.approx(1 - 400 / 2200, abs=1e-4)


@pytest.mark.parametrize("share, small, words", [
    (0.02, True, "; it reached 2 % of the bytes"), (0.05, False, "; it reached 5 % of the bytes"),
    (0.63, False, "; it reached 63 % of the bytes"), (0.999, False, ""), (1.0, False, ""), (None, False, ""),
])
def test_how_a_share_is_told(share, small, words):
    found = {"share": share, "note": None}
    assert (too_small(found) is not None) == small and told(found) == words
