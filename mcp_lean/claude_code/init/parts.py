"""What is ours in the text of a settings file: put in, taken out, recognized.

In:  the text of `.mcp.json`, a `settings.json` or `.mcp-lean.toml`; what is wanted there.
Out: the text with our parts and everything else as it was.
Not here: files (`files`), where they are (`places`).

Ours is a server `lean` that starts mcp_lean; a group of hooks that all call the tool `hook` of that server, or
`mcp-lean hook`; the permission `mcp__lean`. A group that mixes ours with others' is somebody's work and stays.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence

from mcp_lean.claude_code.init.places import SERVER, JsonObject
from mcp_lean.claude_code.json_edit import Document, Node, added, checked, dumped, parse, path_of, removed
from mcp_lean.errors import ConfigError

PERMISSION = f"mcp__{SERVER}"
"""All tools of our server: every one of them only reads."""

HOOK_COMMAND = re.compile(r"(?:^|[\s/'\"])mcp[-_]lean['\"]?\s+hook\b")


def is_our_server(entry: object) -> bool:
    """Whether a server's entry starts mcp_lean."""
    if not isinstance(entry, dict):
        return False
    command, args = entry.get("command"), entry.get("args")
    words = [word for word in (command, *(args if isinstance(args, list) else ())) if isinstance(word, str)]
    names = {re.split(r"[/\\]", word)[-1].removesuffix(".exe") for word in words}
    return "serve" in words and bool(names & {"mcp-lean", "mcp_lean"})


def is_startable(entry: object, path: str, folder: str) -> bool:
    """Whether the command of an entry is there, seen from a folder. One with variables in it is believed."""
    command = entry.get("command") if isinstance(entry, dict) else None
    if not isinstance(command, str):
        return False
    place = os.path.join(folder, command) if os.path.dirname(command) else command
    return "$" in command or shutil.which(place, path=path or os.defpath) is not None


def loads_the_folder(entry: object) -> bool:
    """Whether our server is started by a Python that takes modules from the project first, as `python -m` does."""
    args = entry.get("args") if isinstance(entry, dict) else None
    return isinstance(args, list) and args[:2] == ["-m", "mcp_lean"]


def is_our_group(group: object) -> bool:
    """Whether all hooks of a group are ours."""
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return isinstance(hooks, list) and bool(hooks) and all(map(is_our_hook, hooks))


def is_our_hook(hook: object) -> bool:
    if not isinstance(hook, dict):
        return False
    if hook.get("type") == "mcp_tool":
        return hook.get("server") == SERVER and hook.get("tool") == "hook"
    command = hook.get("command")
    return isinstance(command, str) and HOOK_COMMAND.search(command) is not None


def with_server(text: str | None, entry: JsonObject, is_kept: bool) -> str:
    """`.mcp.json` with our server.

    Args:
        is_kept: an entry that is ours already stays as the person wrote it.
    Raises:
        ConfigError: not JSON; or the name is taken by another server.
    """
    if text is None or not text.strip("\ufeff \t\r\n"):
        return dumped({"mcpServers": {SERVER: entry}})
    document = _object(text)
    held = document.root.at("mcpServers", SERVER)
    if held is not None:
        if not is_our_server(held.value):
            raise ConfigError(f"another server is named {SERVER} there; rename it, or remove it")
        if is_kept or held.value == entry:
            return text
        document = _without(document, ("mcpServers",), [SERVER])
    return _with_member(document, ("mcpServers", SERVER), entry).text


def with_settings(text: str | None, hooks: Mapping[str, object], allow: Sequence[str]) -> str:
    """A `settings.json` with exactly these of our hooks, and these permissions.

    Raises:
        ConfigError: not JSON, or not of the shape that Claude Code reads.
    """
    if text is None or not text.strip("\ufeff \t\r\n"):
        wanted: JsonObject = {"hooks": dict(hooks)} if hooks else {}
        return dumped({**({"permissions": {"allow": list(allow)}} if allow else {}), **wanted})
    document = _object(text)
    for event in dict.fromkeys((*_events(document), *hooks)):
        document = _with_groups(document, event, _list(hooks.get(event)))
        if event not in hooks:
            document = _pruned(document, ("hooks", event), None)
    for rule in allow:
        held = document.root.at("permissions", "allow")
        if held is None:
            document = _with_member(document, ("permissions", "allow"), [rule])
        elif rule not in _array(held, "permissions.allow"):
            document = checked(added(document, held, rule), _changed(document, ("permissions", "allow"), rule))
    return document.text


def without_ours(text: str, before: str | None, *, permission: bool) -> str | None:
    """The text without our server, hooks and, if asked, the permission; `None`: nothing is left that was not ours.

    Args:
        before: the text before we came: what was empty then may stay empty, what we made goes.
    """
    document = _object(text)
    old = _object(before).root if before and before.strip("\ufeff \t\r\n") else None
    if is_our_server(_value(document.root.at("mcpServers", SERVER))):
        document = _without(document, ("mcpServers",), [SERVER])
    for event in _events(document):
        document = _with_groups(document, event, [])
        document = _pruned(document, ("hooks", event), old)
    held = document.root.at("permissions", "allow")
    if permission and held is not None and PERMISSION in _array(held, "permissions.allow"):
        index = next(i for i, item in enumerate(held.items) if item.value == PERMISSION)
        document = parse(removed(document, held, index))
    for path in (("mcpServers",), ("hooks",), ("permissions", "allow"), ("permissions",)):
        document = _pruned(document, path, old)
    return None if before is None and document.root.value == {} else document.text


def _with_groups(document: Document, event: str, wanted: list[object]) -> Document:
    """The document in which our groups of an event are the wanted ones, at their place if nothing changes."""
    held = document.root.at("hooks", event)
    if held is None:
        return _with_member(document, ("hooks", event), wanted) if wanted else document
    groups = _array(held, f"hooks.{event}")
    ours = [group for group in groups if is_our_group(group)]
    if ours == wanted:
        return document
    stale = [group for group in ours if group not in wanted]
    kept = [group for group in ours if group in wanted]
    for group in stale:
        node = _array_node(document, event)
        index = next(i for i, item in enumerate(node.items) if item.value == group)
        expected = _replaced(document.root.value, ("hooks", event), _dropped(node.value, index))
        document = checked(removed(document, node, index), expected)
    for group in (group for group in wanted if group not in kept):
        document = checked(
            added(document, _array_node(document, event), group), _changed(document, ("hooks", event), group)
        )
    return document


def _with_member(document: Document, path: tuple[str, ...], value: object) -> Document:
    holder, missing = path_of(document.root, path)
    if not holder.is_object:
        raise ConfigError(f"{'.'.join(path[: len(path) - len(missing)])}: not an object, as Claude Code wants it")
    for key in reversed(missing[1:]):
        value = {key: value}
    parents = path[: len(path) - len(missing)]
    expected = _replaced(document.root.value, parents, {**_mapping(holder.value), missing[0]: value})
    return checked(added(document, holder, value, missing[0]), expected)


def _without(document: Document, path: tuple[str, ...], keys: Iterable[str]) -> Document:
    """The document without some members of the object at a path."""
    for key in keys:
        holder = document.root.at(*path)
        assert holder is not None
        # All of one name: JSON readers see the last, and an earlier one would come to light.
        while key in holder.keys:
            index = max(i for i, name in enumerate(holder.keys) if name == key)
            document = parse(removed(document, holder, index))
            holder = document.root.at(*path)
            assert holder is not None
    return document


def _pruned(document: Document, path: tuple[str, ...], old: Node | None) -> Document:
    """The document without an empty object or list at a path, unless it was there before us."""
    held = document.root.at(*path)
    if held is None or held.value not in ({}, []) or (old is not None and old.at(*path) is not None):
        return document
    return _without(document, path[:-1], [path[-1]])


def _object(text: str) -> Document:
    document = parse(text)
    if not document.root.is_object:
        raise ConfigError("not a JSON object")
    return document


def _events(document: Document) -> list[str]:
    hooks = document.root.at("hooks")
    if hooks is None:
        return []
    if not hooks.is_object:
        raise ConfigError("hooks: not an object, as Claude Code wants it")
    return [key for key in dict.fromkeys(hooks.keys) if any(map(is_our_group, _list(_value(hooks.child(key)))))]


def _array_node(document: Document, event: str) -> Node:
    node = document.root.at("hooks", event)
    assert node is not None
    return node


def _array(node: Node, name: str) -> list[object]:
    if not node.is_array:
        raise ConfigError(f"{name}: not a list, as Claude Code wants it")
    return _list(node.value)


def _changed(document: Document, path: tuple[str, ...], item: object) -> object:
    held = document.root.at(*path)
    return _replaced(document.root.value, path, [*_list(_value(held)), item])


def _replaced(value: object, path: Sequence[str], new: object) -> object:
    if not path:
        return new
    held = _mapping(value)
    return {**held, path[0]: _replaced(held.get(path[0]), path[1:], new)}


def _dropped(value: object, index: int) -> list[object]:
    items = _list(value)
    return items[:index] + items[index + 1 :]


def _value(node: Node | None) -> object:
    return node.value if node else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
