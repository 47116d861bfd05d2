"""Lines of one agent's transcript as a story.

In:  complete lines, in order.
Out: the `Story` that a full reading of the same lines gives.
Not here: bytes (`live`), whose words a record brings (`transcripts/entering`), billing (`transcripts`).

What belongs together is told as `transcripts/thread` tells it: a request takes what came before its first line.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcp_lean.checkpoint.facts import Turn
from mcp_lean.checkpoint.story import Story
from mcp_lean.transcripts import measure
from mcp_lean.transcripts.draft import blocks_of
from mcp_lean.transcripts.entering import Piece, Queue, of_attachment, of_message
from mcp_lean.transcripts.fields import Json, mapping, text
from mcp_lean.transcripts.file import MAIN, is_synthetic
from mcp_lean.transcripts.lines import IDLE, parse


class StoryReader:
    """Takes in the lines of one file.

    Args:
        agent_id: id of the agent that the whole file belongs to; `main` for a session's own file, where sidechains of
            old clients are left out.
    """

    def __init__(self, agent_id: str = MAIN) -> None:
        self._agent_id = agent_id
        self._turns: dict[str, Turn] = {}
        self._queue = Queue()
        self.story = Story(is_subagent=agent_id != MAIN, agent_id=agent_id)

    def feed(self, lines: Iterable[bytes]) -> None:
        """Takes in complete lines; those that cannot be read count for nothing."""
        for line in lines:
            if IDLE.match(line):
                continue
            record = parse(line)
            if record is not None and self._is_own(record):
                try:
                    self._record(record)
                except RecursionError:  # nested hundreds of levels deep: nothing a client writes
                    continue
        self.story.prune()

    def _is_own(self, record: Json) -> bool:
        if self._agent_id != MAIN or record.get("isSidechain") is not True:
            return True
        story = self.story
        agent_id = text(record.get("agentId"))
        if agent_id and not (story.turns or story.waiting.prompts or story.waiting.meta):
            # Nothing stands before it: a subagent's own file under another name.
            self._agent_id = story.agent_id = agent_id
            story.is_subagent = True
        return self._agent_id != MAIN

    def _record(self, record: Json) -> None:
        kind = record.get("type")
        if kind == "queue-operation":
            piece = self._queue.sent(record)
            if piece is not None:
                self._words(piece)
        if kind not in ("assistant", "user", "attachment", "system"):
            return
        story = self.story
        story.cwd = story.cwd or text(record.get("cwd"))
        story.run_id = story.run_id or text(record.get("sessionId"))
        message = record.get("message")
        if kind == "assistant" and isinstance(message, dict):
            story.agent_type = story.agent_type or text(record.get("attributionAgent"))
            self._assistant(record, message)
        elif kind == "user" and isinstance(message, dict):
            self._user(record, message)
        elif kind == "attachment":
            self._queue.is_told_elsewhere = True
            for piece in of_attachment(mapping(record.get("attachment"))):
                self._words(piece)
        elif record.get("subtype") == "compact_boundary":
            story.waiting.is_compacted = True

    def _assistant(self, record: Json, message: Json) -> None:
        if is_synthetic(record, message):
            return
        key = text(message.get("id")) or text(record.get("requestId")) or text(record.get("uuid"))
        if not key:
            return
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = self.story.begin()
        for block in blocks_of(message.get("content")):
            kind = block.get("type")
            if kind == "text":
                words = text(block.get("text"))
                if words not in turn.said:  # a line may be written twice
                    self.story.say(turn, words)
            elif kind == "tool_use":
                tool_id = text(block.get("id")) or f"{key}/{measure.digest(measure.as_json(block))}"
                self.story.call(turn, tool_id, text(block.get("name")), mapping(block.get("input")))

    def _user(self, record: Json, message: Json) -> None:
        for piece in of_message(record, message.get("content")):
            if piece.block is not None:
                self._result(record, piece.block)
            elif piece.kind == "summary":
                self.story.summary(piece.words)
            elif piece.kind != "image":
                self._words(piece)

    def _words(self, piece: Piece) -> None:
        if piece.kind == "hook":
            self.story.handed(piece.words)
        elif piece.kind == "client":
            self.story.client(piece.words)
        else:
            self.story.prompt(piece.words)

    def _result(self, record: Json, block: Json) -> None:
        words = measure.content(block.get("content")).text
        said = mapping(record.get("toolUseResult"))
        self.story.result(
            text(block.get("tool_use_id")),
            words,
            is_error=block.get("is_error") is True,
            status=text(said.get("status")),
            agent_id=text(said.get("agentId")),
        )
