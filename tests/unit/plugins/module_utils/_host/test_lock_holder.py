"""What the lock tells of who holds it."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.lock_holder import UNKNOWN, Holder, parse, render

RMEM = "net.ipv4.tcp_rmem"
TRIAL = Holder("socket_buffer_trial of it, 576 s", 4711, "2025-03-01T12:00:00+00:00", "alice@ctl/1f0c", "0f9c4b1a7d3e5560", [RMEM], 1391.0)
TUNING = Holder("socket_buffer_tuning", 4711, "2025-03-01T12:00:00+00:00")


@pytest.mark.parametrize("holder", [TRIAL, TUNING])
def test_what_was_written_is_read(holder):
    assert parse(render(holder))._replace(keys=holder.keys) == holder


@pytest.mark.parametrize("holder, now, text", [
    (TRIAL, 1088.6, "socket_buffer_trial of it, 576 s (owner alice@ctl/1f0c, process 4711, since 2025-03-01T12:00:00+00:00, 302 s left)"),
    (TRIAL, 2000.0, "socket_buffer_trial of it, 576 s (owner alice@ctl/1f0c, process 4711, since 2025-03-01T12:00:00+00:00, 0 s left)"),
    (TUNING, 0.0, "socket_buffer_tuning (process 4711, since 2025-03-01T12:00:00+00:00)"),
    (UNKNOWN, 0.0, "another run"),
])
def test_it_is_described(holder, now, text):
    assert holder.described(now) == text


def test_only_a_trial_is_a_running_trial():
    assert TRIAL.running_trial(1088.5) == {
        "id": "0f9c4b1a7d3e5560", "owner": "alice@ctl/1f0c", "process": 4711, "started": "2025-03-01T12:00:00+00:00", "keys": [RMEM],
        "seconds_left": 302.5,
    }
    assert TUNING.running_trial(0.0) is None and UNKNOWN.running_trial(0.0) is None


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", "7", '"text"', "{}", '{"purpose": 7}', '{"purpose": "x", "extra": 1}', '{"purpose": "x", "due_boottime_seconds": "soon"}',
    '{"purpose": "x", "keys": 7}',
])
def test_a_text_that_says_nothing_usable_is_of_an_unknown_run(text):
    assert parse(text) == UNKNOWN
