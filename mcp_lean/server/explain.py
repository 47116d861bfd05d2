"""What is wrong with a call's arguments, in one line that a model can act on.

In:  a tool and pydantic's verdict.
Out: the first wrong argument: its name (`items[2]`), what was expected, what came instead.
Not here: the checks themselves (the argument models in `tools/`).
"""

from __future__ import annotations

import reprlib
from collections.abc import Sequence

from pydantic import ValidationError

from mcp_lean.tools.base import Tool

SHOWN_CHARS = 60
"""As much of a wrong value as is repeated: enough to recognise it."""

BEGINNINGS = ("Value error, ", "Input should be ")


def explain(tool: Tool, error: ValidationError) -> str:
    """The first wrong argument in one line."""
    row = error.errors(include_url=False)[0]
    where = _path(row["loc"])
    takes = f"{tool.name} takes {', '.join(tool.arguments.model_fields) or 'no arguments'}"
    if row["type"] == "extra_forbidden":
        return f"{where}: unknown argument; {takes}"
    if row["type"] == "missing":
        return f"{where}: required; {takes}"
    expected = row["msg"]
    for beginning in BEGINNINGS:
        expected = expected.removeprefix(beginning)
    return f"{where}: expected {expected}, got {short(row['input'])}"


def short(value: object) -> str:
    """A value as Python writes it, on one line, cut where it gets long; safe for values of any size and depth."""
    writer = reprlib.Repr()
    writer.maxstring = writer.maxother = SHOWN_CHARS
    writer.maxlevel, writer.maxlist, writer.maxdict = 2, 3, 3
    text = writer.repr(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 3] + "..."


def _path(location: Sequence[int | str]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return short(path)[1:-1] if len(path) > SHOWN_CHARS or not path.isprintable() else path or "arguments"
