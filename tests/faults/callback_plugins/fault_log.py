"""Lines of JSON, each on disk at once: the tasks of a run, and what it planned and judged, so that a killed run can be told, too."""
import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: fault_log
type: aggregate
short_description: What a run that is going to be killed had come to
description: Written to the file that FAULT_LOG names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "fault_log"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task, is_conditional):
        _write(task=task.get_name())

    def v2_runner_on_ok(self, result):
        host = getattr(result, "host", None) or result._host
        for fact in (result._result.get("ansible_facts") or {}).values():
            _tell(host.get_name(), fact)


def _tell(host, fact):
    """A plan and a verdict, as docs/data_shapes.md has them."""
    if not isinstance(fact, dict):
        return
    if "changes" in fact and "metric" in fact:
        _write(host=host, changes={change["key"]: change["new"] for change in fact["changes"]})
    if "verdict" in fact and "p_value" in fact:
        _write(host=host, verdict=fact["verdict"], reason=fact.get("reason"), hosts=list(fact.get("hosts") or []))


def _write(**line):
    with open(os.environ["FAULT_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
