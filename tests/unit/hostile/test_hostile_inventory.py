"""Names and texts that try to be something else, through the real playbooks: nothing of them is run, and every host is in the report.

The inventory is a script, as that of a cloud is: whoever may name a machine there must not be able to run anything on the controller.
"""
import json

import pytest
from hostile_fleet import ANSIBLE_PLAYBOOK, Fleet, takes_names_for_templates

pytestmark = pytest.mark.skipif(ANSIBLE_PLAYBOOK is None, reason="needs ansible-playbook")


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path)


PLAYBOOKS = {
    "report": ("sizes", ()),
    "measure": ("measure", ()),
    "measure_tune_verify": ("measure_tune_verify", ("--check",)),
    "rollback": ("rollback", ("--check",)),
}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_names_and_texts_of_hosts_stay_text(fleet, playbook):
    report, options = PLAYBOOKS[playbook]
    if not takes_names_for_templates():
        fleet.name_a_host(fleet.runs)
        fleet.groups[fleet.runs] = {"hosts": ["plain"]}
    done = fleet.play(playbook, *options)
    assert not fleet.sentinel.exists(), "a text was run"
    assert sorted(path.name for path in (fleet.folder / "reports").iterdir()) == [f"{report}.json", f"{report}.md"], done.stdout[-3000:]
    assert not [path.name for path in (fleet.folder.parent).iterdir() if path.name == "b"]
    document = json.loads((fleet.folder / "reports" / f"{report}.json").read_text(encoding="utf-8"))
    assert {row["host"] for row in document["rows"]} == set(fleet.names)
    assert_markdown_is_one_table((fleet.folder / "reports" / f"{report}.md").read_text(encoding="utf-8"), len(document["rows"]))
    assert_prints_no_control(done.stdout[done.stdout.index("Host  "):done.stdout.index("\nAlso in ")])


def assert_markdown_is_one_table(text, rows):
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + rows and len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert "<" not in text.replace("\\<", "")
    assert_prints_no_control(text)


def assert_prints_no_control(text):
    """Nothing that moves a terminal's cursor or turns its text around."""
    assert {char for char in text if not char.isprintable()} <= {"\n"}


@pytest.mark.parametrize("connection", ["local", "ssh"])
@pytest.mark.parametrize("where", ["host", "group"])
def test_names_that_an_older_ansible_would_run_are_refused_first(fleet, where, connection):
    if not takes_names_for_templates():
        pytest.skip("this ansible-core takes no name for a template")
    fleet.hostvars["plain"]["ansible_connection"] = connection
    fleet.names = ["plain"]
    if where == "host":
        fleet.name_a_host(fleet.runs)
        fleet.names.reverse()
    else:
        fleet.groups[fleet.runs] = {"hosts": ["plain"]}
    done = fleet.play("measure")
    assert done.returncode and "would run what these names of the inventory hold" in done.stdout
    assert not fleet.sentinel.exists() and not (fleet.folder / "reports").exists()


@pytest.mark.parametrize("name", ["socket_buffers_report_dir", "socket_buffers_policy", "socket_buffers_window_seconds", "socket_buffers_x{{ 1 }}"])
def test_a_value_that_is_no_template_stays_text(fleet, name):
    """A value of the inventory is a template, as everywhere in Ansible, unless it is marked unsafe: then it is text, and refused or used as such."""
    values = fleet.folder / "values.yml"
    values.write_text(f"{json.dumps(name)}: !unsafe {json.dumps(fleet.runs)}\n")
    fleet.names = ["plain"]
    done = fleet.play("report", "-e", f"@{values}")
    assert not fleet.sentinel.exists(), "a value was run"
    if name != "socket_buffers_report_dir":
        assert done.returncode and name.partition("{")[0] in done.stdout
