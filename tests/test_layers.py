"""Who may import whom. The table is the design; this module only reads it and the sources.

A room is a folder or a module of `modelcheck`. Imports inside functions count. A room may always import itself, except
for the rooms of peers, where a peer knows its room's shared modules and no other peer.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "modelcheck"
LINES = 450

# room: (rooms it may import, third-party packages it may import)
TABLE: dict[str, tuple[str, str]] = {
    "errors": ("", ""),
    "ir": ("errors", ""),
    "frontends": ("errors ir", "tree_sitter"),
    "passes": ("errors ir", ""),
    "system": ("errors ir", "numpy"),
    "machinecode": ("errors", "llvmlite"),
    "backends": ("errors ir system machinecode", "numpy numba z3"),
    "reductions": ("errors ir system", "numpy numba"),
    "timed": ("errors ir system search", "numpy numba z3"),
    "search": ("errors system machinecode", "numpy llvmlite"),
    "proof": ("errors system", "numpy numba z3"),
    "liveness": ("errors ir system search machinecode", "numpy llvmlite"),
    "trace": ("errors ir system search", "numpy"),
    "result": ("errors ir system search trace", ""),
    "graph": ("errors ir search trace", "networkx"),
    "reports": ("errors ir trace graph result logs validation", "rich jinja2"),
    "vacuity": ("errors ir search result", ""),
    "checker": (
        "errors ir frontends passes system backends reductions timed search proof liveness trace result vacuity exploring behaviours instants reasons", ""
    ),
    "exploring": ("errors ir backends search system timed", "numpy"),
    "instants": ("errors ir search system timed trace result exploring", "numpy"),
    "behaviours": ("errors ir search system liveness trace result", "numpy"),
    "reasons": ("errors ir passes exploring instants timed result trace", ""),
    "synthesis": ("errors ir passes exploring checker reasons timed result", ""),
    "verbs": ("errors ir result search trace exploring checker behaviours instants", ""),
    "proving": ("errors ir backends proof system search trace result exploring checker", "numpy"),
    "logs": ("errors", ""),
    "validation": (
        "errors ir passes logs system search timed trace result exploring checker", "numpy"
    ),
    "discovery": ("errors", ""),
    "suite": ("errors ir passes result vacuity discovery exploring checker", ""),
    "console": ("", ""),
    "stages": ("ir checker", ""),
    "commands": ("errors search exploring checker verbs proof proving synthesis suite stages result trace reports graph console logs validation", "click"),
    "cli": ("errors commands result reports console", "click"),
    "pytest_plugin": ("errors discovery suite reports", "pytest"),
    # The typed names that specs import, and the API, whose names are resolved when they are used.
    "__init__": ("frontends checker graph", ""),
}  # fmt: skip

# Heavy libraries live in these places alone (prefixes of paths under modelcheck/).
OWNERS = {
    "networkx": ("graph.py",),
    "rich": ("reports/",),
    "jinja2": ("reports/",),
    "llvmlite": (
        "machinecode/compiler.py", "search/assembler.py", "search/kernels.py", "liveness/native/translate.py"
    ),
    "z3": ("backends/smt", "timed/", "proof/"),
    "click": ("cli.py", "commands/"),
    "pytest": ("pytest_plugin.py",),
}
HEAVY = ("llvmlite", "numba", "z3", "networkx", "numpy", "rich", "click", "pytest")

MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> list[tuple[int, int, str]]:
    """(line, level, dotted name) of every import, wherever it stands."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(node.lineno, 0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "modelcheck" else [base]
            found += [(node.lineno, node.level, name) for name in names]
    return found


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_imports_follow_the_table(path: Path) -> None:
    own = room(path)
    rooms, third_party = (set(entry.split()) for entry in TABLE[own])
    wrong = []
    for line, level, name in imports(path):
        top, _, rest = name.partition(".")
        if level:
            wrong.append(f"{line}: a relative import")
        elif top == "modelcheck":
            target = rest.partition(".")[0]
            if target != own and target not in rooms:
                wrong.append(f"{line}: {own} may not import {name}")
        elif top not in sys.stdlib_module_names and top not in third_party:
            wrong.append(f"{line}: {own} may not import {top}")
        elif top in OWNERS and not shown(path).removeprefix("modelcheck/").startswith(OWNERS[top]):
            wrong.append(f"{line}: {top} belongs to {' '.join(OWNERS[top])}")
    assert not wrong


def cycle(table: dict[str, tuple[str, str]]) -> list[str]:
    """The rooms that can never come last: empty for a table without a cycle."""
    left = {name: set(rooms.split()) for name, (rooms, _) in table.items()}
    while ready := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in ready:
            del left[name]
    return sorted(left)


def test_the_table_has_no_cycle() -> None:
    assert cycle(TABLE) == []


def test_a_cyclic_table_is_noticed() -> None:
    assert cycle({**TABLE, "errors": ("search", "")}) != []


def test_every_room_is_in_the_table() -> None:
    assert {room(path) for path in MODULES} <= TABLE.keys()


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LINES


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_imports_stand_at_the_top_below_the_composition_root(path: Path) -> None:
    if room(path) in ("__init__", "checker", "verbs", "suite", "cli", "pytest_plugin") or path.name == "__init__.py":
        return  # these choose what to load
    tree = ast.parse(path.read_text())
    nested = [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom)) and _own(node)
    ]
    assert not nested


def _own(node: ast.Import | ast.ImportFrom) -> bool:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return any(name.split(".")[0] == "modelcheck" for name in names)


def loaded_by(code: str) -> set[str]:
    """The heavy packages that are loaded after `code` ran in a fresh interpreter."""
    script = f"import sys\n{code}\nprint(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "code, allowed",
    [
        ("import modelcheck", set()),
        ("from modelcheck import Spec, Bool, Int, Case, invariant, process", set()),
        ("import modelcheck.frontends, modelcheck.passes", set()),
        ("import modelcheck.cli", {"click", "numpy"}),
        ("import modelcheck.pytest_plugin", {"pytest"}),
        ("import modelcheck.checker", {"numpy"}),
        ("import modelcheck.checker, modelcheck.reports.terminal", {"numpy"}),
    ],
)
def test_heavy_libraries_are_loaded_when_they_are_used(code: str, allowed: set[str]) -> None:
    assert loaded_by(code) <= allowed
