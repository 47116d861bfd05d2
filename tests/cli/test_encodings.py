"""Every command on a stream that takes ASCII alone: characters become escapes, and nothing fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_lean.cli.main import COMMANDS
from mcp_lean.transcripts.locate import project_slug

SESSION = "5e551011-0000-4000-8000-000000000001"
WORDS = "Räum «den» Schuppen auf \N{SNOWMAN}"
ARGUMENTS = {
    "cost": [[], ["--by", "tool"], ["--json"]],
    "replay": [[], ["--json"]],
    "watch": [["--once"]],
    "budget": [[], ["--json"]],
    "compact": [[], ["--json"]],
    "init": [["--dry-run"]],
    "try": [["."]],
    "read": [["schüppen.py"]],
    "grep": [["Besen"]],
    "hook": [["Stop"]],
}
CASES = [(name, arguments) for name, _, _ in COMMANDS for arguments in ARGUMENTS.get(name, [[]])]
NARROW = {
    "PYTHONIOENCODING=ascii": {"PYTHONIOENCODING": "ascii", "LC_ALL": "C.UTF-8"},
    "LC_ALL=C": {"LC_ALL": "C"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with such characters in the names and texts of its files, and in its one session."""
    folder = tmp_path_factory.mktemp("home") / "shed"
    folder.mkdir()
    for name in ("schüppen", "häuschen", "grün"):
        lines = [f"def räumen_{number}():\n    return 'Besen \N{SNOWMAN}'\n" for number in range(90)]
        (folder / f"{name}.py").write_text("\n".join(lines), encoding="utf-8")
    slug = project_slug(str(folder))
    usage = {"input_tokens": 9, "cache_creation_input_tokens": 9_000, "output_tokens": 20}
    common = {"sessionId": SESSION, "cwd": str(folder), "version": "2.1.330", "isSidechain": False}
    records: list[dict[str, object]] = [{"type": "user", "uuid": "u0", "message": {"role": "user", "content": WORDS}}]
    for number in range(3):
        call = {
            "type": "tool_use",
            "id": f"t{number}",
            "name": "Read",
            "input": {"file_path": f"{folder}/ü{number}.py"},
        }
        message = {
            "id": f"m{number}",
            "model": "claude-opus-5-5",
            "role": "assistant",
            "content": [call],
            "usage": usage,
        }
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": WORDS}
        records += [
            {"type": "assistant", "uuid": f"a{number}", "requestId": f"r{number}", "message": message},
            {"type": "user", "uuid": f"b{number}", "message": {"role": "user", "content": [result]}},
        ]
    place = folder.parent / ".claude" / "projects" / slug
    place.mkdir(parents=True)
    lines = [
        json.dumps({**common, **row, "timestamp": f"2026-11-20T09:00:{at:02d}.000Z"}) for at, row in enumerate(records)
    ]
    (place / f"{SESSION}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("narrow", NARROW)
@pytest.mark.parametrize(
    ("name", "arguments"), CASES, ids=lambda case: case if isinstance(case, str) else " ".join(case)
)
def test_a_command_prints_what_it_has_to_say(project: Path, name: str, arguments: list[str], narrow: str) -> None:
    env = {"HOME": str(project.parent), "PATH": os.environ["PATH"], **NARROW[narrow]}
    command = (sys.executable, "-m", "mcp_lean", name, *arguments)
    done = subprocess.run(command, input=b"", capture_output=True, env=env, cwd=project, timeout=60)

    assert b"Traceback" not in done.stderr
    assert b"codec can't" not in done.stderr
    assert (done.returncode in (0, 1), done.stderr) == (True, done.stderr)
    assert done.stdout or name == "serve"
    if "--json" in arguments:
        assert json.loads(done.stdout)
