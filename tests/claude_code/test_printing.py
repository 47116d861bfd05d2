"""Lines for a person: nothing that the terminal obeys, near names, no cut words."""

from __future__ import annotations

import pytest

from mcp_lean.claude_code.printing import nearer, wrapped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann/app/.mcp.json", ".mcp.json"),
        ("server: lean in /home/ann/app/.mcp.json (project)", "server: lean in .mcp.json (project)"),
        ("/home/ann/.claude/settings.json", "~/.claude/settings.json"),
        ("/home/ann/apple/x", "~/apple/x"),
        ("/srv/home/ann/app/x", "/srv/home/ann/app/x"),
        ("/home/ann/app lies in /home/ann", "~/app lies in /home/ann"),
        ("/home/ann/app/ is a folder", "~/app/ is a folder"),
    ],
)
def test_paths_are_named_as_somebody_in_the_folder_names_them(text: str, shown: str) -> None:
    assert nearer(text, "/home/ann/app", "/home/ann") == shown


def test_nothing_is_near_the_root() -> None:
    assert nearer("/etc/x", "/", "/") == "/etc/x"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (None, "do: a-rather-long/word-that-stays whole"),
        (20, "do:\n    a-rather-long/word-that-stays\n    whole"),
        (80, "do: a-rather-long/word-that-stays whole"),
    ],
)
def test_lines_break_between_words_alone(width: int | None, shown: str) -> None:
    assert wrapped("do: a-rather-long/word-that-stays whole", width, 4) == shown
