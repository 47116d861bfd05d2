"""Which files the patterns hit, how often, and which of them define what is looked for.

In:  patterns, a root, and the part of it that is wanted.
Out: `Found`: one small record per file, sorted by path; the lines themselves are read again from the files shown.
Not here: ranking (`hits.py`), the deny rules (the caller knows the workspace), what is shown of a file.

The scope is that of `listing.list_files`: hidden files count, ignored ones do not, tracked ones always do, also where an
ignore rule covers them. A folder or file that is named outright is searched even if it is ignored. Symlinks are not
followed, and binaries are left out. `rg` does the work; without it Python does, slowly, and says so.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import monotonic

from mcp_lean.errors import AskError, EngineMissing
from mcp_lean.repo import ripgrep
from mcp_lean.repo.listing import glob_paths, list_files, tracked_but_ignored
from mcp_lean.repo.patterns import Pattern, literally, shown
from mcp_lean.repo.programs import quiet, run, running
from mcp_lean.repo.text import decode, read_bytes

LINE_BYTES = 400
"""As much of a line as is looked at to tell the patterns apart; the 99.9th percentile of source lines is below 200."""

FILE_BYTES = 50 << 20
"""Larger files are data, and are not searched."""

LINES_PER_FILE = (1_000, 20, 2)
OUTPUT_BYTES = 48 << 20
"""More hits than this are not held in memory: the search is repeated with fewer lines per file. The steps depend on the
hits alone, so that the same state gives the same answer."""

SEARCH_SECONDS = 60.0
PATHS_AT_ONCE = 4_000
"""Names on one command line: 4,000 of 250 bytes stay below Linux' limit of 2 MB."""

SKIPPED = re.compile(rb'[^\0]*?: (?:WARNING: stopped searching binary file after match|binary file matches) \(found [^\n]*\)\n')
STATS = re.compile(rb"\n(\d+) files searched\n")
OMITTED = re.compile(r" \[\.\.\. (?:omitted end of long line|\d+ more match(?:es)?)\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a folder that is searched.

    root: absolute, symlinks resolved.
    below: files or folders that exist, relative to the root; () for all of it.
    globs: gitignore patterns, relative to the root, one of which a path has to match unless it is below one of `below`.
    without: patterns that take paths out again.
    """

    root: str
    below: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def select(self, paths: Sequence[str]) -> set[str]:
        """Those of the paths that belong to the scope."""
        chosen = set(paths)
        if self.below or self.globs:
            folders = tuple(f"{path}/" for path in self.below)
            chosen = {path for path in paths if path in self.below or path.startswith(folders)}
            chosen.update(glob_paths(paths, self.globs))
        return chosen.difference(glob_paths(paths, self.without))


@dataclass(frozen=True, slots=True)
class FileHits:
    """One file with hits.

    path: relative to the root, as in a listing.
    lines: matching lines, at most `LINES_PER_FILE`.
    counts: per pattern, in the order asked, how often it was seen in them.
    defines: numbers of the patterns whose names seem to be defined here.
    """

    path: str
    lines: int
    counts: tuple[int, ...]
    defines: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """All hits in a scope.

    patterns: as they were searched; `note` says where that differs from what was asked.
    files: sorted by path.
    searched_files: how many files were looked at; None when the engine does not say.
    notes: what the reader should know about the search, one line each.
    """

    patterns: tuple[Pattern, ...]
    files: tuple[FileHits, ...]
    searched_files: int | None
    notes: tuple[str, ...] = ()


def search(scope: Scope, patterns: Sequence[Pattern], *, check: Callable[[], None] = quiet) -> Found:
    """Search for all patterns at once.

    Raises:
        AskError: no pattern is left that could be searched, or nearly everything matches.
        EngineMissing: rg broke down.
    """
    rg = ripgrep.program()
    engine = _Python(scope, check) if rg is None else _Rg(rg, scope, check)
    kept, notes = engine.searchable(patterns)
    if not kept:
        raise AskError("\n".join(notes))
    lines, searched, more_notes = engine.lines(kept)
    texts = {path: "\n".join(found) for path, found in sorted(lines.items())}
    counts = [engine.counts(pattern, texts) for pattern in kept]
    files = []
    for path, text in texts.items():
        seen = tuple(per_file.get(path, 0) for per_file in counts)
        defines = frozenset(
            index
            for index, pattern in enumerate(kept)
            if seen[index] and pattern.definition is not None and pattern.definition.search(text)
        )
        files.append(FileHits(path, text.count("\n") + 1, seen, defines))
    return Found(tuple(kept), tuple(files), searched, (*notes, *more_notes))


def files_matching(scope: Scope, patterns: Sequence[Pattern], *, check: Callable[[], None] = quiet) -> tuple[str, ...]:
    """The files that one of the patterns hits without regard to case. Without rg: ()."""
    rg = ripgrep.program()
    if rg is None:
        return ()
    engine = _Rg(rg, scope, check)
    done = run(
        engine.command(("--ignore-case", "--files-with-matches", "--null"), patterns, engine.targets()),
        cwd=scope.root,
        check=check,
    )
    paths = [os.fsdecode(name.removeprefix(b"./")) for name in done.output.split(b"\0")[:-1]]
    return tuple(sorted(scope.select(paths)))


class _Rg:
    """ripgrep as the engine."""

    def __init__(self, rg: str, scope: Scope, check: Callable[[], None]) -> None:
        self._rg = rg
        self._scope = scope
        self._check = check

    def searchable(self, patterns: Sequence[Pattern]) -> tuple[list[Pattern], list[str]]:
        """The patterns as rg takes them, without those that match every line."""
        kept, notes = list[Pattern](), list[str]()
        for pattern in patterns:
            if pattern.matcher is None and self._matching_lines(pattern.regex, "") is None:
                pattern = literally(pattern)
            if pattern.note:
                notes.append(pattern.note)
            if pattern.matcher.search("") if pattern.matcher else self._matching_lines(pattern.regex, ""):
                notes.append(f"{shown(pattern.asked)}: matches every line, not searched")
            else:
                kept.append(pattern)
        return kept, notes

    def lines(self, patterns: Sequence[Pattern]) -> tuple[dict[str, list[str]], int | None, list[str]]:
        """Per file its matching lines; how many files were searched; remarks."""
        for most in LINES_PER_FILE:
            stream = _Stream(OUTPUT_BYTES)
            notes = self._feed(stream, patterns, most)
            if not stream.is_full:
                break
        else:
            raise AskError("the patterns match nearly everything; give rarer ones, or say where with `paths`")
        if most != LINES_PER_FILE[0]:
            notes.append(f"very many hits: only the first {most} matching lines of each file were looked at")
        return stream.lines(self._scope), stream.searched_files, notes

    def _feed(self, stream: _Stream, patterns: Sequence[Pattern], most: int) -> list[str]:
        flags = (
            *("--null", "--no-line-number", "--no-heading", "--with-filename", "--stats", "--crlf"),
            *(f"--max-count={most}", f"--max-columns={LINE_BYTES}", "--max-columns-preview"),
        )
        notes: list[str] = []
        until = monotonic() + SEARCH_SECONDS
        for targets in (self.targets(), *self._tracked_but_ignored()):
            with running(self.command(flags, patterns, targets), cwd=self._scope.root, check=self._check) as program:
                for piece in program.pieces():
                    stream.feed(piece)
                    if stream.is_full:
                        return notes
                    if monotonic() > until:
                        return [*notes, f"stopped after {SEARCH_SECONDS:.0f} s: not all files were searched"]
            if not stream.end():
                raise EngineMissing(f"rg failed with status {program.code}: {program.complaints[:200]}")
            if program.code == 2:
                complaints = program.complaints.splitlines()
                notes.append(f"not everything could be read: {complaints[0] if complaints else 'rg does not say what'}")
        return notes

    def command(self, flags: Sequence[str], patterns: Sequence[Pattern], targets: Sequence[str]) -> list[str]:
        regexes = (f"--regexp={pattern.regex}" for pattern in patterns)
        walk = ripgrep.walk_flags(self._scope.root, self._check)
        limit = f"--max-filesize={FILE_BYTES}"
        return [self._rg, *walk, "--color=never", limit, *self._types(), *flags, *regexes, "--", *targets]

    def targets(self) -> tuple[str, ...]:
        """Folders and files that hold the scope; a glob is searched from its first folder with a wildcard on."""
        wanted = sorted({*self._scope.below, *map(_fixed_part, self._scope.globs)} or {""})
        kept: list[str] = []
        for path in wanted:
            if path not in ("", ".") and not os.path.lexists(os.path.join(self._scope.root, path)):
                continue
            if not any(above in ("", ".") or path.startswith(above + "/") for above in kept):
                kept.append(path)
        return tuple(f"./{path}" for path in kept)

    def _types(self) -> tuple[str, ...]:
        """Let rg leave out files by name where all that is wanted are such as `*.py`. Unlike `--glob`, a type does not
        lift ignore rules."""
        names = [glob.rpartition("/")[2] for glob in self._scope.globs]
        if self._scope.below or not names or not all(map(NAME_GLOB.fullmatch, names)):
            return ()
        return (*(f"--type-add=asked:{name}" for name in sorted(set(names))), "--type=asked")

    def _tracked_but_ignored(self) -> list[list[str]]:
        paths = sorted(self._scope.select(tracked_but_ignored(self._scope.root)))
        named = [f"./{path}" for path in paths if _is_plain_file(os.path.join(self._scope.root, path))]
        return [named[at : at + PATHS_AT_ONCE] for at in range(0, len(named), PATHS_AT_ONCE)]

    def counts(self, pattern: Pattern, texts: dict[str, str]) -> Counter[str]:
        if pattern.matcher is not None:
            return _counts_by_python(pattern, texts)
        # One rg over all the lines; a line number leads back to its file.
        numbers = self._matching_lines(pattern.regex, "\n".join(texts.values())) or []
        paths, ends = list(texts), list(accumulate(text.count("\n") + 1 for text in texts.values()))
        return Counter(paths[bisect_left(ends, number)] for number in numbers)

    def _matching_lines(self, regex: str, text: str) -> list[int] | None:
        """Numbers of the lines of a text that match; None when the regex is not valid."""
        return matching_lines(self._rg, regex, text, self._check)


def matching_lines(rg: str, regex: str, text: str, check: Callable[[], None] = quiet) -> list[int] | None:
    """Numbers of the lines of `text` that match, by rg itself; None when the regex is not valid."""
    flags = ("--no-config", "--text", "--encoding=utf-8", "--line-number", "--only-matching", "--replace=", "--color=never")
    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "surrogateescape") + b"\n")
        file.seek(0)
        done = run((rg, *flags, f"--regexp={regex}", "-"), cwd="/", check=check, stdin=file)
    if done.code == 2:
        return None
    return sorted({int(number) for number in done.output.replace(b":", b"").split()})


class _Stream:
    """Takes rg's output apart while it comes: "path NUL line LF", again and again, then the statistics."""

    def __init__(self, limit_bytes: int) -> None:
        self._left_bytes = limit_bytes
        self._tail = b"\n"
        self._path = b""
        self._lines: dict[bytes, list[bytes]] = {}
        self.searched_files = 0

    @property
    def is_full(self) -> bool:
        return self._left_bytes < 0

    def feed(self, piece: bytes) -> None:
        self._left_bytes -= len(piece)
        records = (self._tail + piece).split(b"\0")
        self._tail = records.pop()
        path = self._path
        lines = self._lines.setdefault(path, [])
        for record in records:
            # A line holds no LF, so the first one ends it, and all behind it is the next path, LFs included.
            line, _, following = record.partition(b"\n")
            lines.append(line)
            if following != path:
                path = SKIPPED.sub(b"", following) if b": " in following else following
                lines = self._lines.setdefault(path, [])
        self._path = path

    def end(self) -> bool:
        """Take the last line and the statistics of one run; False when they are missing: rg did not come to its end."""
        line, _, rest = self._tail.partition(b"\n")
        found = STATS.search(b"\n" + rest)
        if found is None:
            return False
        self._lines.setdefault(self._path, []).append(line)
        self.searched_files += int(found[1])
        self._tail, self._path = b"\n", b""
        return True

    def lines(self, scope: Scope) -> dict[str, list[str]]:
        """What was found in the scope, decoded; without the mark that rg puts where it cut a long line."""
        by_path = {os.fsdecode(path.removeprefix(b"./")): lines for path, lines in self._lines.items() if path}
        wanted = scope.select(sorted(by_path))
        return {path: _decoded(lines) for path, lines in by_path.items() if path in wanted}
