"""The client's version, and which of its behaviours that we rest on are known there.

In:  the version that it gives; empty: it was not found.
Out: a fact, or a finding for a version that is older than any that was tried.
Not here: asking it (`probe`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mcp_lean.claude_code.doctor.finding import Fact, Finding, Result

TRIED = ("2.1.330",)
"""Versions that the end-to-end tests ran on."""

BEHAVIOURS = (
    "hooks of type mcp_tool call a hidden tool of the server",
    "a tool's own flag puts it into the first request",
    "an agent's file has tools loaded that the main agent only knows by name",
    "a hook can stop one agent and leave the others at work",
    "a native Edit works after read_many",
)
"""What we rest on; each has its end-to-end test."""

READS_OUR_HOOKS_SINCE = "2.1.118"
"""Tried on 2.1.48, 2.1.117, 2.1.118, 2.1.120 and 2.1.200: an older client does not know hooks of type mcp_tool, and
ignores the whole settings file that they stand in, rules that deny something included, without a word."""

SETTINGS_SINCE = (
    ("2.1.243", "promptCacheTtl, subagentPromptCacheTtl"),
    ("2.1.251", "CLAUDE_CODE_SUBAGENT_MODEL as a default"),
)
"""From the vendor's change log."""


def version(found: str) -> Iterator[Result]:
    """What is known about this version."""
    if not found:
        yield Fact("client", "claude was not found on PATH; its version was not checked")
        return
    if found in TRIED:
        yield Fact("client", f"{found}; all that mcp_lean rests on was tried on it")
        return
    if as_numbers(found) > as_numbers(TRIED[-1]):
        yield Fact("client", f"{found}: newer than the newest that was tried ({TRIED[-1]})")
        return
    without = [words for since, words in SETTINGS_SINCE if as_numbers(found) < as_numbers(since)]
    if ignores_our_settings(found):
        yield Finding("client-too-old", IGNORES.format(found), "claude update")
        return
    yield Finding(
        "client-old",
        f"Claude Code {found} is older than the oldest that was tried ({TRIED[0]}); not known there: "
        f"{'; '.join((*BEHAVIOURS, *without))}",
        "claude update",
    )


IGNORES = (
    f"Claude Code {{}} is older than {READS_OUR_HOOKS_SINCE}: it ignores the whole of a settings file in which our "
    "hooks stand, with every permission and deny rule in it, and does not say so"
)


def ignores_our_settings(found: str) -> bool:
    """Whether a client of this version drops the file that our hooks stand in; not for an unknown one."""
    return bool(found) and as_numbers(found) < as_numbers(READS_OUR_HOOKS_SINCE)


HARMLESS_SINCE = {"hook-varying": ("2.1.330", "stands behind the first prompt there, and breaks no cache")}
"""Findings that do no harm from a version on: the first on which it was tried, and why."""


def as_it_is(result: Result, found: str) -> Result:
    """The result, a finding as a fact where this version makes it harmless."""
    if not isinstance(result, Finding) or result.id not in HARMLESS_SINCE or not found:
        return result
    since, why = HARMLESS_SINCE[result.id]
    if as_numbers(found) < as_numbers(since):
        return result
    return Fact(result.id, f"{result.path}:{result.line}: {result.says}; with Claude Code {found} it {why}")


def as_numbers(words: str) -> tuple[int, ...]:
    return tuple(int(part) for part in words.split("."))
