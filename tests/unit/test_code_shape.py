"""What keeps the code readable: small files, modules whose main() is a table of contents, and rooms that know only those below them."""
import ast
import pathlib

import pytest

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
MOST_LINES = 300
MOST_MAIN_LINES = 40
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

# From below: each imports only from those before it.
ROOMS = {
    "module_utils": ("_host", "_sysctl", "_sockets", "_counters", "_tracing", "_trial", "_enforce"),
    "plugin_utils": ("_measured", "_diagnosis", "_plan", "_verdict", "_waves", "_report", "_drift"),
}

FILES = sorted(PLUGINS.rglob("*.py"))
MODULES = sorted(PLUGINS.glob("modules/*.py"))


def lines_of(node):
    return node.end_lineno - node.lineno + 1


def documentation_lines(tree):
    """Lines of documentation strings: those of Ansible, and docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in DOCUMENTATION:
            yield lines_of(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield lines_of(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.relative_to(PLUGINS)}")
def test_no_file_is_over_300_lines(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) - sum(documentation_lines(ast.parse(text))) <= MOST_LINES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_main_is_over_40_lines(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]
    assert all(lines_of(main) <= MOST_MAIN_LINES for main in mains)


def rooms_of(floor, path):
    """Rooms of its own floor from which a file imports."""
    start = f"ansible_collections.linuxnet.socket_buffers.plugins.{floor}."
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(start):
            named = node.module[len(start):].split(".")[0]
            yield from [named] if named else [alias.name for alias in node.names]


@pytest.mark.parametrize("floor, room", [(floor, room) for floor, rooms in ROOMS.items() for room in rooms])
def test_a_room_knows_only_those_below_it(floor, room):
    rooms = ROOMS[floor]
    assert {path.name for path in (PLUGINS / floor).glob("_*") if path.is_dir()} - {"__pycache__"} == set(rooms)
    below = rooms[:rooms.index(room) + 1]
    above = {path.name: set(rooms_of(floor, path)) & set(rooms) - set(below) for path in (PLUGINS / floor / room).glob("*.py")}
    assert not {name: found for name, found in above.items() if found}
