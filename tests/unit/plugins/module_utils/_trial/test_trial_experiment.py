"""Blocks of a trial that tries nothing, in this process; test_socket_buffer_trial.py runs the others."""
import gc

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._counters.snapshot import Snapshot
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_identity import read_identity
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_experiment
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_guard import NothingToGuard

PAIRS = 10


@pytest.fixture
def experiment():
    request = trial_experiment.Request({}, PAIRS, 0.01, 0.0, seed=4, state_dir="/nowhere", id="0" * 16)
    files = HostFiles()
    return trial_experiment.Experiment(
        files, HostWriter("/nowhere"), request, read_identity(files), {}, NothingToGuard(), [], at_step=(), recorders=(),
    )


def snapshots():
    return sum(isinstance(one, Snapshot) for one in gc.get_objects())


def test_of_many_blocks_no_snapshots_are_kept_but_the_first_and_the_last(experiment):
    before = snapshots()
    experiment.run()
    assert experiment.reason is None and len(experiment.done) == 2 * PAIRS == len(experiment.columns.table()["seconds"])
    assert snapshots() - before <= 2


def test_counters_that_were_reset_end_it_at_once(experiment, monkeypatch):
    taken = []

    def take_snapshot(_files, identity):
        taken.append(Snapshot(identity, float(len(taken)), {"a": -len(taken), "b": -len(taken)}, {}))
        return taken[-1]

    monkeypatch.setattr(trial_experiment, "take_snapshot", take_snapshot)
    experiment.run()
    assert "backwards" in experiment.reason and experiment.done == [] and len(taken) == 2
