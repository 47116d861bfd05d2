"""What a call of our reading tools asked for, and what its answer held, as a transcript shows them.

In:  the arguments of a call as JSON, and the text of its answer (format: `packing/render.py`).
Out: `items_of`, and an `Answer`: files shown, what was cut, how much of the text is frame rather than content.
Not here: what that is worth (`adoption`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

WHOLE = re.compile(r"== (?P<name>.+) \((?P<rows>\d+) (?P<kind>line|entr)(?:s|y|ies)?(?:, .*)?\)")
PART = re.compile(r"== (?P<name>.+)(?P<mark>[:@])(?P<first>\d+)-(?P<last>\d+)(?: of \d+)?(?:(?: \(|  ).*)?")
REST = re.compile(r"== (?P<name>.+):\d+\+\d+(?: \(.*)?")
REST_OF_CALL = re.compile(r"more: items (\d+)-(\d+) of this call")
UNCHANGED = re.compile(r"note: (.+) unchanged since you read it\b.*")
MORE, ERROR = "more: ", "error: "


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of `read_many` or `grep_and_read`, taken apart.

    shown: files of which it holds lines, as it names them.
    cut: items that would bring what did not fit.
    failed: items that could not be answered.
    unchanged: what was not sent again, since the agent holds it.
    unserved: items of the call that the answer did not come to.
    frame_chars: headings, remarks and `more:` lines, a line end each; a native result has none of them.
    """

    shown: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: int = 0
    unserved: int = 0
    frame_chars: int = 0


def items_of(arguments: str, name: str) -> tuple[str, ...] | None:
    """A list argument as the tools understand it (a list, JSON of one, one entry alone); `None` if there is none."""
    try:
        given = json.loads(arguments)
        value = given.get(name) if isinstance(given, dict) else None
        if isinstance(value, str) and value.lstrip().startswith("["):
            parsed = _parsed(value)
            value = parsed if isinstance(parsed, list) else value
    except (ValueError, RecursionError):
        return None
    if isinstance(value, str):
        value = [value]
    return tuple(map(str, value)) if isinstance(value, list) and value else None


def _parsed(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return None  # a glob may begin with a bracket


def answer_of(text: str) -> Answer:
    """Takes an answer apart. Rows are counted, not looked at: they may themselves look like headings."""
    shown: dict[str, None] = {}
    cut, unchanged = [], []
    failed = unserved = frame = rows = 0
    for line in text.split("\n"):
        if rows:
            rows -= 1
            continue
        frame += len(line) + 1
        if line.startswith("== "):
            name, rows = _heading(line)
            if name:
                shown[name] = None
        elif found := REST_OF_CALL.fullmatch(line):
            unserved += int(found[2]) - int(found[1]) + 1
        elif line.startswith(MORE):
            cut.append(line.removeprefix(MORE))
        elif found := UNCHANGED.fullmatch(line):
            unchanged.append(found[1])
        elif line.startswith(ERROR):
            failed += 1
    return Answer(tuple(shown), tuple(cut), tuple(unchanged), failed, unserved, min(frame, len(text)))


def _heading(line: str) -> tuple[str, int]:
    """The file whose lines follow ("" for entries of a list), and how many."""
    if found := WHOLE.fullmatch(line):
        return (found["name"] if found["kind"] == "line" else ""), int(found["rows"])
    if found := REST.fullmatch(line):
        return found["name"], 1
    if found := PART.fullmatch(line):
        rows = max(int(found["last"]) - int(found["first"]) + 1, 0)
        return (found["name"] if found["mark"] == ":" else ""), rows
    return "", 0


def path_of(item: str) -> str:
    """The path in an item, without its range, symbol or entry."""
    from mcp_lean.errors import BadItem
    from mcp_lean.repo.items import parse

    try:
        path = parse(item.strip()).path
    except BadItem:
        path = item.strip()
    return path.removeprefix("./")


def is_same_file(native: str, ours: str) -> bool:
    """Whether a path as native tools take it (absolute) is the one that our answer names (below the project)."""
    return native == ours or native.endswith(f"/{ours.removeprefix('./').lstrip('/')}")
