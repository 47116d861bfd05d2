"""What became of agents that were sent elsewhere than their call said.

In:  a recorded run, and the ids of the calls that started the agents.
Out: for each call one word: good, one of `FAILURES`, or `PENDING`. Pure.
Not here: which calls were routed (`guard/routing/log`), what follows from a rate of failures (`guard/routing`).

An answer has failed when somebody had to do the work again:

    no answer        the agent ended without a text: stopped, or out of turns; not where a person stopped it
    asked again      its parent wrote to it once more
    started again    its parent started another agent of that kind, or of the kind that it had asked for, with the same
                     words; or another of that kind read half of the same files
    done by parent   its parent itself read, whole, at least half of the files that the agent had read, within the next
                     ten requests; files that it then edited do not count, for an edit wants the text

That is a measure of work done twice, not of truth: a wrong answer that was believed counts as good. Paths are taken
from what the transcript keeps of arguments (200 characters), so of a long list the first ones are known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loaded at each call of an agent; what it names is not needed for that
    from mcp_lean.transcripts.model import Agent, Request, Run, ToolCall

GOOD, PENDING = "good", "pending"
NO_ANSWER, ASKED_AGAIN, STARTED_AGAIN, DONE_BY_PARENT = "no answer", "asked again", "started again", "done by parent"
FAILURES = (NO_ANSWER, ASKED_AGAIN, STARTED_AGAIN, DONE_BY_PARENT)

WITHIN_REQUESTS = 10
"""Later on the parent reads for another reason. A judgement."""

SAME_SLICE = 0.5
"""Share of files that makes two slices one, or a reading a repetition. A judgement."""

EDITS = frozenset(("Edit", "MultiEdit", "Write", "NotebookEdit"))
BY_A_PERSON = re.compile(r"interrupt|user doesn't want|rejected", re.IGNORECASE)
"""In the client's error: the agent was stopped by a person, which says nothing of its work."""

READS = frozenset(("Read", "NotebookRead", "read_many"))
PATH = re.compile(r"[\w.@+~/-]*\w\.\w{1,12}\b|[\w.@+~-]+(?:/[\w.@+~-]+)+")
RANGE = re.compile(r":\d")


def outcomes(run: Run, call_ids: Collection[str], *, is_over: bool = False) -> dict[str, str]:
    """Call id -> what became of it, for the calls that the run has.

    Args:
        is_over: the parent has ended its turn, also where its last words are not written yet.
    """
    found = {}
    for parent in run.agents:
        for at, request in enumerate(parent.requests):
            for call in request.calls:
                if call.id in call_ids:
                    found[call.id] = _outcome(run, parent, at, call, is_over)
    return found


def has_last_words(run: Run, call_ids: Collection[str]) -> bool:
    """Whether the run has what each call gave its parent, and the last words of the agent behind it.

    Not those of agents that failed or that still work; those that ended without a word are never found here.
    """
    calls = (call for parent in run.agents for request in parent.requests for call in request.calls)
    return all(_is_whole(run, call) for call in calls if call.id in call_ids)


def _is_whole(run: Run, call: ToolCall) -> bool:
    if call.result is None or call.result.is_error or _is_background(call):
        return call.result is not None
    agent = agent_of(run, call)
    return agent is not None and _has_answered(agent)


def agent_of(run: Run, call: ToolCall) -> Agent | None:
    """The agent that a call started; `None` where no record of it is left."""
    named = call.spawn.agent_id if call.spawn else ""
    return next((each for each in run.agents if call.id == each.spawn_call_id or (named and each.id == named)), None)


def _outcome(run: Run, parent: Agent, at: int, call: ToolCall, is_over: bool) -> str:
    agent = agent_of(run, call)
    if call.result is None or agent is None or not agent.requests:
        return PENDING
    later = parent.requests[at + 1 :]
    if not _has_answered(agent) or call.result.is_error:
        # Its last lines may be written some tenths of a second after its parent has gone on.
        is_open = _is_background(call) or not later or BY_A_PERSON.search(call.result.error_head)
        return PENDING if is_open else NO_ANSWER
    if any(_writes_to(agent, other) for request in later for other in request.calls):
        return ASKED_AGAIN
    files = files_read(run, agent)
    if any(_is_same_slice(run, agent, files, call, other) for request in later for other in request.calls):
        return STARTED_AGAIN
    if files and len(_read_by_parent(run, later, files)) >= SAME_SLICE * len(files):
        return DONE_BY_PARENT
    return GOOD if is_over or later else PENDING


def _is_background(call: ToolCall) -> bool:
    return call.spawn is not None and call.spawn.status == "async_launched"


def _has_answered(agent: Agent) -> bool:
    newest = agent.requests[-1] if agent.requests else None
    return newest is not None and not newest.calls and newest.text_chars > 0


def _writes_to(agent: Agent, call: ToolCall) -> bool:
    return call.name == "SendMessage" and agent.id in call.subject


def _is_same_slice(run: Run, agent: Agent, files: frozenset[str], call: ToolCall, other: ToolCall) -> bool:
    if other.spawn is None or call.spawn is None:
        return False
    again = agent_of(run, other)
    first, second = call.spawn, other.spawn
    # The parent's history keeps the call as written: what it starts instead is of the type that it had asked for.
    if again is None or again.agent_type not in (agent.agent_type, first.agent_type):
        return False
    if first.prompt_digest and first.prompt_digest == second.prompt_digest:
        return True
    if first.description and first.description.casefold() == second.description.casefold():
        return True
    if again.agent_type != agent.agent_type:
        return False
    own = files_read(run, again)
    return bool(files and own) and len(files & own) >= SAME_SLICE * min(len(files), len(own))


def _read_by_parent(run: Run, later: tuple[Request, ...], files: frozenset[str]) -> set[str]:
    edited = {_path(call.subject, run.cwd) for request in later for call in request.calls if call.name in EDITS}
    read: set[str] = set()
    for request in later[:WITHIN_REQUESTS]:
        for call in request.calls:
            read |= files & set(_whole_files(call, run.cwd))
    return read - edited


def files_read(run: Run, agent: Agent) -> frozenset[str]:
    """Files that an agent read, wholly or in part, by path from the project's folder."""
    calls = (call for request in agent.requests for call in request.calls)
    return frozenset(path for call in calls for path, _ in _files(call, run.cwd))


def _whole_files(call: ToolCall, cwd: str) -> Iterator[str]:
    """Those that a call reads from the first line to the last."""
    if not call.is_partial_read:
        yield from (path for path, is_part in _files(call, cwd) if not is_part)


def _files(call: ToolCall, cwd: str) -> Iterator[tuple[str, bool]]:
    """(path, whether a part was asked for) of each file that a call reads."""
    name = call.name.rpartition("__")[2]
    if name in READS and not call.subject.startswith("{"):
        yield _path(call.subject, cwd), call.is_partial_read
    elif name in READS:
        for found in PATH.finditer(call.subject):
            rest = call.subject[found.end() : found.end() + 2]
            yield _path(found[0], cwd), bool(RANGE.match(rest)) or rest.startswith("#")
    elif name == "Bash" and _only_reads(call.subject):
        is_part = not re.search(r"\b(?:cat|nl|bat)\b", call.subject)
        yield from ((_path(found[0], cwd), is_part) for found in PATH.finditer(call.subject))


def _only_reads(command: str) -> bool:
    words = command.split()
    return bool(words) and words[0] in ("cat", "nl", "bat", "head", "tail", "sed", "less") and ">" not in command


def _path(path: str, cwd: str) -> str:
    whole = posixpath.normpath(posixpath.join(cwd or "/", path))
    return whole.removeprefix(f"{cwd.rstrip('/')}/") if cwd else whole
