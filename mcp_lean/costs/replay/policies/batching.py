"""Batching: consecutive reads and searches as one call of `read_many` or `grep_and_read`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import orjson

from mcp_lean.costs.read_only import is_looking_command
from mcp_lean.costs.replay.model import Actor, Turn, Work
from mcp_lean.costs.replay.outcome import Example, PolicyInfo
from mcp_lean.costs.replay.overhead import HEADER_TOKENS
from mcp_lean.costs.replay.policies.merging import Group, groups, known_before, merged, saved_by
from mcp_lean.costs.replay.policy import FAILING_SHARE, Applied, Case
from mcp_lean.costs.replay.words import arguments_of
from mcp_lean.transcripts.fields import count, text
from mcp_lean.transcripts.model import ToolCall

INFO = PolicyInfo(
    "batching",
    "Consecutive reads and searches in one call",
    ("strict", "upper"),
    (
        "A turn that goes away no longer reads the context again; results and what the model wrote are paid as before.",
        (
            "Strict: every word of a merged call's arguments stood in the context before the first of them; no next "
            "pages, nothing looked at twice, nothing behind a call that found nothing; one "
            "tool of ours could have made all of them."
        ),
        "Upper: any consecutive read-only calls, but for looks at something that is still going on.",
        "One joined call in twenty fails and is made again call by call.",
        "Our definitions are in every agent.",
    ),
    "an agent makes few such series: our definitions then cost more than the turns that go away",
)

MOST_EXAMPLES = 3
READS = frozenset({"cat", "head", "tail", "sed", "nl", "ls", "less"})
SEARCHES = frozenset({"grep", "rg"})


def apply(work: Work, case: Case) -> Applied:
    """Merges turns in every agent."""
    removed = 0
    examples: list[Example] = []

    def one(actor: Actor) -> Actor:
        nonlocal removed
        found = groups(actor, lambda group, turn: case.bound == "upper" or _joins(actor, group, turn))
        removed += sum(len(group.gone) for group in found)
        examples.extend(_examples(actor, found, work.cwd))
        if not case.is_charged:
            return merged(actor, found)
        return merged(actor, found, FAILING_SHARE, HEADER_TOKENS[case.bound])

    changed = work.mapped(one)
    best = sorted(examples, key=lambda found: (-found.saved_picousd, found.agent_id, found.request_index))
    return Applied(changed, removed, examples=tuple(best[:MOST_EXAMPLES]), needs_tools=True)


def _joins(actor: Actor, group: Sequence[Turn], turn: Turn) -> bool:
    way = way_of(turn.request.calls[0])
    return way is not None and way == way_of(group[0].request.calls[0]) and known_before(actor, group, turn)


def way_of(call: ToolCall) -> str | None:
    """The tool of ours that could make this call; `None` where neither could."""
    if call.name in ("Read", "Glob", "LS"):
        return "read_many"
    if call.name == "Grep":
        return "grep_and_read"
    if call.name == "Bash" and is_looking_command(call.subject):
        program = call.subject.split()[0].rpartition("/")[2]
        if any(mark in call.subject for mark in "|;&\n"):
            return None
        return "read_many" if program in READS else "grep_and_read" if program in SEARCHES else None
    return None


def _examples(actor: Actor, found: Sequence[Group], cwd: str) -> list[Example]:
    saved = saved_by(actor, found)
    return [
        Example(
            actor.agent.id,
            group.turns[0].index,
            tuple((call.name, _short(call.subject, cwd)) for call in group.calls),
            one_call(group.calls, cwd),
            round(saved.get(group.turns[0].index, 0.0)),
        )
        for group in found
    ]


def one_call(calls: Sequence[ToolCall], cwd: str = "") -> str:
    """The call in place of these, as the model would write it; several in one turn where no single one can do it."""
    by_way: dict[str, list[str]] = {}
    for call in calls:
        for item in _items(call, cwd):
            by_way.setdefault(way_of(call) or call.name, []).append(item)
    places = [place for call in calls if way_of(call) == "grep_and_read" for place in _places(call, cwd)]
    return " and ".join(_written(way, found, places) for way, found in by_way.items())


def _written(way: str, found: Sequence[str], places: Sequence[str]) -> str:
    if way == "read_many":
        return f"read_many(items={_listed(found)})"
    if way == "grep_and_read":
        return f"grep_and_read(patterns={_listed(found)}{f', paths={_listed(places)}' if places else ''})"
    return f"{way} x{len(found)}"


def _listed(values: Sequence[str]) -> str:
    return orjson.dumps(list(dict.fromkeys(values))).decode()


def _places(call: ToolCall, cwd: str) -> list[str]:
    """Where a search looks."""
    if call.name == "Bash":
        return [_short(word, cwd) for word in _words(call.subject)[1:] if not word.startswith("-")][1:]
    said = arguments_of(call.input_json) if call.input_json else {}
    path, glob = _short(text(said.get("path")), cwd), text(said.get("glob"))
    joined = f"{path.rstrip('/')}/{glob}" if path and glob else path or glob
    return [joined] if joined and joined != cwd else []


def _items(call: ToolCall, cwd: str) -> list[str]:
    said = arguments_of(call.input_json) if call.input_json else {}
    if call.name == "Bash":
        words = _words(call.subject)
        named = [_short(word, cwd) for word in words[1:] if not word.startswith("-")]
        if way_of(call) == "grep_and_read":
            return named[:1] or [call.subject]
        return [name for name in named if not (words[0] == "sed" and name[:1].isdigit())] or [call.subject]
    path = _short(call.subject, cwd)
    offset, limit = count(said.get("offset")), count(said.get("limit"))
    if offset or limit:
        start = max(offset, 1)
        return [f"{path}:{start}-{start + limit - 1 if limit else ''}"]
    return [path]


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _short(path: str, cwd: str) -> str:
    root = cwd.rstrip("/") + "/"
    return path[len(root) :] if cwd and path.startswith(root) else path
