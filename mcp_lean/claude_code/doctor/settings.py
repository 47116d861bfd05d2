"""Checks of Claude Code's settings files and variables.

In:  a `Setup`.
Out: findings: files that the client ignores, deferral or caching switched off, a model that changes by itself.
Not here: hooks (`hook_commands`, `own`), permissions.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_lean.claude_code.doctor.finding import Fact, Finding, Result, carried
from mcp_lean.claude_code.doctor.setup import Setup

GIT_INSTRUCTIONS_TOKENS = 850
"""2,119 characters of a first request of Claude Code 2.1.330, at 2.5 a token. Look again with a newer client:
tests/e2e/test_setup.py fails when the setting takes out less than half of that."""

OFF = {"0", "false", "no", "off"}
CACHE_SWITCHES = (
    "DISABLE_PROMPT_CACHING",
    *(f"DISABLE_PROMPT_CACHING_{m}" for m in ("HAIKU", "SONNET", "OPUS", "FABLE")),
)


def files(setup: Setup) -> Iterator[Result]:
    """Settings files that are broken, or that the client ignores as a whole."""
    for settings in setup.settings:
        file = settings.file
        if file.problem:
            yield Finding("settings-broken", f"{file.problem}; Claude Code ignores the file", "repair it", file.path)
        elif settings.document and not settings.document.is_plain:
            yield Finding(
                "settings-comments",
                "has comments or trailing commas: Claude Code (seen on 2.1.330) ignores the whole of such a file and "
                "says nothing, so its hooks, permissions and deny rules are not in force",
                "take the comments and trailing commas out",
                file.path,
            )
        elif settings.document and not settings.document.root.is_object:
            yield Finding("settings-broken", "not a JSON object; Claude Code ignores the file", "repair it", file.path)
    for file in setup.server_problems:
        yield Finding("servers-broken", f"{file.problem}; its servers are not started", "repair it", file.path)


def deferral(setup: Setup) -> Iterator[Result]:
    """Tool search switched off: every tool of every server stands in every prefix."""
    value, path, line = setup.variable("ENABLE_TOOL_SEARCH")
    if value.lower() in OFF:
        yield Finding(
            "deferral-off",
            f"ENABLE_TOOL_SEARCH={value}: all tools stand in each request (12.5k -> 19.9k tokens with a handful of "
            "servers), and a server that comes late rewrites the whole prefix",
            "remove it; tools are then loaded when they are asked for",
            path,
            line,
        )


def caching(setup: Setup) -> Iterator[Result]:
    """The prompt cache switched off."""
    for name in CACHE_SWITCHES:
        value, path, line = setup.variable(name)
        if value and value.lower() not in OFF:
            yield Finding(
                "caching-off",
                f"{name}={value}: each turn pays the full price for everything in context, 10 to 40 times that of "
                "reading it from the cache",
                "remove it",
                path,
                line,
            )


def git_instructions(setup: Setup) -> Iterator[Result]:
    """What the client's own advice on git weighs; a figure to think about, since some rely on it."""
    if any(settings.data.get("includeGitInstructions") is False for settings in setup.settings):
        return
    cost = carried(GIT_INSTRUCTIONS_TOKENS, setup.model)
    yield Fact(
        "git instructions",
        f"the client's own, about {GIT_INSTRUCTIONS_TOKENS:,} tokens in each turn of the main agent, "
        f'${cost.usd_per_100_turns:.3f} per 100 turns; "includeGitInstructions": false takes them out',
    )


def opusplan(setup: Setup) -> Iterator[Result]:
    """A model setting that changes the model when plan mode is entered or left."""
    says = "opusplan changes the model when plan mode begins and ends, and another model finds none of the cache"
    todo = "name one model; a plan by the other one is cheaper in an agent of its own"
    value, path, line = setup.variable("ANTHROPIC_MODEL")
    if value.startswith("opusplan"):
        yield Finding("model-opusplan", says, todo, path, line)
    for settings in setup.settings:
        model = settings.data.get("model")
        if isinstance(model, str) and model.startswith("opusplan"):
            yield Finding("model-opusplan", says, todo, settings.file.path, settings.line("model"))
