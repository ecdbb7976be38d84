"""Which services a trial may restart; test_trial_step.py restarts some."""
import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host.host_files import HostFiles
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import trial_services

RUNS = {"LoadState": "loaded", "ActiveState": "active", "CanStart": "yes", "CanStop": "yes", "ControlGroup": "/system.slice/nginx.service"}
SESSION = "12:pids:/user.slice\n0::/user.slice/user-0.slice/session-3.scope\n"


def refused(tmp_path, monkeypatch, unit="nginx.service", cgroup=SESSION, others=(), units=(), **state):
    """Why that unit is refused; None when it is not."""
    known = {unit: dict(RUNS, Names=unit), **{name: dict(RUNS, Names=name) for name in others}}
    known[unit].update(state)
    (tmp_path / "proc/self").mkdir(parents=True, exist_ok=True)
    (tmp_path / "proc/self/cgroup").write_text(cgroup)
    monkeypatch.setattr(trial_services, "systemd_sees_this_host", lambda _files: True)
    monkeypatch.setattr(trial_services, "look", lambda names: {name: known.get(name, {"LoadState": "not-found"}) for name in names})
    try:
        trial_services.refuse_services(HostFiles(str(tmp_path)), [unit, *units])
    except ValueError as error:
        return str(error)
    return None


def test_what_runs_may_be_restarted(tmp_path, monkeypatch):
    assert refused(tmp_path, monkeypatch) is None
    assert refused(tmp_path, monkeypatch, RequiredBy="multi-user.target", ConsistsOf="") is None


@pytest.mark.parametrize("state, said", [
    ({"LoadState": "not-found"}, "is not loaded (not-found)"),
    ({"LoadState": "masked"}, "is not loaded (masked)"),
    ({"ActiveState": "inactive"}, "is inactive, and a trial starts nothing that was stopped"),
    ({"ActiveState": "failed"}, "is failed, and"),
    ({"CanStop": "no"}, "lets nobody restart"),
    ({"CanStart": "no"}, "lets nobody restart"),
    ({"Names": "login.service sshd.service"}, "(sshd.service: this run logs in through it)"),
    ({"RequiredBy": "multi-user.target sshd.service"}, "sshd.service"),
    ({"BoundBy": "dbus.socket"}, "dbus.socket: systemd itself needs it"),
    ({"ConsistsOf": "NetworkManager-wait-online.service"}, "it sets up the network"),
    ({"PropagatesStopTo": "wg-quick@wg0.service"}, "tunnel"),
    ({"cgroup": "0::/system.slice/nginx.service\n"}, "is what this run itself runs in"),
    ({"cgroup": "1:name=systemd:/system.slice/nginx.service/worker\n"}, "is what this run itself runs in"),
])
def test_why_one_may_not_be(tmp_path, monkeypatch, state, said):
    message = refused(tmp_path, monkeypatch, **state)
    assert message.startswith("restart_services: nginx.service ") and said in message
    assert "leave it out" in message


@pytest.mark.parametrize("cgroup", ["0::/\n", "0::/system.slice/nginx.service2\n", "0::/system.slice\n", "", "nonsense\n"])
def test_another_cgroup_is_not_ours(tmp_path, monkeypatch, cgroup):
    assert refused(tmp_path, monkeypatch, cgroup=cgroup) is None
    assert refused(tmp_path, monkeypatch, cgroup=cgroup, ControlGroup="") is None


@pytest.mark.parametrize("unit", [
    "ssh.service", "sshd@1.service", "sshd.socket", "dropbear.service", "systemd-logind.service", "systemd-networkd.socket", "dbus.service",
    "dbus-broker.service", "NetworkManager.service", "networking.service", "ifup@eth0.service", "nftables.service", "firewalld.service",
    "openvpn-client@office.service",
])
def test_what_would_cut_us_off(tmp_path, monkeypatch, unit):
    assert "must not be restarted by a trial" in refused(tmp_path, monkeypatch, unit)


def test_a_socket_goes_with_the_service_that_uses_it(tmp_path, monkeypatch):
    message = refused(tmp_path, monkeypatch, "web.socket", others=["web.service"], Triggers="web.service")
    assert "web.socket cannot be restarted while web.service uses it: name that as well" in message
    assert refused(tmp_path, monkeypatch, "web.socket", others=["web.service"], units=["web.service"], Triggers="web.service") is None
    assert refused(tmp_path, monkeypatch, "web.socket", Triggers="web.service") is None  # which does not run


def test_no_systemd_is_no_reason_where_nothing_is_asked_of_it(tmp_path):
    trial_services.refuse_services(HostFiles(str(tmp_path)), [])
    with pytest.raises(ValueError, match="^restart_services: systemd does not run here"):
        trial_services.refuse_services(HostFiles(str(tmp_path)), ["nginx.service"])


def test_a_systemd_that_does_not_answer_is_the_reason(tmp_path, monkeypatch):
    def look(_names):
        raise OSError("systemctl show: Access denied")
    monkeypatch.setattr(trial_services, "systemd_sees_this_host", lambda _files: True)
    monkeypatch.setattr(trial_services, "look", look)
    with pytest.raises(ValueError, match="does not say what nginx.service is: systemctl show: Access denied"):
        trial_services.refuse_services(HostFiles(str(tmp_path)), ["nginx.service"])


def test_each_is_named_once():
    assert trial_services.services_of(["web", "nginx.service", "nginx", "web.service"], "step", 32) == ["web.service", "nginx.service"]
    assert trial_services.services_of([], "pairs", 32) == []
    with pytest.raises(ValueError, match="^restart_services: only with design: step; with pairs they could be restarted 32 times"):
        trial_services.services_of(["web"], "pairs", 32)
    with pytest.raises(ValueError, match="^restart_services: wants names"):
        trial_services.services_of(["-web"], "step", 32)


def test_a_step_that_cannot_be_marked_restarts_nothing(monkeypatch):
    def mark():
        raise OSError("disk full")
    monkeypatch.setattr(trial_services, "restart", lambda units: pytest.fail(f"restarted {units}"))
    restarts = trial_services.Restarts(["nginx.service"], mark)
    with pytest.raises(OSError):
        restarts.at_step()
    restarts.at_end()
    assert restarts.rows == {"nginx.service": {"times": 0, "active": True, "reason": None}}


@pytest.mark.parametrize("state, again", [("active", True), ("failed", True), ("activating", True), ("inactive", False)])
def test_after_a_death_what_was_stopped_stays_stopped(monkeypatch, state, again):
    monkeypatch.setattr(trial_services, "look", lambda names: {name: {"ActiveState": state} for name in names})
    done = {"restarted": True, "active": True, "reason": None}
    monkeypatch.setattr(trial_services, "restart", lambda units: dict.fromkeys(units, done))
    row = trial_services.restart_after_death(["nginx.service"])["nginx.service"]
    assert (row["restarted"], row["reason"] is None) == (again, again)
