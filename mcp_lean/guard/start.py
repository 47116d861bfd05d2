"""Puts a guard together for a project.

In:  the project's folder and the environment.
Out: a `Guard` with its parts; also when the settings or the ledger's file cannot be used, which it then says.
Not here: what it does (`hooks`).

Settings are read once per process: an agent that edits the project's file does not lift its own limits by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_lean.config import Config, load
from mcp_lean.config import Guard as GuardSettings
from mcp_lean.errors import ConfigError
from mcp_lean.guard.hooks import Guard
from mcp_lean.guard.parts import STOP, Watcher

if TYPE_CHECKING:
    from mcp_lean.guard.ledger import Ledger
    from mcp_lean.guard.loops import Loops


@dataclass(frozen=True, slots=True)
class Started:
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
    from mcp_lean.guard.ledger import Ledger

    ledger = Ledger.open(environ, reads_on=is_for_one_event)
    try:
        config, problem = load(project, environ), ""
    except ConfigError as error:
        config, problem = Config(guard=GuardSettings(enabled=False)), f"mcp-lean: the guard is off: {error}"
    loops = None if is_for_one_event else _loops(config)
    watchers = tuple(_watchers(config, ledger, environ))
    return Started(Guard(config, ledger, loops, say, problem, watchers), ledger, config, loops)


def _watchers(config: Config, ledger: Ledger, environ: Mapping[str, str]) -> Iterator[Watcher]:
    """Parts with their own answer to events, in the order in which their texts stand."""
    yield from ()


def _loops(config: Config) -> Loops:
    """A detector needs several turns: a process that ends after one event neither loads nor asks it."""
    from mcp_lean.guard.loops import Loops

    return Loops(may_stop=config.guard.loops == STOP)
