"""What an agent's texts tell about its calls: what was known before them, and what of their results was used later.

In:  an agent that was read with its texts.
Out: `AgentFacts`: per call a `CallFacts`, and the `Need`s that an emptied context would have to look up again.
Not here: sizes and money (`record`, `simulate`); which calls a policy takes (`policies`).

Words stand for knowledge. A word of an argument is known once it has stood in a prompt, a result or an answer. A result
is used when a word of six and more characters that it brought in first is written by the model later. Both are proxies:
knowledge that leaves no word is not seen, and a word can be met again by chance.

Moments: what enters with request `i` has moment `2 * i`, what the model answers to it `2 * i + 1`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp_lean.costs.replay.words import COMMON, TELLING_CHARS, WORD, arguments_of, is_name, reads_on, texts_of, words_of
from mcp_lean.costs.savings_context import EDITS
from mcp_lean.transcripts.model import Agent, Request, ToolCall

NEVER = 1 << 60
"""Moment of a word that the model had nowhere read."""

LONG_READ_LINES = 150
"""Reads above this are followed line by line."""

_NUMBERED = re.compile(r"^ *(\d+)[\t\u2192](.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CallFacts:
    """One call."""

    known_from: int
    """Moment from which on every word of the arguments had been read or written; `NEVER` for one that had not."""
    reads_on: bool = False
    """A Read with an offset above 1, or `sed` or `tail` from such a line on: the next page of something."""
    last_use: int = -1
    """Index of the last request that wrote a word which this result brought in; -1: none did."""
    used_lines: tuple[int, ...] = ()
    """Of a long Read: lines that hold such words, from 0, sorted."""
    edited_at: int = -1
    """Index of the last request that changed the file this call has read."""
    repeats: tuple[tuple[str, float], ...] = ()
    """Of a Read, by the call that brought them in first: part of its lines that this context already held, same number
    and same text."""

    def is_used_after(self, index: int) -> bool:
        """Needed by a request behind this one."""
        return self.last_use > index or self.edited_at > index


@dataclass(frozen=True, slots=True)
class Need:
    """A name in the arguments of request `use` that last stood in the context with request `seen`."""

    seen: int
    use: int
    call_id: str
    """The result that it last stood in; empty for prompts and the model's own words."""


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """All of one agent."""

    calls: dict[str, CallFacts] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    has_texts: bool = False

    def of(self, call_id: str) -> CallFacts:
        """Facts of one call; of an unknown one: nothing was known, nothing was used."""
        return self.calls.get(call_id, UNKNOWN)


UNKNOWN = CallFacts(NEVER)


def facts_of(agent: Agent, cwd: str = "") -> AgentFacts:
    """One pass over the agent's texts. Without texts: no facts."""
    reader = _Reader(cwd)
    for index, request in enumerate(agent.requests):
        reader.take(index, request)
    return reader.facts()


@dataclass(slots=True)
class _Result:
    """A result on its way: what was used of it so far."""

    path: str
    index: int
    last_use: int = -1
    lines: set[int] = field(default_factory=set)
    repeats: tuple[tuple[str, float], ...] = ()


class _Reader:
    """Mutable; one per agent."""

    def __init__(self, cwd: str) -> None:
        self._roots = set(WORD.findall(cwd))
        self._calls: dict[str, ToolCall] = {}
        self._known: dict[str, tuple[int, bool]] = {}
        self._results: dict[str, _Result] = {}
        self._edits: dict[str, int] = {}
        self._needs: set[Need] = set()
        self._has_texts = False
        self._forget()

    def _forget(self) -> None:
        """The context was emptied."""
        self._first: dict[str, int] = dict.fromkeys(self._roots, -1)
        self._last: dict[str, tuple[int, str]] = {}
        self._brought: dict[str, tuple[str, int]] = {}
        self._pages: dict[str, dict[str, tuple[int, str]]] = {}

    def take(self, index: int, request: Request) -> None:
        """One request: what came in, then what the model answered."""
        if request.is_after_reset:
            self._forget()
        entered = request.entered
        for words in (*(entered.prompts or ()), *(entered.meta or ()), entered.summary or ""):
            self._read(words, index, "")
        for call_id in entered.results:
            call = self._calls.get(call_id)
            if call is not None and call.result is not None and call.result.text is not None:
                self._result(call, call.result.text, index)
        if request.text:
            self._has_texts = True
            self._write(set(WORD.findall(request.text)), index, is_argument=False)
        for call in request.calls:
            self._call(call, index)

    def facts(self) -> AgentFacts:
        calls = {}
        for call_id, (moment, is_next_page) in self._known.items():
            found = self._results.get(call_id)
            if found is None:
                calls[call_id] = CallFacts(moment, is_next_page)
                continue
            edited = self._edits.get(found.path, -1)
            calls[call_id] = CallFacts(
                moment,
                is_next_page,
                found.last_use,
                tuple(sorted(found.lines)),
                edited if edited >= found.index else -1,
                found.repeats,
            )
        return AgentFacts(calls, tuple(sorted(self._needs, key=lambda n: (n.use, n.seen, n.call_id))), self._has_texts)

    def _read(self, text: str, index: int, call_id: str) -> None:
        moment = 2 * index
        first, last, brought = self._first, self._last, self._brought
        for word in set(WORD.findall(text)):
            if word not in first:
                first[word] = moment
                if call_id and len(word) >= TELLING_CHARS:
                    brought[word] = (call_id, -1)
            last[word] = (index, call_id)

    def _result(self, call: ToolCall, text: str, index: int) -> None:
        result = self._results[call.id] = _Result(call.subject if call.name == "Read" else "", index)
        if call.name == "Read":
            result.repeats = self._repeated(call, text)
            if text.count("\n") > LONG_READ_LINES:
                self._by_line(call.id, text, index)
        self._read(text, index, call.id)

    def _by_line(self, call_id: str, text: str, index: int) -> None:
        first, brought, moment = self._first, self._brought, 2 * index
        for number, line in enumerate(text.split("\n")):
            for word in WORD.findall(line):
                if word not in first:
                    first[word] = moment
                    if len(word) >= TELLING_CHARS:
                        brought[word] = (call_id, number)

    def _repeated(self, call: ToolCall, text: str) -> tuple[tuple[str, float], ...]:
        """Shares of the lines, by the call that had brought them in."""
        page = self._pages.setdefault(call.subject, {})
        lines = _NUMBERED.findall(text)
        same: dict[str, int] = {}
        for number, line in lines:
            mark = hash(line)
            had, source = page.get(number, (None, ""))
            if had == mark:
                same[source] = same.get(source, 0) + 1
            else:
                page[number] = (mark, call.id)
        return tuple((source, count / len(lines)) for source, count in same.items())

    def _call(self, call: ToolCall, index: int) -> None:
        self._calls[call.id] = call
        if call.name in EDITS:
            self._edits[call.subject] = index
        if call.input_json is None:
            self._known[call.id] = (NEVER, False)
            return
        self._has_texts = True
        arguments = arguments_of(call.input_json)
        words = set(words_of(arguments))
        self._known[call.id] = (
            max((self._first.get(word, NEVER) for word in words if word not in COMMON), default=-1),
            reads_on(call.name, arguments),
        )
        written = {word for text in texts_of(arguments) for word in WORD.findall(text)}
        self._write(written, index, is_argument=True)

    def _write(self, words: set[str], index: int, *, is_argument: bool) -> None:
        first, last, brought, moment = self._first, self._last, self._brought, 2 * index + 1
        for word in words:
            source = brought.get(word)
            if source is not None:
                result = self._results[source[0]]
                result.last_use = index
                if source[1] >= 0:
                    result.lines.add(source[1])
            if is_argument and len(word) >= TELLING_CHARS and is_name(word):
                seen = last.get(word)
                if seen is not None and seen[0] < index:
                    self._needs.add(Need(seen[0], index, seen[1]))
            first.setdefault(word, moment)
            last[word] = (index, "")


def windows(used: Sequence[int], around: int, lines: int) -> int:
    """Lines in windows of `around` lines before and behind each used one, merged; at most `lines`."""
    total, end = 0, 0
    for line in used:
        start, stop = max(line - around, end), min(line + around + 1, lines)
        total += max(stop - start, 0)
        end = max(end, stop)
    return total
