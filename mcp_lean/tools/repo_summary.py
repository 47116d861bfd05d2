"""repo_summary: what a newcomer needs first, in one answer: languages, entry points, commands, files by rank.

In:  optionally a part of the repository, words to look for, and a budget.
Out: lines of counts and commands, then a line per file with its main symbols, then what was left out.
Not here: finding any of it (`repo/summary.py`), which paths may be seen (`repo/workspace.py`).

The same tree gives the same bytes: an answer is kept under the stamps of all files it was made from, and nothing in it
depends on the time, the order of a folder, or the process.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from hashlib import blake2b
from typing import Annotated

from pydantic import BeforeValidator

from mcp_lean.errors import AskError, Missing
from mcp_lean.packing.render import Scale, more, note, on_one_line
from mcp_lean.repo.census import Share
from mcp_lean.repo.listing import Listing, glob_paths, list_files
from mcp_lean.repo.nearest import Nearest
from mcp_lean.repo.project_facts import Fact
from mcp_lean.repo.snapshot import Snapshot
from mcp_lean.repo.store import Store
from mcp_lean.repo.summary import Summary, select, summarise
from mcp_lean.repo.symbols import Symbol
from mcp_lean.tools.base import Arguments, Budget, Context, Strings, Tool, within_limits

DEFAULT_BUDGET_TOKENS = 2_000
"""About 30 files. On 42 problem reports the file to be changed is among the first 20 in 93 % of the cases and further
ones add little (bench/summary.py localise); the answer stays in the context and is paid again on every turn."""

HEAD_SHARE = 0.35
"""At most this much of a budget goes to counts and commands; what does not fit is left out, least important first."""

SYMBOLS_BY_PLACE = ((5, 6), (15, 4), (40, 3))
LATER_SYMBOLS = 2
"""A file among the first 5 shows up to 6 symbols, up to the 15th 4, up to the 40th 3, then 2."""

MAX_FACTS = 6
MAX_KINDS = 4
MAX_GROUPS, MAX_GROUPS_SMALL = 8, 3
"""Folders that are named with the number of files left out; the second below the default budget."""


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
    parts, remarks = _parts(visible, patterns)
    request = repr((prefix, patterns, args.focus, budget, listing.note))
    selection = select(visible, parts)
    looked_at = sorted({*selection.compared, *selection.manifests})
    with Snapshot(root, looked_at, ctx.check) as snapshot, closing(Store.of(root, os.environ)) as store:
        key = _key(request, visible, snapshot)
        text = store.text(key) if snapshot.is_settled else None
        if text is None:
            summary = summarise(visible, selection, args.focus or [], snapshot, store, ctx.check)
            notes = [*remarks, *_notes(summary, listing), *([remark] if remark else [])]
            text = _fitted(summary, prefix, notes, budget, ctx).encode("utf-8", "replace").decode()
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
    remarks = [f"paths: {_no_match(pattern, visible)}" for pattern in missed]
    if missed and not parts:
        raise Missing("; ".join(remarks))
    return parts, remarks


def _no_match(pattern: str, visible: Sequence[str]) -> str:
    near = Nearest(visible, lambda path: True).to(pattern.partition("*")[0].rstrip("/") or pattern)
    top = sorted({path.partition("/")[0] + "/" for path in visible if "/" in path})[:MAX_GROUPS]
    hint = f"nearest: {', '.join(near)}" if near else f"folders at the top: {', '.join(top) or 'none'}"
    return f"{pattern} matches no file that is listed; {hint}"


def _key(request: str, visible: Sequence[str], snapshot: Snapshot) -> bytes:
    digest = blake2b(request.encode("utf-8", "surrogateescape"), digest_size=16)
    digest.update("\n".join(visible).encode("utf-8", "surrogateescape"))
    digest.update(snapshot.fingerprint())
    return digest.digest()


# ---------------------------------------------------------------------------------------------------------- the answer


def _fitted(summary: Summary, prefix: str, notes: Sequence[str], budget: float, ctx: Context) -> str:
    """Counts and commands, as many files as fit, what was left out, remarks."""
    scale = Scale.of(budget)
    tail = [note(words) for words in notes]
    head = _within(_head(summary), HEAD_SHARE * budget, scale)
    if summary.ranked:
        head.append(
            "files by rank; an item is path#Symbol or path:first-last, and #Symbol goes with the path before it:"
        )
    most = MAX_GROUPS if budget >= DEFAULT_BUDGET_TOKENS else MAX_GROUPS_SMALL
    left = budget - sum(map(scale.weigh, [*head, *tail, *_left_out(summary.ranked, prefix, most)]))
    rows: list[str] = []
    for place, path in enumerate(summary.ranked):
        ctx.check()
        row = _row(summary, prefix, path, _symbol_limit(place), left, scale)
        if row is None:
            break
        rows.append(row)
        left -= scale.weigh(row)
    while True:
        lines = [*head, *rows, *_left_out(summary.ranked[len(rows) :], prefix, most), *tail]
        if sum(map(scale.weigh, lines)) <= budget or not (rows or head):
            return "\n".join(lines)
        (rows or head).pop()


def _within(lines: Sequence[tuple[int, str]], budget: float, scale: Scale) -> list[str]:
    """The most important lines that fit, in the order given."""
    kept: set[int] = set()
    for i in sorted(range(len(lines)), key=lambda i: lines[i][0]):
        weight = scale.weigh(lines[i][1])
        if weight <= budget:
            budget -= weight
            kept.add(i)
    return [line for i, (_, line) in enumerate(lines) if i in kept]


def _head(summary: Summary) -> list[tuple[int, str]]:
    """Lines with their importance, 0 first."""
    census = summary.census
    lines = [(0, "languages: " + (", ".join(_sized(census.languages)) or "no source files"))]
    beside = _counted(census.beside, len(census.beside))
    not_ranked = [f"{beside} source" if beside else "", _counted(census.other, MAX_KINDS)]
    if any(not_ranked):
        lines.append((5, "not ranked: " + "; ".join(filter(None, not_ranked))))
    for importance, kind in enumerate(("entry", "build", "test", "run", "lint"), start=1):
        facts = [fact for fact in summary.facts if fact.kind == kind]
        if facts:
            lines.append((importance + (kind == "lint"), f"{kind}: {_commands(facts)}"))
    return [(importance, on_one_line(line)) for importance, line in lines]


def _sized(shares: Sequence[Share]) -> Iterator[str]:
    for share in shares[:MAX_KINDS]:
        yield f"{share.name} {_files(share.files)} {_size(share.size_bytes)}"
    rest = sum(share.files for share in shares[MAX_KINDS:])
    if rest:
        yield f"{_files(rest)} in other languages"


def _counted(shares: Sequence[Share], limit: int) -> str:
    rest = sum(share.files for share in shares[limit:])
    parts = [f"{share.files:,} {share.name}" for share in shares[:limit]] + ([f"{rest:,} others"] if rest else [])
    return ", ".join(parts)


def _files(count: int) -> str:
    return f"{count:,} file" + "s" * (count != 1)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{-(-size_bytes // 1000)} KB"


def _commands(facts: Sequence[Fact]) -> str:
    """Commands, with the file that says so where neither its place at the top nor the command itself tells."""
    parts = [
        f"{fact.text} ({fact.source})"
        if "/" in fact.source and fact.kind != "entry" and fact.source not in fact.text
        else fact.text
        for fact in facts[:MAX_FACTS]
    ]
    return "; ".join(parts) + (f"; {len(facts) - MAX_FACTS} more" if len(facts) > MAX_FACTS else "")


def _symbol_limit(place: int) -> int:
    return next((limit for end, limit in SYMBOLS_BY_PLACE if place < end), LATER_SYMBOLS)


def _row(summary: Summary, prefix: str, path: str, limit: int, left: float, scale: Scale) -> str | None:
    """A file's line with as many symbols as fit; None when not even its name does."""
    symbols = list(summary.symbols(path, limit))
    while True:
        row = _file_line(prefix + path, symbols, summary.lines(path))
        if scale.weigh(row) <= left:
            return row
        if not symbols:
            return None
        symbols.pop()


def _file_line(path: str, symbols: Sequence[Symbol], lines: int) -> str:
    if not symbols:
        return on_one_line(f"{path}:1-{lines}" if lines else path)
    return on_one_line(path + ", ".join(f"#{symbol.qualified} {symbol.start}-{symbol.end}" for symbol in symbols))


def _left_out(paths: Sequence[str], prefix: str, most: int) -> list[str]:
    if not paths:
        return []
    groups = ", ".join(f"{prefix}{folder} {count:,}" for folder, count in _groups(paths, most))
    return [more(f"{len(paths):,} ranked files are left out: {groups}; name folders in paths, or words in focus")]


def _groups(paths: Collection[str], most: int) -> list[tuple[str, int]]:
    """Folders with the number of paths below them, largest first; the largest is split as long as few are named."""
    groups = {"": list(paths)}
    while len(groups) < most:
        splittable = [name for name, members in groups.items() if any("/" in path[len(name) :] for path in members)]
        if not splittable:
            break
        name = max(splittable, key=lambda name: (len(groups[name]), name))
        members = groups.pop(name)
        for path in members:
            cut = path.find("/", len(name)) + 1
            groups.setdefault(path[:cut] if cut else name + ".", []).append(path)
    ordered = sorted(
        ((name, len(members)) for name, members in groups.items()), key=lambda entry: (-entry[1], entry[0])
    )
    rest = sum(count for _, count in ordered[most:])
    return ordered[:most] + ([("elsewhere", rest)] if rest else [])


def _notes(summary: Summary, listing: Listing) -> Iterator[str]:
    if not summary.ranked:
        yield "no source file in a language that is ranked; read_many lists a folder and reads any text file"
    if summary.skipped:
        yield f"{_files(summary.skipped)} of source not looked at; name a part in paths"
    if summary.unreadable:
        yield f"{_files(summary.unreadable)} could not be read"
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
