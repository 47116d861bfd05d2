"""Checks of MCP servers, others' and what starting them has shown.

In:  a `Setup`; `Listing`s, where servers were started (`probe`).
Out: findings: unpinned packages, tools in every prefix, lists that change; sizes.
Not here: our own server (`own`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_lean.claude_code.doctor.finding import UNPRICED, Fact, Finding, Result, carried
from mcp_lean.claude_code.doctor.memory import tokens_of
from mcp_lean.claude_code.doctor.settings import OFF
from mcp_lean.claude_code.doctor.setup import Setup
from mcp_lean.claude_code.init.parts import is_our_server

HEAVY_TOKENS = 2_000
"""Definitions of one server in every prefix. Ours, for comparison, are below 800."""

RUNNERS: Mapping[str, tuple[str, ...]] = {
    "npx": (),
    "bunx": (),
    "uvx": (),
    "pnpm": ("dlx",),
    "yarn": ("dlx",),
    "bun": ("x",),
    "pipx": ("run",),
    "uv": ("tool", "run"),
}
"""Programs that fetch a package at each start, and the words before its name."""

PACKAGE_OPTIONS = {"-p", "--package", "--from", "--spec"}
"""Options that name the package, instead of the first plain word."""
OTHER_OPTIONS = {"--with", "--python", "-c", "--call", "--index-url", "--registry", "--cache"}
"""Options with a value that is no package."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server listed at one start: name and definition text (name, description, schema), in its order."""

    tools: tuple[tuple[str, str], ...] = ()
    instructions: str = ""
    problem: str = ""
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        return sum(tokens_of(definition) for _, definition in self.tools)


def listing(tools: Sequence[object], instructions: str, seconds: float) -> Listing:
    """A server's answer: of each tool the three keys that a model is shown."""
    shown = []
    for tool in tools:
        if isinstance(tool, dict):
            keys = {"name": tool.get("name"), "description": tool.get("description")}
            definition = {**keys, "input_schema": tool.get("inputSchema")}
            shown.append((str(tool.get("name")), json.dumps(definition, ensure_ascii=False, separators=(",", ":"))))
    return Listing(tuple(shown), instructions, "", seconds)


def unpinned(setup: Setup) -> Iterator[Result]:
    """Servers whose package is fetched in its newest version at each start."""
    for server in setup.servers:
        package = unpinned_package(server.words)
        if package:
            yield Finding(
                "server-unpinned",
                f"{server.name} runs {package} in whatever version is the newest: a release between two starts "
                "changes its tools, and with tools in the prefix everything is written again; it also starts slowly",
                f"pin it, for example {_bare(package)}@1.2.3",
                server.path,
                server.line,
            )


def unpinned_package(words: Sequence[str]) -> str:
    """The package that a command line fetches without a version; empty where it fetches none."""
    if not words:
        return ""
    program = os.path.basename(words[0]).removesuffix(".cmd").removesuffix(".exe")
    if program not in RUNNERS:
        return ""
    rest = list(words[1:])
    for word in RUNNERS[program]:
        if rest[:1] != [word]:
            return ""
        rest.pop(0)
    package = ""
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if option in PACKAGE_OPTIONS:
            package = value if equals else (rest.pop(0) if rest else "")
            break
        if option in OTHER_OPTIONS and not equals and rest:
            rest.pop(0)
        elif not word.startswith("-"):
            package = word
            break
    is_path = package.startswith((".", "/", "~", "file:")) or package.endswith((".whl", ".tgz", ".tar.gz"))
    if not package or is_path or re.search(r"(?:@|==)v?\d[\w.+-]*$|@[0-9a-f]{7,40}$|#[0-9a-f]{7,40}$", package):
        return ""
    return package


def always_loaded(setup: Setup, listings: Mapping[str, Sequence[Listing]]) -> Iterator[Result]:
    """Servers whose definitions stand in every request."""
    is_off = setup.variable("ENABLE_TOOL_SEARCH")[0].lower() in OFF
    for server in setup.servers:
        if is_our_server(server.entry):
            continue
        listed = next((each for each in listings.get(server.name, ()) if not each.problem), None)
        in_prefix = server.entry.get("alwaysLoad") is True or is_off
        if listed:
            cost = carried(listed.tokens, setup.model)
            usd = f"${cost.usd_per_100_turns:.3f} per 100 turns" if in_prefix else "0 until a tool is asked for"
            order = (
                "" if list(listed.tools) == sorted(listed.tools) else "; not sorted (the client sorts, seen on 2.1.330)"
            )
            yield Fact(
                f"server {server.name}",
                f"{len(listed.tools)} tools, about {listed.tokens:,} tokens, {usd}, "
                f"{listed.seconds:.1f} s to its list{order}",
            )
        if server.entry.get("alwaysLoad") is True and (listed is None or listed.tokens > HEAVY_TOKENS):
            yield Finding(
                "server-always-loaded",
                f"{server.name} is always loaded: its definitions stand in every request of every agent, and each "
                "session waits for it at the start, up to about 7 s",
                'remove "alwaysLoad"; the client then loads its tools when they are asked for',
                server.path,
                server.line,
                carried(listed.tokens, setup.model) if listed else UNPRICED,
            )


def unstable(setup: Setup, listings: Mapping[str, Sequence[Listing]]) -> Iterator[Result]:
    """Servers whose list differs between two starts, and those that did not answer."""
    for server in setup.servers:
        found = listings.get(server.name, ())
        problem = next((each.problem for each in found if each.problem), "")
        if problem:
            yield Finding(
                "server-fails",
                f"{server.name}: {problem}; each session waits for it",
                "repair or remove it",
                server.path,
                server.line,
            )
        elif len(found) == 2 and (found[0].tools, found[0].instructions) != (found[1].tools, found[1].instructions):
            yield Finding(
                "server-unstable",
                f"{server.name}: {_difference(*found)} between two starts: with its tools in the prefix nothing "
                "before the change is shared, and agents that start before and after it share nothing",
                "tell its authors; pin a version that lists the same each time",
                server.path,
                server.line,
                carried(found[0].tokens, setup.model),
            )


def _difference(one: Listing, other: Listing) -> str:
    names = [[name for name, _ in each.tools] for each in (one, other)]
    if names[0] != names[1]:
        return "the order of its tools differs" if sorted(names[0]) == sorted(names[1]) else "its list of tools differs"
    changed = sorted(name for (name, a), (_, b) in zip(one.tools, other.tools, strict=True) if a != b)
    return f"the definition of {', '.join(changed[:3])} differs" if changed else "its instructions differ"


def _bare(package: str) -> str:
    at = package.rfind("@")
    return package[:at] if at > 0 else package
