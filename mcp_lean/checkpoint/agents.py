"""Section: agents and background tasks, those at work first.

In:  the calls that started them, their results, and the client's notifications.
Out: for one at work what it was to return, for one that has ended a line of what it said.
Not here: what they cost (`costs`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcp_lean.checkpoint.facts import Call
from mcp_lean.checkpoint.model import Line, Section
from mcp_lean.checkpoint.outcome import SHELLS, SPAWNING
from mcp_lean.checkpoint.story import Story
from mcp_lean.checkpoint.words import joined, one_line, plain, quoted, said, sentences

NAME = "agents and background tasks"
ASKED_CHARS, ANSWER_CHARS = 220, 180

LAUNCHED = frozenset(("async_launched", "teammate_spawned", "launched", "running"))
ENDED = frozenset(("completed", "failed", "killed", "stopped", "cancelled", "error"))
BACKGROUND = re.compile(r"running in (?:the )?background with ID: (?P<id>[\w-]+)", re.IGNORECASE)
AGENT_ID = re.compile(r"agent_?[iI]d: (?P<id>[\w@.-]+)")
NOTICES = ("<task-notification>", "[SYSTEM NOTIFICATION - NOT USER INPUT]")
NOTIFIED = re.compile(r"<task-id>(?P<id>[^<]+)</task-id>[\s\S]*?<status>(?P<status>[^<]+)</status>(?P<rest>[\s\S]*)")
ASKED_ABOUT = re.compile(r"<(?:task_id|shell_id|agent_id)>(?P<id>[^<]+)<")
STATUS = re.compile(r"<status>(?P<status>[^<]+)</status>")
SUMMARY = re.compile(r"<(?:summary|result)>(?P<words>[\s\S]*?)(?:</|\Z)")
STOPPING = frozenset(("KillShell", "KillBash", "TaskStop"))
ASKING = frozenset(("TaskOutput", "BashOutput", "AgentOutput", "AgentOutputTool"))
ID_ARGUMENTS = ("task_id", "shell_id", "bash_id", "agentId")
TO_RETURN = re.compile(
    r"\b(?:return|report|tell|list|answer|output|respond|provide|give|deliver|summari[sz]e|find|write)\b", re.IGNORECASE
)
EMPTY = re.compile(
    r"^(?:perfect|excellent|great|done|okay|ok|sure|now i|i have|i've|let me|based on|here(?:'s| is| are))\b"
    r"|^[#*`\s-]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class End:
    """How something ended: `status` as the client spells it, `words` as far as it said any."""

    status: str
    words: str


def section(story: Story) -> Section:
    """Everything that was started, the newest last among its kind."""
    ends = _ends(story)
    running: list[Line] = []
    ended: list[Line] = []
    for call in story.called(SPAWNING | SHELLS):
        if call.name in SPAWNING:
            _agent(call, ends, running, ended)
        elif call.result and (found := BACKGROUND.search(call.result)) is not None:
            _task(call, found["id"], ends, running, ended)
    newest = [Line(line.text, 1.0 + 2.0 * (number + 1) / len(ended), line.core) for number, line in enumerate(ended)]
    return Section(NAME, (*running, *newest))


def _agent(call: Call, ends: dict[str, End], running: list[Line], ended: list[Line]) -> None:
    known = AGENT_ID.search(call.result)
    agent_id = call.agent_id or (known["id"] if known else "")
    who = joined(map(plain, (call.said("subagent_type") or "agent", agent_id or call.said("name"))), " ")
    about = said(call.said("description"), 100)
    is_launched = call.status in LAUNCHED or (call.has_result and call.arguments.get("run_in_background") is True)
    end = ends.get(agent_id) if agent_id else None
    if end is not None and end.status in ENDED:
        ended.append(_ended(f"{end.status}: {who} {about}", end.words, call.said("description")))
    elif not call.has_result or is_launched:
        text = f"- at work: {who} {about}, asked: {_asked(call.said('prompt'))}"
        running.append(Line(text, 10.0, agent_id or call.said("prompt")))
    elif call.is_error:
        ended.append(_ended(f"failed: {who} {about}", call.result, call.said("description")))
    else:
        ended.append(_ended(f"finished: {who} {about}", call.result, call.said("description")))


def _task(call: Call, task_id: str, ends: dict[str, End], running: list[Line], ended: list[Line]) -> None:
    what = quoted(call.said("command"), 120)
    end = ends.get(task_id)
    if end is None or end.status not in ENDED:
        running.append(Line(f"- at work: background task {task_id} {what}", 9.0, task_id))
    elif end.status != "completed":  # what a completed one printed has been read, or stands in the files
        ended.append(Line(f"- {end.status}: background task {task_id} {what}", 0.5, task_id))


def _ended(text: str, words: str, core: str) -> Line:
    answer = _gist(words)
    return Line(f"- {text}" + (f" -> {quoted(answer, ANSWER_CHARS)}" if answer else ""), 1.0, core)


def _ends(story: Story) -> dict[str, End]:
    """What is known to have ended, or to be at work still, by id; the newest word counts."""
    found: dict[str, End] = {}
    for turn in story.told:
        for words in turn.meta:
            notice = NOTIFIED.search(words) if words.startswith(NOTICES) else None
            if notice is not None:
                told = SUMMARY.search(notice["rest"])
                found[notice["id"].strip()] = End(notice["status"].strip(), told["words"] if told else "")
    for call in story.called(STOPPING | ASKING):
        if not call.has_result or call.is_error:
            continue
        name = ASKED_ABOUT.search(call.result)
        task_id = next(filter(None, map(call.said, ID_ARGUMENTS)), "") or (name["id"] if name else "")
        if not task_id or (task_id in found and found[task_id].status in ENDED):
            continue
        status = STATUS.search(call.result)
        if call.name in STOPPING:
            found[task_id] = End("stopped", "")
        elif status is not None:
            output = call.result.partition("<output>")[2].partition("</output>")[0]
            found[task_id] = End(status["status"].strip(), output)
    return found


def _asked(prompt: str) -> str:
    """The first sentence of a prompt, and the one that says what comes back."""
    parts = sentences(prompt)
    wanted = next((part for part in parts[1:] if TO_RETURN.search(part)), "")
    return joined([said(part, ASKED_CHARS) for part in (*parts[:1], wanted) if part], " ... ")


def _gist(words: str) -> str:
    """The first line that says something; a heading only where nothing else does."""
    first = telling = ""
    for line in map(one_line, words.splitlines()):
        if len(line) <= 3:
            continue
        first = first or line
        if EMPTY.match(line.lstrip("#*- ")):
            continue
        telling = telling or line
        if not line.startswith("#") and len(line) >= 30:
            return line.lstrip("#*- ")
    return (telling or first).lstrip("#*- ")
