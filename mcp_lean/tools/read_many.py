"""read_many: files, ranges, definitions, outlines, globs and folders in one call, in the order asked.

In:  items (see `repo/items.py`) and a budget.
Out: a block per file, in the format of `packing/render.py`; errors in place; below, what was left out as items.
Not here: what an item names (`sources.py`), how rows are cut (`packing`), the deny rules (`repo/deny.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_lean.errors import AskError, EngineMissing
from mcp_lean.packing import render
from mcp_lean.packing.allocate import default_budget, pack
from mcp_lean.packing.render import Block, Shown
from mcp_lean.repo.items import GLOB_CHARACTERS
from mcp_lean.tools.base import Arguments, Budget, Context, Strings, Tool, within_limits
from mcp_lean.tools.blocks import error_block
from mcp_lean.tools.sources import Found, Sources
from mcp_lean.tools.unchanged import Part, texts

MOST_MATCHES = 999_999
"""For the room that is kept for a resume item; a longer number would cost a token more."""


class ReadMany(Arguments):
    """What to read, and how many tokens the answer may have."""

    items: Strings
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """What was found for an item, and which item of the call it is, from 0."""

    found: Found
    index: int


def run(args: ReadMany, ctx: Context) -> str:
    """The answer's text. Raises `AskError` when no item could be read, or the budget holds nothing."""
    budget, remark = within_limits(default_budget(len(args.items)) if args.budget is None else args.budget)
    pulled: list[_Entry] = []

    def blocks() -> Iterator[Block]:
        for entry in _entries(args.items, ctx, budget // 2):
            pulled.append(entry)
            yield entry.found.block

    notes = [render.note(remark)] if remark else []
    packed = pack(blocks(), budget, "\n".join([*_longest_left_out(args.items), *notes]))
    left_out = _left_out(pulled[packed.served], len(args.items)) if packed.served < len(pulled) else []
    parts = [_part(entry.found.block, shown) for entry, shown in zip(pulled, packed.shown, strict=False)]
    answer = "\n".join([*texts(parts, ctx), *left_out, *notes])
    if all(entry.found.is_error for entry in pulled):
        raise AskError(answer)
    return answer


def _entries(items: list[str], ctx: Context, error_chars: int) -> Iterator[_Entry]:
    sources = Sources(ctx.workspace, ctx.check)
    for index, text in enumerate(items):
        ctx.check()
        try:
            for found in sources.open(text):
                yield _Entry(found, index)
        except (AskError, EngineMissing) as error:
            yield _Entry(Found(error_block(_shortened(str(error), error_chars)), is_error=True), index)


def _part(block: Block, shown: Shown) -> Part:
    return Part(block.file, block.first, shown.heading, shown.rows, shown.left_out)


def _shortened(words: str, chars: int) -> str:
    """An error that names a very long item must not take the budget of the others; its end says what is wrong."""
    return words if len(words) <= chars else f"{words[: chars // 3]}...{words[-(chars - chars // 3 - 3) :]}"


def _left_out(first: _Entry, items: int) -> list[str]:
    """Everything from the first block on that was not served."""
    lines = [] if first.found.resume is None else [render.more(first.found.resume)]
    number = first.index + 1 + len(lines)
    return [*lines, _rest_of_call(number, items)] if number <= items else lines


def _longest_left_out(items: list[str]) -> list[str]:
    """At least what `_left_out` can weigh."""
    lists = (item for item in items if GLOB_CHARACTERS.search(item) or "#" in item)
    longest = max(lists, key=len, default="")
    return [render.more(f"{longest}@{MOST_MATCHES}-"), _rest_of_call(len(items), len(items))]


def _rest_of_call(first: int, last: int) -> str:
    return f"more: items {first}-{last} of this call"


TOOL = Tool(
    name="read_many",
    description=(
        "Read files, line ranges or symbols in one call, 8000 tokens an item. "
        "Items: path, path:10-80, path:42 (the definition there), "
        "path#Class.method, path# (outline), src/**/*.py, folder. Every 10th line is numbered. "
        "Lines 'more: ITEM' name what did not fit. Edit works without a further Read."
    ),
    arguments=ReadMany,
    run=run,
    always_load=True,
)
