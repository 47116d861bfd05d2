"""Sessions that grow while they are read: each look costs what has come in since, not what was there before.

In:  the main file of a session that is running, or that is about to begin.
Out: the requests that changed since the last look; on demand the same `Run` that a full reading gives.
Not here: one file as it grows (`growing`), waiting for changes, limits (`guard`), money (`costs`).

An agent's file may appear later than the session's own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

from mcp_lean.transcripts.assemble import assemble
from mcp_lean.transcripts.file import MAIN, FileReader, FileRecord
from mcp_lean.transcripts.growing import GrowingFile, Take
from mcp_lean.transcripts.locate import SUBAGENTS, SUFFIX, AgentFile, SessionFiles, locate, session_files
from mcp_lean.transcripts.model import Request, Run
from mcp_lean.transcripts.read import session_record

FRESH_FOLDER_NS = 2_000_000_000
"""A folder changed this lately is listed again: a second entry may come within one tick of the file system's clock."""


@dataclass(frozen=True, slots=True)
class Change:
    """One request that is new, or known better than at the last look."""

    agent_id: str
    request: Request
    before: Request | None
    """What the last look gave for it; a running total takes this off."""


class FileFollower:
    """One growing file of one agent, as requests."""

    def __init__(self, path: str, agent_id: str = MAIN) -> None:
        self.path = path
        self.agent_id = agent_id
        self.has_news = False
        """Something was read since `touched` was asked."""
        self.file = GrowingFile(path, self._begin)

    def _begin(self) -> Take:
        self._reader = FileReader(self.path, self.agent_id)
        return self._reader.feed

    def poll(self, most_bytes: int | None = None) -> bool:
        """See `GrowingFile.poll`."""
        is_again = self.file.poll(most_bytes)
        self.has_news = self.has_news or self.file.taken_bytes > 0
        return is_again

    def touched(self) -> list[tuple[str, Request]]:
        """(agent id, request) that changed since this was last asked."""
        self.has_news = False
        return self._reader.touched()

    def record(self) -> FileRecord:
        """The file as far as it was read."""
        lines = self.file.lines
        return self._reader.record(torn_lines=int(lines.is_torn), dropped_lines=lines.dropped)


class SessionFollower:
    """One running session: its main file and the files of its agents, as they appear.

    Args:
        main: path of `<session>.jsonl`; it need not exist yet.
    """

    def __init__(self, main: str) -> None:
        self.main = os.path.abspath(main)
        self._folder = self.main.removesuffix(SUFFIX)
        self._followers: dict[str, FileFollower] = {}
        self._subagents = os.path.join(self._folder, SUBAGENTS)
        self._main: str | None = None
        self._agents: dict[str, AgentFile] = {}
        self._folders = {self._subagents: -1}
        self._ids: set[str] = set()
        self.is_at_end = True
        """False: the last look was not allowed to take all that there is."""
        self.requests: dict[str, tuple[str, Request]] = {}
        """Message id -> (agent id, request), of everything seen so far."""
        self.problems: dict[str, str] = {}
        """Path -> why it could not be read at the last look."""

    def poll(self, most_bytes: int | None = None) -> list[Change]:
        """Looks once. The changes since the last look; a request that vanished with a rewritten file stays counted.

        Args:
            most_bytes: for one look; the next one goes on where this one has ended.
        """
        self._find()
        changes: list[Change] = []
        self.is_at_end = True
        left = most_bytes
        for path, follower in self._followers.items():
            if left is not None and left <= 0:
                self.is_at_end = False
                break
            try:
                follower.poll(left)
                self.problems.pop(path, None)
            except OSError as error:
                self.problems[path] = error.strerror or "cannot be read"
                continue
            left = None if left is None else left - follower.file.taken_bytes
            self.is_at_end = self.is_at_end and follower.file.is_at_end
            if follower.has_news:
                self._take(follower, changes)
        return changes

    def _take(self, follower: FileFollower, changes: list[Change]) -> None:
        for agent_id, request in follower.touched():
            # Copies in the main file give way to the agent's own file.
            if agent_id == follower.agent_id or agent_id not in self._ids:
                self._note(agent_id, request, changes)

    def _note(self, agent_id: str, request: Request, changes: list[Change]) -> None:
        owner, before = self.requests.get(request.id, (agent_id, None))
        if before == request:
            return
        if owner != agent_id and before is not None and before.usage.context_tokens >= request.usage.context_tokens:
            return  # a copy of another agent's request: the first to have it keeps it
        self.requests[request.id] = (owner, request)
        changes.append(Change(owner, request, before))

    def _find(self) -> None:
        """Looks for new files, if a folder changed in which one could have appeared."""
        if self._main is None and os.path.isfile(self.main):
            self._main = self.main
            # Flat agent files (2.0.6x) are looked for this once; they name their session only inside.
            self._add(locate((self.main,)).sessions)
        if self._is_changed():
            self._folders = _folder_times(self._subagents)
            if os.path.isdir(self._subagents):
                self._add(locate((self._subagents,)).sessions)

    def _add(self, sessions: Iterable[SessionFiles]) -> None:
        for files in sessions:
            if files.folder == self._folder:
                self._agents |= {agent.path: agent for agent in files.agents}
        wanted = [(self.main, MAIN)] if self._main else []
        for path, agent_id in [*wanted, *((agent.path, agent.agent_id) for agent in self._agents.values())]:
            if path not in self._followers:
                self._followers[path] = FileFollower(path, agent_id)
                self._ids.add(agent_id)

    def _is_changed(self) -> bool:
        now = time.time_ns()
        return any(
            now - changed_ns < FRESH_FOLDER_NS or _changed_ns(folder) != changed_ns
            for folder, changed_ns in self._folders.items()
        )

    def run(self) -> Run | None:
        """The session as a full reading of the same files gives it; `None` while it has no request."""
        agents = tuple(agent for _, agent in sorted(self._agents.items()))
        files = session_files(self._folder, self._main, agents)
        records = {path: follower.record() for path, follower in self._followers.items()}
        runs, _ = assemble([session_record(files, records)] if records else [])
        return runs[0] if runs else None


def _folder_times(subagents: str) -> dict[str, int]:
    """When each folder last changed in which a file of an agent could appear."""
    places = [subagents]
    for where, inner, _ in os.walk(subagents):
        places += [os.path.join(where, name) for name in inner]
    return {place: _changed_ns(place) for place in places}


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
