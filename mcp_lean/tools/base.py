"""What a tool is, and what it is given.

In:  nothing; these are declarations.
Out: `Tool` (name, the model's words, arguments, function) and `Context` (workspace and the call's stop sign).
Not here: MCP (`server/app` turns a `Tool` into protocol), the tools themselves (a module each).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from pydantic import BaseModel, ConfigDict

from mcp_lean.errors import Cancelled
from mcp_lean.repo.workspace import Workspace


class Arguments(BaseModel):
    """Base of every argument model. Unknown names are refused: a mistyped argument would silently do nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Context:
    """What a call may use. One per call; the workspace is shared by all calls of a server."""

    workspace: Workspace
    default_budget_tokens: int = 8_000
    stop: Event = field(default_factory=Event)

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
