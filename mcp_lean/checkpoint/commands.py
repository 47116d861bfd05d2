"""Sections: how the work is checked and what came of it last, and errors that are still open.

In:  shell commands with their outcomes, failed calls of other tools.
Out: a line per command; per open error the failing tests and the lines that decide, verbatim.
Not here: telling failure from success (`outcome`).
"""

from __future__ import annotations

import re
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


Ran = tuple[Call, Outcome]
"""One run of a command, and what came of it."""


@lru_cache(4_096)
def is_check(key: str) -> bool:
    """Whether a command tests, builds or checks something."""
    return CHECK.search(key) is not None


def runs_of(story: Story) -> list[Ran]:
    """Shell commands with a result, in order."""
    return [(call, call.outcome) for call in story.called(SHELLS) if call.outcome]


def commands_section(story: Story, runs: list[Ran]) -> Section:
    """Checks with their last result; then other commands that do something, the newest of each kind."""
    last: dict[str, Ran] = {}
    uses: dict[str, int] = {}
    for ran in runs:
        key = ran[1].key
        last.pop(key, None)
        last[key] = ran
        uses[key] = uses.get(key, 0) + 1
    now = story.waiting.number
    lines = []
    seen: dict[str, int] = {}
    for call, outcome in reversed(last.values()):
        key, program = outcome.key, outcome.program
        fresh = 0.5 ** ((now - call.turn) / 20.0)
        checks = is_check(key)
        seen[program] = seen.get(program, 0) + 1
        if checks and seen[program] <= 3:
            of_tests = 3.0 if TESTS.search(key) else 0.0
            lines.append(_check(outcome, of_tests + 6.0 * fresh + min(uses[key], 6) / 3))
        elif not checks and not QUIET.match(key) and seen[program] <= 1 and key:
            text = f"- {quoted(outcome.command, COMMAND_CHARS)}"
            lines.append(Line(text, COMMAND_WORTH * fresh + uses[key] / 10, key))
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


def _check(outcome: Outcome, worth: float) -> Line:
    state = "failed" if outcome.is_failed else "passed" if outcome.has_verdict else "ended without an error"
    verdict = f": {quoted(outcome.verdict, VERDICT_CHARS)}" if outcome.verdict else ""
    text = f"- {quoted(outcome.command, COMMAND_CHARS)} -> {state}{verdict}"
    return Line(text, worth, f"{outcome.key} {outcome.verdict}")


def unresolved_section(story: Story, runs: list[Ran]) -> Section:
    """Failures that nothing later took back."""
    lines: list[Line] = []
    now = story.waiting.number
    for number, (call, outcome) in enumerate(runs):
        if not outcome.is_failed:
            continue
        checks = is_check(outcome.key)
        is_recent = now - call.turn <= RECENT_TURNS and not QUIET.match(outcome.key)
        if (checks or is_recent) and not _is_taken_back(outcome, runs[number + 1 :], checks):
            lines += _error(outcome, 12.0 if checks else 4.0)
    for call in _failed_calls(story):
        lines.append(
            Line(
                f"- {plain(call.name)} {quoted(_subject(call), 100)} failed: {quoted(call.result, ERROR_CHARS)}",
                3.0,
                call.result[:200],
            )
        )
    return Section(UNRESOLVED, tuple(lines))


def _error(outcome: Outcome, worth: float) -> list[Line]:
    head = outcome.lines[0] if outcome.lines else outcome.verdict
    lines = [Line(f"- {quoted(outcome.command, COMMAND_CHARS)} failed: {quoted(head, ERROR_CHARS)}", worth, head)]
    rest = [line for line in outcome.lines[1:] if one_line(line)]
    return lines + [Line(f"  {quoted(line, ERROR_CHARS)}", worth * 0.6, line) for line in rest]


def _is_taken_back(outcome: Outcome, later: list[Ran], checks: bool) -> bool:
    """A later run of the same check counts instead: the same command, or one that covers it; or a success of all that
    failed."""
    for _, other in later:
        if other.key == outcome.key:
            return True
        if other.program != outcome.program:
            continue
        if not other.targets or (outcome.targets and outcome.targets <= other.targets):
            return True
        if not other.is_failed:
            if not checks:
                return True
            named = {target for line in outcome.lines for target in PATH.findall(line)}
            tests = {name for name in named if re.search(r"test|spec", name)}
            if tests and all(any(_covers(target, name) for target in other.targets) for name in tests):
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
