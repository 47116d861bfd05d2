"""Limits are raised by a person, in a shell of their own; a call from an agent is refused.

In:  a tool call.
Out: whether it would raise a limit.
Not here: the command itself (`cli/budget`).

A shell can hide anything (a script written before, an encoded string); this sees the plain spellings: any path, quotes,
variables, `python -m mcp_lean`, an abbreviated option. It refuses no other use of the command.
"""

from __future__ import annotations

import re

from mcp_lean.guard.event import ToolUse

OPTION = r"--r(?:a(?:i(?:s(?:e)?)?)?)?(?![\w-])"
"""`--raise`, and what the command line takes for it."""

BY_NAME = re.compile(rf"mcp[-_.]?lean\b.*\bbudget\b.*{OPTION}|mcp[-_.]?lean\b.*{OPTION}.*\bbudget\b", re.DOTALL)
"""Program, command and option anywhere in one call, in one variable or three."""

BY_SHAPE = re.compile(rf"\bbudget\b[^\n;&|]*{OPTION}")
"""`$LEAN budget --raise`: whatever the program is called."""

BY_VARIABLES = re.compile(rf"{OPTION}.*mcp[-_.]?lean\b.*\bbudget\b|\bbudget\b.*{OPTION}.*mcp[-_.]?lean\b", re.DOTALL)

QUOTING = re.compile(r"\\\n|[\\'\"`]|\$(?=['\"])")

LONGEST_CHARS = 100_000
"""Of a command that is looked at; a longer one is a file's text, and its beginning and end are looked at."""


def raises_a_limit(tool: ToolUse | None) -> bool:
    """Whether a shell call would raise a limit, as far as its text shows."""
    command = tool.input.get("command") if tool else None
    if not isinstance(command, str) or "--" not in command:
        return False
    if len(command) > LONGEST_CHARS:
        command = f"{command[: LONGEST_CHARS // 2]}\n{command[-LONGEST_CHARS // 2 :]}"
    plain = QUOTING.sub("", command)
    if not re.search(OPTION, plain) or "budget" not in plain:
        return False
    return any(pattern.search(plain) for pattern in (BY_SHAPE, BY_NAME, BY_VARIABLES))
