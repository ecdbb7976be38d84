"""Results that wait in the state directory; test_socket_buffer_trial.py has the module write and read them."""
import json
import os

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_writer import HostWriter
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_result
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_owner import check_owner

FILES, WRITER = HostFiles(), HostWriter()


def kept(state_dir, trial_id, **more):
    return trial_result.keep(FILES, WRITER, str(state_dir), dict({"id": trial_id, "trial": {}}, **more))


def test_a_clock_that_was_set_back_costs_an_old_result_not_the_new_one(tmp_path):
    for number in range(5):
        assert kept(tmp_path, f"{number:016x}") is None
        os.utime(trial_result.result_path(str(tmp_path), f"{number:016x}"), (2e9 + number, 2e9 + number))
    assert kept(tmp_path, "f" * 16) is None
    assert set(trial_result.kept_ids(FILES, str(tmp_path))) == {"f" * 16} | {f"{number:016x}" for number in range(1, 5)}


def test_one_that_cannot_be_written_costs_no_other(tmp_path, monkeypatch):
    for number in range(5):
        kept(tmp_path, f"{number:016x}")
    monkeypatch.setattr(os, "write", lambda _descriptor, data: len(data) - 1)
    assert "no space left" in kept(tmp_path, "f" * 16)
    assert len(trial_result.kept_ids(FILES, str(tmp_path))) == 5


def test_a_result_beyond_all_measure_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(trial_result, "MOST_BYTES", 100)
    assert "bytes" in kept(tmp_path, "0" * 16, context="x" * 100)
    assert os.listdir(str(tmp_path)) == []


def test_a_directory_that_cannot_be_written_is_the_reason(tmp_path):
    assert "result-" in kept(tmp_path / "none", "0" * 16)


def test_what_is_called_otherwise_is_not_ours(tmp_path):
    for name in ("journal.json", "lock", "result-1.json", "result-" + "G" * 16 + ".json", "x-result-" + "0" * 16 + ".json"):
        (tmp_path / name).write_text(json.dumps({"id": "1"}))
    assert trial_result.read_kept(FILES, str(tmp_path)) == ([], [])


def test_ids_differ_and_are_ids():
    ids = {trial_result.new_id() for _number in range(100)}
    assert len(ids) == 100 and all(trial_result.check_id(one) == one for one in ids)


@pytest.mark.parametrize("text", ["", "0" * 15, "0" * 17, "../../etc/passwd", "0" * 16 + "\n", "G" * 16])
def test_what_no_trial_is_called_is_refused(text):
    with pytest.raises(ValueError, match="^id: "):
        trial_result.check_id(text)


@pytest.mark.parametrize("text", ["", "a\nb", "a\x00b", "\x1b[31m", "x" * 201])
def test_an_owner_stays_on_one_line(text):
    with pytest.raises(ValueError, match="^owner: "):
        check_owner(text)
