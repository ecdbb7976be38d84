"""What the collection may do, read from its own text: who becomes root, what is run, and how files are made. docs/least_right.md."""
import ast
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
OURS = "linuxnet.socket_buffers."
NESTED = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers")

# Those that write sysctls or trace, what collects their jobs, and what restarts the services that the operator named.
MAY_BECOME = {OURS + name for name in ("socket_buffer_trial", "socket_buffer_tuning", "receive_latency_facts")} | {
    "ansible.builtin.async_status", "ansible.builtin.systemd_service",
}
MEASURES = {OURS + "socket_buffer_facts", OURS + "socket_counter_facts"}
RUN_PROGRAMS = {"shell", "raw", "command", "script", "expect"}
WRITE_FILES = {"copy", "file", "template", "lineinfile", "blockinfile"}
# The guardian of a trial: its own interpreter and text, by systemd where that runs. And systemctl, for services that a trial restarts.
MAY_START_PROCESSES = {
    "plugins/module_utils/_host/services.py", "plugins/module_utils/_host/systemd.py", "plugins/module_utils/_trial/trial_guard.py",
}
SHELLS = ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn", "eval", "exec", "__import__")
MAKES_FILES = ("os.chmod", "os.mknod", "os.mkfifo", "os.umask", "tempfile.", "shutil.copy", "shutil.move")
PLACES_OF_EVERYBODY = ("/tmp", "/var/tmp", "/dev/shm")


def tasks_of(items):
    """Every play and task, those in blocks too."""
    for item in items or ():
        yield item
        for part in NESTED:
            yield from tasks_of(item.get(part))


TASKS = [
    (f"{path.relative_to(ROOT)}: {task.get('name')}", task)
    for path in sorted([*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("roles/*/handlers/*.yml"), *ROOT.glob("playbooks/**/*.yml")])
    for task in tasks_of(yaml.safe_load(path.read_text(encoding="utf-8")))
]
NODES = [
    (str(path.relative_to(ROOT)), node)
    for path in sorted((ROOT / "plugins").rglob("*.py")) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
]
CALLS = [(f"{path}:{call.lineno}", ast.unparse(call.func), call) for path, call in NODES if isinstance(call, ast.Call)]


def modules_of(task):
    """Full names, as ansible-lint wants them; and short ones that would run a program."""
    named = {name for name in task if name.count(".") >= 2 or name in RUN_PROGRAMS}
    return named | {str(task[name]) for name in ("action", "local_action") if name in task}


def constant(node):
    return node.value if isinstance(node, ast.Constant) else None


def test_there_is_something_to_look_at():
    assert len(TASKS) > 80 and len(CALLS) > 1000
    assert MAY_BECOME | MEASURES <= set().union(*(modules_of(task) for _where, task in TASKS))


def test_only_what_writes_or_traces_becomes_root():
    becoming = [(where, task) for where, task in TASKS if task.get("become", False) is not False]
    assert [where for where, task in becoming if not modules_of(task) or not modules_of(task) <= MAY_BECOME] == []
    assert [where for where, task in becoming if not str(task["become"]).startswith("{{")] == [], "socket_buffers_become decides"
    assert [where for where, task in TASKS if {"become_user", "become_method", "become_flags", "become_exe"} & set(task)] == []


def test_measuring_becomes_root_not_even_with_become_on_the_command_line():
    assert [where for where, task in TASKS if MEASURES & modules_of(task) and task.get("become") is not False] == []


def test_no_task_runs_a_program():
    assert [where for where, task in TASKS if any(name.split(" ")[0].rpartition(".")[2] in RUN_PROGRAMS for name in modules_of(task))] == []


def test_files_of_tasks_are_written_by_their_owner_alone():
    written = [(where, task[name]) for where, task in TASKS for name in modules_of(task) if name.rpartition(".")[2] in WRITE_FILES]
    most = {True: 0o755, False: 0o644}
    assert written and [where for where, given in written if int(given["mode"], 8) & ~most[given.get("state") == "directory"]] == []


def test_no_code_runs_a_shell():
    assert [(where, name) for where, name, _call in CALLS if name in SHELLS or name.endswith(".run_command")] == []
    assert [where for where, _name, call in CALLS if {"shell", "use_unsafe_shell", "preexec_fn"} & {word.arg for word in call.keywords}] == []


def test_only_the_guardian_and_what_asks_systemd_are_processes_of_ours():
    started = [(where, call) for where, name, call in CALLS if name.startswith(("subprocess.", "os.spawn", "os.exec", "os.posix_spawn"))]
    assert {where.rpartition(":")[0] for where, _call in started} == MAY_START_PROCESSES
    assert [where for where, call in started if isinstance(call.args[0], (ast.Constant, ast.JoinedStr))] == [], "wants a list of words"


def test_files_on_hosts_are_made_for_root_alone_and_then_opened_up():
    """host_writer sets the final mode when the text is complete; 0600 until then."""
    making = [(where, call) for where, name, call in CALLS if name == "os.open" and "O_CREAT" in ast.unparse(call.args[1])]
    assert making and [where for where, call in making if constant(call.args[2]) != 0o600 or "O_NOFOLLOW" not in ast.unparse(call.args[1])] == []
    folders = [(where, call) for where, name, call in CALLS if name in ("os.mkdir", "os.makedirs")]
    assert folders and [where for where, call in folders if constant(call.args[1]) != 0o700] == []
    assert [(where, name) for where, name, _call in CALLS if name.startswith(MAKES_FILES)] == []
    opened = [(where, call) for where, name, call in CALLS if name == "open" and len(call.args) > 1]
    assert [where for where, call in opened if set(constant(call.args[1]) or "w") & set("wax+")] == []


def test_no_file_of_a_host_gets_a_mode_beyond_0644():
    modes = [(where, constant(call.args[-1])) for where, name, call in CALLS if name.endswith(("replace_file", "FileState")) and call.args]
    modes += [(path, constant(node.value)) for path, node in NODES if isinstance(node, ast.Assign) and "MODE" in ast.unparse(node.targets[0])]
    numbers = [(where, mode) for where, mode in modes if isinstance(mode, int)]
    assert {mode for _where, mode in numbers} >= {0o600, 0o644} and [where for where, mode in numbers if mode & ~0o644] == []


def test_nothing_is_looked_for_where_everybody_may_write():
    texts = [(path, node.value) for path, node in NODES if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [(path, text) for path, text in texts if text.startswith(PLACES_OF_EVERYBODY)] == []
