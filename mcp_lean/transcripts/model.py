"""What a recorded run is, as values: `Run` -> `Agent` -> `Request` -> `ToolCall` -> `ToolResult`.

In:  nothing; `transcripts/read` fills these.
Out: frozen values for costs, guard, checkpoint and report. Texts are `None` unless a reading asked for them.
Not here: parsing (`file`, `thread`), finding files (`locate`), prices and dollars (`costs`).

Times are seconds since 1970 (UTC) as written by the client; `None` where a record has none. Clocks may jump:
requests are in the order of the file, not of their times. Sizes in characters count what the model was given
(`message.content`), never the client's own copy (`toolUseResult`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

AgentKind = Literal["main", "subagent", "workflow", "compaction", "warmup", "auxiliary"]
"""main: the conversation itself. The last three are billed, but are nobody's work: see `Agent.is_auxiliary`.
auxiliary: another request that the client made for itself, for example a suggestion for the next prompt."""

AgentSource = Literal["file", "progress", "sidechain"]
"""Where an agent's records were found. "progress" are copies inside the main file: their last answer is missing."""

ResetKind = Literal["none", "compaction", "shrink"]
"""Why a request starts from a smaller context: a marker, or a context below 60 % of the one before (over 20k)."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens billed for one request, or for a sum of requests, by price class. The classes do not overlap."""

    input_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    """As the client reported it; where no final count was written, a placeholder of a few tokens."""
    output_estimated_tokens: int = 0
    """Best figure for the output: the reported count where it is final, else the larger of report and estimate."""
    is_output_estimated: bool = False
    """True when `output_estimated_tokens` rests on the estimator, for at least one request of a sum."""

    @property
    def context_tokens(self) -> int:
        """Everything the model was sent: uncached input, both kinds of writes, and reads."""
        return self.input_tokens + self.cache_write_5m_tokens + self.cache_write_1h_tokens + self.cache_read_tokens

    @property
    def cache_write_tokens(self) -> int:
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cache_write_5m_tokens + other.cache_write_5m_tokens,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.output_tokens + other.output_tokens,
            self.output_estimated_tokens + other.output_estimated_tokens,
            self.is_output_estimated or other.is_output_estimated,
        )


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the model was given back for one tool call."""

    at_s: float | None
    result_chars: int
    result_bytes: int
    """In UTF-8; the difference to `result_chars` shows text outside ASCII, which costs more tokens."""
    lines: int
    images: int
    digest: str
    """Of the exact text: equal texts, equal digests."""
    masked_digest: str
    """Of the text without its digits: equal for results that differ in counts, durations or times only."""
    is_error: bool
    error_head: str
    """First 200 characters of an error's text; empty for a success."""
    is_persisted: bool
    """The client kept the text in a file and showed the model a preview."""
    is_cleared: bool
    """The client has taken the text out of the context later on; `result_chars` is the size it had, if known."""
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Spawn:
    """What a `Task` or `Agent` call asked for, and what the client said became of it."""

    agent_type: str
    description: str
    model: str
    """Model asked for in the call; empty when the agent type decides."""
    prompt_chars: int
    prompt_digest: str
    status: str
    """`completed`, `async_launched`, `teammate_spawned`, ...; empty when the client wrote none."""
    agent_id: str
    """Empty when the client named none."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call, counted once however many lines repeat it."""

    id: str
    name: str
    input_chars: int
    """Length of the arguments as JSON, text outside ASCII unescaped: what the model had to write."""
    input_digest: str
    subject: str
    """The argument that says what the call is about (path, command, pattern, ...), at most 200 characters."""
    is_partial_read: bool
    """The arguments name an offset, limit or page range."""
    result: ToolResult | None
    """`None`: the file holds no result for this call."""
    spawn: Spawn | None = None
    """For `Task` and `Agent` calls only."""
    input_json: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """What entered the context after the previous request of the agent and before this one, by origin."""

    prompt_chars: int = 0
    """Typed by a person, or the task given to a subagent."""
    result_chars: int = 0
    results: tuple[str, ...] = ()
    """Ids of the tool calls whose results came in, in order."""
    attachment_chars: int = 0
    """Reminders, skill lists, changed files and other attachments of the client."""
    meta_chars: int = 0
    """User messages that the client wrote: caveats, outputs of local commands, loaded skills."""
    summary_chars: int = 0
    """The summary that a compaction left."""
    images: int = 0
    tools_changed: bool = False
    """The client announced tools, agents or servers: at the start, after a compaction, or because they changed.
    `Request.shape` tells with certainty, where the client writes it."""
    own_chars: int = 0
    """Of the attachments: what hooks of mcp_lean put in."""
    prompts: tuple[str, ...] | None = None
    meta: tuple[str, ...] | None = None
    """With notifications that came as attachments."""
    summary: str | None = None
    own: tuple[str, ...] | None = None
    """What hooks of mcp_lean put in, each text as it stands."""

    @property
    def chars(self) -> int:
        return self.prompt_chars + self.result_chars + self.attachment_chars + self.meta_chars + self.summary_chars


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the API: one distinct `message.id`."""

    id: str
    model: str
    """As the client spells it, for example with a `[1m]` or date suffix."""
    started_s: float | None
    ended_s: float | None
    usage: Usage
    stop_reason: str
    """Empty where the client wrote none; then the output count is not final."""
    speed: str
    service_tier: str
    effort: str
    inference_geo: str
    cache_ttl: str
    """Lifetime asked for, `5m` or `1h`; empty where the client did not write it (before 2.1.3xx)."""
    shape: str
    """Hash of the system prompt and tools; another value: the whole prefix changed. Empty where not written."""
    version: str
    """Of the client that made the request."""
    session_id: str
    """As the record says; differs from `Run.id` in a copy of another session's history."""
    text_chars: int
    thinking_chars: int
    signature_chars: int
    """Length of the signatures that stand for the model's thinking, shown or hidden."""
    web_searches: int
    calls: tuple[ToolCall, ...]
    entered: Entered
    reset: ResetKind = "none"
    text: str | None = None

    @property
    def is_after_reset(self) -> bool:
        return self.reset != "none"

    @property
    def is_after_prompt(self) -> bool:
        """A person (or the spawning agent) wrote something before this request."""
        return self.entered.prompt_chars > 0

    @property
    def is_tool_loop(self) -> bool:
        """Only tool results came in since the last request: a turn of the tool loop."""
        return bool(self.entered.results) and not self.is_after_prompt


@dataclass(frozen=True, slots=True)
class Compaction:
    """A marker that the client shortened the context."""

    at_s: float | None
    before_request: int
    """Index in `Agent.requests` of the first request after it; equal to their number while there is none."""


@dataclass(frozen=True, slots=True)
class ModelTotal:
    """One line of the client's own account, for one model."""

    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class CostState:
    """The client's own account of the whole session, with subagents and compactions, written as it ended."""

    cost_usd: float
    models: tuple[ModelTotal, ...]
    after_request: int
    """Number of the main agent's requests that were recorded before it."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One context window with its own history: the main thread, a subagent, or an auxiliary request."""

    id: str
    """`main`, the client's agent id, or `sidechain-<uuid of its first record>` where the client gave none."""
    kind: AgentKind
    source: AgentSource
    path: str
    agent_type: str
    description: str
    parent_id: str
    """Agent that spawned it; empty for the main thread, and where nothing says so."""
    spawn_call_id: str
    """Id of the `Task` or `Agent` call; empty where nothing says so."""
    requests: tuple[Request, ...]
    compactions: tuple[Compaction, ...]
    tail: Entered
    """What has come in since the last request, and has not been sent yet."""
    prompt_digest: str = ""
    """Of the first prompt; equal to `Spawn.prompt_digest` of the call that made it."""

    @property
    def is_auxiliary(self) -> bool:
        return self.kind in ("compaction", "warmup", "auxiliary")

    @property
    def models(self) -> tuple[str, ...]:
        """Models in order of first use."""
        return tuple(dict.fromkeys(request.model for request in self.requests))

    @property
    def usage(self) -> Usage:
        return sum((request.usage for request in self.requests), Usage())


@dataclass(frozen=True, slots=True)
class Gaps:
    """What the files of one run do not say; each is a lower bound made visible, never a silent zero."""

    is_main_missing: bool = False
    """Only subagent files are left of this session."""
    unknown_subagents: int = 0
    """Spawned agents without any record of their requests."""
    partial_subagents: int = 0
    """Agents known from copies in the main file only: each agent's last answer is missing."""
    missing_compactions: int = 0
    """Compactions whose own request (a full read of the context, and the summary) is in no file."""
    copied_requests: int = 0
    """Requests left out here because an older file owns them."""

    def __add__(self, other: Gaps) -> Gaps:
        return Gaps(
            self.is_main_missing or other.is_main_missing,
            self.unknown_subagents + other.unknown_subagents,
            self.partial_subagents + other.partial_subagents,
            self.missing_compactions + other.missing_compactions,
            self.copied_requests + other.copied_requests,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One session of Claude Code with all its agents. `agents[0]` is the main thread unless that is missing."""

    id: str
    project: str
    """Name of the folder under `projects/`: the working folder with every non-alphanumeric as `-`."""
    cwd: str
    git_branch: str
    title: str
    path: str
    """The main file, or the session's folder where the main file is missing."""
    started_s: float | None
    ended_s: float | None
    versions: tuple[str, ...]
    """Client versions, in order of appearance."""
    agents: tuple[Agent, ...]
    cost_states: tuple[CostState, ...]
    gaps: Gaps

    @property
    def usage(self) -> Usage:
        return sum((agent.usage for agent in self.agents), Usage())

    @property
    def main(self) -> Agent | None:
        return next((agent for agent in self.agents if agent.kind == "main"), None)


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a reading left out, by reason. Printed beside every total that rests on the reading."""

    files: tuple[tuple[str, str], ...] = ()
    """(path, reason) of files that could not be read."""
    bad_lines: int = 0
    """Lines that are not a JSON object, or are longer than the reader accepts."""
    torn_lines: int = 0
    """Last lines without an end: still being written, or cut off."""
    wrong_types: int = 0
    """Records of a known type without a usable message."""
    unknown_types: tuple[tuple[str, int], ...] = ()
    """(record type, number), sorted: types that this version does not know."""
    synthetic_messages: int = 0
    """Messages that the client made up (API errors, "No response requested."): no request, no cost."""
    copied_requests: int = 0
    """Requests found in more than one file and counted once, in the oldest."""
    notes: tuple[str, ...] = field(default=())
    """One-line remarks about the reading itself, for example a cache folder that cannot be written."""

    def __add__(self, other: Skipped) -> Skipped:
        unknown = dict(self.unknown_types)
        for name, number in other.unknown_types:
            unknown[name] = unknown.get(name, 0) + number
        return Skipped(
            self.files + other.files,
            self.bad_lines + other.bad_lines,
            self.torn_lines + other.torn_lines,
            self.wrong_types + other.wrong_types,
            tuple(sorted(unknown.items())),
            self.synthetic_messages + other.synthetic_messages,
            self.copied_requests + other.copied_requests,
            tuple(dict.fromkeys(self.notes + other.notes)),
        )
