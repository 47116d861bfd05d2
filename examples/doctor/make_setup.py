"""A project with a set-up that costs more than it has to: `make_setup.py FOLDER` makes FOLDER/app and FOLDER/home."""

import json
import sys
from pathlib import Path

HELLO = {"type": "command", "command": "echo Branch: $(git rev-parse --short HEAD), $(date)"}

FILES = {
    "app/CLAUDE.md": "# Shop\n\nRun the tests with `make test`. The layout of the code: @build/tree.md\n\n"
    "Last updated: 2026-11-21 18:40\n",
    "app/build/tree.md": "".join(
        f"src/part{number:02d}.py  part{number:02d}, with three functions\n" for number in range(40)
    ),
    "app/.claude/settings.json": json.dumps(
        {"model": "opusplan", "hooks": {"SessionStart": [{"hooks": [HELLO]}]}}, indent=2
    ),
    "app/.mcp.json": json.dumps(
        {"mcpServers": {"tickets": {"command": "npx", "args": ["-y", "tickets-mcp@latest"]}}}, indent=2
    ),
    "app/.claude/agents/finder.md": "---\nname: finder\ntools: Read, Bash\nmodel: haiku\n---\n"
    "Find the code that the task is about, and answer with its paths and lines and nothing else.\n",
    "app/.claude/agents/finder2.md": "---\nname: finder2\ntools: Read, Bash\nmodel: sonnet\n---\n"
    "Find the code that the task is about, and answer with its paths and lines and nothing else.\n",
}

place = Path(sys.argv[1])
(place / "home").mkdir()
for name, text in FILES.items():
    file = place / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
