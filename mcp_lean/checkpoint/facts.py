"""What is kept of one agent's run: turns, calls, and texts as long as they are among the newest.

In:  words and arguments as the transcript holds them.
Out: `Turn`, `Call`, `Piece`, small enough to be kept by the thousand.
Not here: taking them in, in order (`story`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mcp_lean.checkpoint import names
from mcp_lean.checkpoint.decisions import Decision
from mcp_lean.checkpoint.outcome import Outcome
from mcp_lean.checkpoint.secrets import parted
from mcp_lean.repo.items import Item
from mcp_lean.transcripts.fields import Json, text

PIECE_CHARS = 16_000
"""Of one text for the names in it; a longer one gives its head and its end."""

KINDS = ("summary", "handed", "user", "client", "result", "agent", "call")
"""Whose words a piece holds, in the order in which they enter a turn."""

PROMPT_CHARS, ARGUMENT_CHARS, RESULT_CHARS = 8_000, 1_200, 1_600

KEPT_ARGUMENTS = ("file_path", "notebook_path", "path", "offset", "limit", "items", "command", "description", "prompt",
                  "subagent_type", "name", "run_in_background", "task_id", "taskId", "bash_id", "shell_id", "agentId",
                  "subject", "status", "pattern", "query", "url", "skill", "plan", "todos")  # fmt: skip
WHOLE_ARGUMENTS = frozenset(("todos", "plan"))


@dataclass(slots=True)
class Piece:
    """A text whose names count; `kind` is one of `KINDS`."""

    kind: str
    text: str
    found: tuple[tuple[str, ...], frozenset[str]] | None = None

    def names(self) -> tuple[str, ...]:
        """The names in it, each once, and then the parts of the dotted ones."""
        return self._looked_through()[0]

    def secrets(self) -> frozenset[str]:
        """Its secrets, as far as they can be told again elsewhere."""
        return self._looked_through()[1]

    def _looked_through(self) -> tuple[tuple[str, ...], frozenset[str]]:
        """Done when it is first asked for: most texts are out of the window by then."""
        if self.found is None:
            masked, secrets = parted(self.text)
            whole = names.names_in(masked)
            self.found = (*whole, *(part for name in whole for part in names.parts_of(name))), secrets
        return self.found


@dataclass(slots=True)
class Call:
    """One tool call. `arguments` are the telling ones, long strings cut; `result` is the beginning of what came."""

    id: str
    name: str
    turn: int
    order: int
    """Among all calls."""
    arguments: Mapping[str, object]
    has_result: bool = False
    is_error: bool = False
    result: str = ""
    outcome: Outcome | None = None
    """Of a command: what came of it."""
    items: Sequence[Item] = ()
    """Of a call that read or changed files: which."""
    status: str = ""
    agent_id: str = ""

    def said(self, key: str) -> str:
        """An argument, if it is a text."""
        return text(self.arguments.get(key))


@dataclass(slots=True)
class Turn:
    """One request, by its number from 1 on, and what entered before it.

    The agent's texts and the pieces do not outlive the window.
    """

    number: int
    prompts: list[str] = field(default_factory=list)
    meta: list[str] = field(default_factory=list)
    summary: str = ""
    said: list[str] = field(default_factory=list)
    """What the agent wrote."""
    decisions: list[Decision] = field(default_factory=list)
    """Sentences of it that decide something."""
    calls: list[Call] = field(default_factory=list)
    pieces: list[Piece] | None = field(default_factory=list)
    """`None` once it is too old."""
    chars: int = 0
    is_compacted: bool = False

    def newest_pieces(self) -> list[Piece]:
        """The texts of this turn, in one order however they came in."""
        if self.pieces is None:
            return []
        return sorted(self.pieces, key=lambda piece: KINDS.index(piece.kind))


def kept_arguments(name: str, arguments: Json) -> Mapping[str, object]:
    """The arguments of a call that can still matter, long texts cut; of a written file its digest."""
    kept: dict[str, object] = {}
    for key in KEPT_ARGUMENTS:
        value = arguments.get(key)
        if value is None or (key == "path" and name == "Write"):
            continue
        if isinstance(value, str):
            kept[key] = head(value, PROMPT_CHARS if key in WHOLE_ARGUMENTS else ARGUMENT_CHARS)
        elif isinstance(value, (int, float)):
            kept[key] = value
        elif isinstance(value, list):
            kept[key] = [head(part, ARGUMENT_CHARS) if isinstance(part, str) else part for part in value[:200]]
    if name == "Write":
        kept["sha256"] = hashlib.sha256(text(arguments.get("content")).encode("utf-8", "replace")).hexdigest()[:8]
    return kept


def strings_in(value: object) -> list[str]:
    """All texts and numbers in a value, in the order of their keys."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [found for key in sorted(value) for found in strings_in(value[key])]
    if isinstance(value, list):
        return [found for part in value for found in strings_in(part)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def head(words: str, chars: int) -> str:
    """The beginning of a text."""
    return words if len(words) <= chars else words[:chars]


def ends(words: str, chars: int) -> str:
    """A long text as its head and its end: three quarters and one."""
    if len(words) <= chars:
        return words
    return f"{words[: chars * 3 // 4]}\n{words[-chars // 4 :]}"
