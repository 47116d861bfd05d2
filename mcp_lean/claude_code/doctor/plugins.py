"""What enabled plugins bring into a set-up: servers and hooks.

In:  the names of the enabled plugins, the client's folder.
Out: `Plugin`s: where each is installed, its servers and its hooks; names of those that are not installed.
Not here: which plugins are enabled (`reading`), judging what they bring (the checks).

Recorded on Claude Code 2.1.330: `plugins/installed_plugins.json` in the client's folder names for each plugin its
installations, with scope and folder; in the folder stand `.mcp.json` and `hooks/hooks.json`, and the manifest may hold
both, or name other files for them. A plugin that is given by `--plugin-dir` is in no file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mcp_lean.claude_code.agents import PLUGIN, SERVER
from mcp_lean.claude_code.doctor.setup import Plugin, Server, Settings, TextFile
from mcp_lean.claude_code.init.files import read
from mcp_lean.claude_code.json_edit import Document, parse
from mcp_lean.errors import LeanError
from mcp_lean.transcripts.fields import mapping

INSTALLED = os.path.join("plugins", "installed_plugins.json")
ROOT = "${CLAUDE_PLUGIN_ROOT}"
KEYS = (("mcpServers", ".mcp.json"), ("hooks", os.path.join("hooks", "hooks.json")))
"""Of the manifest, each with the file that stands for it where the manifest says nothing."""


def read_plugins(enabled: Sequence[str], project: str, client_folder: str) -> tuple[Plugin, ...]:
    """Those of the enabled plugins that are installed, by id."""
    try:
        listed = json.loads(read(os.path.join(client_folder, INSTALLED)).text or "{}")
    except (LeanError, ValueError, RecursionError):
        return ()  # none is known to be installed, and each is named as not read
    known = mapping(mapping(listed).get("plugins"))
    found = ((plugin, _installation(known.get(plugin), project)) for plugin in sorted(enabled))
    return tuple(_plugin(plugin, where) for plugin, where in found if where)


def is_ours(plugin: Plugin) -> bool:
    """Whether it is this project's plugin, and not another one of its name: its hooks call our server."""
    return any(f'"plugin:{PLUGIN}:{SERVER}"' in held.file.text for held in plugin.hooks)


def _installation(entries: object, project: str) -> Mapping[str, object]:
    """The one that counts here: the project's own before the user's."""
    usable = [
        entry
        for entry in map(mapping, entries if isinstance(entries, list) else ())
        if entry.get("projectPath") in (None, project) and os.path.isdir(str(entry.get("installPath") or ""))
    ]
    return min(usable, key=lambda entry: entry.get("projectPath") is None, default={})


def _plugin(plugin: str, where: Mapping[str, object]) -> Plugin:
    folder = str(where["installPath"])
    name = plugin.partition("@")[0]
    servers: list[Server] = []
    hooks: list[Settings] = []
    problems: list[TextFile] = []
    for key, held in _parts(folder, problems):
        if key == "hooks":
            hooks.append(Settings(f"plugin {name}", held.file, held.document))
        else:
            servers += _servers(name, held)
    return Plugin(plugin, folder, str(where.get("version") or ""), tuple(servers), tuple(hooks), tuple(problems))


@dataclass(frozen=True, slots=True)
class _Held:
    file: TextFile
    document: Document


def _parts(folder: str, problems: list[TextFile]) -> Iterator[tuple[str, _Held]]:
    """(key, file) of what the plugin has: in its manifest, in files that this names, in the usual files."""
    manifest = _json(folder, os.path.join(folder, ".claude-plugin", "plugin.json"), problems)
    for key, usual in KEYS:
        named = manifest.document.root.child(key) if manifest else None
        paths = [usual]
        if manifest and named and named.is_object:
            yield key, manifest
        elif named:
            more = named.value if isinstance(named.value, list) else [named.value]
            paths += [each for each in more if isinstance(each, str)]
        for each in dict.fromkeys(os.path.normpath(os.path.join(folder, name)) for name in paths):
            held = _json(folder, each, problems) if each.startswith(f"{folder}/") else None
            if held:
                yield key, held


def _json(folder: str, path: str, problems: list[TextFile]) -> _Held | None:
    try:
        text = read(path, folder).text
        text = text.replace(ROOT, json.dumps(folder)[1:-1]) if text else None
        document = None if text is None else parse(text)
    except LeanError as error:
        problems.append(TextFile(path, "", str(error).removeprefix(f"{path}: ")))
        return None
    return _Held(TextFile(path, text), document) if text is not None and document and document.root.is_object else None


def _servers(plugin: str, held: _Held) -> Iterator[Server]:
    root = held.document.root
    # `.mcp.json` of a plugin may do without the outer key.
    node = root.child("mcpServers") or root
    for name, member in zip(node.keys, node.items, strict=True):
        if isinstance(member.value, dict):
            line = held.file.line_of(member.start)
            yield Server(f"plugin:{plugin}:{name}", "plugin", held.file.path, line, member.value)
