"""The picture of the house in docs/design.md ("The house"), held against the imports.

Imports run one way only, from a higher floor to a lower one; rooms of one floor do not know each other.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import mcp_lean

PACKAGE = Path(mcp_lean.__file__).parent

FLOORS = (
    {"errors", "folders", "open_flags", "mcp_lean"},
    {"transcripts", "repo", "packing", "config"},
    {"costs", "checkpoint"},
    {"guard"},
    {"tools"},
    {"server", "claude_code", "report"},
    {"cli"},
    {"__main__"},
)

PROTOCOL = {"mcp", "mcp_types"}
KNOW_THE_PROTOCOL = {"server", "cli/try_it.py"}
"""`try` is a client: it has to speak to the real server."""

CONCURRENCY = {"anyio", "asyncio", "threading", "concurrent", "multiprocessing", "_thread"}
KNOW_CONCURRENCY = {"server", "cli"}
SIGNS = {
    # A call's stop sign, and the locks of workspace, guard and ledger are types that threads share, not threads.
    ("tools/base.py", "threading.Event"),
    ("repo/workspace.py", "threading.Lock"),
    ("guard/hooks.py", "threading.Lock"),
    ("guard/unchanged/deliveries.py", "threading.Lock"),
    ("guard/ledger/ledger.py", "threading.RLock"),
    # Reads hundreds of megabytes in processes, for commands; counts threads to be sure that forking is safe. In each of
    # those processes a thread waits for the end of the parent.
    ("transcripts/parallel.py", "threading"),
    ("transcripts/parallel.py", "concurrent.futures.ProcessPoolExecutor"),
    ("transcripts/parallel.py", "concurrent.futures.as_completed"),
    ("transcripts/parallel.py", "concurrent.futures.process.BrokenProcessPool"),
    ("transcripts/parallel.py", "multiprocessing.get_context"),
    ("transcripts/parallel.py", "multiprocessing.parent_process"),
}

HEAVY = {"tree_sitter", "rich", "plotly", "sqlite3", "genai_prices", "pathspec", "multiprocessing", "concurrent"}
HEAVY_AT_THE_TOP = {"rich": {"report"}}
"""Only commands that print tables load `report`, each when it is named."""

OF_NO_USE_FOR_A_START = {*HEAVY, "orjson"} - {"concurrent", "multiprocessing"}  # asyncio brings these two


@dataclass(frozen=True)
class Module:
    """A module of the package: its file, and what it imports, as dotted names, anywhere and at its top."""

    file: str
    imports: frozenset[str]
    at_the_top: frozenset[str]
    names: frozenset[str]

    @property
    def room(self) -> str:
        first = self.file.split("/")[0]
        return "mcp_lean" if first == "__init__.py" else first.removesuffix(".py")

    def __str__(self) -> str:
        return self.file


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        found.append(
            Module(
                file,
                frozenset(name for node in ast.walk(tree) for name in imported(node, file)),
                frozenset(name for node in run_at_import(tree.body) for name in imported(node, file)),
                frozenset(names),
            )
        )
    return tuple(found)


def imported(node: ast.AST, file: str = "") -> list[str]:
    """The dotted names of an import statement; a relative one is seen from `file`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = ["mcp_lean", *file.split("/")][: -node.level] if node.level else []
        return [".".join(filter(None, (*above, node.module, alias.name))) for alias in node.names]
    return []


def run_at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that are run when the module is imported, those for the type checker left out."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from run_at_import(node.orelse)
            continue
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in ("body", "orelse", "finalbody"):
                yield from run_at_import([child for child in getattr(node, name, []) if isinstance(child, ast.stmt)])
            for handler in getattr(node, "handlers", []):
                yield from run_at_import(handler.body)


def rooms_of(module: Module) -> set[str]:
    """The rooms that a module imports from."""
    found = set()
    for name in module.imports:
        parts = name.split(".")
        if parts[0] == "mcp_lean":
            is_room = (PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").exists()
            found.add(parts[1] if is_room else "mcp_lean")
    return found - {module.room}


def floor_of(room: str) -> int:
    [floor] = [number for number, rooms in enumerate(FLOORS) if room in rooms]
    return floor


def every_module() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("module", modules(), ids=str)


def test_every_room_has_its_floor() -> None:
    rooms = {module.room for module in modules()}

    assert rooms <= set().union(*FLOORS), "a new room: put it on its floor in docs/design.md and here"


@every_module()
def test_imports_point_downwards(module: Module) -> None:
    for room in rooms_of(module):
        assert floor_of(room) < floor_of(module.room), f"{module} may not import from {room}"


@every_module()
def test_only_the_server_and_the_client_of_try_know_the_protocol(module: Module) -> None:
    if not {module.room, module.file} & KNOW_THE_PROTOCOL:
        assert not PROTOCOL & {name.split(".")[0] for name in module.imports}


@every_module()
def test_only_server_and_command_line_know_threads_and_event_loops(module: Module) -> None:
    if module.room not in KNOW_CONCURRENCY:
        found = {(module.file, name) for name in module.imports if name.split(".")[0] in CONCURRENCY}
        assert found <= SIGNS


@every_module()
def test_tools_do_not_know_each_other(module: Module) -> None:
    """Modules that declare no tool are shared helpers: `base`, `sources` and their like."""
    if module.room != "tools":
        return
    tools = {f"mcp_lean.tools.{Path(other.file).stem}" for other in modules() if is_tool(other)}
    assert not [name for name in module.imports if name in tools or name.rpartition(".")[0] in tools]


def is_tool(module: Module) -> bool:
    return module.room == "tools" and "TOOL" in module.names


@every_module()
def test_nothing_heavy_stands_at_a_module_s_top(module: Module) -> None:
    top = {name.split(".")[0] for name in module.at_the_top}
    heavy = {name for name in HEAVY if name in top or any(found.startswith(f"{name}_") for found in top)}
    allowed = {name for name, rooms in HEAVY_AT_THE_TOP.items() if module.room in rooms}

    assert heavy <= allowed, f"{module}: import {heavy - allowed} in the function that needs it"


def loaded_after(code: str) -> set[str]:
    """Top-level names of the modules that a fresh process has loaded after running some code."""
    script = f"import sys\n{code}\nprint('\\n' + ' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("\n\n")[2].split())


def test_a_server_start_loads_nothing_that_only_a_call_needs() -> None:
    loaded = loaded_after("import mcp_lean.server.stdio")

    assert "mcp" in loaded
    assert not loaded & OF_NO_USE_FOR_A_START


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import a.b", "a.b"),
        ("from a.b import c", "a.b.c"),
        ("from . import c", "mcp_lean.room.c"),
        ("from .x import c", "mcp_lean.room.x.c"),
        ("from .. import c", "mcp_lean.c"),
        ("from ..other.x import c", "mcp_lean.other.x.c"),
    ],
)
def test_the_reader_of_imports_knows_their_names(source: str, name: str) -> None:
    assert imported(ast.parse(source).body[0], "room/module.py") == [name]


@pytest.mark.parametrize(
    ("source", "at_the_top"),
    [
        ("import a\nfrom b.c import d", {"a", "b.c.d"}),
        ("def f():\n    import a", set()),
        ("class C:\n    import a", {"a"}),
        ("try:\n    import a\nexcept ImportError:\n    import b", {"a", "b"}),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", {"b"}),
        ("if x:\n    import a\nelse:\n    import b", {"a", "b"}),
        ("with x:\n    import a", {"a"}),
    ],
)
def test_the_reader_of_imports_sees_what_is_run(source: str, at_the_top: set[str]) -> None:
    body = ast.parse(source).body

    assert {name for node in run_at_import(body) for name in imported(node)} == at_the_top
