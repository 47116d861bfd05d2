"""Claude Code's own `Read(...)` rules, so that this server is no way around them.

In:  the rules of each settings source, and an absolute path.
Out: the rule that covers the path, or None.
Not here: the pattern syntax (`rule_patterns.py`), which files hold rules (`settings.py`), the workspace's symlinks.

What a rule means, in our words. Sources: the section "Read and Edit" of Claude Code's page on permissions
(code.claude.com/docs/en/permissions, read in 2026-11), and where it is silent or differs, Claude Code 2.1.330 itself,
asked by `Read` calls against the same rules (marked "observed"; tests/repo/test_deny.py holds the table).

* Patterns are those of gitignore, with a few turns of Claude Code's own (`rule_patterns.py`).
* `//x` starts at the file system's root, `~/x` at the home folder, `/x` at the settings source: the project for
  managed, project and local settings, the folder of the file itself for the user's. `x` and `./x` mean the same, at
  any depth unless a slash stands in the middle, below the working directory and below every additional directory
  (observed; the page names the working directory only). No rule reaches out of its start: `../x` covers nothing.
* `dir/**` is `dir`: the folder itself, at any depth, and all in it.
* `Read`, `Read(*)` and a tool name with a star that fits (`Re*`) switch reading off; `Read()` says nothing (observed).
* `!x` takes out of the rules of the same list before it that start at the working directory, but nothing out of a
  folder that is covered as a whole. Managed settings and their drop-ins are one list (observed).
* A rule that starts with `//`, `~/` or `/` also holds where its path really is, when symlinks lead there.
* Rules of other tools (`Edit`, `Grep`, `Glob`, `Write`) do not stop reading (observed for all four).
* An `ask` rule stops us too: a person has to be asked, and only the built-in tools can do that.

Not known here, and so not applied: rules that were given on the command line (`--settings`, `--disallowedTools`) or by
an organisation's server. No allow rule is looked at, since none lifts a deny rule.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mcp_lean.repo.rule_patterns import ANYTHING, FLAGS, exactly, expressions

READ_RULE = re.compile(r"Read\((?P<pattern>.+)\)", re.DOTALL)
GLOB_CHARACTERS = frozenset("*?[\\")
ANY_NAME = "\N{REPLACEMENT CHARACTER}"
"""A folder is covered when any name in it is; this one stands for all that are not spelled out in a rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is written, and the file it stands in. `asks`: it wants a person asked rather than a refusal."""

    text: str
    file: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """The rules of one list, in its order; `anchor` is the folder that `/x` starts at."""

    rules: tuple[Rule, ...]
    anchor: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One pattern, matched against the part of a path below its start."""

    matches: re.Pattern[str]
    rule: Rule
    takes_out: bool = False


class Rules:
    """All rules of a session, ready to be asked about many paths."""

    def __init__(self, sources: Sequence[Source] = (), folders: Sequence[str] = (), home: str = "") -> None:
        """`folders`: the working directory and the additional ones; `home`: what `~` stands for. Absolute, all."""
        lists: dict[str, list[tuple[_Line, ...]]] = {}
        aliases: dict[str, str] = {}
        for source in sources:
            for base, lines in _placed(source, folders, home, aliases):
                lists.setdefault(_prefix(base), []).append(lines)
        self._places = [(prefix, _any_of(groups), groups) for prefix, groups in sorted(lists.items())]
        self._aliases = tuple(aliases.items())

    def __bool__(self) -> bool:
        return bool(self._places)

    @property
    def is_current(self) -> bool:
        """Whether every symlink that a rule's path goes through still leads where it led."""
        return all(real_path(path) == real for path, real in self._aliases)

    def covering(self, path: str) -> Rule | None:
        """The rule that covers a file of this absolute, normalised path. Pure: the file system is not asked."""
        for prefix, any_of, groups in self._places:
            if not path.startswith(prefix):
                continue
            inside = path[len(prefix) :]
            if any_of.match(inside) is None:
                continue
            for lines in groups:
                rule = _deciding(lines, inside)
                if rule is not None:
                    return rule
        return None

    def covering_folder(self, path: str) -> Rule | None:
        """The rule that covers a folder: all that could stand in it is covered."""
        return self.covering(_prefix(path) + ANY_NAME)


def real_path(path: str) -> str:
    """Where a path leads, as far as it can be followed; itself when it cannot be a path at all."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path


# ------------------------------------------------------------------------------------------------- where rules start


def _placed(
    source: Source, folders: Sequence[str], home: str, aliases: dict[str, str]
) -> Iterator[tuple[str, tuple[_Line, ...]]]:
    """The lists of a source with the folder that each is matched below."""
    relative: list[_Line] = []
    for rule in source.rules:
        pattern = _pattern_of(rule.text)
        if pattern is None:
            continue
        if pattern == "":
            yield os.sep, (_Line(ANYTHING, rule),)
        elif pattern.startswith("//"):
            yield from _anchored(os.sep, pattern, rule, aliases)
        elif pattern.startswith("~/"):
            yield from _anchored(home, pattern[1:], rule, aliases)
        elif pattern.startswith("/"):
            yield from _anchored(source.anchor, pattern, rule, aliases)
        else:
            relative += _lines(pattern, rule)
    if relative:
        for folder in dict.fromkeys(spelled for path in folders for spelled in _spellings(path, aliases)):
            yield folder, tuple(relative)


def _pattern_of(text: str) -> str | None:
    """The path pattern of a rule about reading; "" for all paths, None for a rule that says nothing about reading."""
    found = READ_RULE.fullmatch(text)
    if found is None:
        return "" if "(" not in text and fnmatchcase("Read", text.replace("[", "[[]").replace("?", "[?]")) else None
    return "" if found["pattern"] == "*" else found["pattern"]


def _anchored(base: str, pattern: str, rule: Rule, aliases: dict[str, str]) -> Iterator[tuple[str, tuple[_Line, ...]]]:
    """A pattern below a fixed folder, and once more where symlinks in its beginning lead."""
    pattern = "/" + re.sub("/{2,}", "/", pattern).lstrip("/")
    for spelled in _spellings(base, aliases):
        yield spelled, tuple(_lines(pattern, rule))
    segments = [segment for segment in pattern.removesuffix("/**").split("/") if segment]
    if not segments:
        return
    literal = 0
    while literal < len(segments) and not GLOB_CHARACTERS & set(segments[literal]):
        literal += 1
    path = os.path.join(base, *segments[:literal])
    real = real_path(path)
    aliases[path] = real
    if real in (path, os.path.join(real_path(base), *segments[:literal])):
        return
    rest = "/".join(segments[literal:])
    if rest:
        yield real, tuple(_lines("/" + rest, rule))
    else:
        yield os.path.dirname(real), (_Line(exactly(os.path.basename(real)), rule),)


def _spellings(path: str, aliases: dict[str, str]) -> tuple[str, ...]:
    """A folder as it was named, and as its symlinks resolve: paths are asked about in both forms."""
    real = aliases[path] = real_path(path)
    return tuple(dict.fromkeys((path, real)))


# -------------------------------------------------------------------------------------------------- what they match


def _lines(pattern: str, rule: Rule) -> Iterator[_Line]:
    takes_out = pattern.startswith("!")
    for expression in expressions(pattern.removeprefix("!"), both_readings=not takes_out):
        yield _Line(expression, rule, takes_out)


def _any_of(groups: Iterable[tuple[_Line, ...]]) -> re.Pattern[str]:
    """One expression that lets most paths pass at once: a listing asks about many thousands."""
    texts = dict.fromkeys(line.matches.pattern for lines in groups for line in lines if not line.takes_out)
    return re.compile("|".join(f"(?:{text})" for text in texts) or "(?!)", FLAGS)


def _deciding(lines: tuple[_Line, ...], inside: str) -> Rule | None:
    """The last line that speaks of the path decides, and of the folders above it first: what a rule covers as a whole
    is not taken apart again."""
    if not any(line.takes_out for line in lines):
        return next((line.rule for line in lines if line.matches.match(inside)), None)
    ends = [index + 1 for index, character in enumerate(inside) if character == "/"]
    for node in (*(inside[:end] for end in ends), inside):
        last = next((line for line in reversed(lines) if line.matches.fullmatch(node)), None)
        if last is not None and not last.takes_out:
            return last.rule
    return None


def _prefix(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep
