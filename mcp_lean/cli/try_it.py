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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp_types import Tool

    from mcp_lean.costs.reading import Reading

FILES = 8
CONTEXT_TOKENS = 20_000
SMALL_FILE_BYTES = (200, 2_000)
FILE_BYTES = (200, 40_000)
HEAD_LINES = 14
MODEL = "claude-opus-5-5"
NATIVE_NUMBERS = 1.15
"""The native Read puts a number before every line. Counted exactly (14 to 16 %), not estimated: the estimator charges
digits too much, which would flatter us (docs/figures.md#line-numbers)."""

MORE = "more: "
REST_OF_CALL = re.compile(r"more: items (\d+)-(\d+) of this call")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default=".", help="folder to read from (default: here)")
    parser.add_argument("--files", type=int, default=FILES, metavar="N", help=f"how many files (default {FILES})")
    parser.add_argument("--model", default=MODEL, help=f"whose prices (default {MODEL})")
    parser.add_argument(
        "--context",
        type=_tokens,
        default=CONTEXT_TOKENS,
        metavar="TOKENS",
        help=f"what the agent holds before it reads (default {CONTEXT_TOKENS:,})",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def _tokens(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number}: a number of tokens, 0 or more")
    return number


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went over the wire: each call's arguments as JSON, its answer, and the bytes of our definitions."""

    calls: tuple[tuple[str, str], ...]
    definitions: str


@dataclass(frozen=True, slots=True)
class Ways:
    """The same files read in three ways, and what our way needed."""

    files: tuple[str, ...]
    one_by_one: Reading
    parallel: Reading
    read_many: Reading


def run(options: argparse.Namespace) -> int:
    """Read, count, print."""
    root = os.path.abspath(options.path)
    if not os.path.isdir(root):
        print(f"mcp-lean try: {options.path}: not a folder", file=sys.stderr)
        return 2
    if options.files < 1:
        print("mcp-lean try: --files: at least 1", file=sys.stderr)
        return 2
    sizes = text_files(root)
    chosen = spread([path for path, size in sizes if FILE_BYTES[0] <= size <= FILE_BYTES[1]], options.files)
    small = spread([path for path, size in sizes if SMALL_FILE_BYTES[0] <= size <= SMALL_FILE_BYTES[1]], 1)
    if not chosen:
        low, high = FILE_BYTES
        print(f"mcp-lean try: no text files of {low:,} to {high:,} bytes in {options.path}", file=sys.stderr)
        return 3
    if small == chosen:
        small = []
    with _status(f"starting the server, reading {len(chosen)} files of {root}", options.json):
        exchanges = exchange(root, [chosen, small] if small else [chosen])
    results = [
        compare(root, files, found, options.context, options.model)
        for files, found in zip([chosen, small], exchanges, strict=False)
    ]
    if options.json:
        print(json.dumps(_as_json(results, options), indent=2))
    else:
        _print(results, exchanges[0], options)
    return 0


def text_files(root: str) -> list[tuple[str, int]]:
    """Source files that git or rg lists and no deny rule covers, with their sizes in bytes."""
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


def spread(paths: list[str], count: int) -> list[str]:
    """`count` paths at even distances in the list: nobody's favourites."""
    if len(paths) <= count:
        return paths
    return [paths[i * len(paths) // count] for i in range(count)]


def exchange(root: str, groups: list[list[str]]) -> list[Exchange]:
    """Start the server, let a real MCP client read each group, and follow what the answers left out."""
    import anyio
    from mcp import Client, StdioServerParameters
    from mcp_types import TextContent

    command = StdioServerParameters(
        command=sys.executable, args=["-m", "mcp_lean", "serve"], env={**os.environ, "CLAUDE_PROJECT_DIR": root}
    )

    async def talk() -> list[Exchange]:
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
                    calls.append((json.dumps({"items": wanted}), text))
                    if result.is_error:
                        raise SystemExit(f"mcp-lean try: {text}")
                    wanted = left_out(text, wanted, items)
                exchanges.append(Exchange(tuple(calls), definitions))
        return exchanges

    return anyio.run(talk)


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


def compare(root: str, files: list[str], found: Exchange, context_tokens: int, model: str) -> Ways:
    """The three readings of the same files at the model's newest prices."""
    from mcp_lean.costs.prices import quote
    from mcp_lean.costs.reading import Call, reading
    from mcp_lean.packing.tokens import estimate
    from mcp_lean.repo.text import read

    rates = quote(model, prompt_tokens=context_tokens).rates
    native = []
    for path in files:
        lines = read(os.path.join(root, path), path, check=lambda: None).lines
        text = "\n".join(lines) + "\n"
        arguments = json.dumps({"file_path": path})  # in truth absolute, and so a little dearer
        native.append(Call(estimate(arguments), estimate(text) * NATIVE_NUMBERS))
    ours = [Call(estimate(arguments), estimate(answer)) for arguments, answer in found.calls]
    return Ways(
        tuple(files),
        reading([[call] for call in native], context_tokens, rates),
        reading([native], context_tokens, rates),
        reading([[call] for call in ours], context_tokens, rates, own_tokens=estimate(found.definitions)),
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
    from contextlib import nullcontext

    if quiet or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(words)


def _print(results: list[Ways], found: Exchange, options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    arguments, answer = found.calls[0]
    console.print(f"[bold]read_many[/bold] {escape(arguments)}")
    lines = answer.split("\n")
    for line in lines[:HEAD_LINES]:
        console.print(f"  {escape(line[:110])}", style="dim")
    console.print(f"  ... {len(lines) - HEAD_LINES} more lines" if len(lines) > HEAD_LINES else "", style="dim")
    for ways in results:
        count = len(ways.files)
        table = Table(
            title=f"{count} file{'s' * (count > 1)} into a context of {options.context:,} tokens, {options.model}",
            title_justify="left",
        )
        for name in ("way", "requests", "tokens sent", "new", "output", "USD"):
            table.add_column(name, justify="left" if name == "way" else "right", no_wrap=True)
        for name, reading in (
            ("one Read per turn", ways.one_by_one),
            ("native Reads in parallel", ways.parallel),
            ("read_many", ways.read_many),
        ):
            table.add_row(
                name,
                str(reading.requests),
                f"{reading.sent_tokens:,.0f}",
                f"{reading.written_tokens:,.0f}",
                f"{reading.output_tokens:,.0f}",
                f"{reading.bill.usd:.4f}",
            )
        console.print()
        console.print(table)
        console.print(verdict(ways))
    console.print()
    console.print(
        f"Tokens are estimates (median error 5 %). The context is taken as cached. Our definitions "
        f"({len(found.definitions):,} bytes) are charged in full to each reading: written once, read by every request."
    )


def verdict(ways: Ways) -> str:
    """One line: what read_many saves, or what it costs, against both native ways."""
    parts = []
    for name, other in (("one Read per turn", ways.one_by_one), ("parallel Reads", ways.parallel)):
        saved = other.bill.usd - ways.read_many.bill.usd
        share = saved / other.bill.usd * 100
        parts.append(f"{'saves' if saved >= 0 else 'loses'} {abs(share):.0f} % against {name}")
    return "read_many " + " and ".join(parts)
