"""Puts a guard together for a project.

In:  the project's folder and the environment.
Out: a `Guard` with its parts; also when the settings or the ledger's file cannot be used, which it then says.
Not here: what it does (`hooks`).

Settings are read once per process; the limits of a session stay those that it began with (`budget/beginning`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mcp_lean.config import Compact, Config, load
from mcp_lean.config import Guard as GuardSettings
from mcp_lean.errors import ConfigError
from mcp_lean.guard.budget.verdict import SPAWNS
from mcp_lean.guard.continuing.checkpoints import Checkpoints
from mcp_lean.guard.event import Event
from mcp_lean.guard.hooks import Guard
from mcp_lean.guard.parts import STOP, Deferred, Recall, Watcher

if TYPE_CHECKING:
    from mcp_lean.guard.identity import Caller
    from mcp_lean.guard.ledger.ledger import Ledger
    from mcp_lean.guard.loops.detector import Loops


ENTRYPOINT = "CLAUDE_CODE_ENTRYPOINT"
"""Says how the client was started: "cli" is its terminal program, "sdk-cli" print mode (recorded on 2.1.330)."""


class Started(NamedTuple):
    """A guard, and the parts of it that tools use too. `loops` is None where nobody looks for them."""

    guard: Guard
    ledger: Ledger
    config: Config
    loops: Loops | None = None


def start(
    project: str,
    environ: Mapping[str, str],
    *,
    is_for_one_event: bool = False,
    say: Callable[[str], None] | None = None,
) -> Started:
    """The guard of a project.

    Settings that cannot be used switch it off, and the person is told with the next prompt: limits other than those
    that were meant could stop work that is allowed.

    Args:
        is_for_one_event: the process ends after it; turns of agents are then not remembered.
        say: takes what went wrong, a line each; by default it goes to stderr.
    """
    from mcp_lean.guard.ledger.ledger import Ledger

    ledger = Ledger.open(environ, reads_on=is_for_one_event)
    try:
        config, problem = load(project, environ), ""
    except ConfigError as error:
        config, problem = Config(guard=GuardSettings(enabled=False)), str(error)
    loops = None if is_for_one_event else _loops(config)
    recall = _recall(loops, environ) if loops else None
    watchers = tuple(_watchers(config, ledger, environ, is_for_one_event))
    guard = Guard(config, ledger, loops, say, problem, watchers, recall, remembers=not is_for_one_event)
    return Started(guard, ledger, config, loops)


def _watchers(config: Config, ledger: Ledger, environ: Mapping[str, str], is_for_one_event: bool) -> Iterator[Watcher]:
    """Parts with their own answer to events, in the order in which their texts stand."""

    def part(name: str, make: Callable[[], Watcher], is_wanted: Callable[[Event], bool]) -> Watcher:
        return Deferred(name, make, is_wanted) if is_for_one_event else make()

    if config.routing.mode != "off":
        yield part("routing", lambda: _routing(config, ledger, environ), _starts_an_agent)
    checkpoints = Checkpoints(environ)
    if config.compact.carry:
        yield part("compaction", lambda: _compaction(checkpoints), _is_compaction)
    if config.compact.clear != "off" or config.compact.after_clear == "always":
        make = partial(_continuing, config.compact, ledger, checkpoints, environ)
        yield part("clear and continue", make, _begins_or_prompts)


# What each part answers. What it learns from other events, a process that ends after one would forget.


def _starts_an_agent(event: Event) -> bool:
    return event.name == "PreToolUse" and event.tool is not None and event.tool.name in SPAWNS


def _is_compaction(event: Event) -> bool:
    return event.name == "PreCompact" or (event.name == "SessionStart" and event.source == "compact")


def _begins_or_prompts(event: Event) -> bool:
    return event.name == "UserPromptSubmit" or (event.name == "SessionStart" and event.source == "clear")


def _routing(config: Config, ledger: Ledger, environ: Mapping[str, str]) -> Watcher:
    from mcp_lean.guard.routing.watcher import RoutingWatcher

    return RoutingWatcher(config.routing, ledger, environ)


def _compaction(checkpoints: Checkpoints) -> Watcher:
    from mcp_lean.guard.continuing.compaction import Compaction

    return Compaction(checkpoints)


def _continuing(settings: Compact, ledger: Ledger, checkpoints: Checkpoints, environ: Mapping[str, str]) -> Watcher:
    """What puts a checkpoint where a conversation loses its history."""
    from mcp_lean.guard.continuing.seams import client_of
    from mcp_lean.guard.continuing.watcher import Continuing

    has_terminal = environ.get(ENTRYPOINT) == "cli"
    return Continuing(settings, ledger, checkpoints, client=client_of(environ), can_hold=has_terminal)


def _loops(config: Config) -> Loops:
    """A detector needs several turns: a process that ends after one event neither loads nor asks it."""
    from mcp_lean.guard.loops.detector import Loops

    return Loops(may_stop=config.guard.loops == STOP)


def _recall(loops: Loops, environ: Mapping[str, str]) -> Recall:
    """Shows the detector what an agent did before this process: loaded for the first agent that needs it."""

    def shown(caller: Caller, now: frozenset[str]) -> int:
        from mcp_lean.guard.loops.recall import recall

        return recall(loops, caller, now, environ)

    return shown
