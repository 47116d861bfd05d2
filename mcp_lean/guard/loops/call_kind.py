"""What a tool call is to the loop detector: it looks, waits, acts, or changes what others see.

In:  a call's tool and arguments.
Out: a `Kind`.
Not here: what its result says (`masking`), loops (`detector`).
"""

from __future__ import annotations

import re
from enum import Enum

from mcp_lean.guard.event import ToolUse


class Kind(Enum):
    """LOOK: reads or searches. WAIT: asks a person, or how something is that goes on. NEUTRAL: touches no file.

    CHANGE: writes, or may write. ACT: the same, by a tool that says nothing of its effect.
    """

    LOOK = "look"
    WAIT = "wait"
    NEUTRAL = "neutral"
    CHANGE = "change"
    ACT = "act"


KINDS = {
    **dict.fromkeys(("Read", "NotebookRead", "Grep", "Glob", "LS"), Kind.LOOK),
    **dict.fromkeys(("TaskOutput", "BashOutput", "AgentOutputTool", "Monitor", "Sleep"), Kind.WAIT),
    **dict.fromkeys(("TaskGet", "TaskList", "AskUserQuestion", "ScheduleWakeup"), Kind.WAIT),
    **dict.fromkeys(("TodoWrite", "TodoRead", "TaskCreate", "TaskUpdate"), Kind.NEUTRAL),
    **dict.fromkeys(("ToolSearch", "WebFetch", "WebSearch", "Skill", "LSP", "ListMcpResourcesTool"), Kind.NEUTRAL),
}
OWN_LOOKS = frozenset(("read_many", "grep_and_read", "repo_summary"))
OWN_NEUTRAL = frozenset(("budget_check", "compact"))

SLEEPS = re.compile(r"(?:^|[|&;(\n][ \t]*|\bdo\s+)(?:sleep|wait|watch|inotifywait)\b")
WAITS = re.compile(
    SLEEPS.pattern + r"|\btail\b[^|;&\n]*\s-(?:\w*[fF]\b|-follow)|\s--(?:watch|wait|follow)\b"
    r"|\bgh\s+(?:run\s+(?:watch|view|list)|pr\s+(?:checks|status|view))\b"
    r"|\bkubectl\s+(?:get|wait|rollout|logs)\b|\bdocker\s+(?:ps|logs|inspect|compose\s+(?:ps|logs))\b"
    r"|/tasks/\S+\.output\b"
    r"|(?:^|[|&;(\n][ \t]*)(?:(?:aws|az|curl|gcloud|journalctl|nvidia-smi|pg_isready|qstat|sacct|squeue)\b"
    r"|systemctl\s+(?:status|is-active)\b)"
)
LOOKS = frozenset((
    "awk", "basename", "bat", "cat", "cd", "column", "comm", "cut", "date", "df", "diff", "dirname", "du", "echo",
    "egrep", "false", "fd", "fgrep", "file", "find", "grep", "head", "hexdump", "hostname", "id", "jq", "less", "ls",
    "md5sum", "nl", "nproc", "od", "printf", "ps", "pwd", "realpath", "rg", "sha256sum", "sort", "stat", "strings",
    "tail", "tr", "tree", "true", "type", "uname", "uniq", "wc", "which", "whoami", "xxd",
))  # fmt: skip
GIT_LOOKS = frozenset((
    "blame", "cat-file", "describe", "diff", "grep", "log", "ls-files", "ls-tree", "rev-list", "rev-parse", "show",
    "status",
))  # fmt: skip
WRITING_OPTION = re.compile(r"\s-(?:i|delete|exec|execdir|ok|fprint)\b|\s--in-place\b|\bsystem\s*\(|\s--output\b")
HARMLESS_REDIRECT = re.compile(r"\d?>>?\s*(?:&\s*\d|/dev/null)|&>\s*/dev/null")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
SEPARATOR = re.compile(r"[|&;()\n]+")
LONGEST_CHARS = 4_000
"""A longer command is a script."""


def kind_of(call: ToolUse) -> Kind:
    """What a call is, if it succeeds."""
    if call.name == "Bash":
        command = call.input.get("command")
        return _of_command(command) if isinstance(command, str) else Kind.CHANGE
    if call.name == "Read" and WAITS.search(str(call.input.get("file_path", ""))):
        return Kind.WAIT
    if call.name.startswith("mcp__"):
        name = call.name.rpartition("__")[2]
        return Kind.LOOK if name in OWN_LOOKS else Kind.NEUTRAL if name in OWN_NEUTRAL else Kind.ACT
    return KINDS.get(call.name, Kind.CHANGE)


def kind_of_failed(call: ToolUse) -> Kind:
    """What a call is that failed. Asking for what is not there is no waiting, unless the command sleeps itself."""
    kind = kind_of(call)
    if kind is not Kind.WAIT or (call.name == "Bash" and SLEEPS.search(_bare(str(call.input.get("command"))))):
        return kind
    return Kind.LOOK


def _bare(command: str) -> str:
    return QUOTED.sub("''", command[:LONGEST_CHARS])


def _of_command(command: str) -> Kind:
    if WAITS.search(_bare(command)):
        return Kind.WAIT
    if len(command) > LONGEST_CHARS or "$(" in command or "`" in command:
        return Kind.CHANGE
    bare = HARMLESS_REDIRECT.sub(" ", _bare(command))
    if ">" in bare or WRITING_OPTION.search(command):
        return Kind.CHANGE
    return Kind.LOOK if all(map(_looks, SEPARATOR.split(bare))) else Kind.CHANGE


def _looks(program: str) -> bool:
    words = program.split()
    if not words:
        return True
    name = words[0].rpartition("/")[2]
    if name == "git":
        rest = [word for word in words[1:] if not word.startswith("-")]
        return bool(rest) and rest[0] in GIT_LOOKS
    if name == "sed":
        return "-n" in words[1:2]
    return name in LOOKS
