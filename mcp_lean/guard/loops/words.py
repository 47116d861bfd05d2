"""The sentences of the loop detector.

In:  what was seen how often.
Out: one to three short plain sentences.
Not here: when they are said (`detector`).
"""

from __future__ import annotations

from mcp_lean.guard.event import ToolUse

SUBJECT_CHARS = 60
SUBJECTS = ("command", "file_path", "notebook_path", "path", "pattern", "query", "url", "task_id", "description")

TRY_ELSE = "Do something else, or report what is done and what stands in the way."
LIFT = 'A person can let repeats go on, from the next start: loops = "warn" under [guard] in .mcp-lean.toml'


def subject_of(call: ToolUse) -> str:
    """The argument that says what a call is about, on one line."""
    for name in SUBJECTS:
        value = call.input.get(name)
        if isinstance(value, str) and value.strip():
            line = " ".join(value.split())
            return line if len(line) <= SUBJECT_CHARS else f"{line[: SUBJECT_CHARS - 3]}..."
    return ""


def named(call: ToolUse) -> str:
    """For example 'Bash "pytest -q"'."""
    subject = subject_of(call)
    return f'{call.name[:SUBJECT_CHARS]} "{subject}"' if subject else call.name[:SUBJECT_CHARS]


def repeat(call: ToolUse, times: int) -> str:
    return f"{named(call)} gave the same result {times} times, and nothing changed in between"


def failure(call: ToolUse, times: int) -> str:
    return f"{named(call)} failed in the same way {times} times, whatever was changed in between"


def error(call: ToolUse, times: int) -> str:
    return f"{call.name[:SUBJECT_CHARS]} gave the same error in {times} turns"


def missed_edit(call: ToolUse, times: int) -> str:
    return f"the text to replace was not found {times} times in {subject_of(call)}; its present lines are other ones"


def cycle(period: int, times: int) -> str:
    return f"the same {period} calls came round {times} times with the same results"


def poll(call: ToolUse, times: int) -> str:
    return f"{named(call)} gave the very same result {times} times; longer waits cost less"


def reading(turns: int) -> str:
    return f"{turns} turns of reading brought no new lines"


def notice(what: str) -> str:
    return f"Repeats: {what}."


def warning(what: str, *, may_stop: bool) -> str:
    return f"Repeats: {what}. {TRY_ELSE}{' This agent is stopped if it goes on.' if may_stop else ''}"


def stopped(what: str) -> str:
    return f"Stopped: {what}. {LIFT}"
