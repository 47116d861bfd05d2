"""What a tool is, and what it is given.

In:  nothing; these are declarations.
Out: `Tool` (name, the model's words, arguments, function) and `Context` (workspace and the call's stop sign).
Not here: MCP (`server/app` turns a `Tool` into protocol), the tools themselves (a module each).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from mcp_lean.errors import Cancelled
from mcp_lean.guard.identity import Caller
from mcp_lean.packing.allocate import MAX_BUDGET_TOKENS, MIN_BUDGET_TOKENS
from mcp_lean.repo.workspace import Workspace

if TYPE_CHECKING:
    from mcp_lean.config import Budget as Limits
    from mcp_lean.guard.ledger.ledger import Ledger
    from mcp_lean.guard.unchanged.deliveries import Delivery


def _as_list(value: object) -> object:
    """Models send a list also as a JSON string of one, or a single entry as it is."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        raise ValueError("a list of strings")
    if value.lstrip().startswith("["):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return [value]  # a glob may begin with a bracket
        if isinstance(parsed, list):
            return parsed
    return [value]


def _not_empty(value: list[str]) -> list[str]:
    if not value:
        raise ValueError("at least one entry")
    return value


# The checks are validators rather than schema keywords: `minItems` and `minimum` are bytes that every agent carries.
Strings = Annotated[list[str], BeforeValidator(_as_list), AfterValidator(_not_empty)]
Budget = int
"""Tokens that an answer may have, as asked: each tool passes it through `within_limits`."""


CLIENT_LIMIT, CLIENT_LIMIT_TOKENS = "MAX_MCP_OUTPUT_TOKENS", 25_000
"""What Claude Code lets a result hold, and the variable by which a person sets it; our environment is the client's."""


def most_tokens(environ: Mapping[str, str] = os.environ) -> int:
    """The largest budget: less where a person has lowered the client's limit, for a result above that is lost."""
    said = environ.get(CLIENT_LIMIT, "")
    if not (said.isascii() and said.isdigit() and 0 < int(said[:9]) < CLIENT_LIMIT_TOKENS):
        return MAX_BUDGET_TOKENS
    return max(MIN_BUDGET_TOKENS, int(said) * MAX_BUDGET_TOKENS // CLIENT_LIMIT_TOKENS)


def within_limits(budget_tokens: int) -> tuple[int, str]:
    """The budget that is used, and a remark for the answer's end if it is not the one asked for."""
    most = most_tokens()
    if budget_tokens > most:
        return most, f"budget: {most} tokens used, the most there is"
    if budget_tokens < MIN_BUDGET_TOKENS:
        return MIN_BUDGET_TOKENS, f"budget: {MIN_BUDGET_TOKENS} tokens used, the least there is"
    return budget_tokens, ""


class Arguments(BaseModel):
    """Base of every argument model. Unknown names are refused: a mistyped argument would silently do nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LoopState(Protocol):
    """What the loop detector knows about an agent, in a few words; empty where it has found nothing."""

    def state_of(self, caller: Caller) -> str: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a call may use. One per call; the workspace is shared by all calls of a server.

    caller: the agent that calls; None where no hook has told, and then nothing may depend on it.
    ledger, limits, loops: the guard's; None where there is none.
    delivery: what this call sends to a known caller; None where that is not to be looked at.
    """

    workspace: Workspace
    stop: Event = field(default_factory=Event)
    caller: Caller | None = None
    ledger: Ledger | None = None
    limits: Limits | None = None
    loops: LoopState | None = None
    delivery: Delivery | None = None

    def check(self) -> None:
        """Called in every loop that can last: raises `Cancelled` when the client has withdrawn the call."""
        if self.stop.is_set():
            raise Cancelled("the call was cancelled")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, declared once: registry, schema, README row and size test read from here.

    `run` is plain synchronous code: it returns the model's text, and raises `LeanError` for what the model can mend.
    """

    name: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Any, Context], str]
    always_load: bool = False
