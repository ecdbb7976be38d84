"""What a run calls itself fits into one line of a log, whatever the machine is called."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_owner import check_owner
from ansible_collections.linuxnet.socket_buffers.plugins.plugin_utils._run_owner import run_owner


@pytest.mark.parametrize(("user", "host", "shown"), [
    ("alice", "ctl.example.org", "alice@ctl.example.org/1f0c33aa"),
    ("a b", "c\nd", "a_b@c_d/1f0c33aa"),
    ("", "{{ x }}", "unknown@{{_x_}}/1f0c33aa"),
    ("u" * 300, "h" * 300, "u" * 50 + "@" + "h" * 50 + "/1f0c33aa"),
])
def test_any_name_is_one_that_a_trial_takes(user, host, shown):
    assert run_owner(user, host, "1f0c33aa") == shown
    assert check_owner(shown) == shown
