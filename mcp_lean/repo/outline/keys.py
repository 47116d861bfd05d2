"""What can be asked for in configuration and build files.

In:  the text of a TOML, INI, YAML or JSON file, a Makefile, a justfile, a Dockerfile.
Out: tables and keys (two levels), targets, stages.
Not here: values and validity; a file that its own parser would refuse still has an outline.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from .model import MAX_DEFINITIONS, Found
from .spans import Mark, draft, sections
from .text import squeezed

MAX_INNER_KEYS = 50
"""An object with more keys than that is data (locked versions, translations): its keys are not an outline."""

_TOML_TABLE = re.compile(r"\s*+\[\[?+([^\[\]]++)\]\]?+\s*+(?:#.*)?$")
_TOML_KEY = re.compile(
    r"""\s*+((?:"[^"]*+"|'[^']*+'|[\w-]++)(?>(?:\s*+\.\s*+(?:"[^"]*+"|'[^']*+'|[\w-]++))*))\s*+=\s*+(.*)"""
)
_TOML_STRING = re.compile(r'"(?>(?:[^"\\]|\\.)*)"?+|\'[^\']*+\'?+|#.*')
_INI_SECTION = re.compile(r"\s*\[([^\]]+)\]")
_INI_KEY = re.compile(r"(\s*+)([^\s#;=:\[][^=:]*+)")
_YAML_KEY = re.compile(
    r"""([ ]*+)((?>(?:-[ ]++)?))"""
    r"""("[^"]*+"|'[^']*+'|(?:[^\s#:&*!|>%@`{}\[\],'"-]|-[^\s:#])[^:#]*+)[ ]*+:(?:[ \t]++(.*))?$"""
)
_YAML_BLOCK = re.compile(r"[|>][-+\d]*\s*(?:#.*)?$")
_YAML_COMMENT = re.compile(r"\s#.*")
_YAML_LABELS = ("name", "id", "repo", "hosts", "kind", "uses", "job_name", "alert")
_JSON_TOKEN = re.compile(r'"(?>(?:[^"\\]|\\.)*)"?+|//[^\n]*+|/\*(?>(?:[^*]|\*(?!/))*)(?:\*/)?|[{}\[\],:]', re.DOTALL)
_MAKE_TARGET = re.compile(r"(?!\.[A-Z])([^\s:=#][^:=#]*+)::?+(?![:=])[^=]*+$|define\s++(\S++)")
_JUST_RECIPE = re.compile(r"@?+([A-Za-z_][\w-]*+)(?>(?:\s[^:]*+)?):(?!=)")
_DOCKER_STAGE = re.compile(r"\s*+FROM\s++(?>(?:--\S++\s++)*)(\S++)(?>(?:\s++AS\s++(\S++))?)", re.IGNORECASE)


def _toml(text: str) -> list[Found]:
    lines = text.split("\n")
    return sections(_toml_marks(lines), lines, "#")


def _toml_marks(lines: list[str]) -> Iterator[Mark]:
    quote, depth = "", 0
    for row, line in enumerate(lines):
        if quote:
            quote = "" if quote in line else quote
        elif depth > 0:
            depth, quote = _toml_open(line, depth)
        elif table := _TOML_TABLE.match(line):
            yield Mark(row, 1, "table", table[1].strip().replace('"', ""), line.strip())
        elif key := _TOML_KEY.match(line):
            yield Mark(row, 2, "key", key[1].strip("\"'"), line.strip())
            depth, quote = _toml_open(key[2], 0)


def _toml_open(value: str, depth: int) -> tuple[int, str]:
    """(brackets still open, triple quote still open) after a line."""
    for quote in ('"""', "'''"):
        if value.count(quote) % 2:
            return depth, quote
    bare = _TOML_STRING.sub("", value)
    return depth + sum(map(bare.count, "[{")) - sum(map(bare.count, "]}")), ""


def _ini(text: str) -> list[Found]:
    """Keys stand at one indentation within a section; a deeper line continues a value."""
    lines, marks, indent = text.split("\n"), [], None
    for row, line in enumerate(lines):
        if section := _INI_SECTION.match(line):
            marks.append(Mark(row, 1, "table", section[1].strip(), line.strip()))
            indent = None
        elif (key := _INI_KEY.match(line)) and (indent is None or len(key[1]) == indent):
            indent = len(key[1])
            marks.append(Mark(row, 2, "key", key[2].strip(), line.strip()))
    return sections(marks, lines, "#")


def _yaml(text: str) -> list[Found]:
    lines = text.split("\n")
    return sections(_yaml_marks(lines), lines, "#")


def _yaml_marks(lines: list[str]) -> Iterator[Mark]:
    """Keys of the first level, and of the first indentation inside each; list items by their name."""
    inner: int | None = None
    block: int | None = None
    in_key = False
    for row, line in enumerate(lines):
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and (indent > block or not line.strip()):
            continue
        block = None
        if line.startswith(("---", "...")):
            in_key = False
        key = _YAML_KEY.match(line)
        if not key:
            continue
        value = (key[4] or "").strip()
        if _YAML_BLOCK.match(value):
            block = indent + len(key[2])
        level = 1 if indent == 0 and not (key[2] and in_key) else 2
        if level == 1:
            inner, in_key = None, not key[2]
        elif inner is None:
            inner = indent
        name = _yaml_name(key[2], key[3].strip("\"' "), value)
        if name and (level == 1 or indent == inner):
            yield Mark(row, level, "key", name, _YAML_COMMENT.sub("", line).strip())


def _yaml_name(dash: str, name: str, value: str) -> str:
    """A list item is called by the value of its first key, if that is a name of some kind."""
    if not dash:
        return name
    return value.strip("\"'") if name in _YAML_LABELS else ""


def _json(text: str) -> list[Found]:
    """Keys of the outermost object and of the objects in it; comments and trailing commas do no harm."""
    found: list[Found] = []
    children = Counter[int]()
    opened: list[str] = []
    open_keys: dict[int, int] = {}
    pending, row, counted = None, 0, 0
    for token in _JSON_TOKEN.finditer(text):
        mark, depth = token[0][0], len(opened)
        if mark == '"':
            pending = token
        elif (
            mark == ":"
            and pending is not None
            and (depth == 1 or (depth == 2 and 1 in open_keys))
            and "[" not in opened
        ):
            row += text.count("\n", counted, pending.start())
            counted = pending.start()
            open_keys[depth] = len(found)
            children[open_keys[1]] += depth - 1
            name = squeezed(pending[0][1:-1])
            found.append(Found("key", name, name, row + 1, row + 1, pending.start(), len(text)))
            if len(found) > MAX_DEFINITIONS:
                break
        elif mark in ",}]" and depth in open_keys:
            _end_at(found[open_keys.pop(depth)], text, token.start())
        if mark in "{[":
            opened.append(mark)
        elif mark in "}]" and opened:
            opened.pop()
        if mark not in '"/':
            pending = None
    for i in open_keys.values():
        _end_at(found[i], text, len(text))
    return _without_data(found, children)


def _end_at(key: Found, text: str, position: int) -> None:
    value = text[key.begin : position].rstrip()
    key.finish = key.begin + len(value)
    key.end = key.start + value.count("\n")


def _without_data(found: list[Found], counts: Counter[int]) -> list[Found]:
    kept: list[Found] = []
    skipping = -1
    for i, key in enumerate(found):
        if key.begin < skipping:
            continue
        kept.append(key)
        if counts[i] > MAX_INNER_KEYS:
            skipping = key.finish
    return kept


def _indented_blocks(text: str, head: re.Pattern[str], indents: tuple[str, ...]) -> list[Found]:
    """Targets and recipes: a head, and the lines below that are indented, continued or blank."""
    lines, found = text.split("\n"), []
    free = 0
    for row, line in enumerate(lines):
        target = head.match(line)
        if not target or row < free or (row and lines[row - 1].endswith("\\")):
            continue
        end, last = row + 1, row
        while end < len(lines) and (
            lines[end].startswith(indents) or not lines[end].strip() or lines[end - 1].endswith("\\")
        ):
            last = end if lines[end].strip() else last
            end += 1
        if line.startswith("define"):
            last = next((i for i in range(row, len(lines)) if lines[i].startswith("endef")), len(lines) - 1)
            free = last + 1
        names = next(group for group in target.groups() if group is not None)
        found += [draft(Mark(row, 1, "target", name, line.strip()), last) for name in names.split()]
        if len(found) > MAX_DEFINITIONS:
            break
    return found


def _make(text: str) -> list[Found]:
    return _indented_blocks(text, _MAKE_TARGET, ("\t",))


def _just(text: str) -> list[Found]:
    return _indented_blocks(text, _JUST_RECIPE, ("\t", " "))


def _dockerfile(text: str) -> list[Found]:
    lines = text.split("\n")
    stages = ((row, _DOCKER_STAGE.match(line), line) for row, line in enumerate(lines))
    marks = [Mark(row, 1, "stage", stage[2] or stage[1], line.strip()) for row, stage, line in stages if stage]
    return sections(marks, lines, "#")


KEYS: dict[str, Callable[[str], list[Found]]] = {
    "toml": _toml,
    "ini": _ini,
    "yaml": _yaml,
    "json": _json,
    "make": _make,
    "just": _just,
    "dockerfile": _dockerfile,
}
