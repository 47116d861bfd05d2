"""A summary as text: counts, commands, a line per file, and what was left out, within a budget.

In:  a `Summary` and a budget.
Out: `fitted`: the answer.
Not here: what is asked about, the cache (`repo_summary.py`), which files and symbols matter (`repo`).

What an answer looks like:

    languages: Python 24 files 0.3 MB
    not ranked: 49 test source; 79 .rst, 20 .html
    entry: flask = flask.cli:main
    test: uv run pytest; tox
    files by rank; an item is path#Symbol or path:first-last, and #Symbol goes with the path before it:
    src/flask/app.py#Flask 109-1625, #Flask.ensure_sync 1065-1077
    src/flask/__init__.py:1-39
    more: 22 ranked files are left out: src/flask/ 22; name folders in paths, or words in focus
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from mcp_lean.packing.render import Scale, more, note, on_one_line
from mcp_lean.repo.census import Share
from mcp_lean.repo.project_facts import Fact
from mcp_lean.repo.summary import Summary
from mcp_lean.repo.symbols import Symbol

HEAD_SHARE = 0.35
"""At most this much of a budget goes to counts and commands; what does not fit is left out, least important first."""

SYMBOLS_BY_PLACE = ((5, 6), (15, 4), (40, 3))
LATER_SYMBOLS = 2
"""A file among the first 5 shows up to 6 symbols, up to the 15th 4, up to the 40th 3, then 2."""

MAX_FACTS = 6
MAX_KINDS = 4
MAX_GROUPS = (8, 3, 0)
"""How many folders are named with the number of files left out in them: the first of these that takes less than a fifth
of the budget."""

RANKED = "files by rank; an item is path#Symbol or path:first-last, and #Symbol goes with the path before it:"


def fitted(summary: Summary, prefix: str, notes: Sequence[str], budget_tokens: float, check: Callable[[], None]) -> str:
    """Counts and commands, as many files as fit, what was left out, notes. Never above the budget.

    Args:
        prefix: put in front of every path.
        notes: remarks on the whole answer.
    """
    scale = Scale.of(budget_tokens)
    most = next(
        n for n in MAX_GROUPS if not n or _weight(_left_out(summary.ranked, prefix, n), scale) < budget_tokens / 5
    )
    tail = [note(words) for words in notes]
    head = _within(_head(summary), HEAD_SHARE * budget_tokens, scale) + [RANKED] * bool(summary.ranked)
    left = budget_tokens - _weight([*head, *_left_out(summary.ranked, prefix, most), *tail], scale)
    rows = list(_rows(summary, prefix, left, scale, check))
    for spare in (rows, head, tail, []):
        while True:
            lines = [*head, *rows, *_left_out(summary.ranked[len(rows) :], prefix, most), *tail]
            if not spare or _weight(lines, scale) <= budget_tokens:
                break
            spare.pop()  # the counts of what is left out may take more room than those that were allowed for
    return "\n".join(lines).encode("utf-8", "replace").decode()


def _weight(lines: Sequence[str], scale: Scale) -> float:
    return sum(map(scale.weigh, lines))


def _rows(summary: Summary, prefix: str, left: float, scale: Scale, check: Callable[[], None]) -> Iterator[str]:
    """The files' lines in order, up to the first whose name alone does not fit."""
    for place, path in enumerate(summary.ranked):
        check()
        row = _row(summary, prefix, path, _symbol_limit(place), left, scale)
        if row is None:
            return
        yield row
        left -= scale.weigh(row)


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
        yield f"{share.name} {file_count(share.files)} {_size(share.size_bytes)}"
    rest = sum(share.files for share in shares[MAX_KINDS:])
    if rest:
        yield f"{file_count(rest)} in other languages"


def _counted(shares: Sequence[Share], limit: int) -> str:
    rest = sum(share.files for share in shares[limit:])
    parts = [f"{share.files:,} {share.name}" for share in shares[:limit]] + ([f"{rest:,} others"] if rest else [])
    return ", ".join(parts)


def file_count(count: int) -> str:
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
    groups = ", ".join(f"{prefix}{folder} {count:,}" for folder, count in _groups(paths, most)) if most else ""
    colon = ": " if groups else ""
    return [more(f"{len(paths):,} ranked files are left out{colon}{groups}; name folders in paths, or words in focus")]


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
