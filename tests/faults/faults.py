"""The table of faults: what is done, and when. After each, every host has to be as it was or hold a proven change.

A new fault is a row of FAULTS and the function that plays it: from a Scene to the Results of what it injected.
"""
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

import processes
from controller import NeverCame
from fleet_under_test import DROPIN, DROPIN_DIR, LOWAT, STATE_DIR, NoTrial
from judge import PROVEN

STOPPED_SECONDS = 4
CUT_SECONDS = 2
ATTEMPTS = 3
SHORTER = 0.95  # than the run that was over too early: a miss costs a whole run
START_TRIAL = "Start a trial"
# Of another program. Most hosts try the first; where a busy machine makes the path look slow, the second is more urgent.
THEIRS = {LOWAT: "65536", "net.ipv4.tcp_wmem": "4096 65536 1048576"}
# By turns of the hosts: the file, and what is in it.
DAMAGE = (
    (f"{STATE_DIR}/journal.json", "\0" * 4096),
    (f"{STATE_DIR}/journal.json", '{"version": 1, "entries": [{"id": 1, "phase": "do'),
    (f"{STATE_DIR}/journal.json", '{"version": 99, "entries": []}'),
    (f"{STATE_DIR}/trial.json", "\0" * 4096),
    (f"{STATE_DIR}/trial.json", '{"version": 1, "keys": {"net.ipv4.tcp_rm'),
    (f"{STATE_DIR}/trial.json", '{"version": 99}'),
)
FOREIGN = ("net.ipv4.tcp_rmem = 4096 131072 6291456\n", "\0" * 3, "# Managed by linuxnet.socket_buffers")


class Fault(NamedTuple):
    """A name for --faults, what is done, and the function that does it. `shared`: every fleet does what is left of it, at the end."""

    name: str
    what: str
    play: Callable
    shared: bool = False


def undisturbed(scene):
    """What all others are compared with: every host is tried, and what is kept is what was proven."""
    run = in_trial(scene)
    result = scene.settled(run.began, reporting=[run])
    kept = sorted(host for host, rows in run.rows().items() if any(row["outcome"] == "kept" for row in rows))
    proven = sorted(host for host, judgement in result.judged.items() if judgement.state == PROVEN)
    agree = kept and kept == proven
    return [result.but([] if agree else [f"the report says kept: {kept}; the hosts hold a proven change: {proven}"])]


def controller_killed(scene):
    """At moments all over a run: those that no other fleet has taken."""
    results = []
    for kill in scene.kills:
        if scene.kills.run_seconds is None:  # as long as it takes now, with other fleets at work
            scene.kills.run_seconds = _ended(scene).seconds
        run = _come_so_far(scene, kill.share)
        results.append(_killed(scene, run, kill.everything))
        if kill.again:
            results.append(scene.again())
    return results


def controller_killed_in_trial(scene):
    return [_killed(scene, in_trial(scene), everything=True)]


def controller_stopped(scene):
    run, began = in_trial(scene), time.monotonic()
    run.send(signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)
    run.send(signal.SIGCONT)
    return [scene.settled(began, reporting=[run])]


def controller_interrupted(scene):
    run, began = in_trial(scene), time.monotonic()
    run.interrupt()
    return [scene.settled(began), scene.again()]


def two_controllers(scene):
    first, second = scene.start(), scene.start()
    return [scene.settled(second.began, reporting=[first, second])]


def ssh_cut(scene):
    """Every connection of every host, in the middle of looking, of starting the trial, and of collecting it."""
    results = []
    for task in ("Start a window", START_TRIAL, "Collect the trial"):
        scene.reset()
        run = scene.start()
        run.await_task(task)
        began, cut = time.monotonic(), 0
        while time.monotonic() < began + CUT_SECONDS:  # as they come, so that it hits them at work
            cut += sum(processes.kill(scene.under.connections(host)) for host in scene.under.hosts)
            time.sleep(0.05)
        results.append(scene.settled(began, reporting=[run]).but([] if cut else ["there was no connection to cut"]))
    return results


def host_restarted(scene):
    """A third of the hosts in the middle of the trial; the same command again finds what they were at."""
    run, began = in_trial(scene), time.monotonic()
    hosts = scene.under.hosts[::3]
    for host in hosts:
        scene.under.stop(host)
    for host in hosts:
        scene.under.start(host)
    result = scene.settled(began, reporting=[run])
    scene.under.start_traffic(hosts)
    return [result, scene.again()]


def trial_killed(scene):
    return _died(scene, scene.under.trials)


def guardian_killed(scene):
    return _died(scene, scene.under.guardians)


def trial_then_guardian_killed(scene):
    return _both_died(scene, scene.under.trials, scene.under.guardians)


def guardian_then_trial_killed(scene):
    return _both_died(scene, scene.under.guardians, scene.under.trials)


def another_program(scene):
    """It sets the key while the candidate is in force: that value is theirs, and stays."""
    run, began = in_trial(scene), time.monotonic()
    tried = {host: scene.under.tried(host) for host in scene.under.hosts}
    for host, key in tried.items():
        scene.under.write_sysctls(host, {key: THEIRS[key]})
        scene.under.expect(host, key)
    result = scene.settled(began, trial_died=True, reporting=[run])
    return [result.but(_unsaid(run, tried))]


def state_dir_full(scene):
    return _spoilt(scene, STATE_DIR, "mount -t tmpfs -o size=64k,mode=700 none {0}", "cat /dev/zero >{0}/full || true")


def sysctl_d_full(scene):
    return _spoilt(scene, DROPIN_DIR, "mount -t tmpfs -o size=64k,mode=755 none {0}", "cat /dev/zero >{0}/full || true")


def state_dir_read_only(scene):
    return _spoilt(scene, STATE_DIR, "true", "mount --bind {0} {0} && mount -o remount,bind,ro {0}")


def sysctl_d_read_only(scene):
    return _spoilt(scene, DROPIN_DIR, "true", "mount --bind {0} {0} && mount -o remount,bind,ro {0}")


def files_damaged(scene):
    """A journal or a trial's record that is not ours, or only a part of it: refused by name, and left as it is."""
    under = scene.under
    damage = {host: DAMAGE[number % len(DAMAGE)] for number, host in enumerate(under.hosts)}
    for host, (path, text) in damage.items():
        under.put(host, path, text)
        under.expect(host)
    run = scene.start()
    result = scene.settled(run.began, reporting=[run])
    changed = [f"{host}: {path} was changed" for host, (path, text) in damage.items() if under.text(host, path) != text]
    return [result.but(changed + _unsaid(run, {host: path for host, (path, _text) in damage.items()}))]


def dropin_foreign(scene):
    """A drop-in of our name that is somebody else's, or cut short, and no journal."""
    for number, host in enumerate(scene.under.hosts):
        scene.under.put(host, DROPIN, FOREIGN[number % len(FOREIGN)])
        scene.under.expect(host)
    return [scene.again()]


FAULTS = (
    Fault("undisturbed", "nothing", undisturbed),
    Fault("controller_killed", "SIGKILL to the controller all over a run; after every 20th the same command again", controller_killed,
          shared=True),
    Fault("controller_stopped", f"SIGSTOP to the controller for {STOPPED_SECONDS} s in the trial", controller_stopped),
    Fault("controller_interrupted", "Ctrl-C in the trial, then the same command again", controller_interrupted),
    Fault("two_controllers", "the same command twice at once", two_controllers),
    Fault("ssh_cut", f"all connections cut for {CUT_SECONDS} s while looking, starting the trial, collecting it", ssh_cut),
    Fault("host_restarted", "a third of the hosts stopped and started in the trial, then the same command again", host_restarted),
    Fault("trial_killed", "SIGKILL to the trial", trial_killed),
    Fault("guardian_killed", "SIGKILL to the guardian", guardian_killed),
    Fault("trial_then_guardian_killed", "both, and the controller; then the same command again", trial_then_guardian_killed),
    Fault("guardian_then_trial_killed", "both, and the controller; then the same command again", guardian_then_trial_killed),
    Fault("another_program", "another value for the key that is tried, in the trial", another_program),
    Fault("state_dir_full", "no room left in the state directory, from the trial on", state_dir_full),
    Fault("sysctl_d_full", "no room left in /etc/sysctl.d, from the trial on", sysctl_d_full),
    Fault("state_dir_read_only", "the state directory read-only, from the trial on", state_dir_read_only),
    Fault("sysctl_d_read_only", "/etc/sysctl.d read-only, from the trial on", sysctl_d_read_only),
    Fault("files_damaged", "journals and records that are damaged, cut short, or of another version", files_damaged),
    Fault("dropin_foreign", "a drop-in of our name that is not ours", dropin_foreign),
)
# Of these two, one each belongs into every test run.
QUICK = (
    Fault("controller_killed", "SIGKILL to the controller in the trial", controller_killed_in_trial),
    Fault("trial_then_guardian_killed", "both, and the controller; then the same command again", trial_then_guardian_killed),
)


def in_trial(scene, prepare="true"):
    """A run that has come so far that every host holds its candidate; before it, this command on each of them.

    On a busy machine a host may have shown no finding: once more, then.
    """
    for attempt in range(ATTEMPTS):
        for host in scene.under.hosts:
            scene.under.shell(host, prepare)
        run = scene.start()
        try:
            run.await_task(START_TRIAL)
            scene.under.await_trials()
            return run
        except (NeverCame, NoTrial):
            if attempt == ATTEMPTS - 1:
                raise
            run.close()
            scene.under.reset()


def _come_so_far(scene, share):
    """A run at this share of its time. One that was over by then was quicker than those before: the next one counts from it."""
    while True:
        scene.reset()
        run = scene.start()
        if run.runs_until(run.began + scene.kills.run_seconds * share):
            return run
        scene.kills.run_seconds = run.seconds * SHORTER


def _ended(scene):
    run = in_trial(scene)
    run.wait()
    return run


def _killed(scene, run, everything):
    began = time.monotonic()
    run.kill(everything)
    return scene.settled(began)


def _died(scene, victims):
    """The other of trial and guardian has to restore, soon."""
    run, began = in_trial(scene), time.monotonic()
    on_all(scene, victims)
    return [scene.settled(began, trial_died=True, reporting=[run])]


def _both_died(scene, first, second):
    """Nobody is left, on the host or here: the next run has to."""
    run = in_trial(scene)
    on_all(scene, first, second)
    run.kill(everything=True)
    return [scene.again()]


def on_all(scene, *victims):
    """SIGKILL, host by host, to the processes that each of these finds there."""
    for host in scene.under.hosts:
        if not sum(processes.kill(find(host)) for find in victims):
            raise NeverCame(f"{host}: there was nothing to kill")


def _spoilt(scene, folder, before, during):
    """Prepared before the run, and spoilt in the middle of its trial."""
    run = in_trial(scene, f"mkdir -p -m 700 {folder} && {before.format(folder)}")
    began = time.monotonic()
    for host in scene.under.hosts:
        scene.under.shell(host, during.format(folder))
    return [scene.settled(began, reporting=[run])]


def _unsaid(run, words):
    """By host, what its report has to speak of."""
    rows = run.rows()
    return [
        f"{run.folder.name}: no row of {host} speaks of {word}" for host, word in words.items()
        if not any(word in row["reason"] for row in rows.get(host, []))
    ]
