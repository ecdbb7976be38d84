"""Whether a host counts as original, proven or neither."""
import json

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import dropin_text
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sysctl.journal import Entry, FileChange, KeyChange, render
from judge import NEITHER, ORIGINAL, PROVEN, Seen, judge

RMEM, LOWAT = "net.ipv4.tcp_rmem", "net.ipv4.tcp_notsent_lowat"
FIRST = {RMEM: "4096\t131072\t33554432\n", LOWAT: "4294967295\n"}
KEPT = {RMEM: "4096 131072 2097152"}
IN_FORCE = {**FIRST, RMEM: "4096\t131072\t2097152\n"}
AS_IT_WAS = Seen(FIRST)


def journal(phase="done", original=FIRST[RMEM].strip(), written=KEPT[RMEM]):
    file = FileChange("/etc/sysctl.d/ours.conf", None, None, dropin_text(None, KEPT))
    identity = {"boot_id": "b", "netns": "n"}
    return render([Entry(1, "2026-01-01T00:00:00+00:00", identity, phase, {RMEM: KeyChange(original, written)}, file)])


WELL_KEPT = Seen(IN_FORCE, dropin_text(None, KEPT), journal())


def test_what_was_there_is_original_also_with_a_journal_that_announced_more():
    assert judge(AS_IT_WAS, AS_IT_WAS).state == ORIGINAL
    assert judge(AS_IT_WAS._replace(journal=journal("pending")), AS_IT_WAS, KEPT).state == ORIGINAL


def test_a_drop_in_that_was_there_before_is_part_of_the_original():
    theirs = AS_IT_WAS._replace(dropin="# theirs\n")
    assert judge(theirs, theirs).state == ORIGINAL
    assert judge(AS_IT_WAS, theirs).state == NEITHER
    assert judge(WELL_KEPT._replace(dropin=dropin_text("# theirs\n", KEPT)), theirs, KEPT).state == PROVEN


def test_the_product_s_own_files_of_a_proven_change_are_proven():
    assert judge(WELL_KEPT, AS_IT_WAS, KEPT).state == PROVEN


def test_a_change_on_top_of_another_is_proven_as_a_whole():
    both = {**KEPT, LOWAT: "16384"}
    entries = json.loads(journal())
    second = {"phase": "done", "keys": {LOWAT: {"original": "4294967295", "written": "16384"}}}
    seen = Seen({**IN_FORCE, LOWAT: "16384\n"}, dropin_text(None, both), json.dumps({"entries": entries["entries"] + [second]}))
    assert judge(seen, AS_IT_WAS, both).state == PROVEN


@pytest.mark.parametrize("seen, proven, why", [
    (Seen(IN_FORCE), None, "no verdict"),
    (Seen(IN_FORCE), KEPT, "the drop-in sets {}"),
    (WELL_KEPT, None, "no verdict"),
    (WELL_KEPT, {RMEM: "4096 131072 1048576"}, "proven is"),
    (WELL_KEPT._replace(values=FIRST), KEPT, "not in force"),
    (WELL_KEPT._replace(values={**IN_FORCE, LOWAT: "16384\n"}), KEPT, "it holds"),
    (WELL_KEPT._replace(journal=None), KEPT, "no journal"),
    (WELL_KEPT._replace(journal="{"), KEPT, "no journal"),
    (WELL_KEPT._replace(journal=journal("pending")), KEPT, "not done"),
    (WELL_KEPT._replace(journal=journal(original="4096 131072 1048576")), KEPT, "calls"),
    (WELL_KEPT._replace(journal=journal(written="4096 131072 1048576")), KEPT, "differ"),
    (WELL_KEPT._replace(dropin="net.ipv4.tcp_rmem = 4096 131072 2097152\n"), KEPT, "the drop-in sets {}"),
])
def test_everything_else_is_neither_and_says_why(seen, proven, why):
    judgement = judge(seen, AS_IT_WAS, proven)
    assert judgement.state == NEITHER and why in judgement.why
