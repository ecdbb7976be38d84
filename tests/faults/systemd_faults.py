"""Faults on hosts that systemd boots: there the guardian has to outlive the login that started the trial."""
import time

from faults import Fault, in_trial, on_all
from fleet_under_test import BUILD, Host, UnderTest, image
from scene import Scene

HOSTS, SYSTEMD_FLEET = 2, "faults_systemd"
# As strict as it gets: whatever a session leaves behind ends with it, root's too.
STRICT = "printf '[Login]\\nKillUserProcesses=yes\\nKillExcludeUsers=\\n' >/etc/systemd/logind.conf && systemctl restart systemd-logind"
# systemd writes sysctls of the machine where it can: only those of the host's own network become writable, and only when it has booted.
OWN_SYSCTLS = "mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,rw /proc/sys/net"
END_SESSIONS = "loginctl list-sessions --no-legend | while read -r session _rest; do loginctl terminate-session $session; done"
LOOK_SECONDS = 0.5


class SystemdHosts(UnderTest):
    """The same hosts, booted."""

    packages = (*image.PACKAGES, "systemd", "systemd-sysv", "dbus", "libpam-systemd")

    def host(self, name):
        return Host(name, writable=False, systemd=True)

    def up(self):
        super().up()
        for host in self.hosts:
            self.shell(host, f"{OWN_SYSCTLS} && {STRICT}")


def _session_ended(scene):
    """Logged out by force, with all that the session began: unless the trial is a service, too, it dies."""
    run, began = in_trial(scene), time.monotonic()
    for host in scene.under.hosts:
        scene.under.shell(host, END_SESSIONS)
    time.sleep(LOOK_SECONDS)
    died = not any(scene.under.trials(host) for host in scene.under.hosts)
    return _without_controller(scene, run, began, died)


def _trial_killed(scene):
    run, began = in_trial(scene), time.monotonic()
    on_all(scene, scene.under.trials)
    return _without_controller(scene, run, began, trial_died=True)


def _without_controller(scene, run, began, trial_died):
    """It would only wait for a result that does not come."""
    run.kill(everything=True)
    return [scene.settled(began, trial_died)]


def _on_systemd(play):
    def played(scene):
        under = SystemdHosts(HOSTS, SYSTEMD_FLEET)
        try:
            under.up()
            return play(Scene(under, BUILD / SYSTEMD_FLEET / "runs"))
        finally:
            under.down()
    return played


SYSTEMD = (
    Fault("systemd_trial_killed", "SIGKILL to the trial, where systemd runs the guardian", _on_systemd(_trial_killed)),
    Fault("systemd_session_ended", "the login that started the trial ended by force, with all that it began", _on_systemd(_session_ended)),
)
