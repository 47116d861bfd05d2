"""Which call of ours says the same as a recorded one; in doubt none.

In:  read-only calls as recorded.
Out: `Ours`, and several calls written as one turn that can be copied.
Not here: which calls belong together (`merging`).

The same means: it brings in no less, and not much more. So names of files that match (Glob, and a Grep that lists
files or counts) have no counterpart: our tools would answer with contents. Nor have what shell options select
otherwise, pictures, and files outside the project.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import orjson

from mcp_lean.costs.replay.words import arguments_of, number
from mcp_lean.transcripts.fields import Json, text
from mcp_lean.transcripts.model import ToolCall

OwnTool = Literal["read_many", "grep_and_read"]


@dataclass(frozen=True, slots=True)
class Ours:
    """A call of ours: items of `read_many`, or patterns of `grep_and_read` and where it looks."""

    tool: OwnTool
    asked: tuple[str, ...]
    places: tuple[str, ...] = ()

    def joins(self, other: Ours | None) -> bool:
        """One call can ask for both. Every pattern is searched in every place, so the places have to be the same."""
        return other is not None and (self.tool, self.places) == (other.tool, other.places)

    def __str__(self) -> str:
        places = f", paths={_listed(self.places)}" if self.places else ""
        return f"{self.tool}({'items' if self.tool == 'read_many' else 'patterns'}={_listed(self.asked)}{places})"


def ours(call: ToolCall, cwd: str = "") -> Ours | None:
    """The call of ours in place of this one."""
    said = arguments_of(call.input_json) if call.input_json else {}
    if call.name in ("Read", "LS"):
        return _file(call, said, cwd)
    if call.name == "Grep":
        return _search(text(said.get("pattern")), said, cwd)
    return _command(text(said.get("command")) or call.subject, cwd) if call.name == "Bash" else None


def one_turn(calls: Sequence[ToolCall], cwd: str = "") -> str:
    """These calls in one turn, as a model would write them: joined where one call of ours can do it."""
    joined: list[Ours] = []
    others: list[str] = []
    for call in calls:
        found = ours(call, cwd)
        if found is None:
            others.append(_as_recorded(call))
            continue
        place = next((number for number, had in enumerate(joined) if had.joins(found)), None)
        if place is None:
            joined.append(found)
        else:
            joined[place] = Ours(found.tool, (*joined[place].asked, *found.asked), found.places)
    return " and ".join([*map(str, joined), *dict.fromkeys(others)])


def short(path: str, cwd: str) -> str:
    """Within the project: from its root on."""
    root = cwd.rstrip("/") + "/"
    return path[len(root) :] if cwd and path.startswith(root) else path


def _file(call: ToolCall, said: Json, cwd: str) -> Ours | None:
    path = _inside(text(said.get("file_path")) or text(said.get("path")) or call.subject, cwd)
    if not path or said.get("pages") or (call.result is not None and call.result.images):
        return None
    offset, limit = number(said.get("offset")), number(said.get("limit"))
    if not (offset or limit):
        return Ours("read_many", (path,))
    start = max(offset, 1)
    return Ours("read_many", (f"{path}:{start}-{start + limit - 1 if limit else ''}",))


def _search(pattern: str, said: Json, cwd: str) -> Ours | None:
    if not pattern or said.get("output_mode") != "content" or said.get("type") or said.get("multiline"):
        return None
    glob, path = text(said.get("glob")), text(said.get("path"))
    if glob and "/" not in glob:
        glob = f"**/{glob}"  # ours are taken from the root, ripgrep's at any depth
    place = "" if path.rstrip("/") in ("", ".", cwd.rstrip("/")) else _inside(path, cwd)
    if place is None:
        return None
    found = "/".join(part for part in (place.rstrip("/"), glob) if part)
    return Ours("grep_and_read", (_folded(pattern, bool(said.get("-i"))),), (found,) if found else ())


_QUOTED = re.compile(r"'[^']*'|\"[^\"$`]*\"")
_HARMLESS = re.compile(r"[0-9&]?>\s*/dev/null|2>&1")
_SHELL = re.compile(r"[|;&<>`$\n]")
_HEAD = re.compile(r"(?:-n ?|-)(\d{1,9}) ")
_SED = re.compile(r"-n (\d{1,9})(?:,(\d{1,9}))?p ")
_OPTIONS = re.compile(r"(?:-(?:[nrRHEIsi]+|[ABC] ?\d{1,4}) )*")
_LITERAL_IN_BASIC = re.compile(r"(?<!\\)[+?(){}|]|\\[^.|*\[\]\\/$^-]")
"""What plain `grep` reads as a character, or as something that our regexes do not have."""


def _command(command: str, cwd: str) -> Ours | None:
    """`cat`, `head`, `sed -n`, `ls` or a search, where nothing but files, lines and patterns is said."""
    command = _HARMLESS.sub(" ", command).strip()
    if _SHELL.search(_QUOTED.sub("q", command)):
        return None
    try:
        program, *words = shlex.split(command) or [""]
    except ValueError:
        return None
    if program in ("grep", "egrep", "rg"):
        return _shell_search(program, words, cwd)
    lines, options = _lines(program, " ".join([*words, ""]))
    paths = [_inside(word, cwd) for word in words[options:] or (["."] if program == "ls" else [])]
    if lines is None or not paths or any(not path or path.startswith("-") for path in paths):
        return None
    if program == "ls" and any(PurePosixPath(str(path)).suffix for path in paths):
        return None  # of a file it says that it is there; ours would show it
    return Ours("read_many", tuple(f"{path}{lines}" for path in paths))


def _lines(program: str, words: str) -> tuple[str | None, int]:
    """The lines that it shows, as an item ends, and how many words say so; `None`: no counterpart."""
    if program == "head":
        found = _HEAD.match(words)
        return (f":1-{found[1]}", found[0].count(" ")) if found else (":1-10", 0)
    if program == "sed":
        found = _SED.match(words)
        return (f":{found[1]}-{found[2] or found[1]}", 2) if found else (None, 0)
    return ("" if program in ("cat", "ls") else None, int(program == "cat" and words.startswith("-n ")))


def _shell_search(program: str, words: Sequence[str], cwd: str) -> Ours | None:
    found = _OPTIONS.match(" ".join([*words, ""]))
    said = found[0] if found else ""
    pattern, *named = [*words[said.count(" ") :], ""]
    places = [_inside(word, cwd) for word in named[:-1]]
    if not pattern or pattern.startswith("-") or any(not place or place.startswith("-") for place in places):
        return None
    if program != "rg" and not places:
        return None
    if program == "grep" and "E" not in said:
        if _LITERAL_IN_BASIC.search(pattern):
            return None
        pattern = pattern.replace("\\|", "|")
    return Ours("grep_and_read", (_folded(pattern, "i" in said),), tuple(str(place) for place in places))


def _folded(pattern: str, ignores_case: bool) -> str:
    return f"(?i){pattern}" if ignores_case else pattern


def _inside(path: str, cwd: str) -> str | None:
    """The path as our tools take it; `None` for one outside the project."""
    if cwd and path.rstrip("/") == cwd.rstrip("/"):
        return "."
    path = short(path, cwd)
    is_outside = path.startswith(("~", "..")) or (bool(cwd) and path.startswith("/"))
    return None if is_outside else path


def _as_recorded(call: ToolCall) -> str:
    said = arguments_of(call.input_json) if call.input_json else {}
    shown = [f"{name}={orjson.dumps(value).decode()}" for name, value in said.items() if name != "description"]
    return f"{call.name}({', '.join(shown) or call.subject})"


def _listed(values: Sequence[str]) -> str:
    return orjson.dumps(list(dict.fromkeys(values))).decode()
