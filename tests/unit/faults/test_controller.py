"""A run of the playbook that was killed, and what is left of it."""
import subprocess
import time

import controller
import processes

IDLE_WORKER = ["bash", "-c", "exec -a ansible-playbook sleep 60"]
WAITING_WORKER = ["bash", "-c", "exec -a ansible-playbook bash -c 'sleep 60; true'"]
SSH = ["sleep", "60"]


def test_only_workers_that_never_go_on_are_ended(monkeypatch):
    monkeypatch.setattr(controller, "STUCK_SECONDS", 0.4)
    left = [subprocess.Popen(words) for words in (IDLE_WORKER, WAITING_WORKER, SSH)]
    run = controller.Run.__new__(controller.Run)
    run._tree, run._at_work = [process.pid for process in left], {}
    try:
        end = time.monotonic() + 10
        while len(processes.descendants(left[1].pid)) < 2 and time.monotonic() < end:
            time.sleep(0.02)
        assert run.leftovers() == run._tree
        while (leftovers := run.leftovers()) == run._tree and time.monotonic() < end:
            time.sleep(0.05)
        assert leftovers == [process.pid for process in left[1:]]
        left[0].wait(10)
    finally:
        for process in left:
            processes.kill(processes.descendants(process.pid))
            process.wait()
