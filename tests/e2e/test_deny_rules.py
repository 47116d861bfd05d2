"""Rules made at random, asked of the real client and of us: what it does not read, our tools must not read either.

The other way round is allowed: where a rule is written so that the client reads it in an unexpected way, we deny more.
How much more is held as well, so that a rule engine that denies everything would not pass. MCP_LEAN_SLOW=1 asks a
hundred lists of rules instead of four.
"""

import os
import random
from pathlib import Path

import pytest

from mcp_lean.errors import AskError
from mcp_lean.repo.workspace import Workspace

from .client import Claude
from .live import Scene
from .records import Run
from .script import ToolUse, use

pytestmark = pytest.mark.e2e

FILES = (
    "a.py", "b.py", "B.PY", ".env", ".env.local", "a[1].txt", "a1.txt", "!x.md", "#x.md", "notes draft.md",
    "src/a.py", "src/b.py", "src/.env", "src/deep/a.py", "src/deep/key.pem", "src/deep/er/b.py",
    "secrets/key.pem", "secrets/open/readme.md", "secrets/a.py", "config/secrets/token", "config/app.json",
    "build/out.js", "build/a.py", "docs/build/page.md", "docs/a.md", "docs/x/a.md", "{a,b}/c.py", "weird*name.txt",
)  # fmt: skip
NAMES = (
    "a.py", "b.py", ".env", ".env*", "*.py", "*.pem", "a.*", "key.pem", "?.py", "[ab].py", "[!a].py", "*", "src",
    "secrets", "build", "open", "deep", "token", "a[1].txt",
    "a\\[1\\].txt", "notes draft.md", "{a,b}", "weird*", "!x.md",
)  # fmt: skip
STARTS = ("", "", "", "./", "/", "**/", "src/", "/src/", "*/", "docs/**/", "../", "secrets/")
ENDS = ("", "", "", "/", "/**", "/*", "/**/a.py", "\\*")
SETS = 100 if os.environ.get("MCP_LEAN_SLOW") else 4
RULES_PER_SET = 5


def a_rule(chance: random.Random) -> str:
    body = chance.choice(STARTS) + chance.choice(NAMES) + chance.choice(ENDS)
    return f"Read({'!' if chance.random() < 0.2 else ''}{body})"


def read_by_client(run: Run) -> set[str]:
    results = run.results("Read")
    assert len(results) == len(FILES)
    refused = [result for result in results if result.is_error]
    assert all("denied" in result.text for result in refused), {result.text for result in refused}
    project = run.place.project
    return {str(Path(result.input["file_path"]).relative_to(project)) for result in results if not result.is_error}


def read_by_us(run: Run) -> set[str]:
    place = run.place
    workspace = Workspace(str(place.project), place.environment({}))
    return {name for name in FILES if _is_read(workspace, name)}


def _is_read(workspace: Workspace, name: str) -> bool:
    try:
        workspace.locate(name)
    except AskError:
        return False
    return True


def test_what_the_client_does_not_read_under_random_rules_our_tools_do_not_read_either(claude: Claude) -> None:
    chance = random.Random(20_261_122)
    ours, theirs = 0, 0
    for _ in range(SETS):
        rules = [a_rule(chance) for _ in range(RULES_PER_SET)]
        run = claude(
            files=dict.fromkeys(FILES, "text\n"),
            settings={"permissions": {"deny": rules}},
            turns=[read_all, "done"],
        )
        client, us = read_by_client(run), read_by_us(run)
        assert us <= client, f"{rules}: the client does not read {sorted(us - client)}"
        ours, theirs = ours + len(us), theirs + len(client)
    assert ours > 0.9 * theirs, "we deny far more than the client does"


def read_all(scene: Scene) -> list[ToolUse]:
    return [use("Read", file_path=str(scene.place.project / name)) for name in FILES]
