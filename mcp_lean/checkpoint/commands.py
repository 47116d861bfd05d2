"""Sections: how the work is checked and what came of it last, and errors that are still open.

In:  shell commands with their outcomes, failed calls of other tools.
Out: a line per command; per open error the failing tests and the lines that decide, verbatim.
Not here: telling failure from success (`outcome`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mcp_lean.checkpoint.facts import Call
from mcp_lean.checkpoint.model import Line, Section
from mcp_lean.checkpoint.outcome import PATH, QUIET, REFUSED, SHELLS, Outcome
from mcp_lean.checkpoint.story import Story
from mcp_lean.checkpoint.words import one_line, plain, quoted

COMMANDS, UNRESOLVED = "commands", "unresolved"
COMMAND_CHARS, VERDICT_CHARS, ERROR_CHARS = 150, 120, 220
RECENT_TURNS = 12
"""A failed search or edit of longer ago was worked around, or given up."""
MOST_COMMANDS, MOST_HABITS, HABIT_TURNS = 8, 20, 200
COMMAND_WORTH = 1.5
"""Of a fresh command that checks nothing; a line that names twenty is worth twenty."""
TESTS = re.compile(r"test|spec|jest|mocha|tox|nox", re.IGNORECASE)
HABIT = re.compile(
    r"(?:^|&&|;|\|\|)\s*(?!(?:if|for|while|until|do|then|else|echo|cd|export|set|sleep|test|source|case"
    r"|in)\s)(?P<name>[a-z][\w-]{1,15} [a-z][\w:-]{1,20})(?=\s|$)"
)

CHECK = re.compile(
    r"\b(?:pytest|unittest|tox|nox|ruff|mypy|pyright|flake8|pylint|black|eslint|tsc|prettier|biome|jest|vitest|mocha"
    r"|playwright|cypress"
    r"|rspec|rubocop|phpunit|phpstan|ctest|dialyzer|credo|golangci-lint|clippy|shellcheck|ktlint|swiftlint"
    r"|(?:npm|pnpm|yarn|bun|deno|cargo|go|mix|make|just|gradle|gradlew|mvn|mvnw|dotnet|swift|rake|rails|bazel|ninja"
    r"|cmake|composer|sbt|lein|stack|cabal|zig|flutter|dart|hatch|poetry|uv|task)"
    r"(?: run)?(?: -\S+)* +\S*(?:test|check|lint|build|vet|verify|compile|format|fmt|spec|typecheck|ci)\w*)\b"
)


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a command; `key` and `program` as in its outcome."""

    call: Call
    key: str
    program: str
    outcome: Outcome


@lru_cache(4_096)
def is_check(key: str) -> bool:
    """Whether a command tests, builds or checks something."""
    return CHECK.search(key) is not None


def runs_of(story: Story) -> list[Ran]:
    """Shell commands with a result, in order."""
    calls = story.called(SHELLS)
    return [Ran(call, call.outcome.key, call.outcome.program, call.outcome) for call in calls if call.outcome]


def commands_section(story: Story, runs: list[Ran]) -> Section:
    """Checks with their last result; then other commands that do something, the newest of each kind."""
    last: dict[str, Ran] = {}
    uses: dict[str, int] = {}
    for ran in runs:
        last.pop(ran.key, None)
        last[ran.key] = ran
        uses[ran.key] = uses.get(ran.key, 0) + 1
    now = story.waiting.number
    lines = []
    seen: dict[str, int] = {}
    for ran in reversed(last.values()):
        fresh = 0.5 ** ((now - ran.call.turn) / 20.0)
        checks = is_check(ran.key)
        seen[ran.program] = seen.get(ran.program, 0) + 1
        if checks and seen[ran.program] <= 3:
            of_tests = 3.0 if TESTS.search(ran.key) else 0.0
            lines.append(_check(ran, of_tests + 6.0 * fresh + min(uses[ran.key], 6) / 3))
        elif not checks and not QUIET.match(ran.key) and seen[ran.program] <= 1 and ran.key:
            lines.append(
                Line(
                    f"- {quoted(ran.outcome.command, COMMAND_CHARS)}",
                    COMMAND_WORTH * fresh + uses[ran.key] / 10,
                    ran.key,
                )
            )
    best = sorted(lines, key=lambda line: -line.worth)[:MOST_COMMANDS]
    kept = [line for line in reversed(lines) if line in best]
    return Section(COMMANDS, (*kept, *_habits(story)))


def _habits(story: Story) -> list[Line]:
    """Programs with their first word, the most used lately first: what is at hand here."""
    now = story.waiting.number
    scores: dict[str, float] = {}
    for turn in story.turns[-HABIT_TURNS:]:
        for call in turn.calls:
            if call.outcome is not None and not call.is_error:
                for name in {found["name"] for found in HABIT.finditer(call.said("command").split("\n", 1)[0])}:
                    scores[name] = scores.get(name, 0.0) + 0.5 ** ((now - call.turn) / 40.0)
    names = sorted(scores, key=lambda name: (-scores[name], name))[:MOST_HABITS]
    return [Line(f"- also run: {', '.join(names)}", COMMAND_WORTH * len(names))] if names else []


def _check(ran: Ran, worth: float) -> Line:
    state = "failed" if ran.outcome.is_failed else "passed" if ran.outcome.has_verdict else "ended without an error"
    verdict = f": {quoted(ran.outcome.verdict, VERDICT_CHARS)}" if ran.outcome.verdict else ""
    return Line(
        f"- {quoted(ran.outcome.command, COMMAND_CHARS)} -> {state}{verdict}", worth, f"{ran.key} {ran.outcome.verdict}"
    )


def unresolved_section(story: Story, runs: list[Ran]) -> Section:
    """Failures that nothing later took back."""
    lines: list[Line] = []
    now = story.waiting.number
    for number, ran in enumerate(runs):
        if not ran.outcome.is_failed:
            continue
        checks = is_check(ran.key)
        is_recent = now - ran.call.turn <= RECENT_TURNS and not QUIET.match(ran.key)
        if (checks or is_recent) and not _is_taken_back(ran, runs[number + 1 :], checks):
            lines += _error(ran, 12.0 if checks else 4.0)
    for call in _failed_calls(story):
        lines.append(
            Line(
                f"- {plain(call.name)} {quoted(_subject(call), 100)} failed: {quoted(call.result, ERROR_CHARS)}",
                3.0,
                call.result[:200],
            )
        )
    return Section(UNRESOLVED, tuple(lines))


def _error(ran: Ran, worth: float) -> list[Line]:
    head = ran.outcome.lines[0] if ran.outcome.lines else ran.outcome.verdict
    lines = [Line(f"- {quoted(ran.outcome.command, COMMAND_CHARS)} failed: {quoted(head, ERROR_CHARS)}", worth, head)]
    rest = [line for line in ran.outcome.lines[1:] if one_line(line)]
    return lines + [Line(f"  {quoted(line, ERROR_CHARS)}", worth * 0.6, line) for line in rest]


def _is_taken_back(ran: Ran, later: list[Ran], checks: bool) -> bool:
    """A later run of the same check counts instead: the same command, or one that covers it; or a success of all that
    failed."""
    for other in later:
        if other.key == ran.key:
            return True
        if other.program != ran.program:
            continue
        if not other.outcome.targets or (ran.outcome.targets and ran.outcome.targets <= other.outcome.targets):
            return True
        if not other.outcome.is_failed:
            if not checks:
                return True
            named = {target for line in ran.outcome.lines for target in PATH.findall(line)}
            tests = {name for name in named if re.search(r"test|spec", name)}
            if tests and all(any(_covers(target, name) for target in other.outcome.targets) for name in tests):
                return True
    return False


def _covers(target: str, name: str) -> bool:
    return name.startswith(target) or target.startswith(name) or target.endswith("/" + name)


def _failed_calls(story: Story) -> list[Call]:
    """Failed calls of the newest turns that no later call of the same tool on the same thing made good."""
    failed: dict[tuple[str, str], Call] = {}
    for turn in [*story.turns[-RECENT_TURNS:], story.waiting]:
        for call in turn.calls:
            if not call.has_result or call.outcome is not None:
                continue
            key = (call.name, _subject(call))
            failed.pop(key, None)
            if call.is_error and not call.result.startswith(REFUSED):
                failed[key] = call
    return list(failed.values())


def _subject(call: Call) -> str:
    for key in ("file_path", "notebook_path", "path", "pattern", "url", "query", "description", "skill"):
        if call.said(key):
            return call.said(key)
    return ""
