"""Checkpoints of a session that is still running: each costs what has come in since the last, not what was before.

In:  the path of a session's main transcript; it need not exist yet.
Out: the same `Checkpoint` that a full reading of the same files gives.
Not here: what a checkpoint says (`build`), following a file (`transcripts/growing`).

Lines are distilled into a `Story` as they are read, so the memory does not grow with the file's size.
"""

from __future__ import annotations

import os

from mcp_lean.checkpoint.build import checkpoint_of
from mcp_lean.checkpoint.model import Checkpoint
from mcp_lean.checkpoint.records import StoryReader
from mcp_lean.checkpoint.story import Story
from mcp_lean.transcripts.file import MAIN
from mcp_lean.transcripts.growing import GrowingFile, Take
from mcp_lean.transcripts.locate import AGENT_PREFIX, SUBAGENTS, SUFFIX


class StoryFollower:
    """One growing file of one agent, as a story."""

    def __init__(self, path: str, agent_id: str = MAIN) -> None:
        self._agent_id = agent_id
        self._file = GrowingFile(path, self._begin)

    def _begin(self) -> Take:
        self._reader = StoryReader(self._agent_id)
        return self._reader.feed

    def story(self) -> Story:
        """The story as the file tells it now; a file that is not there tells an empty one. Raises OSError."""
        self._file.poll()
        return self._reader.story


class SessionCheckpoints:
    """Checkpoints of the agents of one session.

    Args:
        main: path of `<session>.jsonl`.
    """

    def __init__(self, main: str) -> None:
        self.main = os.path.abspath(main)
        self._followers: dict[str, StoryFollower] = {}

    def checkpoint(
        self,
        agent_id: str = MAIN,
        budget_tokens: int = 1_500,
        already_said: str = "",
        *,
        spent_line: str = "",
        is_brief: bool = False,
    ) -> Checkpoint:
        """The checkpoint of one agent as of now. Raises OSError when its file cannot be read.

        Args:
            agent_id: `main` (or empty) for the session's main agent.
            already_said: a summary that the reader holds already; what it says is left out.
            spent_line: the state of the budget, in one line.
            is_brief: as background for a new subagent.
        """
        follower = self._followers.get(agent_id or MAIN)
        if follower is None:
            follower = self._followers[agent_id or MAIN] = StoryFollower(self._path(agent_id or MAIN), agent_id or MAIN)
        return checkpoint_of(
            follower.story(),
            budget_tokens=budget_tokens,
            already_said=already_said,
            spent_line=spent_line,
            is_brief=is_brief,
        )

    def _path(self, agent_id: str) -> str:
        if agent_id == MAIN:
            return self.main
        name = os.path.basename(agent_id)
        if os.path.basename(self.main) == f"{AGENT_PREFIX}{name}{SUFFIX}":
            return self.main
        return os.path.join(self.main.removesuffix(SUFFIX), SUBAGENTS, f"{AGENT_PREFIX}{name}{SUFFIX}")


def agent_of(path: str) -> tuple[str, str]:
    """What `SessionCheckpoints` and its `checkpoint` are given for any transcript, also a subagent's own."""
    name = os.path.basename(path)
    is_agent = name.startswith(AGENT_PREFIX)
    return os.path.abspath(path), name[len(AGENT_PREFIX) :].removesuffix(SUFFIX) if is_agent else MAIN
