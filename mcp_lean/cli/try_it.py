"""`mcp-lean try [PATH]`: read some files of a folder through the real server, and show what that costs.

Changes nothing, needs no Claude Code and no key. Every figure is computed from the answers of this very call.
Exit statuses: 0 shown; 2 wrong usage; 3 no text files found.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp_lean.errors import AskError

if TYPE_CHECKING:
    from mcp_types import Tool
    from rich.console import RenderableType
    from rich.table import Table

    from mcp_lean.costs.prices import Quote
    from mcp_lean.costs.reading import Reading
    from mcp_lean.report.tables import Look

FILES = 8
CONTEXT_TOKENS = 20_000
SMALL_FILE_BYTES = (200, 2_000)
FILE_BYTES = (200, 40_000)
HEAD_LINES = 11
"""The line with a file's name, and as many as show that every tenth carries its number."""
MODEL = "claude-opus-5-5"
NATIVE_NUMBERS = 1.15
"""The native Read puts a number before every line. Counted exactly (14 to 16 %), not estimated: the estimator charges
digits too much, which would flatter us (docs/figures.md#line-numbers)."""

MORE = "more: "
REST_OF_CALL = re.compile(r"more: items (\d+)-(\d+) of this call")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default=".", help="folder to read from (default: here)")
    parser.add_argument(
        "--files", type=_at_least(1), default=FILES, metavar="N", help=f"how many files (default {FILES})"
    )
    parser.add_argument("--model", default=MODEL, help=f"whose prices (default {MODEL})")
    parser.add_argument(
        "--context",
        type=_at_least(0),
        default=CONTEXT_TOKENS,
        metavar="TOKENS",
        help=f"what the agent holds before it reads (default {CONTEXT_TOKENS:,})",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text}: a whole number, {least} or more")
        return int(text)

    return number


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went over the wire: each call's arguments as JSON, its answer, and the bytes of our definitions."""

    calls: tuple[tuple[str, str], ...]
    definitions: str


@dataclass(frozen=True, slots=True)
class Ways:
    """The same files read in three ways, at the same prices."""

    files: tuple[str, ...]
    calls: int
    """Of read_many: its answers are limited, so that many files take several."""
    price: Quote
    one_by_one: Reading
    parallel: Reading
    read_many: Reading


def run(options: argparse.Namespace) -> int:
    """Read, count, print."""
    root = os.path.abspath(options.path)
    if not os.path.isdir(root):
        print(f"mcp-lean try: {options.path}: not a folder", file=sys.stderr)
        return 2
    sizes = source_files(root)
    chosen = texts(root, spread(within(sizes, FILE_BYTES), options.files))
    if not chosen:
        low, high = FILE_BYTES
        print(f"mcp-lean try: no text files of {low:,} to {high:,} bytes in {options.path}", file=sys.stderr)
        return 3
    small = texts(root, spread(within(sizes, SMALL_FILE_BYTES), 1))
    groups = [chosen, small] if small and small != chosen else [chosen]
    with _status(f"starting the server, reading {len(chosen)} files of {root}", options.json):
        exchanges = exchange(root, [list(group) for group in groups])
    results = [
        compare(group, found, options.context, options.model) for group, found in zip(groups, exchanges, strict=True)
    ]
    if options.json:
        print(json.dumps(_as_json(results, options), indent=2))
    else:
        from mcp_lean.report.show import write

        write(lambda look: page(results, exchanges[0], options, look), sys.stdout)
    return 0


def source_files(root: str) -> list[tuple[str, int]]:
    """Files with a source file's name that git or rg lists and no deny rule covers, with their sizes in bytes."""
    from mcp_lean.repo.languages import language_of
    from mcp_lean.repo.listing import list_files
    from mcp_lean.repo.workspace import Workspace

    workspace = Workspace(root, os.environ)
    found = []
    for path in list_files(root).paths:
        full = os.path.join(root, path)
        if language_of(path) and os.path.isfile(full) and not os.path.islink(full) and workspace.permits(full):
            found.append((path, os.stat(full).st_size))
    return found


def within(sizes: list[tuple[str, int]], limits: tuple[int, int]) -> list[str]:
    """The paths of files that have from so many to so many bytes."""
    return [path for path, size in sizes if limits[0] <= size <= limits[1]]


def spread(paths: list[str], count: int) -> list[str]:
    """`count` paths at even distances in the list: nobody's favourites."""
    if len(paths) <= count:
        return paths
    return [paths[i * len(paths) // count] for i in range(count)]


def texts(root: str, paths: list[str]) -> dict[str, str]:
    """What stands in these files; those that are no text, whatever their names say, are named on stderr."""
    from mcp_lean.repo.text import read

    found = {}
    for path in paths:
        try:
            path.encode()  # over the wire a name has to be text
            found[path] = "\n".join(read(os.path.join(root, path), path, check=lambda: None).lines) + "\n"
        except UnicodeEncodeError:
            print(f"mcp-lean try: left out: {path!r}: the name is no UTF-8", file=sys.stderr)
        except AskError as error:
            print(f"mcp-lean try: left out: {error}", file=sys.stderr)
    return found


def exchange(root: str, groups: list[list[str]]) -> list[Exchange]:
    """Start the server, let a real MCP client read each group, and follow what the answers left out.

    Raises:
        AskError: the server had only an error to answer.
    """
    import anyio
    from mcp import Client, StdioServerParameters
    from mcp_types import TextContent

    command = StdioServerParameters(
        command=sys.executable, args=["-P", "-m", "mcp_lean", "serve"], env={**os.environ, "CLAUDE_PROJECT_DIR": root}
    )

    async def talk() -> list[Exchange] | str:
        exchanges = []
        async with Client(command) as client:
            listed = (await client.list_tools()).tools
            always = [tool for tool in listed if (tool.meta or {}).get("anthropic/alwaysLoad")]
            definitions = "".join(map(as_shown, always))
            for items in groups:
                calls = []
                wanted = items
                while wanted:
                    result = await client.call_tool("read_many", {"items": wanted})
                    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
                    calls.append((json.dumps({"items": wanted}, ensure_ascii=False), text))
                    if result.is_error:
                        return text  # raised here, it would come out as a group of errors
                    wanted = left_out(text, wanted, items)
                exchanges.append(Exchange(tuple(calls), definitions))
        return exchanges

    found = anyio.run(talk)
    if isinstance(found, str):
        raise AskError(f"try: {found}")
    return found


def left_out(answer: str, items: list[str], files: list[str]) -> list[str]:
    """What to ask next: the items that resume an answer.

    Args:
        items: those of the call that was answered.
        files: those being read; a `more:` line about anything else stands in a file's text.
    """
    wanted = []
    for line in answer.split("\n"):
        if found := REST_OF_CALL.fullmatch(line):
            wanted += items[int(found[1]) - 1 : int(found[2])]
        elif line.startswith(MORE) and line[len(MORE) :].rpartition(":")[0] in files:
            wanted.append(line[len(MORE) :])
    return wanted


def as_shown(tool: Tool) -> str:
    """A definition as it stands in the model's context, on Claude Code 2.1.330 (tests/e2e/test_first_minute.py)."""
    shown = {"name": f"mcp__lean__{tool.name}", "description": tool.description, "input_schema": tool.input_schema}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def compare(files: Mapping[str, str], found: Exchange, context_tokens: int, model: str) -> Ways:
    """The three readings of the same files (path: text) at the model's newest prices."""
    from mcp_lean.costs.prices import quote
    from mcp_lean.costs.reading import Call, reading
    from mcp_lean.packing.tokens import estimate

    price = quote(model, prompt_tokens=context_tokens)
    native = []
    for path, text in files.items():
        arguments = json.dumps({"file_path": path}, ensure_ascii=False)  # in truth absolute, and so a little dearer
        native.append(Call(estimate(arguments), estimate(text) * NATIVE_NUMBERS))
    ours = [Call(estimate(arguments), estimate(answer)) for arguments, answer in found.calls]
    return Ways(
        tuple(files),
        len(ours),
        price,
        reading([[call] for call in native], context_tokens, price.rates),
        reading([native], context_tokens, price.rates),
        reading([[call] for call in ours], context_tokens, price.rates, own_tokens=estimate(found.definitions)),
    )


def _as_json(results: list[Ways], options: argparse.Namespace) -> dict[str, Any]:
    def row(found: Reading) -> dict[str, Any]:
        return {
            "requests": found.requests,
            "sent_tokens": round(found.sent_tokens),
            "written_tokens": round(found.written_tokens),
            "output_tokens": round(found.output_tokens),
            "usd": float(found.bill.usd),
        }

    return {
        "model": options.model,
        "price_assumption": results[0].price.assumption,
        "context_tokens": options.context,
        "readings": [
            {
                "files": list(ways.files),
                "one_by_one": row(ways.one_by_one),
                "native_parallel": row(ways.parallel),
                "read_many": row(ways.read_many),
            }
            for ways in results
        ],
    }


def _status(words: str, quiet: bool) -> Any:
    if quiet or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(words)


def page(results: list[Ways], found: Exchange, options: argparse.Namespace, look: Look) -> Iterator[RenderableType]:
    """The first call and the head of its answer, a table for each reading, and what the figures rest on."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    from mcp_lean.packing.render import on_one_line
    from mcp_lean.report.figures import plural

    arguments, answer = found.calls[0]
    yield Text.assemble(("read_many", "bold"), f" {arguments}")
    lines = answer.split("\n")
    for line in lines[:HEAD_LINES]:
        shown = on_one_line(f"  {line}".expandtabs())
        yield Text(shown if cell_len(shown) <= look.width else set_cell_size(shown, look.width), style="dim")
    if len(lines) > HEAD_LINES:
        yield Text(f"  ... {len(lines) - HEAD_LINES} more lines", style="dim")
    for ways in results:
        files = plural(len(ways.files), "file")
        yield Text(f"\n{files} into a context of {options.context:,} tokens, {options.model}", style="bold")
        yield ways_table(ways, look)
        yield Text(verdict(ways))
    yield Text()
    if assumption := results[0].price.assumption:
        yield Text(assumption, style="yellow")
    yield Text(
        f"Tokens are estimates (median error 5 %). The context is taken as cached. Our definitions "
        f"({len(found.definitions):,} bytes) are charged in full to each reading: written once, read by every request."
    )
    yield Text("Reading is one part of a bill; mcp-lean replay --all looks at your own runs.")


def ways_table(ways: Ways, look: Look) -> Table:
    """The three ways, and what each costs."""
    from mcp_lean.report.figures import plural
    from mcp_lean.report.layout import Column, fitted, right

    columns = (
        Column("way"),
        right("requests", leaves=1),
        right("tokens sent", leaves=2),
        right("of it new", leaves=3),
        right("output", leaves=4),
        right("dollars"),
    )
    rows = [
        (
            name,
            f"{reading.requests:,}",
            f"{reading.sent_tokens:,.0f}",
            f"{reading.written_tokens:,.0f}",
            f"{reading.output_tokens:,.0f}",
            f"${reading.bill.usd:.4f}",
        )
        for name, reading in (
            ("Reads, one by one", ways.one_by_one),
            ("Reads, in parallel", ways.parallel),
            (f"read_many, {plural(ways.calls, 'call')}", ways.read_many),
        )
    ]
    return fitted(columns, rows, look.width)


def verdict(ways: Ways) -> str:
    """One line: how much cheaper or dearer read_many is than both native ways."""
    parts = []
    for name, other in (("one by one", ways.one_by_one), ("in parallel", ways.parallel)):
        share = (other.bill.usd - ways.read_many.bill.usd) / other.bill.usd * 100
        parts.append(f"{abs(share):.0f} % {'cheaper' if share >= 0 else 'dearer'} than {name}")
    return f"read_many: {', '.join(parts)}"
