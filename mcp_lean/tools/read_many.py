"""read_many: files, ranges, definitions, outlines, globs and folders in one call, in the order asked.

In:  items (see `repo/items.py`) and a budget.
Out: a block per file; errors in place; below, what was left out as items to ask next.
Not here: how rows are cut (`packing`), the deny rules (`repo/deny.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_lean.errors import AskError, LeanError
from mcp_lean.packing.allocate import DEFAULT_BUDGET_TOKENS, pack
from mcp_lean.packing.render import Block
from mcp_lean.repo.items import Item
from mcp_lean.tools.base import Arguments, Budget, Context, Strings, Tool, within_limits
from mcp_lean.tools.sources import Sources


class ReadMany(Arguments):
    """What to read, and how many tokens the answer may have."""

    items: Strings
    budget: Budget = DEFAULT_BUDGET_TOKENS


@dataclass(frozen=True, slots=True)
class _Entry:
    """A block, the item it belongs to, and the item that names it with all that follow it in a list of matches."""

    block: Block
    index: int
    resume: str | None = None
    is_error: bool = False


def run(args: ReadMany, ctx: Context) -> str:
    """The answer's text. Raises `AskError` when no item could be read, or the budget holds nothing."""
    budget, note = within_limits(args.budget)
    pulled: list[_Entry] = []

    def blocks() -> Iterator[Block]:
        for entry in _entries(args.items, ctx):
            pulled.append(entry)
            yield entry.block

    longest_glob = max((item for item in args.items if Item(item).is_glob), key=len, default="")
    reserve = f"more: {longest_glob}@00000-\nmore: items 00000-00000 of this call\n{note}"
    packed = pack(blocks(), budget, reserve)
    left = pulled[packed.served :]
    texts = [*packed.texts, *_left_out(left[0] if left else None, len(args.items)), *([note] if note else [])]
    if all(entry.is_error for entry in pulled):
        raise AskError("\n".join(texts))
    return "\n".join(texts)


def _entries(items: list[str], ctx: Context) -> Iterator[_Entry]:
    sources = Sources(ctx.workspace, ctx.check)
    for index, text in enumerate(items):
        ctx.check()
        try:
            for found in sources.open(text):
                yield _Entry(found.block, index, found.resume)
        except AskError as error:
            yield _Entry(_error_block(error), index, is_error=True)


def _error_block(error: LeanError) -> Block:
    heading = f"== {error}"
    return Block(lambda first, last: heading)


def _left_out(entry: _Entry | None, items: int) -> Iterator[str]:
    if entry is None:
        return
    if entry.resume is not None:
        yield f"more: {entry.resume}"
    first = entry.index + 1 + (entry.resume is not None)
    if first <= items:
        yield f"more: items {first}-{items} of this call"


TOOL = Tool(
    name="read_many",
    description=(
        "Read files, line ranges or symbols, all in one call. Items: path, path:10-80, path:42 (the definition there), "
        "path#Class.method, path# (outline), src/**/*.py, folder. Every 10th line is numbered. "
        "Lines 'more: ITEM' name what did not fit. Edit works without a further Read."
    ),
    arguments=ReadMany,
    run=run,
    always_load=True,
)
