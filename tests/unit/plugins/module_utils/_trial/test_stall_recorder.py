"""A recorder whose tracing cannot be begun or ended; test_trial_stalls.py lets it really trace."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._tracing.latency_session import TimedSpan
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_stalls

SKIPPED = {"means": "event_pairs", "reason": "no such event"}


class Session:
    """Of a kernel that has no means for any span."""

    is_held = False  # by somebody else, so that it cannot be ended

    def __init__(self, _files, spans, extras):
        self.timed = [TimedSpan(spans[0], None, None, [SKIPPED])]

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        if self.is_held:
            raise OSError(16, "Device or resource busy", "instances/x")


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setattr(trial_stalls, "LatencySession", Session)
    return Session


def recorded():
    with trial_stalls.StallRecorder(HostFiles()) as stalls:
        stalls.start_block()
        stalls.poll()
        stalls.end_block()
    return stalls.table(1)


def test_without_any_means_the_reasons_are_told(session):
    skipped = [dict(SKIPPED, span=span.name) for span in trial_stalls.SPANS]
    assert recorded() == {"available": False, "reason": "no such event", "skipped": skipped}


def test_tracing_that_cannot_be_ended_before_the_first_block_ends_no_trial(session, monkeypatch):
    monkeypatch.setattr(session, "is_held", True)
    found = recorded()
    assert not found["available"] and found["reason"].startswith("tracing could not be ended: ") and "instances/x" in found["reason"]
