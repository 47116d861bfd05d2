"""Runs made by hand, for tests: short spellings of the transcript model's values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from mcp_lean.transcripts.model import (
    Agent,
    AgentKind,
    Compaction,
    CostState,
    Entered,
    Gaps,
    Request,
    ResetKind,
    Run,
    ToolCall,
    ToolResult,
    Usage,
)

OPUS = "claude-opus-5-5"
"""4 in, 20 out, 5 and 8 written, 0.20 read, per million tokens."""
HAIKU = "claude-haiku-5-5"

START_S = datetime(2026, 11, 20, 9, 0, tzinfo=UTC).timestamp()


T = TypeVar("T")
NOTHING = {"str": "", "int": 0, "bool": False}


def made(kind: type[T], /, **values: Any) -> T:
    """A value of the model; fields that a test says nothing about are empty, `None` or zero."""
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name not in values and field.default is MISSING and field.default_factory is MISSING:
            spelled = str(field.type)
            values[field.name] = () if spelled.startswith("tuple") else NOTHING.get(spelled)
    return kind(**values)


def result(chars: int, *, error: bool = False, images: int = 0) -> ToolResult:
    return made(
        ToolResult, result_chars=chars, result_bytes=chars, lines=max(chars // 40, 1), images=images, is_error=error
    )


def call(
    call_id: str,
    name: str = "Read",
    *,
    subject: str = "src/app.py",
    input_chars: int = 34,
    returned: ToolResult | None = None,
    partial: bool = False,
) -> ToolCall:
    return made(
        ToolCall,
        id=call_id,
        name=name,
        input_chars=input_chars,
        subject=subject,
        is_partial_read=partial,
        result=returned,
    )


def request(
    number: int,
    *,
    fresh: int = 0,
    write_5m: int = 0,
    write_1h: int = 0,
    read: int = 0,
    output: int = 0,
    reported: int | None = None,
    model: str = OPUS,
    at_s: float | None = None,
    calls: Sequence[ToolCall] = (),
    results: Sequence[str] = (),
    prompt_chars: int = 0,
    attachment_chars: int = 0,
    own_chars: int = 0,
    meta_chars: int = 0,
    summary_chars: int = 0,
    text_chars: int = 0,
    tools_changed: bool = False,
    reset: ResetKind = "none",
    effort: str = "medium",
    version: str = "2.1.330",
    speed: str = "standard",
    searches: int = 0,
) -> Request:
    """Request `number` of an agent, ten seconds after the one before. `output` is the best figure."""
    started = START_S + 10 * number if at_s is None else at_s
    usage = Usage(
        fresh, write_5m, write_1h, read, output if reported is None else reported, output, reported is not None
    )
    entered = Entered(
        prompt_chars=prompt_chars,
        results=tuple(results),
        attachment_chars=attachment_chars,
        own_chars=own_chars,
        meta_chars=meta_chars,
        summary_chars=summary_chars,
        tools_changed=tools_changed,
    )
    stop = "" if reported is not None else "end_turn"
    return made(
        Request,
        id=f"msg_{number}",
        model=model,
        started_s=started,
        ended_s=started + 5,
        usage=usage,
        stop_reason=stop,
        speed=speed,
        service_tier="standard",
        effort=effort,
        version=version,
        text_chars=text_chars,
        web_searches=searches,
        calls=tuple(calls),
        entered=entered,
        reset=reset,
    )


def agent(
    requests: Sequence[Request],
    agent_id: str = "main",
    kind: AgentKind = "main",
    *,
    agent_type: str = "",
    description: str = "",
    parent_id: str = "",
    compactions: Sequence[Compaction] = (),
) -> Agent:
    return made(
        Agent,
        id=agent_id,
        kind=kind,
        source="file",
        path=f"{agent_id}.jsonl",
        agent_type=agent_type,
        description=description,
        parent_id=parent_id,
        requests=tuple(requests),
        compactions=tuple(compactions),
        tail=Entered(),
    )


def run(agents: Sequence[Agent], *, gaps: Gaps = Gaps(), cost_states: Sequence[CostState] = ()) -> Run:  # noqa: B008
    started = min((r.started_s for a in agents for r in a.requests if r.started_s is not None), default=None)
    return made(
        Run,
        id="11111111-2222-4333-8444-555555555555",
        project="-home-me-shop",
        cwd="/home/me/shop",
        git_branch="main",
        path="session.jsonl",
        started_s=started,
        versions=("2.1.330",),
        agents=tuple(agents),
        cost_states=tuple(cost_states),
        gaps=gaps,
    )
