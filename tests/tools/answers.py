"""Answers of read_many as a client reads them, written from the format's description in `packing/render.py` alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

COUNTED = re.compile(r"(\d+) (line|lines|entry|entries)(?:, (.*))?", re.DOTALL)
PART = re.compile(r"(.*)([:@])(\d+)-(\d+)(?: of (\d+))?", re.DOTALL)
REST = re.compile(r"(.*):(\d+)\+(\d+)", re.DOTALL)
REST_OF_CALL = re.compile(r"items (\d+)-(\d+) of this call")


@dataclass
class Shown:
    """What stands under one heading. kind: "lines", "entries" or "rest" (of one line, from `column` on)."""

    name: str
    kind: str
    first: int
    rows: list[str]
    total: int | None
    remarks: str
    column: int = 0


@dataclass
class Answer:
    blocks: list[Shown] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)


def read(text: str) -> Answer:
    """Headings say how many rows follow; every other line says what it is by its first word."""
    answer = Answer()
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith("== "):
            block, count = _heading(line.removeprefix("== "))
            block.rows = lines[at : at + count]
            assert len(block.rows) == count, f"{line!r} promises more rows than there are"
            if block.kind == "lines":
                block.rows = [_plain(row, block.first + i) for i, row in enumerate(block.rows)]
            answer.blocks.append(block)
            at += count
        elif line.startswith("more: "):
            answer.more.append(line.removeprefix("more: "))
        elif line.startswith("error: "):
            answer.errors.append(line.removeprefix("error: "))
        elif line.startswith("note: "):
            answer.notes.append(line.removeprefix("note: "))
        else:
            raise AssertionError(f"line {at} is nothing of the format: {line!r}")
    return answer


def left(answer: Answer, items: list[str]) -> list[str]:
    """What to ask next, given the items of the call."""
    wanted: list[str] = []
    for item in answer.more:
        if rest := REST_OF_CALL.fullmatch(item):
            wanted += items[int(rest[1]) - 1 : int(rest[2])]
        else:
            wanted.append(item)
    return wanted


def follow(call: Callable[[list[str]], str], items: list[str], most_calls: int, at_once: int = 10_000) -> list[Answer]:
    """Ask, and go on asking for what was left out, `at_once` items a call, until nothing is."""
    answers: list[Answer] = []
    waiting = items
    while waiting:
        assert len(answers) < most_calls, f"no end after {most_calls} calls, still asking for {waiting[:5]}"
        asked, waiting = waiting[:at_once], waiting[at_once:]
        answer = read(call(asked))
        assert answer.blocks or answer.errors or answer.notes, "a call that delivers nothing"
        still = left(answer, asked)
        assert still != asked, f"no progress with {asked[:5]}"
        answers.append(answer)
        waiting = still + waiting
    return answers


def _heading(words: str) -> tuple[Shown, int]:
    remarks = ""
    if words.endswith(")"):
        at = words.rindex(" (")
        words, remarks = words[:at], words[at + 2 : -1]
        if counted := COUNTED.fullmatch(remarks):
            count = int(counted[1])
            kind = "lines" if counted[2].startswith("line") else "entries"
            return Shown(words, kind, 1, [], count, counted[3] or ""), count
    if part := PART.fullmatch(words):
        first, last = int(part[3]), int(part[4])
        kind = "lines" if part[2] == ":" else "entries"
        return Shown(part[1], kind, first, [], int(part[5]) if part[5] else None, remarks), last - first + 1
    rest = REST.fullmatch(words)
    assert rest, f"not a heading: {words!r}"
    return Shown(rest[1], "rest", int(rest[2]), [], None, remarks, int(rest[3])), 1


def _plain(row: str, number: int) -> str:
    if number % 10:
        return row
    mark = f"{number}\t"
    assert row.startswith(mark), f"line {number} lacks its number: {row[:40]!r}"
    return row.removeprefix(mark)
