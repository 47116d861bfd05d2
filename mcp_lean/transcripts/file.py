"""One transcript file, line by line: which thread a record belongs to, and what the file says about its session.

In:  lines, in order; the same whether they come at once or one at a time.
Out: a `FileRecord`: threads, facts about the session, and what was skipped.
Not here: bytes and offsets (`follow`, `read`), several files of one session (`assemble`).

Shapes, by client version: main and subagents in one file, told apart by `isSidechain` and `parentUuid` (1.0);
copies of subagents' messages in `progress` records (2.1.12-2.1.81); one file per agent since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from mcp_lean.transcripts.fields import Json, count, dollars, mapping, seconds, text
from mcp_lean.transcripts.lines import IDLE, parse
from mcp_lean.transcripts.model import CostState, ModelTotal, Request, Skipped
from mcp_lean.transcripts.thread import Thread, ThreadRecord

MAIN = "main"
SYNTHETIC = "<synthetic>"
TITLE_CHARS = 80

IGNORED = frozenset(
    ("agent-color", "agent-name", "agent-setting", "api-request-blob", "api-request-shape", "atis-latch",
     "content-replacement", "file-history-delta", "file-history-snapshot", "last-prompt", "mode", "permission-mode",
     "pr-link", "tag", "tools-used", "worktree-state")
)  # fmt: skip
"""Types without usage, context or names; known, so not counted as unknown."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What one file holds, as far as it was read."""

    path: str
    session_id: str
    """The first one in its records; empty if none has any."""
    cwd: str
    git_branch: str
    title: str
    started_s: float | None
    ended_s: float | None
    versions: tuple[str, ...]
    threads: tuple[ThreadRecord, ...]
    """The file's own thread first, then sidechains and copies in order of appearance."""
    cost_states: tuple[CostState, ...]
    skipped: Skipped


class FileReader:
    """Takes in the lines of one file; `record()` is what they amount to.

    Args:
        path: for the record only; nothing is opened here.
        agent_id: id of the agent that the whole file belongs to; `main` for a session's own file.
        with_text: keep prompts, answers, arguments and results; takes the memory of the file several times.
    """

    def __init__(self, path: str, agent_id: str = MAIN, *, with_text: bool = False) -> None:
        self.path = path
        self._with_text = with_text
        self._agent_id = agent_id
        self._own = Thread(agent_id, "file", with_text=with_text)
        self._sidechains: dict[str, Thread] = {}
        self._copies: dict[str, Thread] = {}
        self._roots: dict[str, str] = {}
        self._shapes: dict[str, str] = {}
        self._session_id = self._cwd = self._git_branch = ""
        self._titles: dict[str, str] = {}
        self._started_s: float | None = None
        self._ended_s: float | None = None
        self._versions: dict[str, None] = {}
        self._cost_states: list[CostState] = []
        self._skipped = Skipped()
        self._unknown: dict[str, int] = {}
        self._bad = self._wrong = self._synthetic = 0

    def feed(self, lines: Iterable[bytes]) -> None:
        """Takes in complete lines."""
        is_idle = IDLE.match
        for line in lines:
            if not is_idle(line):
                self._line(line)

    def _line(self, line: bytes) -> None:
        record = parse(line)
        if record is None:
            self._bad += bool(line.strip(b" \t\r\n\0"))
            return
        try:
            self._record(record)
        except (RecursionError, orjson.JSONEncodeError):  # nested hundreds of levels deep: nothing a client writes
            self._bad += 1

    def _record(self, record: Json) -> None:
        kind = record.get("type")
        if kind == "assistant":
            self._assistant(record, self._thread_of(record))
        elif kind == "user":
            self._user(record, self._thread_of(record))
        elif kind == "progress":
            self._progress(record)
        elif kind == "attachment":
            self._facts(record)
            self._thread_of(record).attachment(record)
        elif kind == "system":
            self._system(record)
        elif kind == "queue-operation":
            self._own.queued(record)
        elif kind == "api-request":
            self._shapes[text(record.get("id"))] = text(record.get("shapeHash"))
        elif kind == "cost-state":
            self._cost_states.append(cost_state(record, len(self._own)))
        elif kind in ("custom-title", "ai-title", "summary"):
            name = record.get("customTitle") or record.get("aiTitle") or record.get("title") or record.get("summary")
            self._titles[str(kind)] = text(name)
        elif not isinstance(kind, str):
            self._wrong += 1
        elif kind not in IGNORED:
            self._unknown[kind] = self._unknown.get(kind, 0) + 1

    def _facts(self, record: Json) -> float | None:
        """Notes what a record says about the session; its time."""
        at_s = seconds(record.get("timestamp"))
        if at_s is not None:
            if self._started_s is None or at_s < self._started_s:
                self._started_s = at_s
            if self._ended_s is None or at_s > self._ended_s:
                self._ended_s = at_s
        version = record.get("version")
        if isinstance(version, str) and version not in self._versions:
            self._versions[version] = None
        if not (self._session_id and self._cwd and self._git_branch):
            self._session_id = self._session_id or text(record.get("sessionId"))
            self._cwd = self._cwd or text(record.get("cwd"))
            self._git_branch = self._git_branch or text(record.get("gitBranch"))
        return at_s

    def _assistant(self, record: Json, thread: Thread) -> None:
        message = record.get("message")
        if not isinstance(message, dict):
            self._wrong += 1
            return
        if is_synthetic(record, message):
            self._synthetic += 1
            return
        shape = self._shapes.get(text(record.get("requestRef")), "")
        self._wrong += not thread.assistant(record, message, self._facts(record), shape)

    def _user(self, record: Json, thread: Thread) -> None:
        message = record.get("message")
        if not isinstance(message, dict):
            self._wrong += 1
            return
        thread.user(record, message, self._facts(record))

    def _system(self, record: Json) -> None:
        self._facts(record)
        if record.get("subtype") == "compact_boundary":
            self._thread_of(record).compaction(record)

    def _progress(self, record: Json) -> None:
        data = mapping(record.get("data"))
        inner = mapping(data.get("message"))
        if data.get("type") != "agent_progress" or not inner:
            return
        agent_id = text(data.get("agentId")) or text(record.get("parentToolUseID"))
        thread = self._copies.get(agent_id)
        if thread is None:
            thread = self._copies[agent_id] = Thread(agent_id, "progress", with_text=self._with_text)
            thread.call_id = text(record.get("parentToolUseID"))
        copy = {"version": record.get("version"), "sessionId": record.get("sessionId"), **inner}
        if inner.get("type") == "assistant":
            self._assistant(copy, thread)
        elif inner.get("type") == "user":
            self._user(copy, thread)

    def _thread_of(self, record: Json) -> Thread:
        if self._agent_id != MAIN or record.get("isSidechain") is not True:
            return self._own
        name = text(record.get("agentId")) or self._root_of(record)
        thread = self._sidechains.get(name)
        if thread is None:
            thread = self._sidechains[name] = Thread(name, "sidechain", with_text=self._with_text)
        return thread

    def _root_of(self, record: Json) -> str:
        """Clients before 2.0 name no agent: the chain of `parentUuid` leads to the record that began it."""
        uuid, parent = text(record.get("uuid")), text(record.get("parentUuid"))
        root = self._roots.get(parent) or f"sidechain-{parent or uuid}"
        self._roots[uuid] = root
        return root

    def touched(self) -> list[tuple[str, Request]]:
        """(agent id, request) that changed since this was last asked."""
        threads = (self._own, *self._sidechains.values(), *self._copies.values())
        return [(thread.id, request) for thread in threads for request in thread.touched()]

    def record(self, *, torn_lines: int = 0, dropped_lines: int = 0) -> FileRecord:
        """The file as it is known by now."""
        threads = (self._own, *self._sidechains.values(), *self._copies.values())
        titles = self._titles
        first_prompt = " ".join(self._own.first_prompt.split())
        title = titles.get("custom-title") or titles.get("ai-title") or titles.get("summary") or first_prompt
        return FileRecord(
            self.path,
            self._session_id,
            self._cwd,
            self._git_branch,
            title[:TITLE_CHARS],
            self._started_s,
            self._ended_s,
            tuple(self._versions),
            tuple(thread.record() for thread in threads if thread is self._own or not thread.is_empty()),
            tuple(self._cost_states),
            Skipped(
                bad_lines=self._bad + dropped_lines,
                torn_lines=torn_lines,
                wrong_types=self._wrong + sum(thread.without_usage() for thread in threads),
                unknown_types=tuple(sorted(self._unknown.items())),
                synthetic_messages=self._synthetic,
            ),
        )


def is_synthetic(record: Json, message: Json) -> bool:
    """Whether the client made the message up: an API error, a limit, "No response requested."."""
    if message.get("model") == SYNTHETIC:
        return True
    if record.get("isApiErrorMessage") is not True:
        return False
    return not any(map(count, mapping(message.get("usage")).values()))


def cost_state(record: Json, after_request: int) -> CostState:
    """The client's own account of the session so far."""
    models = tuple(
        ModelTotal(
            model,
            count(said.get("inputTokens")),
            count(said.get("outputTokens")),
            count(said.get("cacheReadInputTokens")),
            count(said.get("cacheCreationInputTokens")),
            dollars(said.get("costUSD")),
        )
        for model, said in sorted((name, mapping(value)) for name, value in mapping(record.get("modelUsage")).items())
    )
    return CostState(dollars(record.get("totalCostUSD")), models, after_request)
