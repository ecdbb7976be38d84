"""What keeps the code readable: small files, and modules whose main() is a table of contents."""
import ast
import pathlib

import pytest

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
MOST_LINES = 300
MOST_MAIN_LINES = 40
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

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
