"""Routing as a part of the guard: it is shown each event, and answers those about `Agent` calls.

In:  events; the settings, the ledger, the environment.
Out: a rewritten call, one line of advice, or nothing; entries of the log.
Not here: choosing (`policy`), the table (`log`), judging (`costs/routing_outcomes`).

A call that is not routed is answered with nothing at all, so it runs as the model wrote it, byte for byte.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from mcp_lean.config import IN_PLUGIN, Routing
from mcp_lean.costs.routing_outcomes import PENDING, has_last_words, outcomes
from mcp_lean.guard.budget.verdict import SPAWNS
from mcp_lean.guard.decision import PASS, Decision
from mcp_lean.guard.event import Event, ToolUse
from mcp_lean.guard.ledger.tables import Row, Statement
from mcp_lean.guard.parts import Watcher
from mcp_lean.guard.routing.agents import Installed, installed
from mcp_lean.guard.routing.log import Entry, RoutingLog
from mcp_lean.guard.routing.permissions import ALLOWS_ALL, is_allowed, went_through
from mcp_lean.guard.routing.policy import GENERAL, POLICIES, Action, Around, Route, route
from mcp_lean.guard.routing.standing import FEWEST_CASES, NEWEST_CALLS, Rate
from mcp_lean.guard.routing.words import Kind

if TYPE_CHECKING:
    from mcp_lean.transcripts.model import Run

NO_SUCH_AGENT = ("not found", "denied by permission rule")
"""Stand in the client's error about a type that it does not have, or may not start."""

NOT_TAKEN = "failed schema validation"
"""Stands in what an agent gets where the client does not take a rewritten call. That call is lost."""

KNOWN_CLIENT = (2, 1, 330)
"""Took such rewritten calls; older ones may not know an effort there."""

CALL_OURS = frozenset(("scout", "reviewer"))
"""Our agents that have our tools: of use only where those may be called."""

JUDGED_AT_ONCE = 50
"""Newest decisions of a session that are looked at when its main agent ends a turn."""

OTHER_PROVIDERS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")


class Ledger(Protocol):
    """What this needs of the ledger."""

    def told(self, session_id: str, agent_id: str, what: str) -> bool: ...
    def keep(self, *statements: Statement) -> bool: ...
    def rows(self, query: str, values: Sequence[object]) -> list[Row]: ...
    def look(self, session_id: str) -> bool: ...
    def is_billed(self, session_id: str, agent_id: str) -> bool: ...
    def run(self, session_id: str) -> Run | None: ...


class RoutingWatcher(Watcher):
    """Not made where routing is off."""

    name = "routing"

    def __init__(self, settings: Routing, ledger: Ledger, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._ledger = ledger
        self._environ = environ
        self._log = RoutingLog(ledger)
        self._installed: Installed | None = None
        self._missing: set[str] = set()
        self._routed: dict[str, str] = {}
        self._is_taken = is_known_client(environ)
        plugin = environ.get(IN_PLUGIN)
        self._server = f"mcp__plugin_{plugin}_lean" if plugin else "mcp__lean"
        self._may_call_ours: bool | None = None

    def is_ready(self, event: Event) -> bool:
        """Routed calls are judged at the end of a turn, by what the agents said last and what the parent did since."""
        routed = self._routed_in(event.session_id) if event.name == "Stop" and not event.agent_id else {}
        if not routed:
            return True
        if not self._ledger.look(event.session_id):
            return False  # a slice at a time: all of a long transcript takes longer than an event may
        run = self._ledger.run(event.session_id)
        unknown = [call_id for call_id, outcome in routed.items() if outcome in ("", PENDING)]
        return self._ledger.is_billed(event.session_id, "") and (run is None or has_last_words(run, unknown))

    def see(self, event: Event) -> Decision:
        """What to answer."""
        if event.name == "PreToolUse" and event.tool and event.tool.name in SPAWNS:
            return self._answer(event, event.tool)
        if event.name in ("PostToolUseFailure", "PostToolBatch"):
            self._notice_missing(event)
            self._may_call_ours = went_through(event.batch, self._server) or self._may_call_ours
        if event.name == "Stop" and not event.agent_id:
            self._judge(event.session_id)
        return PASS

    def _answer(self, event: Event, call: ToolUse) -> Decision:
        if not call.input:
            return PASS  # the hook of an older installation does not show the call
        project = os.path.normpath(self._environ.get("CLAUDE_PROJECT_DIR") or event.cwd)
        found = route(call.input, self._around(event, project))
        is_told = False
        if found.updated_input is None:
            action = Action.LEFT
        elif self._settings.mode == "on" and not self._is_taken:
            found = Route(found.kind, "this client may not take it")
            action = Action.LEFT
        elif self._settings.mode == "on":
            action = Action.ROUTED
            self._routed[call.id] = found.agent_type
        else:
            is_worth = bool(POLICIES[found.kind].model)
            is_told = is_worth and self._ledger.told(event.session_id, event.agent_id, f"routing.{found.kind}")
            action = Action.ADVISED if is_told else Action.QUIET
        self._log.note(_entry(event, call, project, found, action))
        if action is Action.ROUTED:
            return Decision(updated_input=found.updated_input)
        if is_told:
            return Decision(context=advice(found))
        key = f"routing.failing.{found.kind}"
        if found.failing and self._ledger.told(event.session_id, "", key):
            return Decision(person=found.failing)
        return PASS

    def _around(self, event: Event, project: str) -> Around:
        if self._installed is None:
            self._installed = installed(project, self._environ)
        if self._may_call_ours is None:
            self._may_call_ours = is_allowed(self._server, project, self._environ)
        may_call_ours = self._may_call_ours or event.permission_mode == ALLOWS_ALL
        agents = {
            name: kind
            for name, kind in self._installed.present().items()
            if kind not in self._missing and (may_call_ours or name not in CALL_OURS)
        }
        failing = {
            kind: failing_words(kind, rate)
            for kind, rate in self._log.rates(project).items()
            if rate.is_above(self._settings.off_above)
        }
        return Around(
            agents,
            self._installed.overridden,
            bool(self._environ.get("CLAUDE_CODE_SUBAGENT_MODEL")),
            has_cheap_model(self._environ),
            bool(event.agent_id) or self._environ.get("CLAUDE_CODE_ENTRYPOINT", "").startswith("sdk"),
            event.effort,
            failing,
            project,
        )

    def _notice_missing(self, event: Event) -> None:
        """What the client did not take is not tried again: every further call would fail, too."""
        for call in (event.tool, *event.batch):
            if call is None or call.id not in self._routed:
                continue
            said = (call.response or "")[:300]
            if any(words in said for words in NO_SUCH_AGENT):
                self._missing.add(self._routed[call.id])
            if NOT_TAKEN in said:
                self._is_taken = False

    def _judge(self, session_id: str) -> None:
        known = self._routed_in(session_id)
        is_read = bool(known) and self._ledger.look(session_id)
        run = self._ledger.run(session_id) if is_read else None  # a part would take back what the whole has shown
        if run is not None:
            judged = outcomes(run, known, is_over=True)
            fresh = {call: outcome for call, outcome in judged.items() if outcome != known[call]}
            self._log.settle(session_id, fresh)

    def _routed_in(self, session_id: str) -> dict[str, str]:
        """Call id -> outcome as far as it is known, of the newest calls."""
        entries = [entry for entry in self._log.of_session(session_id) if entry.action == Action.ROUTED]
        return {entry.call_id: entry.outcome for entry in entries[-JUDGED_AT_ONCE:]}


def has_cheap_model(environ: Mapping[str, str]) -> bool:
    """Whether "haiku" is Haiku 5.5 here: the one before costs ten times as much, and routing to it does not pay."""
    named = environ.get("ANTHROPIC_DEFAULT_HAIKU_MODEL", "")
    return "haiku-5" in named if named else not any(environ.get(name) for name in OTHER_PROVIDERS)


def is_known_client(environ: Mapping[str, str]) -> bool:
    """Whether the client takes rewritten calls, as far as it says what it is: "claude-code_2-1-330..."."""
    found = re.match(r"claude-code_(\d+)-(\d+)-(\d+)", environ.get("AI_AGENT", ""))
    return found is None or tuple(map(int, found.groups())) >= KNOWN_CLIENT


def advice(found: Route) -> str:
    """One line for the agent that made the call."""
    what = {Kind.READ: "Finding and reading", Kind.RUN: "Running a command and digesting its output"}[found.kind]
    if found.agent_type in GENERAL:
        return f'{what} needs no large model: next time add model "{found.model}" and effort "{found.effort}".'
    return f'{what} is cheaper with subagent_type "{found.agent_type}": use it next time.'


def failing_words(kind: str, rate: Rate) -> str:
    """For the person, once per session."""
    return (
        f"mcp-lean: agents that {kind} are left alone in this project: {rate.failures} of the last {rate.cases} had to "
        "be done again, or are not judged yet (mcp-lean cost shows them). From time to time some are tried, and while "
        f"they fail at most {FEWEST_CASES} in {NEWEST_CALLS}. [routing] off_above = 1.0 in .mcp-lean.toml routes all."
    )


def _entry(event: Event, call: ToolUse, project: str, found: Route, action: Action) -> Entry:
    asked = call.input.get("subagent_type")
    return Entry(
        event.session_id,
        call.id,
        project,
        event.agent_id,
        found.kind,
        action,
        asked if isinstance(asked, str) else "",
        found.agent_type,
        found.model,
        found.effort,
        found.reason,
    )
