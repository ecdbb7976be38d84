"""The connections of each block: which of them count as old."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._sockets.sock_diag import DumpRefused
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_flows


@pytest.fixture
def watched(monkeypatch):
    """What each block's watch was told of older connections."""
    told = []

    class Watch:
        def __init__(self, _files, window_seconds, older):
            told.append(older)

        def end(self):
            return {"available": True, "groups": []}

    monkeypatch.setattr(trial_flows, "SocketWatch", Watch)
    monkeypatch.setattr(trial_flows, "cookies_now", lambda: frozenset([7, 8]))
    return told


def block(recorder):
    recorder.start_block()
    recorder.end_block()


@pytest.mark.parametrize("in_one_step, older", [(True, frozenset([7, 8])), (False, None)])
def test_after_a_step_old_is_who_was_there_when_it_came(watched, in_one_step, older):
    recorder = trial_flows.FlowRecorder(None, 15.0, in_one_step)
    block(recorder)
    recorder.at_step()
    block(recorder)
    block(recorder)
    assert watched == [None, older, older] and recorder.table(3)["available"]


def test_who_cannot_be_told_takes_only_the_flows_along(watched, monkeypatch):
    def refused():
        raise DumpRefused("three dumps in a row were interrupted")

    monkeypatch.setattr(trial_flows, "cookies_now", refused)
    recorder = trial_flows.FlowRecorder(None, 15.0, True)
    block(recorder)
    recorder.at_step()
    block(recorder)
    assert recorder.table(2) == {"available": False, "reason": "three dumps in a row were interrupted"} and watched == [None]
