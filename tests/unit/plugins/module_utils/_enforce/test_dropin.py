import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import (
    MARKER,
    dropin_settings,
    dropin_text,
    is_only_ours,
)

SETTINGS = {"net.ipv4.tcp_wmem": "4096 16384 4194304", "net.ipv4.tcp_rmem": "4096 131072 6291456"}
LINES = "net.ipv4.tcp_rmem = 4096 131072 6291456\nnet.ipv4.tcp_wmem = 4096 16384 4194304\n"


@pytest.mark.parametrize("before, kept", [
    (None, ""),
    ("", ""),
    ("vm.swappiness=10\n", "vm.swappiness=10\n"),
    ("vm.swappiness=10", "vm.swappiness=10\n"),
])
def test_our_settings_come_last_and_are_read_again(before, kept):
    text = dropin_text(before, SETTINGS)
    assert text == kept + MARKER + LINES
    assert dropin_settings(text) == SETTINGS


@pytest.mark.parametrize("text", [None, "", "net.ipv4.tcp_rmem = 1 2 3\n"])
def test_other_texts_hold_no_settings_of_ours(text):
    assert dropin_settings(text) == {}


def test_a_text_of_ours_may_become_what_was_there_before():
    older = dropin_text(None, {"net.core.rmem_max": "4194304"})
    assert dropin_settings(dropin_text(older, SETTINGS)) == SETTINGS


@pytest.mark.parametrize("line, settings", [
    ("net/ipv4/tcp_rmem=1\t2  3", {"net.ipv4.tcp_rmem": "1 2 3"}),
    ("net.ipv4.tcp_rmem = 1 2 3\nnet.ipv4.tcp_rmem = 4 5 6", {"net.ipv4.tcp_rmem": "4 5 6"}),
    ("-net.ipv4.tcp_rmem = 1 2 3\nvm.swappiness = 1\n\x00", {"net.ipv4.tcp_rmem": "1 2 3"}),
    ("# nothing", {}),
])
def test_an_edited_text_is_read_as_a_boot_reads_it(line, settings):
    assert dropin_settings(f"net.core.rmem_max = 1\n{MARKER}{line}\n") == settings


WRITTEN = dropin_text("# before\n", SETTINGS)


@pytest.mark.parametrize("text, only_ours", [
    (None, True),
    (" \n", True),
    (WRITTEN, True),
    (WRITTEN.replace("131072", "87380"), True),
    (WRITTEN.replace("net.ipv4.tcp_wmem = 4096 16384 4194304\n", ""), True),
    (WRITTEN + "net.ipv4.tcp_rmem=1 2 3\n", True),
    (WRITTEN + "vm.swappiness = 10\n", False),
    (WRITTEN + "# by bob, ticket 7\n", False),
    (WRITTEN.replace("# before", "# other"), False),
    (WRITTEN.replace(MARKER, ""), False),
    (MARKER + LINES, False),
])
def test_a_text_is_only_ours_when_nothing_else_is_lost_with_it(text, only_ours):
    assert is_only_ours(text, WRITTEN) is only_ours
