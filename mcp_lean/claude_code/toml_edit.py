"""One value of our own TOML file set or taken out, and every other byte left as it is.

In:  the text of `.mcp-lean.toml` or the user's `config.toml`.
Out: the text with the value in it, or without.
Not here: which values there are (`config`), files (`init/files`).

Only what we write ourselves is understood: `key = literal` below `[section]`. A text that has the value in another
form (a dotted key, an inline table) is refused, since the result is read again and compared.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from mcp_lean.errors import ConfigError


def with_value(text: str, section: str, key: str, literal: str) -> str:
    """The text with `key = literal` in `[section]`.

    Raises:
        ConfigError: the text is not TOML, or has the value in a form that cannot be changed safely.
    """
    data = _parsed(text)
    value = tomllib.loads(f"x = {literal}")["x"]
    held = data.get(section)
    if isinstance(held, dict) and held.get(key) == value and type(held.get(key)) is type(value):
        return text
    eol = "\r\n" if "\r\n" in text else "\n"
    body = _body(text, section)
    if body is None:
        gap = "" if not text.strip() else eol if text.endswith("\n") else eol * 2
        edited = f"{text}{gap}[{section}]{eol}{key} = {literal}{eol}"
    elif found := _line(key).search(text, *body):
        edited = text[: found.start("value")] + literal + text[found.end("value") :]
    else:
        lead = "" if text[: body[0]].endswith("\n") else eol
        edited = f"{text[: body[0]]}{lead}{key} = {literal}{eol}{text[body[0] :]}"
    expected = {**data, section: {**(held if isinstance(held, dict) else {}), key: value}}
    return _checked(edited, expected)


def without_value(text: str, section: str, key: str) -> str:
    """The text without that value; an empty section goes with it.

    Raises:
        ConfigError: as in `with_value`.
    """
    data = _parsed(text)
    held = data.get(section)
    if not isinstance(held, dict) or key not in held:
        return text
    body = _body(text, section)
    found = _line(key).search(text, *body) if body else None
    if not body or not found:
        raise ConfigError(f"[{section}] {key} is written in a form that cannot be taken out safely")
    edited = text[: found.start()] + text[found.end() :]
    rest = {name: value for name, value in held.items() if name != key}
    expected = {**data, section: rest}
    if not rest and not edited[body[0] : body[1] - (found.end() - found.start())].strip():
        header = _header(section).search(edited)
        if header:
            edited = edited[: header.start()].rstrip("\r\n") + edited[header.end() :]
            edited += "\n" if edited.strip() and not edited.endswith("\n") else ""
            expected.pop(section)
    return _checked(edited, expected)


def _header(section: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*\[[ \t]*{re.escape(section)}[ \t]*\][ \t]*(?:#[^\r\n]*)?(?:\r?\n|\Z)", re.MULTILINE)


def _line(key: str) -> re.Pattern[str]:
    return re.compile(
        rf"^[ \t]*{re.escape(key)}[ \t]*=[ \t]*(?P<value>[^#\r\n]*?)[ \t]*(?:#[^\r\n]*)?(?:\r?\n|\Z)", re.MULTILINE
    )


def _body(text: str, section: str) -> tuple[int, int] | None:
    """Where the lines of a section stand."""
    header = _header(section).search(text)
    if not header:
        return None
    following = re.compile(r"^[ \t]*\[", re.MULTILINE).search(text, header.end())
    return header.end(), following.start() if following else len(text)


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"not TOML: {error}") from error


def _checked(text: str, expected: dict[str, Any]) -> str:
    if _parsed(text) != expected:
        raise ConfigError("its layout is too unusual to be edited safely")
    return text
