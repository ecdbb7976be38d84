"""Processes as /proc has them."""
import os
import signal
import subprocess
import time

import processes


def test_descendants_are_found_and_killed():
    parent = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60 & wait"])
    try:
        end = time.monotonic() + 10
        while [processes.command(pid) for pid in processes.descendants(parent.pid)[1:]] != [["sleep", "60"]] * 2 and time.monotonic() < end:
            time.sleep(0.02)
        tree = processes.descendants(parent.pid)
        assert tree[0] == parent.pid and len(tree) == 3 and processes.alive(tree) == tree
        assert processes.kill(tree) == 3
    finally:
        parent.kill()
        parent.wait()
    assert processes.alive([parent.pid]) == [] and processes.command(parent.pid) == []


def test_a_process_that_only_waits_to_be_looked_at_is_not_alive():
    child = subprocess.Popen(["true"])
    time.sleep(0.5)
    assert processes.alive([child.pid]) == [] and processes.kill([child.pid], signal.SIGCONT) == 1
    child.wait()
    assert processes.kill([child.pid]) == 0


def test_inside_are_the_processes_of_one_container():
    assert os.getpid() in processes.inside(os.getpid())
    assert processes.inside(2 ** 22 + 1) == {}
