"""The lines that patterns match, found by ripgrep in one pass over a scope.

In:  patterns and a `Scope`.
Out: per file its matching lines, and which pattern they belong to.
Not here: what the hits are worth (`hits.py`), the same without rg (`plain_search.py`).

Hidden files count, ignored ones do not; tracked ones always do, also where an ignore rule covers them (not inside
submodules). A folder or file that is named outright is searched even if it is ignored. Symlinks are not followed,
binaries are left out. Files of any size are searched: `--max-filesize` asks the size of each, for 14 % more CPU.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from time import monotonic

from mcp_lean.errors import AskError, EngineMissing
from mcp_lean.repo import ripgrep
from mcp_lean.repo.listing import tracked_but_ignored
from mcp_lean.repo.patterns import LINE_CHARS, Pattern, literally
from mcp_lean.repo.programs import run, running, scratch
from mcp_lean.repo.rg_stream import Stream, decoded_path
from mcp_lean.repo.scope import Scope

LINES_PER_FILE = 1_000
FEWER_LINES_PER_FILE = (20, 2)
OUTPUT_BYTES = 32 << 20
"""More hits than this are not held in memory: the search is repeated with fewer lines per file. The step depends on the
hits alone, so that the same state gives the same answer."""

SECONDS = 60.0
PATHS_AT_ONCE = 4_000
"""Names on one command line: 4,000 of 250 bytes stay below Linux' limit of 2 MB."""

FIXED_PART = re.compile(r"(?:[^*?\[\\{/]+/)*")
NAME_GLOB = re.compile(r"[\w.*?{},-]*\.[\w*?{},-]*")


@dataclass(frozen=True, slots=True)
class Lines:
    """What an engine found: per path, sorted, its matching lines as one text.

    most_lines: how many it took of one file.
    was_cut: a line was too long to be looked at whole, so a pattern may be missing from the lines.
    notes: what the reader should know about the search.
    """

    texts: Mapping[str, str]
    searched_files: int
    most_lines: int
    was_cut: bool
    notes: tuple[str, ...] = ()


class RgSearch:
    """One search by ripgrep."""

    def __init__(self, rg: str, scope: Scope, check: Callable[[], None]) -> None:
        self._rg = rg
        self._scope = scope
        self._check = check

    def accepted(self, pattern: Pattern) -> Pattern:
        """The pattern as rg takes it: one that is no valid regex as plain text."""
        if pattern.matcher is None and self._matching_lines(pattern, "") is None:
            return literally(pattern)
        return pattern

    def matches_every_line(self, pattern: Pattern) -> bool:
        """Whether it matches an empty line, and with it any."""
        return bool(pattern.matcher.search("") if pattern.matcher else self._matching_lines(pattern, ""))

    def lines(self, patterns: Sequence[Pattern]) -> Lines:
        """The lines that one of the patterns matches. Raises `AskError` when nearly all do."""
        for most in (LINES_PER_FILE, *FEWER_LINES_PER_FILE):
            stream = Stream()
            notes = self._feed(stream, patterns, most)
            if stream.taken_bytes <= OUTPUT_BYTES:
                break
        else:
            raise AskError("the patterns match nearly everything; give rarer ones, or say where with `paths`")
        if most != LINES_PER_FILE:
            notes.append(f"very many hits: only the first {most} matching lines of each file were looked at")
        texts = stream.texts()
        wanted = self._scope.select(sorted(texts))
        kept = {path: texts[path] for path in sorted(wanted)}
        return Lines(kept, stream.searched_files, most, stream.was_cut, tuple(notes))

    def counts(self, pattern: Pattern, texts: Mapping[str, str]) -> Counter[str]:
        """How often a pattern without a matcher is seen in each text: lines, by one more rg over all of them."""
        numbers = self._matching_lines(pattern, "\n".join(texts.values())) or []
        paths, ends = list(texts), list(accumulate(text.count("\n") + 1 for text in texts.values()))
        return Counter(paths[bisect_left(ends, number)] for number in numbers)

    def files(self, patterns: Sequence[Pattern], *, any_case: bool) -> set[str]:
        """The files in which one of the patterns is found."""
        flags = ("--files-with-matches", "--null", "--crlf", *(["--ignore-case"] if any_case else []))
        done = run(self._command(flags, patterns, self._targets()), cwd=self._scope.root, check=self._check)
        return self._scope.select([decoded_path(name) for name in done.output.split(b"\0")[:-1]])

    def _feed(self, stream: Stream, patterns: Sequence[Pattern], most: int) -> list[str]:
        flags = (
            *("--null", "--no-line-number", "--no-heading", "--with-filename", "--stats", "--crlf"),
            *(f"--max-count={most}", f"--max-columns={LINE_CHARS}", "--max-columns-preview"),
        )
        notes: list[str] = []
        until = monotonic() + SECONDS
        for targets in (self._targets(), *self._tracked_but_ignored()):
            with running(self._command(flags, patterns, targets), cwd=self._scope.root, check=self._check) as program:
                for piece in program.pieces():
                    stream.feed(piece)
                    if stream.taken_bytes > OUTPUT_BYTES:
                        return notes
                    if monotonic() > until:
                        return [*notes, f"stopped after {SECONDS:.0f} s: not all files were searched"]
            if not stream.end():
                raise EngineMissing(f"rg failed with status {program.code}: {program.complaints[:200]}")
            if program.code == 2:
                complaint = (program.complaints.splitlines() or ["rg does not say what"])[0].removeprefix("rg: ")
                notes.append(f"not everything could be read: {complaint}")
        return notes

    def _command(self, flags: Sequence[str], patterns: Sequence[Pattern], targets: Sequence[str]) -> list[str]:
        walk = ripgrep.walk_flags(self._scope.root, self._check)
        regexes = (f"--regexp={pattern.regex}" for pattern in patterns)
        return [self._rg, *walk, "--color=never", *self._types(), *flags, *regexes, "--", *targets]

    def _targets(self) -> list[str]:
        """Files and folders that hold the scope. A glob is searched from its first folder with a wildcard on."""
        wanted = {
            *self._scope.below,
            *(_fixed_part(glob) for glob in self._scope.globs),
        }
        kept: list[str] = []
        for path in sorted(wanted or {""}):
            is_inside_another = any(above == "" or path.startswith(above + "/") for above in kept)
            if not is_inside_another and os.path.lexists(os.path.join(self._scope.root, path)):
                kept.append(path)
        return [f"./{path}" for path in kept] or ["./"]

    def _types(self) -> list[str]:
        """Leave out files by name where only such as `*.py` are wanted; unlike a glob, a type lifts no ignore rule."""
        names = sorted({glob.rpartition("/")[2] for glob in self._scope.globs})
        if self._scope.below or not names or not all(map(NAME_GLOB.fullmatch, names)):
            return []
        return [*(f"--type-add=asked:{name}" for name in names), "--type=asked"]

    def _tracked_but_ignored(self) -> list[list[str]]:
        paths = sorted(self._scope.select(tracked_but_ignored(self._scope.root)))
        named = [f"./{path}" for path in paths if _is_plain_file(os.path.join(self._scope.root, path))]
        return [named[at : at + PATHS_AT_ONCE] for at in range(0, len(named), PATHS_AT_ONCE)]

    def _matching_lines(self, pattern: Pattern, text: str) -> list[int] | None:
        return matching_lines(self._rg, pattern.regex, text, self._check)


def matching_lines(rg: str, regex: str, text: str, check: Callable[[], None]) -> list[int] | None:
    """Numbers of the lines of `text` that match, by rg; None when the regex is not valid."""
    flags = ("--no-config", "--text", "--crlf", "--line-number", "--only-matching", "--replace=", "--color=never")
    with scratch() as file:
        file.write(text.encode("utf-8", "replace") + b"\n")
        file.seek(0)
        done = run((rg, *flags, "--encoding=none", f"--regexp={regex}", "-"), cwd=os.sep, check=check, stdin=file)
    if done.code == 2:
        return None
    return sorted({int(line) for line in done.output.replace(b":", b"").split()})


def _fixed_part(glob: str) -> str:
    found = FIXED_PART.match(glob.lstrip("/"))
    return found[0].rstrip("/") if found else ""


def _is_plain_file(path: str) -> bool:
    return os.path.isfile(path) and not os.path.islink(path)
