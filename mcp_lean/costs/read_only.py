"""Which tool calls only look, as far as a transcript shows.

In:  a tool call.
Out: yes or no; in doubt no.
Not here: what such calls cost.
"""

from __future__ import annotations

import re

from mcp_lean.costs.origins import is_own_tool
from mcp_lean.transcripts.model import ToolCall

LOOKS = frozenset({"Read", "Grep", "Glob", "LS", "NotebookRead"})
WEB_AND_ADMIN = frozenset({"WebFetch", "WebSearch", "ToolSearch", "TodoWrite", "TodoRead", "TaskOutput", "BashOutput"})
"""They change no file, and their calls do not stand in the way of a cheaper model."""

PROGRAMS = frozenset({
    "basename", "cat", "cd", "column", "cut", "date", "diff", "dirname", "du", "echo", "file", "find", "fd", "grep",
    "head", "jq", "less", "ls", "nl", "od", "pwd", "rg", "realpath", "readlink", "sort", "stat", "tail", "tr",
    "tree", "uniq", "wc", "which"
})  # fmt: skip
GIT = frozenset({
    "blame", "branch", "cat-file", "describe", "diff", "grep", "log", "ls-files", "ls-tree", "remote", "rev-parse",
    "shortlog", "show", "status"
})  # fmt: skip

_QUOTED = re.compile(r"'[^']*'|\"[^\"$`]*\"")
_HARMLESS = re.compile(r"[0-9&]?>\s*/dev/null|2>&1|\\;")
_GIT_OPTION = re.compile(r"(?:^|\s)-[Cc]\s+\S+")
_SEPARATORS = re.compile(r"\|\||&&|[|;\n]")
_WRITES = re.compile(r"[>`]|\$\(|<\(")
_WRITING_OPTIONS = {
    "sed": re.compile(r"-\w*i|--in-place"),
    "sort": re.compile(r"-\w*o|--output"),
    "tree": re.compile(r"-o|--output"),
    "find": re.compile(r"-(?:delete|fprint|fls|ok)"),
    "fd": re.compile(r"-[xX]|--exec"),
}


def only_looks(call: ToolCall) -> bool:
    """A file, a search or a listing, by a tool of its own or by a shell command."""
    if call.name == "Bash":
        return is_looking_command(call.subject)
    return call.name in LOOKS or is_own_tool(call.name)


def changes_nothing(call: ToolCall) -> bool:
    """`only_looks`, or something on the web, or keeping a list."""
    return only_looks(call) or call.name in WEB_AND_ADMIN


def is_looking_command(command: str) -> bool:
    """True when every program of a shell line is known to read only, and nothing is redirected into a file.

    A line that fills the 200 characters which a transcript's reading keeps may go on; it counts as a change.
    """
    if not command.strip() or len(command) >= 200:
        return False
    bare = _HARMLESS.sub(" ", _QUOTED.sub("q", command))
    if _WRITES.search(bare) or "&" in bare.replace("&&", ""):
        return False
    return all(_looks(part.split()) for part in _SEPARATORS.split(bare) if part.strip())


def _looks(words: list[str]) -> bool:
    program, options = words[0].rpartition("/")[2], words[1:]
    if program == "git":
        rest = [word for word in _GIT_OPTION.sub(" ", " ".join(options)).split() if not word.startswith("-")]
        return bool(rest) and rest[0] in GIT and not (rest[0] in ("branch", "remote") and len(rest) > 1)
    writing = _WRITING_OPTIONS.get(program)
    if writing is not None and any(map(writing.match, options)):
        return False
    if program == "uniq":
        return sum(not word.startswith("-") for word in options) < 2  # the second is written
    if program == "find":
        called = [[*options[place + 1 :], ""][0] for place, word in enumerate(options) if word.startswith("-exec")]
        return all(name.rpartition("/")[2] in PROGRAMS - _WRITING_OPTIONS.keys() - {"uniq"} for name in called)
    return options[:1] == ["-n"] if program == "sed" else program in PROGRAMS
