"""Settings: defaults < the user's file < the project's file < environment variables.

In:  `mcp-lean/config.toml` in the user's config folder, `.mcp-lean.toml` in the project, variables `MCP_LEAN_*`.
Out: `Config`, and for each value where it came from.
Not here: Claude Code's own settings (`repo/deny.py`, `claude_code/`).

A key is written `[section] key = value` in a file and `MCP_LEAN_SECTION_KEY` in the environment. Limits are raised
here, by the person, and nowhere else: a budget that the spender can lift is none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, get_type_hints

from mcp_lean.errors import ConfigError

PROJECT_FILE = ".mcp-lean.toml"

IN_PLUGIN = "MCP_LEAN_PLUGIN"
"""Set by our plugin for the server that it starts, to the plugin's name."""


CHEAP, CHEAP_BELOW_TOKENS = ("scout", "runner"), 95_000
"""Those of our agents that run on Haiku 5.5: in a request above 100,000 tokens each costs five times as much."""


class Limits(NamedTuple):
    """What one agent may spend. 0 is no limit."""

    agent_usd: float = 5.0
    agent_requests: int = 300
    agent_tokens: int = 0
    agent_context_tokens: int = 0


class Budget(NamedTuple):
    """Limits of each agent in a run, as in `Limits`, and of the run. A backstop, not a leash: recorded sessions cost
    2.31 USD at the median, 11 USD at the 90th percentile."""

    agent_usd: float = 5.0
    agent_requests: int = 300
    agent_tokens: int = 0
    agent_context_tokens: int = 0
    run_usd: float = 25.0
    run_tokens: int = 0
    types: Mapping[str, Limits] = MappingProxyType({})

    @property
    def of_main(self) -> Limits:
        """The orchestrator's own, in `[budget.types.main]`. It has none otherwise, for the run's limits hold it."""
        return self.types.get("main") or Limits(0.0, 0, 0, 0)

    def of_agent(self, agent_type: str) -> Limits:
        """The limits of an agent type: its own where it has some, else those of every agent.

        Our agents may be named without what the client or `init` puts before their names: `[budget.types.scout]`.
        """
        short = agent_type.removeprefix("lean:").removeprefix("lean-")
        own = self.types.get(agent_type) or self.types.get(short)
        if own:
            return own
        context = self.agent_context_tokens or (CHEAP_BELOW_TOKENS if short != agent_type and short in CHEAP else 0)
        return Limits(self.agent_usd, self.agent_requests, self.agent_tokens, context)


class Guard(NamedTuple):
    """What the guard does in Claude Code.

    unchanged: lines that an agent provably holds are answered by a line (`guard/unchanged/deliveries`).
    """

    enabled: bool = True
    loops: str = "stop"
    nudge: bool = True
    unchanged: bool = True


class Routing(NamedTuple):
    """What becomes of `Agent` calls that leave open which agent and model they mean (docs/figures.md#routing).

    mode: "advise" says once which agent would do; "on" rewrites the call. In the plugin "on" unless a file says else.
    off_above: a kind of work of which a larger share failed in a project is left alone there.
    """

    mode: str = "advise"
    off_above: float = 0.3


class Compact(NamedTuple):
    """Checkpoints where a conversation loses its history (docs/figures.md#continue).

    clear: "advise" tells the person once where a fresh start is cheaper; "ask" holds the prompt back once for it.
    after_clear: whether /clear goes on from a checkpoint: after such advice, always, or never.
    carry: a compaction is told what must survive, and what its summary lacks is put in behind it.
    """

    clear: str = "advise"
    after_clear: str = "advised"
    carry: bool = True


CHOICES: Mapping[str, tuple[str, ...]] = {
    "routing.mode": ("off", "advise", "on"),
    "guard.loops": ("off", "warn", "stop"),
    "compact.clear": ("off", "advise", "ask"),
    "compact.after_clear": ("never", "advised", "always"),
}


class Config(NamedTuple):
    """Effective settings. `origins` maps "budget.run_usd" to the file or variable that set it; defaults are absent."""

    budget: Budget = Budget()
    guard: Guard = Guard()
    routing: Routing = Routing()
    compact: Compact = Compact()
    origins: Mapping[str, str] = MappingProxyType({})

    def values(self) -> Iterator[tuple[str, object, str]]:
        """Each setting with its value and origin, in the order of this file."""
        for section in SECTIONS:
            for key, value in getattr(self, section)._asdict().items():
                name = f"{section}.{key}"
                if key != "types":
                    yield name, value, self.origins.get(name, "default")
        for agent_type, limits in self.budget.types.items():
            for key, value in limits._asdict().items():
                name = f"budget.types.{agent_type}.{key}"
                yield name, value, self.origins.get(name, "as every agent")


SECTIONS = tuple(name for name in Config._fields if name != "origins")


def user_file(environ: Mapping[str, str]) -> str:
    """The user's own settings file."""
    base = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    return os.path.join(base, "mcp-lean", "config.toml")


def load(project: str, environ: Mapping[str, str]) -> Config:
    """The effective settings of a project.

    Raises:
        ConfigError: a file is not TOML, a key is unknown (the nearest known one is named), a value has the wrong type.
    """
    config = Config()
    if environ.get(IN_PLUGIN):
        config = _with(config, "routing.mode", "on", "the plugin")
    for file in (user_file(environ), os.path.join(project, PROJECT_FILE)):
        for name, value in _flattened(_read(file), file):
            config = _with(config, name, value, file)
    for section in SECTIONS:
        for key in getattr(config, section)._fields:
            variable = f"MCP_LEAN_{section}_{key}".upper()
            if key != "types" and variable in environ:
                config = _with(config, f"{section}.{key}", environ[variable], variable)
    return config


def _read(file: str) -> Mapping[str, Any]:
    """What a settings file says; nothing where there is none."""
    try:
        with open(file, "rb") as stream:
            import tomllib  # a tenth of a hook's process, and most people have no such file

            return tomllib.load(stream)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # also TOMLDecodeError and UnicodeDecodeError
        raise ConfigError(f"{file}: cannot be used: {error}") from error


def _flattened(data: Mapping[str, Any], file: str) -> Iterator[tuple[str, object]]:
    for section, held in data.items():
        if not isinstance(held, dict):
            raise ConfigError(f"{file}: {section}: write it in a section, for example [budget]")
        for key, value in held.items():
            if key == "types" and isinstance(value, dict):
                for agent_type, limits in value.items():
                    if not isinstance(limits, dict):
                        raise ConfigError(f"{file}: budget.types.{agent_type}: write [budget.types.{agent_type}]")
                    yield from ((f"{section}.types.{agent_type}.{name}", limit) for name, limit in limits.items())
            else:
                yield f"{section}.{key}", value


def _with(config: Config, name: str, value: object, origin: str) -> Config:
    """`config` with one value set."""
    section, _, key = name.partition(".")
    if section not in SECTIONS:
        raise ConfigError(f"{origin}: unknown section [{section}]{_nearest(section, SECTIONS)}")
    held: Any = getattr(config, section)
    origins = {**config.origins, name: origin}
    if section == "budget" and key.startswith("types."):
        agent_type, _, limit = key.removeprefix("types.").rpartition(".")
        known = config.budget.of_agent(agent_type)
        changes: dict[str, Any] = {limit: _parsed(Limits, limit, name, value, origin)}
        limits = known._replace(**changes)
        budget = config.budget._replace(types={**config.budget.types, agent_type: limits})
        return config._replace(budget=budget, origins=origins)
    changed: dict[str, Any] = {section: held._replace(**{key: _parsed(type(held), key, name, value, origin)})}
    return config._replace(**changed, origins=origins)


def _parsed(holder: type[Any], key: str, name: str, value: object, origin: str) -> object:
    """The value in the type of its field; environment variables are text."""
    hints = {hint: kind for hint, kind in get_type_hints(holder).items() if hint != "types"}
    if key not in hints:
        raise ConfigError(f"{origin}: unknown key {name}{_nearest(key, sorted(hints))}")
    choices = CHOICES.get(name)
    if choices is not None:
        if value not in choices:
            raise ConfigError(f"{origin}: {name}: one of {', '.join(choices)}, not {value!r}")
        return value
    kind = hints[key]
    parsed: object
    if kind is bool:
        parsed = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
    else:
        parsed = _number(kind, value)
    if parsed is None:
        words = {bool: "true or false", int: "a whole number, 0 or more", float: "a number, 0 or more"}
        raise ConfigError(f"{origin}: {name}: {words[kind]}, not {value!r}")
    return parsed


def _number(kind: type[int | float], value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = kind(value)
    except (ValueError, OverflowError):
        return None
    # NaN fails the comparison; infinity would be a limit that is none, which is written 0.
    return number if 0 <= number < float("inf") and number == float(value) else None


def _nearest(word: str, known: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
