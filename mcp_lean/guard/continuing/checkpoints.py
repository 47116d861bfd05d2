"""Checkpoints of the sessions that a guard sees, each session followed as it grows.

In:  a session's transcript, as an event or a table names it; an agent of it.
Out: its `Checkpoint`; one with a reason and no text where the transcript may not be read or is not there.
Not here: what a checkpoint says (`checkpoint`), when one is given (`watcher`, `compaction`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp_lean.checkpoint.live import SessionCheckpoints
    from mcp_lean.checkpoint.model import Checkpoint

BUDGET_TOKENS = 1_500

SESSIONS_KEPT = 2
"""The one that goes on, and the one that it came from."""


class Checkpoints:
    """One per guard."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._sessions: dict[str, SessionCheckpoints] = {}

    def may_read(self, transcript: str) -> bool:
        """Whether it lies in Claude Code's own folder of transcripts."""
        from mcp_lean.transcripts.locate import is_in_a_root

        return bool(transcript) and is_in_a_root(transcript, self._environ)

    def of(self, transcript: str, agent_id: str, budget_tokens: int, already_said: str = "") -> Checkpoint:
        """The checkpoint of an agent as of now. Raises OSError.

        Args:
            agent_id: empty for the main agent.
            already_said: what its reader holds already.
        """
        from mcp_lean.checkpoint.live import SessionCheckpoints
        from mcp_lean.checkpoint.model import Checkpoint

        if not self.may_read(transcript):
            return Checkpoint("", 0, reason="its transcript is not in Claude Code's own folder")
        session = self._sessions.pop(transcript, None) or SessionCheckpoints(transcript)
        self._sessions[transcript] = session
        while len(self._sessions) > SESSIONS_KEPT:
            del self._sessions[next(iter(self._sessions))]
        return session.checkpoint(agent_id or "main", budget_tokens, already_said)
