"""What syslog is told, and by what call."""
import syslog

from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial import guardian
from ansible_collections.linuxnet.socket_buffers.plugins.module_utils._trial.trial_log import begin_text, end_text

RMEM, WMEM = "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"


def test_begin():
    text = begin_text("0f9c", "alice@ctl/1f0c", {WMEM: "4096 16384 2097152", RMEM: "4096 131072 2097152"}, [], 576.0)
    assert text == f"trial 0f9c of alice@ctl/1f0c begins: {RMEM} = 4096 131072 2097152, {WMEM} = 4096 16384 2097152; due to end in 576 s"
    assert begin_text("0f9c", None, {}, [], 0.5) == "trial 0f9c of nobody begins: nothing is changed; due to end in 0.5 s"

    text = begin_text("0f9c", None, {RMEM: "1 2 3"}, ["nginx.service", "web.socket"], 576.0)
    assert "; restarts nginx.service, web.socket at its step and at its end; due" in text


def test_end():
    back = {"value": "4096 131072 6291456", "restored": True, "reason": None}
    theirs = {"value": "1 2 3", "restored": False, "reason": "changed by somebody else"}
    trial = {"status": "complete", "reason": None, "restored": {RMEM: back}, "restarted": {}}
    assert end_text("0f9c", "alice", trial) == f"trial 0f9c of alice ends: complete; {RMEM} = 4096 131072 6291456"
    trial = {"status": "aborted", "reason": "it was asked to", "restored": {RMEM: theirs, WMEM: back}, "restarted": {}}
    assert end_text("0f9c", None, trial) == (
        f"trial 0f9c of nobody ends: aborted (it was asked to); {RMEM} = 1 2 3, NOT restored: changed by somebody else; {WMEM} = 4096 131072 6291456"
    )
    trial = {"status": "complete", "reason": None, "restored": {}, "restarted": {}}
    assert end_text("0f9c", None, trial).endswith("complete; nothing was changed")


def test_end_with_services():
    rows = {
        "nginx.service": {"times": 2, "active": True, "reason": None},
        "web.socket": {"times": 1, "active": False, "reason": "is failed (exit-code)"},
    }
    text = end_text("0f9c", None, {"status": "complete", "reason": None, "restored": {}, "restarted": rows})
    assert text.endswith("complete; nginx.service restarted 2 times; web.socket NOT as it was: is failed (exit-code)")


def test_the_call(monkeypatch):
    said = []
    monkeypatch.setattr(syslog, "openlog", lambda *arguments: said.append(arguments))
    monkeypatch.setattr(syslog, "syslog", lambda *arguments: said.append(arguments))
    guardian.log("trial 0f9c begins")
    assert said == [("socket_buffer_trial", syslog.LOG_PID, syslog.LOG_DAEMON), (syslog.LOG_NOTICE, "trial 0f9c begins")]


def test_a_host_without_a_log_goes_without():
    guardian.log("trial 0f9c begins")
