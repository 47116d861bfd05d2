"""Section: the plan, with what is done, at work and next.

In:  what the plan tools were told: TodoWrite, TaskCreate and TaskUpdate, ExitPlanMode; plan files; the last summary.
Out: a line per step. Only a tool's record makes a step done, and the line names it.
Not here: what other agents were sent to do (`agents`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mcp_lean.checkpoint.facts import Call
from mcp_lean.checkpoint.model import Line, Section
from mcp_lean.checkpoint.story import Story
from mcp_lean.checkpoint.words import one_line, plain, quoted, relative, said
from mcp_lean.transcripts.fields import items, mapping, text

NAME = "plan"
STEP_CHARS, MOST_PLANNED, MOST_PENDING = 160, 12, 6
TOOLS = ("TodoWrite", "TaskCreate", "TaskUpdate")
WORDS = {"completed": "done", "in_progress": "doing", "pending": "next"}
WORTH = {"completed": 2.0, "in_progress": 9.0, "pending": 7.0}

PLAN_FILE = re.compile(r"/plans/[^/]+\.md$|(?:^|/)(?:PLAN|TODO|TASKS)[\w.-]*\.md$", re.IGNORECASE)
SAVED_TO = re.compile(r"saved to: (?P<path>\S+)")
PLANNED = re.compile(r"^\s*(?:#{2,4}\s+(?=(?:step |phase |part )?\d)|\d+[.)]\s+|[-*]\s+\[[ x]\]\s+)(?P<step>\S.*)$")
PENDING = re.compile(
    r"^\W*(?:\d+\.\s*)?\**\s*(?:pending tasks?|remaining(?: \w+)?|next steps?|optional next step|current work"
    r"|todo)\b[\s:*]*(?P<rest>.*)$",
    re.IGNORECASE,
)
TITLE = re.compile(r"^\s*(?:#+\s|\d+\.\s+\**[A-Z][\w /&-]{3,60}\**:?\s*$|\*\*[^*]+\*\*:?\s*$|[^\s*-].*:\**\s*$|</)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `evidence` names the record that says how it stands."""

    words: str
    status: str
    evidence: str


def section(story: Story, root: str) -> Section:
    """What the newest records say; a summary's pending tasks only where no tool holds a plan."""
    steps = _steps(_done(story, *TOOLS))
    lines = [_line(step) for step in sorted(steps, key=lambda step: step.status != "completed")]
    lines += _approved(_done(story, "ExitPlanMode"))
    lines += _plan_files(_done(story, "Write", "Edit"), root)
    if not steps:
        lines += _pending(story)
    return Section(NAME, tuple(lines))


def _done(story: Story, *tools: str) -> list[Call]:
    return [call for call in story.called(tools) if not call.is_error]


def _line(step: Step) -> Line:
    proof = f" ({step.evidence})" if step.status == "completed" else ""
    return Line(f"- {WORDS[step.status]}: {said(step.words, STEP_CHARS)}{proof}", WORTH[step.status], step.words)


def _steps(calls: list[Call]) -> list[Step]:
    todos: list[Step] = []
    tasks: dict[str, Step] = {}
    for call in calls:
        if call.name == "TodoWrite":
            said_todos = [mapping(entry) for entry in items(call.arguments.get("todos"))]
            todos = [
                Step(text(todo.get("content")), text(todo.get("status")), "TodoWrite")
                for todo in said_todos
                if text(todo.get("content")) and todo.get("status") in WORDS
            ]
        elif call.name == "TaskCreate" and call.has_result and call.said("subject"):
            number = re.search(r"#(\w+)|[Tt]ask (\d+)|\"id\":\s*\"?(\w+)", call.result)
            if number is not None:
                name = next(filter(None, number.groups()))
                tasks[name] = Step(call.said("subject"), "pending", f"TaskCreate #{name}")
        elif call.name == "TaskUpdate" and call.has_result:
            name = str(call.arguments.get("taskId", "")).lstrip("#")
            step = tasks.get(name)
            if step is None:
                continue
            status = call.said("status")
            if status == "deleted":
                del tasks[name]
            else:
                tasks[name] = replace(
                    step,
                    words=call.said("subject") or step.words,
                    status=status if status in WORDS else step.status,
                    evidence=f"TaskUpdate #{plain(name)}",
                )
    return [*todos, *tasks.values()]


def _approved(calls: list[Call]) -> list[Line]:
    plans = [call for call in calls if call.has_result]
    if not plans:
        return []
    plan = plans[-1].said("plan")
    lines = []
    saved = SAVED_TO.search(plans[-1].result)
    if saved is not None:
        lines.append(Line(f"- approved plan: {one_line(saved['path'])}", 6.0, saved["path"]))
    steps = [found["step"] for line in plan.splitlines() if (found := PLANNED.match(line))]
    lines += [Line(f"- planned: {said(step, STEP_CHARS)}", 2.5, step) for step in steps[:MOST_PLANNED]]
    return lines


def _plan_files(calls: list[Call], root: str) -> list[Line]:
    paths = dict.fromkeys(call.said("file_path") for call in calls if call.has_result)
    found = [relative(path, root) for path in paths if PLAN_FILE.search(path)]
    return [Line(f"- plan file: {one_line(path)}", 5.0, path) for path in found]


def _pending(story: Story) -> list[Line]:
    """Open ends that the newest summary names; each may have been done since."""
    summary = next((turn.summary for turn in reversed(story.everything()) if turn.summary), "")
    lines: list[str] = []
    is_inside = False
    for line in summary.splitlines():
        found = PENDING.match(line)
        if found is not None:
            is_inside = True
            rest = one_line(found["rest"]).rstrip("*")
            lines += [rest] if rest.strip("*: ") and not rest.endswith(":") else []
        elif is_inside and TITLE.match(line):
            is_inside = False
        elif is_inside and one_line(line):
            lines.append(line)
    steps = list(dict.fromkeys(one_line(line).lstrip("-* ") for line in lines))
    return [
        Line(f"- the last summary said: {quoted(step, STEP_CHARS)}", 3.0, step) for step in steps[:MOST_PENDING] if step
    ]
