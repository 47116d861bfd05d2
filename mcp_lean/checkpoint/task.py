"""Section: what is asked for, in the words of whoever asked.

In:  the prompts of a story.
Out: the last request verbatim, the first one, and constraints that were given between them.
Not here: answers to the agent's questions (`decisions`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from mcp_lean.checkpoint.model import Line, Section
from mcp_lean.checkpoint.outcome import REFUSED
from mcp_lean.checkpoint.secrets import mask
from mcp_lean.checkpoint.story import Story
from mcp_lean.checkpoint.words import ESCAPES, cut, key_of, one_line, plain, said, sentences
from mcp_lean.packing.tokens import cost
from mcp_lean.transcripts.entering import COMMAND_TAGS

NAME = "task"
EARLIER_CHARS, MEANT_CHARS, MOST_RULES = 240, 480, 6
REQUESTS_KEPT = 256
"""Of one checkpoint, for the next."""
LEAST_WITH_PLACE_TOKENS = 60
"""With less room for a request, its beginning says more than where the rest stands."""

CONSTRAINT = re.compile(
    r"\b(?:never|always|do not|don'?t|doesn'?t|must(?:n'?t)?|only|should(?:n'?t)?|shall|avoid|instead of|without"
    r"|no more|make sure|ensure|keep|"
    r"prefer|require[sd]?|forbidden|not allowed|at (?:most|least)|before you|be careful|remember|important"
    r"|leave .{1,40} alone|stop|no \w+"
    r"|nie(?:mals)?|immer|nicht|kein[e]?|muss|nur|jamais|toujours|ne .{1,20} pas|doit|seulement|nunca|siempre|debe"
    r"|solo|sin|sempre|mai)\b"
    r"|никогда|всегда|нельзя|не \w+|должн|только|обязательно"
    r"|без |不要|不能|必须|必須|一定|只能|禁止|别|不得|务必|しないで|必ず|だけ|하지 ?마|반드시",
    re.IGNORECASE,
)
TRIVIAL = re.compile(
    r"(?:please )?(?:continue|go on|go ahead|proceed|yes|ok(?:ay)?|y|sure|next|thanks?|thank you|weiter|ja|да|继续"
    r"|好)[\s.!]*(?:please)?",
    re.IGNORECASE,
)
COMMAND = re.compile(r"<command-name>\s*(?P<name>/[^<\s]{1,80})\s*</command-name>")
ARGUMENTS = re.compile(r"<command-args>(?P<words>[\s\S]*?)(?:</command-args>|\Z)")
REJECTION = re.compile(rf"{REFUSED} [^\n]{{0,400}}?the user said:\s*(?P<words>[\s\S]+)")
"""From the first character on, as the client words it: an error that quotes somebody does not begin so."""
FROM_TEAM = "<teammate-message"
"""How another agent gives a member of its team a task."""
CLIENTS_OWN = frozenset(("/clear", "/compact", "/model", "/cost", "/context", "/usage", "/mcp", "/config", "/help",
                         "/login", "/logout", "/status", "/resume", "/exit", "/quit", "/effort", "/fast", "/hooks",
                         "/agents", "/permissions", "/plugin", "/memory", "/doctor", "/rewind", "/init",
                         "/lean:continue"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """Something that a person asked for. `turn`: number of the request to the model that follows it."""

    turn: int
    words: str


def requests_of(story: Story) -> list[Request]:
    """What people asked for, in order: prompts, slash commands with arguments, words with which a call was refused."""
    found: list[Request] = []
    for turn in story.told:
        number = turn.number
        for words in turn.meta:
            if story.is_subagent and words.startswith(FROM_TEAM):
                found.append(Request(number, words.strip()))
            command = COMMAND.search(words) if words.startswith(COMMAND_TAGS) else None
            if command is not None:
                arguments = ARGUMENTS.search(words)
                told = arguments["words"].strip() if arguments else ""
                if command["name"] not in CLIENTS_OWN:
                    found.append(Request(number, f"{command['name']} {told}".strip()))
                elif told and command["name"] == "/compact":
                    found.append(Request(number, told))
        found += [Request(number, words.strip()) for words in turn.prompts if words.strip()]
    for call in sorted(story.failed, key=attrgetter("order")):
        refused = REJECTION.match(call.result)
        if refused is not None and not call.name.startswith("mcp__"):  # a server may answer with any text
            found.append(Request(call.turn, refused["words"].strip()))
    return sorted(found, key=attrgetter("turn"))


def section(story: Story, last_tokens: float) -> Section:
    """The section; `last_tokens` is the room for the last request."""
    requests = requests_of(story)
    if not requests:
        return Section(NAME, ())
    who = "the agent that started this one" if story.is_subagent else "the user"
    *earlier, last = requests
    asked = [request for request in earlier if not TRIVIAL.fullmatch(one_line(request.words))]
    # "continue" says nothing without the request before it.
    meant = asked[-1] if asked and TRIVIAL.fullmatch(one_line(last.words)) else None
    lines = [
        line
        for request in asked
        for line in _earlier(request, is_first=request is earlier[0], is_meant=request is meant)
    ]
    unique = {key_of(line.core): line for line in reversed(lines) if key_of(line.core) != key_of(last.words)}
    return Section(NAME, (*reversed(unique.values()), _last(last, who, last_tokens, story.run_id)))


def _last(request: Request, who: str, tokens: float, run_id: str) -> Line:
    words = ESCAPES.sub("", mask(request.words))
    chars = round(
        tokens * len(words) / max(1.0, cost(words))
    )  # a token holds four letters of one script, one of another
    lines = [line for part in words.splitlines() if (line := one_line(part))]
    shown: list[str] = []
    left = chars
    for line in lines:
        if left <= 0:
            break
        shown.append(cut(line, max(20, left)))
        left -= len(line) + 3
    is_cut = len(shown) < len(lines) or any(line.endswith("…") and line not in lines for line in shown)
    where = (
        f"; all of it is in the transcript {plain(run_id)}.jsonl"
        if run_id and tokens >= LEAST_WITH_PLACE_TOKENS
        else ""
    )
    more = f"\n(cut{where})" if is_cut else ""
    body = "\n".join(f"> {line}" for line in shown)
    return Line(f"last request, from {who}:\n{body}{more}", 1_000.0, request.words)


def _earlier(request: Request, *, is_first: bool, is_meant: bool) -> list[Line]:
    words = one_line(request.words)
    found = _rules_in(request.words)
    label = "first request" if is_first else "earlier"
    room = MEANT_CHARS if is_meant else EARLIER_CHARS
    worth = 500.0 if is_meant else 9.0 if is_first else 8.0 if found and len(words) <= room else 4.0
    head = Line(f"- {label}: {said(words, room)}", worth, words)
    rules = [Line(f"- {label}: {said(rule, EARLIER_CHARS)}", 7.0, rule) for rule in found[:MOST_RULES]]
    return [head, *(rule for rule in rules if key_of(rule.core) not in key_of(cut(words, room)))]


@lru_cache(REQUESTS_KEPT)
def _rules_in(words: str) -> tuple[str, ...]:
    """Sentences that say what must or must not be."""
    return tuple(sentence for sentence in sentences(words) if CONSTRAINT.search(sentence))
