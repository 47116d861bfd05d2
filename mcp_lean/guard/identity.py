"""Which agent is calling.

In:  hook events, each with the id of a tool call and the agent that makes it.
Out: for an id that a tool call carries (`_meta["claudecode/toolUseId"]`), the `Caller`, or `None`.
Not here: keeping callers over a restart (`ledger`).

An id that two agents of one session claim names nobody: whoever asks is then served as an unknown caller.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import NamedTuple

from mcp_lean.guard.event import Event

MAIN = "main"
"""Id of the main agent in transcripts and in the ledger's tables; in events and here it is empty."""

CALLS_IN_MEMORY = 20_000
"""A session makes some hundred calls; older ones are still on disk."""

PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Caller(NamedTuple):
    """The agent that makes a call.

    agent_id: empty for the main agent.
    transcript_path: of the session's main transcript, as the event gave it.
    """

    session_id: str
    agent_id: str = ""
    agent_type: str = ""
    transcript_path: str = ""

    @property
    def own_transcript_path(self) -> str:
        """Transcript of this very agent; empty where its id is no plain name or no path is known."""
        if not self.agent_id or not self.transcript_path:
            return self.transcript_path
        if not PLAIN_NAME.fullmatch(self.agent_id):
            return ""
        return f"{self.transcript_path.removesuffix('.jsonl')}/subagents/agent-{self.agent_id}.jsonl"


def caller_of(event: Event) -> Caller:
    """Who acts in an event."""
    return Caller(event.session_id, event.agent_id, event.agent_type, event.transcript_path)


class Identities:
    """Callers by id of a tool call: the newest ones, in memory."""

    def __init__(self, most: int = CALLS_IN_MEMORY) -> None:
        self._most = most
        self._callers: OrderedDict[str, Caller | None] = OrderedDict()

    def remember(self, tool_use_id: str, caller: Caller) -> Caller | None:
        """Notes who makes a call; what the id stands for from now on.

        Another session may have the same id (one server outlives a `/clear`): there the newest counts.
        """
        known = self._callers.get(tool_use_id, caller)
        is_same = known is not None and (known.agent_id == caller.agent_id or known.session_id != caller.session_id)
        self._callers[tool_use_id] = caller if is_same else None
        self._callers.move_to_end(tool_use_id)
        while len(self._callers) > self._most:
            self._callers.popitem(last=False)
        return self._callers[tool_use_id]

    def knows(self, tool_use_id: str) -> bool:
        """Whether anybody, or too many, claimed this id."""
        return tool_use_id in self._callers

    def find(self, tool_use_id: str) -> Caller | None:
        """Who makes the call; `None`: nobody known, or two agents claimed it."""
        return self._callers.get(tool_use_id)
