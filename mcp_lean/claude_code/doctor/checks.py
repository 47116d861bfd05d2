"""The table of checks, and the report that comes of them.

In:  a `Setup`, and what was started or read for it (`Seen`).
Out: a `Report`: findings in a fixed order, facts, and what was not checked.
Not here: starting and reading (`probe`, `cli/doctor`), printing (`cli/doctor`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mcp_lean.claude_code.doctor import agents, books, client, hook_commands, memory, own, servers, settings
from mcp_lean.claude_code.doctor.finding import Fact, Finding, Result
from mcp_lean.claude_code.doctor.probe import OwnStart
from mcp_lean.claude_code.doctor.servers import Listing
from mcp_lean.claude_code.doctor.setup import Setup

if TYPE_CHECKING:
    from mcp_lean.costs.breakdown import RunCost


@dataclass(frozen=True, slots=True)
class Seen:
    """What was started and read. `None`: it was not looked at; `unchecked` then says why.

    start: of our server. listings: of other servers, two starts each.
    """

    client_version: str | None = None
    start: OwnStart | None = None
    listings: Mapping[str, Sequence[Listing]] | None = None
    runs: Sequence[RunCost] | None = None
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor says."""

    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...]
    unchecked: tuple[str, ...] = field(default=())


Check = Callable[[Setup], Iterable[Result]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("the server is registered and can be started", own.found),
    ("the plugin is of this version", own.plugin_version),
    ("the server answers at once", own.front_is_on),
    ("our hooks are in force, once", own.hooks_stand),
    ("our agents are those of this version", agents.ours),
    ("hooks are not switched off", hook_commands.disabled),
    ("agents may call our tools", own.permission),
    ("our configuration can be used", books.configuration),
    ("the ledger can be used", books.ledger),
    ("settings files are read by the client", settings.files),
    ("memory and agent files can be read", memory.unreadable),
    ("memory and agents hold nothing that programs rewrite", memory.volatile_text),
    ("memory imports no generated files", memory.generated_imports),
    ("memory is short", memory.sizes),
    ("hooks at the start print what stays the same", hook_commands.varying_output),
    ("tools are deferred", settings.deferral),
    ("the prompt cache is on", settings.caching),
    ("the main model stays the same", settings.opusplan),
    ("the client's own advice is wanted", settings.git_instructions),
    ("servers are pinned", servers.unpinned),
    ("agents of one kind are one agent", agents.twins),
    ("readers share the folder", agents.reader_worktrees),
    ("agents' models are named plainly", agents.long_windows),
)
"""What is asked of the files alone; each with the state that is wanted."""


def examine(setup: Setup, seen: Seen) -> Report:
    """All checks, in the order of the table, findings then by file and line."""
    results: list[Result] = []
    for _, check in CHECKS:
        results += check(setup)
    results += servers.always_loaded(setup, seen.listings or {})
    results += servers.unstable(setup, seen.listings or {})
    if seen.client_version is not None:
        results += client.version(seen.client_version)
    if seen.start is not None:
        results += own.answers(setup, seen.start)
    if seen.runs is not None:
        results += _of_history(setup, seen.runs)
    results = [client.as_it_is(result, seen.client_version or "") for result in results]
    findings = [result for result in results if isinstance(result, Finding)]
    facts = [result for result in results if isinstance(result, Fact)]
    order = {each: number for number, each in enumerate(dict.fromkeys(found.id for found in findings))}
    findings.sort(key=lambda found: (order[found.id], found.path, found.line, found.says))
    return Report(tuple(dict.fromkeys(findings)), tuple(facts), seen.unchecked)


def _of_history(setup: Setup, runs: Sequence[RunCost]) -> Iterable[Result]:
    import os

    from mcp_lean.claude_code.doctor import history
    from mcp_lean.repo.settings import client_folder

    settings_file = os.path.join(client_folder(setup.environ), "settings.json")
    yield from history.lifetimes(runs, settings_file)
    yield from history.fan_outs(runs)
    yield from history.breaks(runs)
    yield from history.effort(runs)
