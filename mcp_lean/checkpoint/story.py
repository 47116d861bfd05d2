"""One agent's run as small facts: what was asked, called, answered and said, without the bulk of it.

In:  an `Agent` that was read with its texts, or the same pieces one by one (`live`).
Out: a `Story`: turns with words, calls with the few arguments and lines that can still matter, and the newest texts.
Not here: which of it goes into a checkpoint (`task`, `plan`, `files`, ...), what a fact is (`facts`).

A turn is one request with what entered before it. Texts are kept as pieces while they are among the newest
`WINDOW_CHARS`; of older ones the facts alone stay, so a story of 50 MB takes a few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter

import orjson

from mcp_lean.checkpoint import files, handed, outcome
from mcp_lean.checkpoint.decisions import decisions_in
from mcp_lean.checkpoint.facts import (
    ARGUMENT_CHARS,
    PIECE_CHARS,
    PROMPT_CHARS,
    RESULT_CHARS,
    Call,
    Piece,
    Turn,
    ends,
    head,
    kept_arguments,
    strings_in,
)
from mcp_lean.transcripts.fields import Json, mapping
from mcp_lean.transcripts.model import Agent, Entered, Run, ToolCall

WINDOW_CHARS = 400_000
"""About 120,000 tokens: what a context holds when it is compacted. Names older than that are found in their facts."""


class Story:
    """Takes in the pieces of one agent's run in their order.

    Args:
        is_subagent: its first prompt was written by another agent, not by a person.
    """

    def __init__(self, *, is_subagent: bool = False, cwd: str = "", run_id: str = "", agent_id: str = "main") -> None:
        self.is_subagent = is_subagent
        self.cwd = cwd
        self.run_id = run_id
        self.agent_id = agent_id
        self.agent_type = ""
        self.handed_over = ""
        """The checkpoint that this conversation began with."""
        self._is_asked_for = False
        self.turns: list[Turn] = []
        self.waiting = Turn(1)
        self.told: list[Turn] = []
        """Those that began with words of a person or of the client."""
        self.calls: dict[str, Call] = {}
        self.failed: list[Call] = []
        self._by_name: dict[str, list[Call]] = {}
        self._oldest = 0
        self._chars = 0

    def begin(self) -> Turn:
        """A request begins: what waited is its own."""
        turn, self.waiting = self.waiting, Turn(self.waiting.number + 1)
        self.turns.append(turn)
        return turn

    def everything(self) -> list[Turn]:
        """All turns, and what waits for the next one as the last."""
        return [*self.turns, self.waiting]

    def window(self) -> list[Turn]:
        """The turns whose texts are kept."""
        return [*self.turns[self._oldest :], self.waiting]

    def tools(self) -> list[str]:
        """Names of all tools that were called."""
        return list(self._by_name)

    def called(self, names: Iterable[str]) -> list[Call]:
        """Calls of these tools, in order."""
        found = [call for name in names for call in self._by_name.get(name, ())]
        return sorted(found, key=attrgetter("order"))

    # --- what enters --------------------------------------------------------------------------------------------

    def prompt(self, words: str) -> None:
        words = head(words, PROMPT_CHARS)
        self._told().prompts.append(words)
        self._piece(self.waiting, "user", words)

    def handed(self, words: str, *, by_person: bool = False) -> None:
        """Words of a hook, or of a command that a person ran, which counts more: a checkpoint counts if the
        conversation began with it."""
        if handed.is_checkpoint(words) and not self.turns:
            if by_person or not self._is_asked_for:
                self.handed_over = words
            self._is_asked_for = self._is_asked_for or by_person
            self._piece(self.waiting, "handed", words)

    def client(self, words: str) -> None:
        """Words of the client: commands, notifications, skills."""
        if self.waiting.meta and handed.asks_for_one(self.waiting.meta[-1]):
            self.handed(words, by_person=True)
        self._told().meta.append(head(words, ARGUMENT_CHARS))
        self._piece(self.waiting, "client", words)

    def _told(self) -> Turn:
        """The turn that words go into, noted as one that has some."""
        if not (self.waiting.prompts or self.waiting.meta):
            self.told.append(self.waiting)
        return self.waiting

    def summary(self, words: str) -> None:
        old = [piece for piece in self.waiting.pieces or () if piece.kind == "summary"]
        self.waiting.pieces = [piece for piece in self.waiting.pieces or () if piece.kind != "summary"]
        self._count(self.waiting, -sum(len(piece.text) + 1 for piece in old))
        self.waiting.summary = head(words, 4 * PROMPT_CHARS)
        self._piece(self.waiting, "summary", words)

    def result(self, call_id: str, words: str, *, is_error: bool, status: str = "", agent_id: str = "") -> None:
        """What came of a call; a second record of it is the same result again."""
        call = self.calls.get(call_id)
        if call is None or call.has_result:
            return
        call.has_result, call.is_error = True, is_error
        if is_error:
            self.failed.append(call)
        if call.name in outcome.SPAWNING:
            call.status, call.agent_id = status, agent_id
        call.result = outcome.kept_of(call.name, call.arguments, words, RESULT_CHARS, is_error=is_error)
        call.outcome = outcome.outcome_of(call.name, call.said("command"), words, is_error=is_error)
        call.items = files.items_of(call)
        self._piece(self.waiting, "result", words)

    # --- what the agent does ------------------------------------------------------------------------------------

    def say(self, turn: Turn, words: str) -> None:
        if words:
            turn.said.append(words)
            turn.decisions += decisions_in(words)
            self._piece(turn, "agent", words)

    def call(self, turn: Turn, call_id: str, name: str, arguments: Json) -> None:
        if call_id in self.calls:
            return
        call = Call(call_id, name, turn.number, len(self.calls), kept_arguments(name, arguments))
        self.calls[call_id] = call
        self._by_name.setdefault(name, []).append(call)
        turn.calls.append(call)
        self._piece(turn, "call", "\n".join(strings_in(arguments)))

    def _piece(self, turn: Turn, kind: str, words: str) -> None:
        if turn.pieces is None:
            return
        words = ends(words, PIECE_CHARS)
        turn.pieces.append(Piece(kind, words))
        self._count(turn, len(words) + 1)

    def _count(self, turn: Turn, chars: int) -> None:
        turn.chars += chars
        self._chars += chars

    def secrets(self) -> frozenset[str]:
        """Secrets in what is kept, to be masked wherever they stand."""
        return frozenset(secret for turn in self.window() for piece in turn.pieces or () for secret in piece.secrets())

    def prune(self) -> None:
        """Lets go of texts beyond the window. The same pieces give the same story, however often this is called."""
        while self._chars > WINDOW_CHARS and self._oldest < len(self.turns):
            turn = self.turns[self._oldest]
            self._oldest += 1
            self._chars -= turn.chars
            turn.pieces = None
            turn.said = []


def story_of(run: Run, agent: Agent) -> Story:
    """The story of an agent that was read with its texts."""
    story = Story(is_subagent=agent.kind != "main", cwd=run.cwd, run_id=run.id, agent_id=agent.id)
    story.agent_type = agent.agent_type
    results = {call.id: call for request in agent.requests for call in request.calls}
    compacted = {marker.before_request for marker in agent.compactions}
    for number, request in enumerate(agent.requests):
        _enter(story, request.entered, results)
        story.waiting.is_compacted = number in compacted
        turn = story.begin()
        story.say(turn, request.text or "")
        for call in request.calls:
            story.call(turn, call.id, call.name, mapping(orjson.loads(call.input_json or "{}")))
    _enter(story, agent.tail, results)
    story.prune()
    return story


def _enter(story: Story, entered: Entered, calls: Mapping[str, ToolCall]) -> None:
    if entered.summary:
        story.summary(entered.summary)
    for words in entered.prompts or ():
        story.prompt(words)
    for words in entered.meta or ():
        story.client(words)
    for words in entered.own or ():
        story.handed(words)
    for call_id in entered.results:
        call = calls.get(call_id)
        if call is not None and call.result is not None:
            story.result(
                call_id,
                call.result.text or "",
                is_error=call.result.is_error,
                status=call.spawn.status if call.spawn else "",
                agent_id=call.spawn.agent_id if call.spawn else "",
            )
