"""repo_summary: what a newcomer needs first, in one answer: languages, entry points, commands, files by rank.

In:  optionally a part of the repository, words to look for, and a budget.
Out: lines of counts and commands, then a line per file with its main symbols, then what was left out.
Not here: finding any of it (`repo/summary.py`), the words of the answer (`summary_answer.py`).

The same tree gives the same bytes: an answer is kept under the stamps of all files it was made from, and nothing in it
depends on the time, the order of a folder, or the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import blake2b
from typing import Annotated

from pydantic import BeforeValidator

from mcp_lean.errors import AskError, Missing
from mcp_lean.packing.render import on_one_line
from mcp_lean.repo.listing import Listing, glob_paths, list_files
from mcp_lean.repo.nearest import Nearest
from mcp_lean.repo.snapshot import Snapshot
from mcp_lean.repo.store import Store
from mcp_lean.repo.summary import Summary, select, summarise
from mcp_lean.tools.base import Arguments, Budget, Context, Strings, Tool, within_limits
from mcp_lean.tools.summary_answer import file_count, fitted

DEFAULT_BUDGET_TOKENS = 2_000
"""About 30 files. On 42 problem reports the file to be changed is among the first 20 in 93 % of the cases and further
ones add little (bench/summary.py localise); the answer stays in the context and is paid again on every turn."""

MAX_REMARKS = 3
MAX_REMARK_CHARS = 200
MAX_FOLDERS = 8
"""What an answer spends on entries of `paths` that match nothing."""


def _none_for_nothing(value: object) -> object:
    """Models send an empty list for an argument that they do not use."""
    return None if value in ([], "[]") else value


OptionalStrings = Annotated[Strings | None, BeforeValidator(_none_for_nothing)]


class RepoSummary(Arguments):
    """Which part, what to look for, and how many tokens the answer may have."""

    paths: OptionalStrings = None
    focus: OptionalStrings = None
    budget: Budget = DEFAULT_BUDGET_TOKENS


def run(args: RepoSummary, ctx: Context) -> str:
    """The answer's text. Raises `Missing` when `paths` names nothing that is there."""
    budget, remark = within_limits(args.budget)
    root, prefix, patterns = _asked_part(args.paths or [], ctx)
    listing = list_files(root, check=ctx.check)
    visible = ctx.workspace.visible(root, listing.paths)
    if (real := os.path.realpath(root)) != root:  # a rule may name the folder by either path
        visible = ctx.workspace.visible(real, visible)
    parts, remarks = _parts(visible, patterns)
    request = repr((prefix, patterns, args.focus, budget, remark, listing.note))
    selection = select(visible, tuple(parts))
    looked_at = sorted({*selection.compared, *selection.manifests})
    with Snapshot(root, looked_at, ctx.check) as snapshot, closing(Store.of(root, os.environ)) as store:
        key = _key(request, visible, snapshot)
        text = store.text(key) if snapshot.is_settled else None
        if text is None:
            summary = summarise(visible, selection, args.focus or [], snapshot, store, ctx.check)
            notes = [*remarks, *_notes(summary, listing), *([remark] if remark else [])]
            text = fitted(summary, prefix, notes, budget, ctx.check)
            if snapshot.is_settled:
                store.keep_text(key, text)
    return text


# ------------------------------------------------------------------------------------------------- what is asked about


def _asked_part(paths: Sequence[str], ctx: Context) -> tuple[str, str, tuple[str, ...]]:
    """The root, how its paths are shown (a prefix), and patterns relative to it; no pattern means all of it."""
    found: dict[str, list[str]] = {}
    for name in filter(None, map(str.strip, paths)):
        root, pattern = _anchored(name, ctx)
        found.setdefault(root, []).append(pattern)
    if len(found) > 1:
        raise AskError(f"paths: {' and '.join(map(ctx.workspace.shown, found))} are different roots; ask one at a time")
    root, patterns = next(iter(found.items()), (ctx.workspace.root, []))
    prefix = "" if root == ctx.workspace.root else ctx.workspace.shown(root).rstrip("/") + "/"
    return root, prefix, () if "." in patterns else tuple(patterns)


def _anchored(name: str, ctx: Context) -> tuple[str, str]:
    """The root that an entry of `paths` lies in, and the entry relative to it."""
    negated = "!" if name.startswith("!") else ""
    body = name.removeprefix("!")
    is_glob = any(mark in body for mark in "*?[{")
    # Of a glob only the folder in front of its first wildcard can be looked up.
    folder, rest = _before_wildcard(body) if is_glob else (body, "")
    place = ctx.workspace.locate(folder or ".")
    home = os.path.realpath(ctx.workspace.root)
    root = next(root for root in (home, *ctx.workspace.roots) if _is_below(place.path, root))
    inside = os.path.relpath(place.path, root).replace(os.sep, "/")
    if is_glob:
        inside = rest if inside == "." else f"{inside}/{rest}"
    return (ctx.workspace.root if root == home else root), negated + inside


def _before_wildcard(glob: str) -> tuple[str, str]:
    parts = glob.split("/")
    plain = next(i for i, part in enumerate(parts) if any(mark in part for mark in "*?[{"))
    return "/".join(parts[:plain]) or ("/" if glob.startswith("/") else ""), "/".join(parts[plain:])


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _parts(visible: Sequence[str], patterns: Sequence[str]) -> tuple[list[frozenset[str]], list[str]]:
    """The files that each pattern means, and a remark for each that means none."""
    excluded = [pattern for pattern in patterns if pattern.startswith("!")]
    kept = glob_paths(visible, excluded) if excluded else visible
    wanted = [pattern for pattern in patterns if pattern not in excluded]
    parts: list[frozenset[str]] = []
    missed: list[str] = []
    for pattern in wanted or (["*"] if patterns else []):
        part = frozenset(glob_paths(kept, [pattern]))
        if part:
            parts.append(part)
        else:
            missed.append(pattern)
    remarks = [_no_match(pattern, visible)[:MAX_REMARK_CHARS] for pattern in missed[:MAX_REMARKS]]
    if len(missed) > MAX_REMARKS:
        remarks.append(f"paths: {len(missed) - MAX_REMARKS} more entries match no file")
    if missed and not parts:
        raise Missing("; ".join(remarks))
    return parts, remarks


def _no_match(pattern: str, visible: Sequence[str]) -> str:
    near = Nearest(visible, lambda path: True).to(pattern.partition("*")[0].rstrip("/") or pattern)
    top = sorted({path.partition("/")[0] + "/" for path in visible if "/" in path})[:MAX_FOLDERS]
    hint = f"nearest: {', '.join(near)}" if near else f"folders at the top: {', '.join(top) or 'none'}"
    return on_one_line(f"paths: {pattern} matches no file that is listed; {hint}")


def _key(request: str, visible: Sequence[str], snapshot: Snapshot) -> bytes:
    digest = blake2b(request.encode("utf-8", "surrogateescape"), digest_size=16)
    digest.update("\n".join(visible).encode("utf-8", "surrogateescape"))
    digest.update(snapshot.fingerprint())
    return digest.digest()


def _notes(summary: Summary, listing: Listing) -> Iterator[str]:
    if not summary.ranked:
        yield "no source file in a language that is ranked; read_many lists a folder and reads any text file"
    if summary.skipped:
        yield f"{summary.skipped:,} more source files were not looked at; name a part in paths"
    if summary.unreadable:
        yield f"{file_count(summary.unreadable)} could not be read"
    if listing.note:
        yield listing.note


TOOL = Tool(
    name="repo_summary",
    description=(
        "What a newcomer to this repository needs: languages, entry points, build and test commands, files by rank "
        "with their main symbols and lines. focus: words, symbols or a task that should rank first."
    ),
    arguments=RepoSummary,
    run=run,
)
