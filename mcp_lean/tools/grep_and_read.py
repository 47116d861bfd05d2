"""grep_and_read: the definitions around the hits of several patterns, the best first, as far as a budget goes.

In:  patterns, where to look, and a budget.
Out: blocks of lines under headings, then what was left out as items for read_many.
Not here: searching, ranking and cutting (`repo/search.py`, `hits.py`, `regions.py`), the text (`grep_answer.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator

from mcp_lean.errors import AskError
from mcp_lean.packing.allocate import DEFAULT_BUDGET_TOKENS
from mcp_lean.repo import text
from mcp_lean.repo.choose import FILE_SHARE
from mcp_lean.repo.hits import Ranked, rank, weights
from mcp_lean.repo.outline import Outline, outline
from mcp_lean.repo.patterns import MAX_PATTERNS, parse, shown, words
from mcp_lean.repo.regions import Region, Sought, regions
from mcp_lean.repo.scope import scopes
from mcp_lean.repo.search import Found, hit_lines
from mcp_lean.tools.base import Arguments, Budget, Context, Strings, Tool, within_limits
from mcp_lean.tools.grep_answer import Opened, Totals, bounded, compose, first_few
from mcp_lean.tools.grep_scopes import absent, no_hits, search_all
from mcp_lean.tools.unchanged import texts

PARSED_FILES, TOKENS_PER_PARSED_FILE = 3, 800
"""Files whose definitions are looked at: this many, and one more per so many tokens of the budget; and more of them
while what was found so far would not fill it."""

TOKENS_PER_LINE = 10
"""Of source code, roughly; for judging whether the budget is filled."""

PARSED_BYTES = 250_000
"""No further file is parsed beyond this; at 3 MB/s it takes some 80 ms. The rest is shown by windows around hits."""

NAMED_FILES = 30
"""Files beyond those that are read for the line to name them by."""

READ_BYTES = 12 << 20
"""No further file is read beyond this, which bounds memory; such files are named without a line."""

SMALL_LINES, TOKENS_PER_SMALL_LINE = (12, 45), 150
"""How long a definition may be to be shown whole: by the budget, within these bounds."""

SILENT_NAMED = 20
"""Patterns without hits that are named."""


def _given(value: object) -> object:
    """An empty list of paths means none, as models write it."""
    return None if value in ("", "[]", []) else value


class GrepAndRead(Arguments):
    """What to look for, where, and how many tokens the answer may have."""

    patterns: Strings
    paths: Annotated[Strings | None, BeforeValidator(_given)] = None
    budget: Budget = DEFAULT_BUDGET_TOKENS


def run(args: GrepAndRead, ctx: Context) -> str:
    """The answer's text. Raises `AskError` where nothing could be searched."""
    budget, note = within_limits(args.budget)
    asked = list(dict.fromkeys(args.patterns))
    if len(asked) > MAX_PATTERNS:
        raise AskError(f"patterns: {len(asked)} are too many for one call; at most {MAX_PATTERNS}")
    where, remarks = scopes(ctx.workspace, args.paths or ())
    patterns = [parse(pattern) for pattern in asked]
    found = search_all(where, patterns, ctx)
    remarks += [*found.notes, *([note] if note else [])]
    if not found.files:
        return "\n".join([*bounded(remarks, budget), *no_hits(found, where, ctx)])
    if silent := absent(found, where, ctx):
        remarks.append("no hits: " + first_few([shown(pattern.asked) for pattern in silent], SILENT_NAMED))
    opened = _open(rank(found, ctx.workspace.root), found, budget, ctx)
    is_least = any(file.lines >= found.most_lines for file in found.files)
    totals = Totals(sum(file.lines for file in found.files), len(found.files), is_least)
    return compose(opened, totals, found.patterns, remarks, budget, partial(texts, ctx=ctx))


def _open(ranked: Sequence[Ranked], found: Found, budget: int, ctx: Context) -> list[Opened]:
    """Read the best files; find the regions of the very best."""
    values = weights(found)
    sought = [
        Sought(value, pattern.names, words(pattern.asked))
        for value, pattern in zip(values, found.patterns, strict=True)
    ]
    parsed = PARSED_FILES + budget // TOKENS_PER_PARSED_FILE
    small_lines = max(SMALL_LINES[0], min(SMALL_LINES[1], budget // TOKENS_PER_SMALL_LINE))
    files = list(_read(ranked, parsed + NAMED_FILES, ctx))
    hits_per_file = hit_lines(found.patterns, ["\n".join(file.lines) for file in files], ctx.check)
    left_bytes, filled_tokens = PARSED_BYTES, 0.0
    opened = []
    for index, (file, hits) in enumerate(zip(files, hits_per_file, strict=True)):
        ctx.check()
        parts: Sequence[Region] = ()
        if hits and (index < parsed or filled_tokens < budget):
            left_bytes -= len(file.source)
            outlined = outline(file.shown, file.source) if left_bytes > 0 else Outline((), "none")
            parts = regions(len(file.lines), outlined, hits, sought, small_lines)
            lines = sum(part.last - part.first + 1 for part in parts)
            filled_tokens += min(lines * TOKENS_PER_LINE, FILE_SHARE * budget)
        best = max(hits, key=lambda line: (sum(values[i] for i in hits[line]), -line), default=0)
        opened.append(Opened(file.shown, file.lines, parts, len(hits) or file.one.hits.lines, best, file.one.score))
    return opened


@dataclass(frozen=True, slots=True)
class _File:
    one: Ranked
    shown: str
    source: bytes
    lines: Sequence[str]


def _read(ranked: Sequence[Ranked], limit: int, ctx: Context) -> Iterator[_File]:
    """The best `limit` files that can be read; beyond `READ_BYTES` without their text."""
    left_bytes, given = READ_BYTES, 0
    for one in ranked:
        if given == limit:
            break
        ctx.check()
        try:
            place = ctx.workspace.locate(one.hits.path)
            source = text.read_bytes(place.path, place.shown, text.WHOLE_FILE_BYTES) if left_bytes > 0 else b""
            decoded, _ = text.decode(source, place.shown)
        except AskError:
            continue  # gone since the search, or it is something else now
        left_bytes -= len(source)
        given += 1
        yield _File(one, place.shown, source, text.split_lines(decoded)[0])


TOOL = Tool(
    name="grep_and_read",
    description=(
        "Search for several regexes at once and read the definitions around the hits, best first. "
        "paths: files, folders or globs. Lines 'more: ITEM' name what did not fit, for read_many."
    ),
    arguments=GrepAndRead,
    run=run,
    always_load=True,
)
