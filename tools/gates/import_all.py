"""Compile every module, import every module_util, with the interpreter that runs this. No ansible is needed for that."""
import importlib
import pathlib
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UTILS = ROOT / "plugins" / "module_utils"
PACKAGE = "ansible_collections.linuxnet.socket_buffers.plugins.module_utils."


def compiles(path):
    compile(path.read_text(encoding="utf-8"), str(path), "exec")


def imports(path):
    importlib.import_module(PACKAGE + ".".join(path.relative_to(UTILS).with_suffix("").parts))


def works(check, path):
    try:
        check(path)
        return True
    except Exception:
        traceback.print_exc()
        return False


results = [works(compiles, path) for path in sorted(ROOT.glob("plugins/modules/*.py"))]
results += [works(imports, path) for path in sorted(UTILS.rglob("*.py")) if path.stem != "__init__"]
print("python36: {} passed, {} failed, 0 skipped".format(results.count(True), results.count(False)))
raise SystemExit(not all(results))
