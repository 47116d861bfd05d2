"""A compaction: the summariser hears what must survive, and what its summary lacks is put in behind it.

In:  the events of a compaction, of the main agent and of subagents.
Out: at PreCompact a short list for the summariser; at SessionStart (compact) the agent's checkpoint, without what the
     summary says already.
Not here: what a checkpoint says (`checkpoint`), clears (`watcher`).

Recorded on Claude Code 2.1.330, the same for main agent and subagents, automatic and by /compact: PreCompact; then a
SubagentStop without a type, whose last message is the summary; then SessionStart with source "compact", when the
summary is in no transcript yet; PostCompact, which reports it, comes last. Inside a subagent all of them but that
SubagentStop carry the subagent's id, and what is added reaches that subagent. Other orders are served as well.
"""

from __future__ import annotations

import re

from mcp_lean.guard.continuing.checkpoints import BUDGET_TOKENS, Checkpoints
from mcp_lean.guard.decision import PASS, Decision
from mcp_lean.guard.event import Event
from mcp_lean.guard.parts import Watcher

OPENING = "what the summary above does not hold, taken from the transcript before the compaction."

SURVIVES = {
    "task": "the task in the user's own words, and every constraint that the user gave",
    "plan": "the plan: what is done, what is under way, what comes next",
    "agents and background tasks": "agents and background tasks that are still running, and what each is to return",
    "unresolved": "errors and failing tests that are not resolved, by name and exact message",
    "decisions": "decisions, each with its reason",
    "commands": "how tests and builds are run, and what they said last",
}
"""What the summariser is asked for, by section of the checkpoint, in its order."""

FILES = "files"
"""Their list is put in after the summary, so that nobody has to write it."""

THOUGHTS = re.compile(r"<analysis>.*?</analysis>", re.DOTALL)
"""What the summariser writes for itself; the client leaves it out."""

Key = tuple[str, str]


class Compaction(Watcher):
    """A watcher."""

    name = "compaction"

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._summaries: dict[Key, str] = {}
        """Of compactions under way: (session, agent) -> the summary, as soon as there is one."""

    def see(self, event: Event) -> Decision:
        """Answers the events of a compaction."""
        key = event.session_id, event.agent_id
        if event.name == "PreCompact":
            self._summaries[key] = ""
            return Decision(instructions=self._instructions(event))
        if event.name == "SubagentStop" and not event.agent_type:
            self._summary(event)
        elif event.name == "PostCompact" and key in self._summaries:
            self._summaries[key] = THOUGHTS.sub("", event.compact_summary)
        elif event.name == "SessionStart" and event.source == "compact":
            return Decision(context=self._missing(event, self._summaries.pop(key, "")))
        else:
            self._summaries.pop(key, None)  # the agent is at work again: that compaction came to nothing
        return PASS

    def _summary(self, event: Event) -> None:
        """It does not say whose: where two agents are compacted at once, it is left out, and more is said twice."""
        waiting = [key for key in self._summaries if key[0] == event.session_id]
        if len(waiting) == 1 and event.last_message:
            self._summaries[waiting[0]] = THOUGHTS.sub("", event.last_message)

    def _instructions(self, event: Event) -> str:
        try:
            found = self._checkpoints.of(event.transcript_path, event.agent_id, BUDGET_TOKENS)
        except OSError:
            return ""
        names = [section.name for section in found.sections]
        kept = [words for name, words in SURVIVES.items() if name in names]
        if not kept:
            return ""
        lines = ["These must survive, in the words in which they were said:", *(f"- {words}" for words in kept)]
        if FILES in names:
            lines.append("A list of the files and ranges in use is added after your summary: quote no file contents.")
        return "\n".join(lines)

    def _missing(self, event: Event, summary: str) -> str:
        from mcp_lean.packing.tokens import cost

        room = BUDGET_TOKENS - round(cost(OPENING + "\n"))
        found = self._checkpoints.of(event.transcript_path, event.agent_id, room, summary)
        return f"{OPENING}\n{found.text}" if found.text else ""
