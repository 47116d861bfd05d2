"""What the guard answers to an event, and how Claude Code wants that written.

In:  a `Decision`.
Out: the hook's output text for an event.
Not here: how a decision is come to (`hooks`).

Recorded on Claude Code 2.1.330: `{}` says nothing in every event but PreCompact, where it would be added to the
summariser's instructions word by word, so that one gets an empty text. `continue: false` in a subagent ends that
subagent only; in PreToolUse the tool still runs unless it is denied as well. "ask" asks the person in every mode,
bypassPermissions included; in print mode the call is refused, and the reason is its result.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from mcp_lean.transcripts.own import START

NOTHING_TO_SAY = "{}"


class Decision(NamedTuple):
    """At most one of `deny` and `stop`; the others may stand beside them.

    context: a line for the agent that acts; it is sent with a mark that tells the meter whose weight it is.
    deny: the call does not run, and why; the agent goes on.
    ask: the person is asked whether the call may run, and reads why; in print mode it does not run.
    stop: the agent ends before its next request, and why.
    updated_input: the whole new input of the call.
    person: a line that only the person sees.
    instructions: for the summariser, at PreCompact.
    hold: the prompt is not sent; the person reads why, and has it in the input field again.
    """

    context: str = ""
    deny: str = ""
    ask: str = ""
    stop: str = ""
    updated_input: dict[str, object] | None = None
    person: str = ""
    instructions: str = ""
    hold: str = ""


PASS = Decision()


def joined(decisions: Sequence[Decision]) -> Decision:
    """What several parts answer, as one: texts one under the other, of everything else the first that is set."""
    contexts = [decision.context for decision in decisions if decision.context]
    persons = [decision.person for decision in decisions if decision.person]
    instructions = [decision.instructions for decision in decisions if decision.instructions]
    return Decision(
        context="\n".join(contexts),
        deny=next((decision.deny for decision in decisions if decision.deny), ""),
        ask=next((decision.ask for decision in decisions if decision.ask), ""),
        stop=next((decision.stop for decision in decisions if decision.stop), ""),
        updated_input=next((each.updated_input for each in decisions if each.updated_input is not None), None),
        person="\n".join(persons),
        instructions="\n".join(instructions),
        hold=next((decision.hold for decision in decisions if decision.hold), ""),
    )


TAKES_CONTEXT = frozenset(
    ("PreToolUse", "PostToolUse", "PostToolBatch", "UserPromptSubmit", "SessionStart", "SubagentStart")
)


def render(decision: Decision, event_name: str) -> str:
    """The text of a hook's output."""
    if event_name == "PreCompact":
        return decision.instructions
    answer: dict[str, object] = {}
    specific: dict[str, object] = {}
    if decision.stop:
        answer |= {"continue": False, "stopReason": decision.stop}
    if event_name == "PreToolUse":
        reason = decision.deny or decision.stop
        if reason:
            specific |= {"permissionDecision": "deny", "permissionDecisionReason": reason}
        elif decision.ask:
            specific |= {"permissionDecision": "ask", "permissionDecisionReason": decision.ask}
        elif decision.updated_input is not None:
            specific |= {"updatedInput": decision.updated_input}
    if decision.hold and event_name == "UserPromptSubmit":
        answer |= {"decision": "block", "reason": decision.hold}
    if decision.context and event_name in TAKES_CONTEXT:
        specific |= {"additionalContext": START + decision.context}
    if decision.person:
        answer |= {"systemMessage": decision.person}
    if specific:
        answer |= {"hookSpecificOutput": {"hookEventName": event_name, **specific}}
    return json.dumps(answer, ensure_ascii=False) if answer else NOTHING_TO_SAY
