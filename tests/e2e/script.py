"""What the stand-in for the model says: turns of agents, as Python values.

In:  the turns of the main agent, and of each subagent under a marker that stands in its first prompt.
Out: for a request, the agent it belongs to and the `Turn` to answer.
Not here: HTTP and usage (`fake_api`, `prompt_cache`).

A turn is a text, a tool use, several of them in a list, a `Turn` for the rest, or a function of the `Scene` that
gives one of these (it may wait for something first). The turn is chosen by how often the agent has spoken already.
A script that ends in a text goes on saying that text; any other request past the end is a fault of the script.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .live import Scene
from .records import MAIN, texts_of
from .wire import JsonObject


@dataclass(frozen=True, slots=True)
class ToolUse:
    name: str
    input: JsonObject


def use(name: str, **arguments: Any) -> ToolUse:
    """A call of the tool `name`."""
    return ToolUse(name, arguments)


def spawn(marker: str, kind: str = "general-purpose", **more: Any) -> ToolUse:
    """A subagent that answers by the turns under `marker`; in the foreground unless `run_in_background` says else."""
    settings = {"run_in_background": False, **more}
    return use("Agent", description=marker, prompt=f"{marker}: go", subagent_type=kind, **settings)


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer. `usage` replaces fields of the reckoned usage; `delay_s` passes before the first byte."""

    says: Sequence[str | ToolUse]
    delay_s: float = 0.0
    usage: Mapping[str, int] = field(default_factory=dict)


Says = str | ToolUse | Sequence[str | ToolUse] | Turn
ScriptedTurn = Says | Callable[[Scene], Says]


class Unscripted(AssertionError):
    """The client asked for something that the script has no answer to."""


@dataclass(frozen=True, slots=True)
class Script:
    """`asides` are answers by a text in the last message, outside the turns: for the client's own calls."""

    turns: Sequence[ScriptedTurn]
    subagents: Mapping[str, Sequence[ScriptedTurn]] = field(default_factory=dict)
    asides: Mapping[str, ScriptedTurn] = field(default_factory=dict)

    def agent_of(self, body: JsonObject, is_subagent: bool) -> str:
        """Whose request this is.

        Raises:
            Unscripted: a subagent whose first prompt holds none of the markers.
        """
        first = _user_texts(body)[0]
        for marker in self.subagents:
            if marker in first:
                return marker
        if is_subagent:
            raise Unscripted(f"a subagent without a marker of the script: {first[-200:]!r}")
        return MAIN

    def answer(self, body: JsonObject, agent: str, scene: Scene) -> Turn:
        """The turn that is due. May wait, if the script says so.

        Raises:
            Unscripted: the agent has used up its turns, and the last one was not a text.
        """
        last = _user_texts(body)[-1]
        for text, says in self.asides.items():
            if text in last:
                return _as_turn(says, scene)
        turns = self.turns if agent == MAIN else self.subagents[agent]
        spoken = _times_spoken(body)
        if spoken >= len(turns) and not isinstance(turns[-1], str):
            raise Unscripted(f"{agent} asks for turn {spoken + 1}; the script has {len(turns)} and ends in a tool use")
        return _as_turn(turns[min(spoken, len(turns) - 1)], scene)


def _as_turn(due: ScriptedTurn, scene: Scene) -> Turn:
    says = due(scene) if callable(due) else due
    if isinstance(says, Turn):
        return says
    return Turn([says] if isinstance(says, str | ToolUse) else says)


def _user_texts(body: JsonObject) -> list[str]:
    return ["\n".join(texts_of(m.get("content"))) for m in body["messages"] if m["role"] == "user"]


def _times_spoken(body: JsonObject) -> int:
    """Runs of assistant messages: the client may split one answer into several messages."""
    roles = [message["role"] for message in body["messages"]]
    return sum(role == "assistant" and before != "assistant" for before, role in zip(["", *roles], roles, strict=False))
