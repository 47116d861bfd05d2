"""What a person does in a shell of their own, and an agent may not: lift limits, take the guard out, make up events.

In:  a tool call.
Out: whether it is such a command.
Not here: the commands themselves (`cli/budget`, `cli/init`, `cli/hook`).

A shell can hide anything (a script written before, an encoded string); this sees the plain spellings: any path, quotes,
variables, `python -m mcp_lean`, an abbreviated option. It refuses no other use of these commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcp_lean.guard.event import ToolUse

OPTION = r"--r(?:a(?:i(?:s(?:e)?)?)?)?(?![\w-])"
"""`--raise`, and what the command line takes for it."""

RAISES, BUDGET, PROGRAM = re.compile(OPTION), re.compile(r"(?<![\w-])budget\b"), re.compile(r"mcp[-_.]?lean\b")
INIT, SETS = re.compile(r"(?<![\w-])init\b"), re.compile(r"--[ubr][\w-]*")
"""`init --undo`, `--budget-usd`, `--routing`, and what the command line takes for them."""

EVENT = re.compile(r"mcp[-_.]?lean\s+hook\b")
"""An event that a client has not sent could say that a person has spoken."""

ORDERS = (
    (PROGRAM, BUDGET, RAISES),
    (PROGRAM, RAISES, BUDGET),
    (RAISES, PROGRAM, BUDGET),
    (BUDGET, RAISES, PROGRAM),
)
"""Program, command and option anywhere in one call, in one variable or three."""

ENDS_OF_COMMANDS = re.compile(r"[\n;&|]")

QUOTING = re.compile(r"\\\n|[\\'\"`]|\$(?=['\"])")

LONGEST_CHARS = 100_000
"""Of a command that is looked at; a longer one is a file's text, and its beginning and end are looked at."""


def is_for_people(tool: ToolUse | None) -> bool:
    """Whether a shell call does what only a person may do, as far as its text shows."""
    command = tool.input.get("command") if tool else None
    if not isinstance(command, str):
        return False
    if len(command) > LONGEST_CHARS:
        command = f"{command[: LONGEST_CHARS // 2]}\n{command[-LONGEST_CHARS // 2 :]}"
    plain = QUOTING.sub("", command)
    parts = ENDS_OF_COMMANDS.split(plain)
    return (
        _raises_a_limit(plain, parts)
        or any(_in_order(part, (PROGRAM, INIT, SETS)) for part in parts)
        or EVENT.search(plain) is not None
    )


def _raises_a_limit(plain: str, parts: Iterable[str]) -> bool:
    if "--" not in plain or "budget" not in plain:
        return False
    # `$LEAN budget --raise`: whatever the program is called.
    is_shape = any(_in_order(part, (BUDGET, RAISES)) for part in parts)
    return is_shape or any(_in_order(plain, order) for order in ORDERS)


def _in_order(text: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Whether they occur one after the other. One pass: an expression with gaps would take minutes for some texts."""
    place = 0
    for pattern in patterns:
        found = pattern.search(text, place)
        if found is None:
            return False
        place = found.end()
    return True
