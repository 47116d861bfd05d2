"""Transcripts that grow while they are read: each look costs what has come in since, not what was there before.

In:  the main file of a session that is running, or that is about to begin.
Out: the requests that changed since the last look; on demand the same `Run` that a full reading gives.
Not here: waiting for changes, limits (`guard`), money (`costs`).

A line may be written in two parts, a file cut short or replaced, an agent's file appear later. A file that no longer
continues what was read is read again from its start.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from io import FileIO

from mcp_lean.transcripts.assemble import assemble
from mcp_lean.transcripts.file import MAIN, FileReader, FileRecord
from mcp_lean.transcripts.lines import LineBuffer
from mcp_lean.transcripts.locate import SUBAGENTS, SUFFIX, AgentFile, SessionFiles, locate, session_files
from mcp_lean.transcripts.model import Request, Run
from mcp_lean.transcripts.read import PIECE_BYTES, session_record

ANCHOR_BYTES = 64
"""So many bytes before the place reached are compared on each look: a file rewritten in place is noticed."""
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
    """One growing file."""

    def __init__(self, path: str, agent_id: str = MAIN) -> None:
        self.path = path
        self.agent_id = agent_id
        self.taken_bytes = 0
        """By the last look."""
        self.is_at_end = True
        """False: the last look was not allowed to take all that there is."""
        self.has_news = False
        """Something was read since `touched` was asked."""
        self._restart()

    def _restart(self) -> None:
        self._reader = FileReader(self.path, self.agent_id)
        self._buffer = LineBuffer()
        self._offset = 0
        self._anchor = b""
        self._file_id = (0, 0)

    def poll(self, most_bytes: int | None = None) -> bool:
        """Reads what is new. True if it had to begin again; what it gave before then no longer counts.

        Args:
            most_bytes: for one look; the next one goes on where this one has ended.
        Raises OSError when the file cannot be read; a file that is not there yet is an empty one.
        """
        self.taken_bytes, self.is_at_end = 0, True
        try:
            state = os.stat(self.path)
        except FileNotFoundError:
            return self._begin_again() if self._offset else False
        file_id = (state.st_dev, state.st_ino)
        if self._offset and (file_id != self._file_id or state.st_size < self._offset):
            self._begin_again()
            self._file_id = file_id
            self._read(most_bytes)
            return True
        self._file_id = file_id
        return self._read(most_bytes) if state.st_size > self._offset else False

    def _begin_again(self) -> bool:
        self._restart()
        return True

    def _read(self, most_bytes: int | None) -> bool:
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self._offset - len(self._anchor))
            is_again = file.read(len(self._anchor)) != self._anchor
            if not is_again:
                self._take(file, most_bytes)
                is_again = self._buffer.is_spoiled
            if is_again:
                file_id = self._file_id
                self._begin_again()
                self._file_id = file_id
                file.seek(0)
                self._take(file, most_bytes)
        return is_again

    def _take(self, file: FileIO, most_bytes: int | None) -> None:
        left = sys.maxsize if most_bytes is None else most_bytes
        while piece := file.read(min(PIECE_BYTES, left)):
            left -= len(piece)
            self.has_news = True
            self.taken_bytes += len(piece)
            self._offset += len(piece)
            self._anchor = (self._anchor + piece[-ANCHOR_BYTES:])[-ANCHOR_BYTES:]
            self._reader.feed(self._buffer.feed(piece))
        self.is_at_end = left > 0
        if self.is_at_end:
            self._reader.feed(self._buffer.take_rest())

    def touched(self) -> list[tuple[str, Request]]:
        """(agent id, request) that changed since this was last asked."""
        self.has_news = False
        return self._reader.touched()

    def record(self) -> FileRecord:
        """The file as far as it was read."""
        return self._reader.record(torn_lines=int(self._buffer.is_torn), dropped_lines=self._buffer.dropped)


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
            left = None if left is None else left - follower.taken_bytes
            self.is_at_end = self.is_at_end and follower.is_at_end
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
