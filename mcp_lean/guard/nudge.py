"""A gentle nudge: after several turns that each read or search one thing, the batched call is named, once.

In:  an agent's turns, each as the batch of its tool calls; the `Stretch` so far.
Out: the next `Stretch`, and the line that is due, if any.
Not here: which agents have our tools (`hooks`).

A stretch is a run of turns with exactly one call each, which only reads or searches. Reads in parallel are batched
already, and any other call is work: both end the stretch.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcp_lean.guard.event import ToolUse
from mcp_lean.guard.words import READS_TOGETHER, SEARCHES_TOGETHER

TURNS = 3
"""Two in a row are a step from one file to the next; three are a habit."""

READ, SEARCH = "read", "search"
NATIVE = {"Read": READ, "NotebookRead": READ, "Grep": SEARCH, "Glob": SEARCH, "LS": SEARCH}
PROGRAMS = {
    "cat": READ, "head": READ, "tail": READ, "nl": READ, "bat": READ,
    "grep": SEARCH, "egrep": SEARCH, "fgrep": SEARCH, "rg": SEARCH, "ls": SEARCH,
}  # fmt: skip
PASSIVE = frozenset(("cd", "sort", "uniq", "wc", "echo", "true", "pwd", "cut", "tr"))
"""May stand beside a read or a search in a pipe or list, and are neither by themselves."""

LONGEST_CHARS = 2_000
"""A longer command is a script."""

SEPARATOR = re.compile(r"[|&;()]+")
TO_STDERR = re.compile(r"\d?>\s*(?:&\s*\d|/dev/null)")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive turns with one read or search each. `is_told`: the line was said in this stretch."""

    reads: int = 0
    searches: int = 0
    is_told: bool = False


def after(stretch: Stretch, batch: Sequence[ToolUse]) -> tuple[Stretch, str]:
    """The stretch with one more turn, and the line that is due now, or an empty text."""
    kind = kind_of(batch[0]) if len(batch) == 1 else ""
    if not kind:
        return Stretch(), ""
    longer = replace(stretch, reads=stretch.reads + (kind == READ), searches=stretch.searches + (kind == SEARCH))
    if longer.is_told or longer.reads + longer.searches < TURNS:
        return longer, ""
    return replace(longer, is_told=True), READS_TOGETHER if longer.reads >= longer.searches else SEARCHES_TOGETHER


def kind_of(call: ToolUse) -> str:
    """`READ`, `SEARCH`, or an empty text for a call that is neither, or does something besides."""
    if call.name != "Bash":
        return NATIVE.get(call.name, "")
    command = call.input.get("command")
    return _kind_of_command(command) if isinstance(command, str) else ""


def _kind_of_command(command: str) -> str:
    """By the first program that reads or searches; none if any other program is run or a file written."""
    if len(command) > LONGEST_CHARS or "\n" in command.strip():
        return ""
    lexer = shlex.shlex(TO_STDERR.sub(" ", command), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return ""
    if any(set(word) & set("<>") and not set(word) - set("<>&|") for word in words):
        return ""
    kinds = []
    program: list[str] = []
    for word in [*words, ";"]:
        if not SEPARATOR.fullmatch(word):
            program.append(word)
        elif program:
            kinds.append(_kind_of_program(program))
            program = []
    if "other" in kinds:
        return ""
    return next((kind for kind in kinds if kind), "")


def _kind_of_program(words: Sequence[str]) -> str:
    name = words[0].rpartition("/")[2]
    if name == "sed":
        return READ if "-n" in words[1:2] and not any(word.startswith("-i") for word in words) else "other"
    return PROGRAMS.get(name) or ("" if name in PASSIVE else "other")
