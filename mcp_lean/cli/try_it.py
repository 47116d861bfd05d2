"""`mcp-lean try [PATH]`: read some files of a folder through the real server, and show what that costs.

Not here: what it costs in each of three ways (`costs/trial`), the page (`report/trial`).

Changes nothing, needs no Claude Code and no key. Every figure is computed from the answers of this very call.
Exit statuses: 0 shown; 2 wrong usage; 3 no text files found.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from mcp_lean.errors import AskError

if TYPE_CHECKING:
    from mcp_types import Tool

    from mcp_lean.costs.trial import Exchange

FILES = 8
CONTEXT_TOKENS = 20_000
SMALL_FILE_BYTES = (200, 2_000)
FILE_BYTES = (200, 40_000)
MODEL = "claude-opus-5-5"

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
    from mcp_lean.costs.trial import Trial, compare
    from mcp_lean.report import trial as report

    pairs = zip(groups, exchanges, strict=True)
    ways = tuple(compare(group, found, options.context, options.model) for group, found in pairs)
    trial = Trial(options.model, options.context, ways, exchanges[0])
    if options.json:
        print(json.dumps(report.document(trial), indent=2))
    else:
        from mcp_lean.report.show import write

        write(lambda look: report.page(trial, look), sys.stdout)
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

    from mcp_lean.costs.trial import Exchange

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


def _status(words: str, quiet: bool) -> Any:
    if quiet or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(words)
