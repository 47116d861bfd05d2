"""grep_and_read: the definitions around the hits of several patterns, the best first, as far as a budget goes.

In:  patterns, where to look, and a budget.
Out: blocks of lines under headings, then what was left out as items for read_many.
Not here: searching, ranking and cutting (`repo/search.py`, `hits.py`, `regions.py`), the text (`grep_answer.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from mcp_lean.errors import AskError
from mcp_lean.packing.allocate import DEFAULT_BUDGET_TOKENS
from mcp_lean.repo import text
from mcp_lean.repo.hits import Ranked, rank, weights
from mcp_lean.repo.patterns import MAX_PATTERNS, parse, shown, words
from mcp_lean.repo.regions import Sought, regions
from mcp_lean.repo.rg_search import LINES_PER_FILE
from mcp_lean.repo.scope import scopes
from mcp_lean.repo.search import Found, hit_lines
from mcp_lean.tools.base import Arguments, Budget, Context, Strings, Tool, within_limits
from mcp_lean.tools.grep_answer import Opened, Totals, compose
from mcp_lean.tools.grep_scopes import no_hits, search_all

PARSED_FILES, TOKENS_PER_PARSED_FILE = 3, 600
"""Files whose definitions are looked at: this many, and one more per so many tokens of the budget."""

NAMED_FILES = 30
"""Files beyond those that are read for the line to name them by."""

SMALL_LINES, TOKENS_PER_SMALL_LINE = (12, 45), 150
"""How long a definition may be to be shown whole: by the budget, within these bounds."""


class GrepAndRead(Arguments):
    """What to look for, where, and how many tokens the answer may have."""

    patterns: Strings
    paths: Strings = Field(default_factory=list)
    budget: Budget = DEFAULT_BUDGET_TOKENS


def run(args: GrepAndRead, ctx: Context) -> str:
    """The answer's text. Raises `AskError` where nothing could be searched."""
    budget, note = within_limits(args.budget)
    asked = list(dict.fromkeys(args.patterns))
    if len(asked) > MAX_PATTERNS:
        raise AskError(f"patterns: {len(asked)} are too many for one call; at most {MAX_PATTERNS}")
    where, remarks = scopes(ctx.workspace, args.paths)
    patterns = [parse(pattern) for pattern in asked]
    found = search_all(where, patterns, ctx)
    remarks += [*found.notes, *([note] if note else [])]
    if not found.files:
        return "\n".join([*remarks, *no_hits(found, where, ctx)])
    silent = [pattern for i, pattern in enumerate(found.patterns) if not any(file.counts[i] for file in found.files)]
    if silent:
        remarks.append("no hits: " + ", ".join(shown(pattern.asked) for pattern in silent))
    opened = _open(rank(found, ctx.workspace.root), found, budget, ctx)
    is_least = any(file.lines >= LINES_PER_FILE for file in found.files)
    totals = Totals(sum(file.lines for file in found.files), len(found.files), is_least)
    return compose(opened, totals, found.patterns, remarks, budget)


def _open(ranked: Sequence[Ranked], found: Found, budget: int, ctx: Context) -> list[Opened]:
    """Read the best files; find the regions of the very best."""
    from mcp_lean.repo.outline import outline

    values = weights(found)
    sought = [
        Sought(value, pattern.names, words(pattern.asked))
        for value, pattern in zip(values, found.patterns, strict=True)
    ]
    parsed = PARSED_FILES + budget // TOKENS_PER_PARSED_FILE
    small_lines = max(SMALL_LINES[0], min(SMALL_LINES[1], budget // TOKENS_PER_SMALL_LINE))
    files, sources, texts = list[Ranked](), list[bytes](), list[list[str]]()
    for one in ranked:
        if len(files) == parsed + NAMED_FILES:
            break
        ctx.check()
        try:
            place = ctx.workspace.locate(one.hits.path)
            source = text.read_bytes(place.path, place.shown, text.WHOLE_FILE_BYTES)
            decoded, _ = text.decode(source, place.shown)
        except AskError:
            continue  # gone since, or it became something else
        files.append(one)
        sources.append(source)
        texts.append(text.split_lines(decoded)[0])
    lines_hit = hit_lines(found.patterns, ["\n".join(lines) for lines in texts], ctx.check)
    opened = []
    for index, (one, source, lines, hits) in enumerate(zip(files, sources, texts, lines_hit, strict=True)):
        ctx.check()
        parts = []
        if index < parsed and hits:
            parts = regions(len(lines), outline(one.hits.path, source), hits, sought, small_lines)
        best = max(hits, key=lambda line: (sum(values[i] for i in hits[line]), -line), default=0)
        opened.append(Opened(one.hits.path, lines, parts, len(hits) or one.hits.lines, best, one.score))
    return opened


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
