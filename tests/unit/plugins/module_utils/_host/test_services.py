"""Names of units, and what is made of systemd's answers; test_trial_systemd.py asks a real one."""
import subprocess

import pytest
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._host import services

# systemctl show of systemd 252, for a service under one of its other names, and for one that nobody knows.
SHOWN = """\
Result=success
ControlGroup=/app.slice/plain.service
Names=plain.service alias.service
RequiredBy=
Triggers=
LoadState=loaded
ActiveState=active
ActiveEnterTimestampMonotonic=27852224550
CanStart=yes
CanStop=yes

Result=success
ControlGroup=
Names=nothing.service
RequiredBy=
Triggers=
LoadState=not-found
ActiveState=inactive
ActiveEnterTimestampMonotonic=0
CanStart=no
CanStop=yes
"""


@pytest.mark.parametrize("text, name", [
    ("nginx", "nginx.service"),
    ("nginx.service", "nginx.service"),
    ("web.socket", "web.socket"),
    ("my.app", "my.app.service"),
    ("postgresql@9.6-main", "postgresql@9.6-main.service"),
    ("systemd\\x2dlike.service", "systemd\\x2dlike.service"),
    ("a" * 247, "a" * 247 + ".service"),
])
def test_a_name_is_that_of_a_service_or_socket(text, name):
    assert services.unit_name(text) == name


@pytest.mark.parametrize("text", [
    "", " ", ".service", "-nginx", "--all", "-.mount", "nginx.timer", "multi-user.target", "ng*", "nginx php", "nginx\n", "nginx;id",
    "$(id)", "../nginx", "/etc/systemd/system/nginx.service", "getty@.service", "getty@", "@tty1", "n\u00e4me", "a" * 248,
])
def test_what_names_none_is_refused(text):
    with pytest.raises(ValueError, match="wants names of systemd services or sockets"):
        services.unit_name(text)


def test_an_answer_has_a_block_for_each_unit():
    plain, nothing = services.parse(SHOWN)
    assert (plain["Names"], plain["RequiredBy"], services.is_active(plain)) == ("plain.service alias.service", "", True)
    assert nothing["LoadState"] == "not-found" and not services.is_active(nothing)
    assert services.parse("") == []


@pytest.mark.parametrize("state", ["inactive", "failed", "activating", "deactivating", "maintenance", ""])
def test_what_does_not_run_is_not_active(state):
    assert not services.is_active({"ActiveState": state})


BEFORE = {"ActiveState": "active", "ActiveEnterTimestampMonotonic": "7"}


@pytest.mark.parametrize("after, complaint, row", [
    ({"ActiveEnterTimestampMonotonic": "9"}, "", (True, True, None)),
    ({"ActiveEnterTimestampMonotonic": "9"}, "another unit failed", (True, True, None)),
    ({}, "", (False, True, "runs, but was not restarted")),
    ({}, "Access denied", (False, True, "runs, but was not restarted: Access denied")),
    ({"ActiveState": "failed", "Result": "exit-code"}, "", (True, False, "is failed (exit-code) after its restart")),
    ({"ActiveState": "activating", "Result": "timeout"}, "too slow", (True, False, "is activating (timeout) after its restart: too slow")),
])
def test_what_a_restart_came_to_is_what_systemd_says_not_an_exit_code(after, complaint, row):
    assert tuple(services.judged(BEFORE, dict(BEFORE, **after), complaint).values()) == row


def ended(status, text="", errors=""):
    return lambda command, **_options: subprocess.CompletedProcess(command, status, text, errors)


def test_a_look_without_an_answer_for_each_is_an_error_that_says_why(monkeypatch):
    monkeypatch.setattr(services.subprocess, "run", ended(1, errors="Failed to connect to bus: Host is down\nmore\n"))
    with pytest.raises(OSError, match="systemctl show: Failed to connect to bus: Host is down$"):
        services.look(["nginx.service"])
    monkeypatch.setattr(services.subprocess, "run", ended(0, SHOWN))
    assert list(services.look(["alias.service", "nothing.service"])) == ["alias.service", "nothing.service"]
    with pytest.raises(OSError, match="not one for each unit"):
        services.look(["alias.service"])


def fail(error):
    def run(_command, **_options):
        raise error
    return run


@pytest.mark.parametrize("run, why", [
    (fail(FileNotFoundError(2, "No such file or directory")), "No such file"),
    (fail(subprocess.TimeoutExpired("systemctl", 10)), "did not end within 10 s"),
    (ended(4), "status 4"),
])
def test_a_systemd_that_does_not_answer_fails_no_restart(monkeypatch, run, why):
    monkeypatch.setattr(services.subprocess, "run", run)
    row = services.restart(["nginx.service"])["nginx.service"]
    assert (row["restarted"], row["active"]) == (False, False) and why in row["reason"]


@pytest.mark.parametrize("units, orders", [
    (["a.service", "b.service"], [["restart", "--", "a.service", "b.service"]]),
    # Which systemctl restart would not get right: it asks for one after the other.
    (["a.service", "b.socket"], [["stop", "--", "b.socket", "a.service"], ["start", "--", "b.socket", "a.service"]]),
])
def test_what_is_asked_are_words_for_units_alone_and_all_at_once(monkeypatch, units, orders):
    asked = []
    monkeypatch.setattr(services, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(services.subprocess, "run", lambda command, **options: asked.append((command, options)) or ended(0, SHOWN)(command))
    services.restart(units)
    look, *restarted, look_again = [command for command, _options in asked]
    assert look == look_again and look[:2] == ["systemctl", "show"] and look[-3:] == ["--", *units]
    assert restarted == [["systemctl", *order] for order in orders]
    assert all(options["start_new_session"] and options["timeout"] <= services.RESTART_SECONDS for _command, options in asked)


def test_nothing_to_restart_asks_nobody(monkeypatch):
    monkeypatch.setattr(services.subprocess, "run", fail(AssertionError))
    assert services.restart([]) == {}


def test_a_log_names_each():
    rows = {"b.service": {"reason": "is failed (exit-code)"}, "a.service": {"reason": None}}
    assert services.told(rows) == "a.service was restarted; b.service is failed (exit-code)"
    assert services.unlike(rows) == {"b.service": "is failed (exit-code)"}
