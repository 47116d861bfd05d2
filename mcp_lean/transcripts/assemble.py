"""Several files as sessions: which threads count, who owns a request, who spawned whom, and what is missing.

In:  per session its files' `FileRecord`s and what `meta.json` says about agents.
Out: `Run`s in the order of their paths, and how many requests stood in more than one file.
Not here: reading files (`read`), prices.

Never two records of one thing: an agent's own file wins over copies in `progress` records, those over sidechains
in the main file. A message id found in several files is owned by one (`_rank`), with each number at its maximum.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mcp_lean.transcripts.file import MAIN, FileRecord
from mcp_lean.transcripts.locate import SessionFiles
from mcp_lean.transcripts.model import Agent, AgentKind, Gaps, Request, Run, ToolCall, Usage
from mcp_lean.transcripts.thread import ThreadRecord

CLIENT_AGENT = re.compile(r"a[a-z]+(?:_[a-z]+)+-[0-9a-f]+")
"""Ids of requests that the client makes beside the conversation, for example `aprompt_suggestion-1c9d`."""

_SOURCE_ORDER = {"file": 0, "progress": 1, "sidechain": 2}


@dataclass(frozen=True, slots=True)
class AgentMeta:
    """What `agent-<id>.meta.json` says; empty without one."""

    agent_type: str = ""
    description: str = ""
    call_id: str = ""
    parent_id: str = ""


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """One agent file, read."""

    agent_id: str
    is_workflow: bool
    record: FileRecord
    meta: AgentMeta = AgentMeta()


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session, read."""

    files: SessionFiles
    main: FileRecord | None
    agents: tuple[AgentRecord, ...]

    @property
    def records(self) -> tuple[FileRecord, ...]:
        return (*([self.main] if self.main else []), *(agent.record for agent in self.agents))

    @property
    def id(self) -> str:
        named = next((record.session_id for record in self.records if record.session_id), "")
        return self.files.session_id or named or os.path.basename(self.files.folder)


Rank = tuple[int, bool, bool, float, float, str, str]


@dataclass(slots=True)
class _Part:
    """One thread of a session, on its way to become an agent."""

    thread: ThreadRecord
    record: FileRecord
    session_id: str
    is_main: bool = False
    is_workflow: bool = False
    meta: AgentMeta = AgentMeta()
    kept: tuple[Request, ...] = ()
    dropped: list[int] = field(default_factory=list)
    """Positions of requests that another thread owns."""


def assemble(sessions: Sequence[SessionRecord]) -> tuple[tuple[Run, ...], int]:
    """Runs, and the number of requests that were found again and not counted again."""
    parts = [_parts(session) for session in sessions]
    copied = _settle([part for threads in parts for part in threads])
    runs = (_run(session, threads) for session, threads in zip(sessions, parts, strict=True))
    return tuple(run for run in runs if run is not None), copied


def _parts(session: SessionRecord) -> list[_Part]:
    """The threads of a session that count: each agent in its best source only."""
    own: list[_Part] = []
    if session.main is not None:
        own.append(_Part(session.main.threads[0], session.main, session.id, is_main=True))
    own += [
        _Part(agent.record.threads[0], agent.record, session.id, is_workflow=agent.is_workflow, meta=agent.meta)
        for agent in session.agents
    ]
    known = {part.thread.id for part in own if not part.is_main}
    inner = [(thread, record) for record in session.records for thread in record.threads[1:]]
    inner.sort(key=lambda pair: _SOURCE_ORDER[pair[0].source])
    for thread, record in inner:
        if thread.id not in known:
            known.add(thread.id)
            own.append(_Part(thread, record, session.id))
    return own


def _settle(parts: Sequence[_Part]) -> int:
    """Decides for each request which thread keeps it."""
    owners: dict[str, tuple[int, Request]] = {}
    usages: dict[str, Usage] = {}
    again = 0
    for number, part in enumerate(parts):
        for request in part.thread.requests:
            holder, held = owners.setdefault(request.id, (number, request))
            if held is request:
                continue
            again += 1
            usages[request.id] = united(usages.get(request.id, held.usage), request.usage)
            if _rank(part, request) < _rank(parts[holder], held):
                owners[request.id] = (number, request)
    for number, part in enumerate(parts):
        part.kept = part.thread.requests
        if again:
            _keep(part, number, owners, usages)
    return again


def _rank(part: _Part, request: Request) -> Rank:
    """Who of several holders of a request owns it: the smallest.

    A better source; then the file where the client noted the request itself (a fork copies answers only); then a
    file whose session the record names; then the file that began, and if copied from its start, ended first.
    """
    started, ended = part.record.started_s, part.record.ended_s
    return (
        _SOURCE_ORDER[part.thread.source],
        not request.shape,
        request.session_id not in ("", part.session_id),
        float("inf") if started is None else started,
        float("inf") if ended is None else ended,
        part.record.path,
        part.thread.id,
    )


def _keep(part: _Part, number: int, owners: dict[str, tuple[int, Request]], usages: dict[str, Usage]) -> None:
    kept: list[Request] = []
    for position, request in enumerate(part.thread.requests):
        if owners[request.id][0] != number:
            part.dropped.append(position)
        elif request.id in usages:
            kept.append(replace(request, usage=usages[request.id]))
        else:
            kept.append(request)
    part.kept = tuple(kept)


def united(first: Usage, second: Usage) -> Usage:
    """Usage of one request that two files report: each number at its maximum, a final output over an estimate."""
    final = [usage for usage in (first, second) if not usage.is_output_estimated]
    output = max(usage.output_estimated_tokens for usage in final or (first, second))
    return Usage(
        max(first.input_tokens, second.input_tokens),
        max(first.cache_write_5m_tokens, second.cache_write_5m_tokens),
        max(first.cache_write_1h_tokens, second.cache_write_1h_tokens),
        max(first.cache_read_tokens, second.cache_read_tokens),
        max(first.output_tokens, second.output_tokens),
        output,
        not final,
    )


def _run(session: SessionRecord, parts: Sequence[_Part]) -> Run | None:
    """The run of one session; `None` when it holds no request of its own."""
    live = [part for part in parts if part.is_main or part.kept or not part.dropped]
    if not any(part.kept for part in live):
        return None
    calls = _calls(live)
    agents = [_agent(part, calls) for part in live]
    others = sorted((agent for agent in agents if agent.id != MAIN), key=_by_start)
    records = session.records
    starts = [record.started_s for record in records if record.started_s is not None]
    ends = [record.ended_s for record in records if record.ended_s is not None]
    main = session.main
    main_part = next((part for part in parts if part.is_main), None)
    first = records[0]
    return Run(
        session.id,
        session.files.project,
        next((record.cwd for record in records if record.cwd), ""),
        next((record.git_branch for record in records if record.git_branch), ""),
        first.title,
        main.path if main else session.files.folder,
        min(starts, default=None),
        max(ends, default=None),
        tuple(dict.fromkeys(version for record in records for version in record.versions)),
        (*(agent for agent in agents if agent.id == MAIN), *others),
        tuple(
            replace(state, after_request=_shifted(state.after_request, main_part.dropped if main_part else []))
            for state in (main.cost_states if main else ())
        ),
        _gaps(session, parts, agents),
    )


def _by_start(agent: Agent) -> tuple[float, str]:
    started = agent.requests[0].started_s if agent.requests else None
    return (float("inf") if started is None else started, agent.id)


@dataclass(frozen=True, slots=True)
class _Caller:
    agent_id: str
    call: ToolCall


def _calls(parts: Iterable[_Part]) -> dict[str, _Caller]:
    """Spawning calls, under each name that an agent may know its own by: call id, agent id, digest of its prompt."""
    found: dict[str, _Caller] = {}
    for part in parts:
        for request in part.kept:
            for call in request.calls:
                if call.spawn is not None:
                    caller = _Caller(part.thread.id, call)
                    for name in (call.id, call.spawn.agent_id, call.spawn.prompt_digest):
                        found.setdefault(name, caller)
    return found


def _agent(part: _Part, calls: dict[str, _Caller]) -> Agent:
    thread, meta = part.thread, part.meta
    kind = _kind(part)
    caller = None
    if kind in ("subagent", "workflow"):
        names = (meta.call_id, thread.call_id, thread.id, thread.prompt_digest)
        caller = next((calls[name] for name in names if name and name in calls), None)
        if caller is None and CLIENT_AGENT.fullmatch(thread.id):
            kind = "auxiliary"
    spawn = caller.call.spawn if caller else None
    return Agent(
        thread.id,
        kind,
        thread.source,
        part.record.path,
        meta.agent_type or (spawn.agent_type if spawn else "") or thread.agent_type,
        meta.description or (spawn.description if spawn else ""),
        "" if part.is_main else meta.parent_id or (caller.agent_id if caller else ""),
        "" if part.is_main else meta.call_id or thread.call_id or (caller.call.id if caller else ""),
        part.kept,
        tuple(
            replace(marker, before_request=_shifted(marker.before_request, part.dropped))
            for marker in thread.compactions
        ),
        thread.tail,
        thread.prompt_digest,
    )


def _kind(part: _Part) -> AgentKind:
    if part.is_main:
        return "main"
    if part.thread.id.startswith("acompact"):
        return "compaction"
    if part.thread.is_warmup:
        return "warmup"
    return "workflow" if part.is_workflow else "subagent"


def _shifted(position: int, dropped: Sequence[int]) -> int:
    """A position among all requests as one among those that were kept."""
    return position - sum(place < position for place in dropped)


def _gaps(session: SessionRecord, parts: Sequence[_Part], agents: Sequence[Agent]) -> Gaps:
    linked = {agent.spawn_call_id for agent in agents} | {agent.id for agent in agents}
    spawns = [call for agent in agents for request in agent.requests for call in request.calls if call.spawn]
    unknown = [
        call
        for call in spawns
        if call.spawn
        and call.id not in linked
        and not (call.spawn.agent_id and call.spawn.agent_id in linked)
        and not (call.result and call.result.is_error)
    ]
    # A marker that follows a copied request is a copy itself; the older file answers for it.
    markers = sum(marker.before_request - 1 not in part.dropped for part in parts for marker in part.thread.compactions)
    return Gaps(
        is_main_missing=session.main is None,
        unknown_subagents=len(unknown),
        partial_subagents=sum(agent.source == "progress" for agent in agents),
        missing_compactions=max(0, markers - sum(agent.kind == "compaction" for agent in agents)),
        copied_requests=sum(len(part.dropped) for part in parts),
    )
