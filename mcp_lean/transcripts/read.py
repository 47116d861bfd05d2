"""Transcripts as runs, in one call: `load_runs`.

In:  files or folders; by default everything that Claude Code keeps for this user.
Out: `Loaded`: the runs, and a count of everything that was left out, by reason.
Not here: following a file that grows (`follow`); what anything costs (`costs`).

Files are read in pieces of a few megabytes and kept as sizes and digests, so a gigabyte of transcripts takes far
less memory than that. Much unread data is read by several processes where that is safe.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mcp_lean.transcripts import codec
from mcp_lean.transcripts.assemble import AgentMeta, AgentRecord, SessionRecord, assemble
from mcp_lean.transcripts.fields import text
from mcp_lean.transcripts.file import MAIN, FileReader, FileRecord
from mcp_lean.transcripts.lines import PIECE_BYTES, LineBuffer, parse
from mcp_lean.transcripts.locate import SUFFIX, AgentFile, SessionFiles, locate, roots
from mcp_lean.transcripts.model import Run, Skipped
from mcp_lean.transcripts.store import FileState, Store, state_of

PARALLEL_FROM_BYTES = 24 << 20
"""Less than this is read sooner than a second process is started."""
LARGEST_META_BYTES = 1 << 20

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes to do."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found, and how it was come by."""

    runs: tuple[Run, ...]
    skipped: Skipped
    files: int
    size_bytes: int
    read_files: int
    """Files that had to be read; the others came from the store."""
    read_bytes: int


def load_runs(
    paths: Sequence[str] | None = None,
    *,
    store: Store | None = None,
    progress: Progress | None = None,
    with_text: bool = False,
    processes: int | None = None,
) -> Loaded:
    """All runs in the given files and folders, in the order of their paths.

    Args:
        paths: files, session folders, project folders or roots; `None` for the user's own.
        store: what was read before; kept up to date here. Not used together with `with_text`.
        progress: called after each file.
        with_text: keep prompts, answers, arguments and results in memory. For single sessions.
        processes: how many may read at once; `None` for as many as there are processors.
    """
    places = roots(os.environ) if paths is None else paths
    located = locate(places)
    problems = list(located.problems)
    if not places:
        problems.append(("~/.claude/projects", "no such folder, and CLAUDE_CONFIG_DIR names no other"))
    wanted: dict[str, str] = {}
    states: list[FileState] = []
    for session in located.sessions:
        for path, agent_id in _agents_of(session):
            try:
                states.append(state_of(path))
                wanted[path] = agent_id
            except OSError as error:
                problems.append((path, error.strerror or "cannot be read"))
    with _paused_gc():
        reading = _Reading(wanted, store if not with_text else None, progress, with_text)
        records = reading.records(states, processes)
        sessions = [session_record(files, records) for files in located.sessions]
        runs, copied = assemble([session for session in sessions if session.records])
    skipped = Skipped(files=tuple(problems + reading.problems), copied_requests=copied)
    if store is not None and store.note:
        skipped += Skipped(notes=(store.note,))
    for record in records.values():
        skipped += record.skipped
    return Loaded(runs, skipped, len(records), reading.total_bytes, reading.read_files, reading.read_bytes)


def _agents_of(session: SessionFiles) -> Iterator[tuple[str, str]]:
    if session.main is not None:
        yield session.main, MAIN
    for agent in session.agents:
        yield agent.path, agent.agent_id


class _Reading:
    """One pass over all files: from the store where it knows them, else from disk."""

    def __init__(
        self, agent_ids: dict[str, str], store: Store | None, progress: Progress | None, with_text: bool
    ) -> None:
        self._agent_ids = agent_ids
        self._store = store
        self._progress = progress
        self._with_text = with_text
        self._strings: dict[str, str] = {}
        self._done_bytes = 0
        self.total_bytes = self.read_files = self.read_bytes = 0
        self.problems: list[tuple[str, str]] = []

    def records(self, states: Sequence[FileState], processes: int | None) -> dict[str, FileRecord]:
        self.total_bytes = sum(state.size_bytes for state in states)
        found: dict[str, FileRecord] = {}
        unread: list[FileState] = []
        for state in states:
            record = self._kept(state)
            if record is None:
                unread.append(state)
            else:
                found[state.path] = record
                self._step(state)
        for state, record in self._read(unread, processes):
            if record is not None:
                found[state.path] = record
            self._step(state)
        return found

    def _step(self, state: FileState) -> None:
        self._done_bytes += state.size_bytes
        if self._progress is not None:
            self._progress(self._done_bytes, self.total_bytes)

    def _kept(self, state: FileState) -> FileRecord | None:
        data = self._store.get(state) if self._store is not None else None
        if data is None:
            return None
        try:
            return codec.decode(data, state.path, self._strings)
        except ValueError:
            return None  # damaged: the file is read again, and its reading replaces this one

    def _read(self, states: list[FileState], processes: int | None) -> Iterator[tuple[FileState, FileRecord | None]]:
        from mcp_lean.transcripts.parallel import Job, read_all

        self.read_files = len(states)
        self.read_bytes = sum(state.size_bytes for state in states)
        if self._with_text or self.read_bytes < PARALLEL_FROM_BYTES:
            processes = 1
        jobs = [Job(state.path, state.size_bytes, self._agent_ids[state.path], self._with_text) for state in states]
        by_path = {state.path: state for state in states}
        fresh: list[tuple[FileState, bytes]] = []
        for path, result in read_all(jobs, processes):
            state = by_path[path]
            if isinstance(result, str):
                self.problems.append((path, result))
                yield state, None
                continue
            if isinstance(result, bytes):
                record = codec.decode(result, path, self._strings)
                data = result
            else:
                record = result
                data = codec.encode(record) if self._store is not None else b""
            if self._store is not None:
                fresh.append((state, data))
            yield state, record
        if self._store is not None:
            self._store.put(fresh)
            self._store.forget_missing()


def read_file(path: str, agent_id: str = MAIN, *, with_text: bool = False) -> FileRecord:
    """One file, read to its end as it is now. Raises OSError."""
    reader = FileReader(path, agent_id, with_text=with_text)
    buffer = LineBuffer()
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(PIECE_BYTES):
            reader.feed(buffer.feed(piece))
    reader.feed(buffer.take_rest())
    return reader.record(torn_lines=int(buffer.is_torn), dropped_lines=buffer.dropped)


def session_record(files: SessionFiles, records: dict[str, FileRecord]) -> SessionRecord:
    """A session out of those of its files that could be read."""
    return SessionRecord(
        files,
        records.get(files.main) if files.main else None,
        tuple(
            AgentRecord(agent.agent_id, agent.is_workflow, records[agent.path], read_meta(agent))
            for agent in files.agents
            if agent.path in records
        ),
    )


def read_meta(agent: AgentFile) -> AgentMeta:
    """What the client wrote beside an agent's transcript; empty where there is nothing usable."""
    try:
        with open(agent.path.removesuffix(SUFFIX) + ".meta.json", "rb") as file:
            said = parse(file.read(LARGEST_META_BYTES)) or {}
    except OSError:
        return AgentMeta()
    return AgentMeta(
        text(said.get("agentType")),
        text(said.get("description")),
        text(said.get("toolUseId")),
        text(said.get("parentAgentId")),
    )


@contextmanager
def _paused_gc() -> Iterator[None]:
    """Nothing made here has cycles, and the collector would walk all of it again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
