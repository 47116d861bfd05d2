"""Checks of other people's hooks whose output enters a context at its start.

In:  a `Setup`.
Out: findings: commands whose output looks as if it differed from start to start.
Not here: our own hooks (`own`).

Recorded on Claude Code 2.1.330 (tests/e2e/test_setup.py): what such a hook prints stands behind the first prompt, and
breaks no cache. `checks` makes a fact of the finding where the client is known to be that one or newer.

Nothing is run: the command's text is read, and that of a script in the project or home that it names.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator

from mcp_lean.claude_code.doctor.finding import Finding, Result
from mcp_lean.claude_code.doctor.reading import text_file
from mcp_lean.claude_code.doctor.setup import Settings, Setup
from mcp_lean.claude_code.init.parts import is_our_hook
from mcp_lean.repo.settings import home

STARTS = ("SessionStart", "SubagentStart")
"""What these print stands at the start of a context."""

AT_COMMAND = r"(?:^|[;&|(`]|\$\(|\b(?:then|do|else|exec|sudo)\b)\s*"
"""Where a shell takes a word for a program, and not for an argument."""

VARYING = (
    (
        "the time",
        re.compile(
            rf"(?m){AT_COMMAND}date\b(?![=./-])|\btime\.time\(|datetime\.(?:now|utcnow)\(|Date\.now\(|new Date\(\)"
        ),
    ),
    ("a random number", re.compile(r"\$\{?S?RANDOM\b|\buuidgen\b|\buuid4\(|randomUUID\(|/proc/sys/kernel/random")),
    (
        "the state of git",
        re.compile(rf"(?m){AT_COMMAND}git\s+(?:-\S+\s+\S+\s+)*(?:log|status|diff|rev-parse|describe|show|stash)\b"),
    ),
    ("the state of the machine", re.compile(rf"(?m){AT_COMMAND}(?:uptime|who|ps|df|free|top|curl|wget)\b(?![=./-])")),
)

ELSEWHERE = re.compile(r"(?<![0-9&<])1?>>?\s*(?!\()\S|>&2|&>")
"""The output of a command goes into a file or to stderr."""

SCRIPT_BYTES = 64 << 10


def varying_output(setup: Setup) -> Iterator[Result]:
    """Hooks at the start of a session or subagent that print something else each time."""
    for settings in (*setup.settings, *(held for plugin in setup.plugins for held in plugin.hooks)):
        for event in STARTS:
            for line, command in _commands(settings, event):
                source, path = _source(command, setup)
                what = next((name for name, pattern in VARYING if _prints(source, pattern)), "")
                if what:
                    yield Finding(
                        "hook-varying",
                        f"a {event} hook seems to print {what}{f' ({path})' if path else ''}, which differs from start "
                        "to start: where a client puts it before the prompt, what stands behind it is written again",
                        "print what stays the same, or send it to stderr; let the agent ask for the rest",
                        settings.file.path,
                        line,
                    )


def disabled(setup: Setup) -> Iterator[Result]:
    """All hooks switched off, ours among them."""
    for settings in setup.settings:
        if settings.data.get("disableAllHooks") is True:
            yield Finding(
                "hooks-disabled",
                "disableAllHooks: no hook runs, so the guard neither counts nor stops anything",
                "remove it",
                settings.file.path,
                settings.line("disableAllHooks"),
            )
        if settings.scope == "managed" and settings.data.get("allowManagedHooksOnly") is True:
            yield Finding(
                "hooks-disabled",
                "allowManagedHooksOnly: hooks of projects, users and plugins do not run, ours among them",
                "ask the administrator to put ours (mcp-lean budget --hooks) among the managed ones",
                settings.file.path,
                settings.line("allowManagedHooksOnly"),
            )


def _prints(source: str, pattern: re.Pattern[str]) -> bool:
    """Whether a command that the pattern finds prints for the agent, and not into a file."""
    for found in pattern.finditer(source):
        end = re.compile(r"[;\n]|&&|\|\|").search(source, found.end())
        if not ELSEWHERE.search(source, found.end(), end.start() if end else len(source)):
            return True
    return False


def _commands(settings: Settings, event: str) -> Iterator[tuple[int, str]]:
    """(line, command) of each hook of an event that is not ours."""
    held = settings.document.root.at("hooks", event) if settings.document else None
    for group in held.items if held else ():
        hooks = group.child("hooks")
        for hook in hooks.items if hooks else ():
            command = hook.child("command")
            if command and isinstance(command.value, str) and not is_our_hook(hook.value):
                yield settings.file.line_of(command.start), command.value


def _source(command: str, setup: Setup) -> tuple[str, str]:
    """The text that is looked at: the command, and the script that it runs, if that is a file here."""
    expanded = re.sub(r"\$\{?CLAUDE_PROJECT_DIR\}?", lambda _: setup.project, command)
    expanded = re.sub(r"\$\{?HOME\}?(?=/)|(?<![\w/])~(?=/)", lambda _: home(setup.environ), expanded)
    try:
        words = shlex.split(expanded)
    except ValueError:
        words = expanded.split()
    own = (setup.project, home(setup.environ))
    for word in words:
        path = os.path.normpath(os.path.join(setup.project, word))
        if "/" in word and path.startswith(tuple(f"{folder}/" for folder in own)) and os.path.isfile(path):
            file = text_file(path, SCRIPT_BYTES)
            # Comments of a script say nothing about what it prints.
            text = re.sub(r"(?m)^\s*(?:#|//).*$", "", file.text) if file else ""
            return f"{command}\n{text}", path
    return command, ""
