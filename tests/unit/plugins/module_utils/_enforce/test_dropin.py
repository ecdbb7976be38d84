import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._enforce.dropin import MARKER, dropin_settings, dropin_text

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
