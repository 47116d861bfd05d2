"""What a record brings into the context, and whose words they are.

In:  records of one agent in order: its user messages, attachments, and operations on the queue of typed prompts.
Out: `Piece`s: words of a person, of the client, of our own hooks, of a summary; results; images.
Not here: which request takes them in (`thread`), what they count (`thread`) or say (`checkpoint/story`).

A prompt that was typed while the agent worked stands in no user message: clients from 2.1.92 on write an attachment,
older ones only take it off their queue. Whoever reads one of the two loses what people say in passing, and those are
the rules: so all readers ask here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from mcp_lean.transcripts import measure
from mcp_lean.transcripts.draft import blocks_of
from mcp_lean.transcripts.fields import Json, items, mapping, text
from mcp_lean.transcripts.own import START

Kind = Literal["prompt", "client", "hook", "summary", "result", "image"]

COMMAND_TAGS = ("<command-name>", "<command-message>")
"""Beginnings of the client's record of a command that a person ran."""

CLIENT_WORDS = (*COMMAND_TAGS, "<local-command-stdout>", "<local-command-stderr>",
                "<local-command-caveat>", "<task-notification>", "<bash-input>", "<bash-stdout>", "<bash-stderr>",
                "<system-reminder>", "<ide_", "<teammate-message", "<cross-session-message", "<channel source=",
                "[SYSTEM NOTIFICATION - NOT USER INPUT]", "[Request interrupted by user",
                "Caveat: The messages below")  # fmt: skip
"""Beginnings of user messages that nobody typed: of the client, an editor, other agents, services."""

MACHINE_ORIGINS = ("auto-continuation", "coordinator", "observer-activity", "peer", "plugin", "task-notification")
"""Kinds of `origin` that are no person; all others (`human`, `voice-call`, `remote`, ...) are prompts (2.1.330)."""

QUEUED, HOOK_WORDS = "queued_command", "hook_additional_context"
"""Kinds of attachments."""

SLASH_COMMAND = re.compile(r"/[\w:-]+(?:\s|$)")
"""In the queue: carried out by the client. A path has another slash or a dot."""


class Piece(NamedTuple):
    """One thing that entered. `words` are empty for results and images; `block` is a result as it was recorded."""

    kind: Kind
    words: str = ""
    block: Json | None = None


def of_message(record: Json, content: object) -> Iterator[Piece]:
    """What a user message brings, in its order."""
    if record.get("isCompactSummary") is True:
        yield Piece("summary", measure.content(content).text)
        return
    if record.get("isVisibleInTranscriptOnly") is True:
        return
    for block in blocks_of(content):
        kind = block.get("type")
        if kind == "tool_result":
            yield Piece("result", block=block)
        elif kind == "text":
            yield _said(text(block.get("text")), record)
        elif kind in ("image", "document"):
            yield Piece("image")


def of_attachment(payload: Json) -> Iterator[Piece]:
    """What an attachment says in words of a person, of a notification, or of a hook of ours; nothing of any other."""
    kind = payload.get("type")
    if kind == QUEUED:
        piece = _said(measure.content(payload.get("prompt")).text, payload)
        yield piece if payload.get("commandMode", "prompt") == "prompt" else piece._replace(kind="client")
    elif kind == HOOK_WORDS:
        said = payload.get("content")
        for words in map(text, [said] if isinstance(said, str) else items(said)):
            if words.startswith(START):  # other hooks say what they like
                yield Piece("hook", words)


def _said(words: str, record: Json) -> Piece:
    by_machine = mapping(record.get("origin")).get("kind") in MACHINE_ORIGINS
    if by_machine and words.startswith(COMMAND_TAGS):
        words = f"(not typed) {words}"  # another agent may spell out what a person could have run
    is_clients = by_machine or record.get("isMeta") is True or words.startswith(CLIENT_WORDS)
    return Piece("client" if is_clients else "prompt", words)


class Queue:
    """Prompts typed while an agent works, by the operations on its queue: clients up to 2.1.91 write nothing else."""

    __slots__ = ("_waiting", "is_told_elsewhere")

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self.is_told_elsewhere = False
        """The client writes attachments: they say what was sent."""

    def sent(self, record: Json) -> Piece | None:
        """What an operation sends to the model without any other record of it.

        That is `remove`. After `dequeue` a user message follows; what is popped is back in the input line.
        """
        operation, words = record.get("operation"), text(record.get("content"))
        if operation == "enqueue":
            self._waiting.append(words)
        elif operation == "popAll":
            self._waiting.clear()
        elif self._waiting:
            words = self._waiting.pop(self._waiting.index(words) if words in self._waiting else 0)
            is_sent = operation == "remove" and not self.is_told_elsewhere
            if is_sent and words.strip() and not SLASH_COMMAND.match(words):
                return _said(words, {})
        return None
