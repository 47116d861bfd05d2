"""Reading a set-up of Claude Code from its files.

In:  the project's folder and the environment.
Out: a `Setup`.
Not here: what its parts mean (`setup`), judging them (the checks).

What cannot be read is a value: `problem` says why. Files are read up to a bound, FIFOs and devices not at all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping

from mcp_lean.claude_code.doctor.plugins import is_ours, read_plugins
from mcp_lean.claude_code.doctor.setup import AgentFile, MemoryFile, Server, Settings, Setup, TextFile
from mcp_lean.claude_code.init.files import MAX_BYTES, read
from mcp_lean.claude_code.json_edit import parse
from mcp_lean.config import Config, load
from mcp_lean.errors import ConfigError, LeanError
from mcp_lean.repo.settings import MAX_BYTES as CLIENT_FILE_BYTES
from mcp_lean.repo.settings import client_file, client_folder, home, main_checkout, managed_folder
from mcp_lean.transcripts.fields import mapping

MOST_IMPORTS_DEPTH = 5
"""Claude Code follows imports in memory files that far."""

MOST_FILES = 500
"""Memory or agent files of one set-up; beyond that something else is in the folder."""

IMPORT = re.compile(r"(?:^|\s)@((?:~/|\.{0,2}/)?[\w.-][\w./-]*)")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


def read_setup(project: str, environ: Mapping[str, str]) -> Setup:
    """The set-up of a project, with the user's part of it."""
    project = os.path.realpath(project)
    own = client_folder(environ)
    settings = tuple(_settings(project, own))
    enabled = tuple(enabled_plugins(settings))
    plugins = read_plugins(enabled, project, own)
    managed = os.path.join(managed_folder(), "managed-mcp.json")
    if os.path.exists(managed):
        of_managed, problems = _servers_of_file(managed, "managed")
        servers = tuple(sorted(of_managed, key=lambda server: server.name))
    else:
        managed = ""
        servers, problems = _servers(project, environ)
        servers += tuple(server for plugin in plugins if not is_ours(plugin) for server in plugin.servers)
    problems += tuple(problem for plugin in plugins for problem in plugin.problems)
    config, written, problem = Config(), Config(), ""
    try:
        written = load(project, {name: value for name, value in environ.items() if not name.startswith("MCP_LEAN_")})
        config = load(project, environ)
    except LeanError as error:
        problem = str(error)
    return Setup(
        project=project,
        environ=environ,
        settings=settings,
        memory=tuple(_memory(project, own, home(environ))),
        agents=tuple(_agents((os.path.join(own, "agents"), os.path.join(project, ".claude", "agents")))),
        servers=servers,
        server_problems=problems,
        enabled_plugins=enabled,
        plugins=plugins,
        managed_servers=managed,
        config=config,
        written=written,
        config_problem=problem,
    )


def text_file(path: str, most_bytes: int = MAX_BYTES) -> TextFile | None:
    """A file as text; `None`: it does not exist."""
    try:
        held = read(path, most_bytes=most_bytes)
        text = held.text
    except ConfigError as error:
        return TextFile(path, "", str(error).removeprefix(f"{path}: "))
    return None if text is None else TextFile(path, text)


def frontmatter(text: str) -> tuple[dict[str, str], str]:
    """The fields between the first `---` lines, as text, and what follows. Lists of several lines are joined."""
    found = re.match(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", text, re.DOTALL | re.MULTILINE)
    if not found:
        return {}, text
    fields: dict[str, str] = {}
    key = ""
    for line in found[1].splitlines():
        if named := re.match(r"([A-Za-z][\w-]*)\s*:\s*(.*)", line):
            key = named[1]
            fields[key] = named[2].strip().strip("\"'")
        elif key and (item := re.match(r"\s+(?:-\s+)?(.*)", line)):
            fields[key] = f"{fields[key]}, {item[1].strip()}".removeprefix(", ")
    return fields, text[found.end() :]


def _settings(project: str, own: str) -> Iterator[Settings]:
    """From the weakest to the strongest, as Claude Code ranks them."""
    managed = managed_folder()
    places = [("user", os.path.join(own, "settings.json"))]
    if os.path.realpath(os.path.join(project, ".claude")) != os.path.realpath(own):
        places.append(("project", os.path.join(project, ".claude", "settings.json")))
    folders = dict.fromkeys((main_checkout(project), project))
    places += [("local", os.path.join(folder, ".claude", "settings.local.json")) for folder in folders]
    places.append(("managed", os.path.join(managed, "managed-settings.json")))
    drop_ins = os.path.join(managed, "managed-settings.d")
    places += [("managed", os.path.join(drop_ins, name)) for name in _names(drop_ins, ".json")]
    for scope, path in places:
        file = text_file(path)
        if file is None:
            continue
        document = None
        if not file.problem and file.text.strip("\ufeff \t\r\n"):
            try:
                document = parse(file.text)
            except LeanError as error:
                file = TextFile(path, file.text, str(error))
        yield Settings(scope, file, document)


def _memory(project: str, own: str, user_home: str) -> Iterator[MemoryFile]:
    rules = [*_below(os.path.join(own, "rules")), *_below(os.path.join(project, ".claude", "rules"))]
    paths = [os.path.join(own, "CLAUDE.md"), *rules]
    folder, above = project, [project]
    while os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
        above.append(folder)
    for place in reversed(above):
        paths += [os.path.join(place, name) for name in ("CLAUDE.md", "CLAUDE.local.md")]
        if os.path.realpath(os.path.join(place, ".claude")) != os.path.realpath(own):
            paths.append(os.path.join(place, ".claude", "CLAUDE.md"))
    seen: set[str] = set()
    waiting = [(path, ("", 0), 0) for path in paths]
    while waiting and len(seen) < MOST_FILES:
        path, importer, depth = waiting.pop(0)
        if os.path.realpath(path) in seen or (file := text_file(path)) is None:
            continue
        if path in rules and "paths" in frontmatter(file.text)[0]:
            continue  # loaded only with the files that it names
        seen.add(os.path.realpath(path))
        yield MemoryFile(file, importer)
        if depth < MOST_IMPORTS_DEPTH:
            waiting += [(to, (path, line), depth + 1) for to, line in _imports(file, user_home)]


def _imports(file: TextFile, user_home: str) -> Iterator[tuple[str, int]]:
    """(file, line) of each import; what stands in code is none, and neither is what does not exist."""
    plain = CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), file.text)
    for found in IMPORT.finditer(plain):
        named = found[1].rstrip(".")
        base = user_home if named.startswith("~/") else os.path.dirname(file.path)
        path = os.path.normpath(os.path.join(base, named.removeprefix("~/")))
        if os.path.isfile(path):
            yield path, file.line_of(found.start(1))


def _agents(folders: tuple[str, ...]) -> Iterator[AgentFile]:
    for folder in dict.fromkeys(map(os.path.realpath, folders)):
        for path in _below(folder):
            file = text_file(path)
            if file is not None:
                yield AgentFile(file, *frontmatter(file.text))


def _servers(project: str, environ: Mapping[str, str]) -> tuple[tuple[Server, ...], tuple[TextFile, ...]]:
    """The servers, and the files that could not be read. Of one name the strongest counts: local, project, user."""
    of_client, problems = _client_servers(project, environ)
    of_project, more = _servers_of_file(os.path.join(project, ".mcp.json"), "project")
    found = {server.name: server for server in of_client if server.scope == "user"}
    found |= {server.name: server for server in of_project}
    found |= {server.name: server for server in of_client if server.scope == "local"}
    return tuple(found[name] for name in sorted(found)), (*problems, *more)


def enabled_plugins(settings: Iterable[Settings]) -> list[str]:
    """Plugins that are on, sorted; of two files that say something of one the stronger counts."""
    found: dict[str, object] = {}
    for each in settings:
        found |= mapping(each.data.get("enabledPlugins"))
    return sorted(name for name, value in found.items() if value is True)


def _servers_of_file(path: str, scope: str) -> tuple[tuple[Server, ...], tuple[TextFile, ...]]:
    file = text_file(path)
    if file is None:
        return (), ()
    try:
        if file.problem:
            raise ConfigError(file.problem)
        document = parse(file.text)
    except LeanError as error:
        return (), (TextFile(path, "", str(error)),)
    if not document.is_plain:
        return (), (TextFile(path, "", "has comments or trailing commas: the client ignores the whole file"),)
    held = document.root.at("mcpServers")
    members = zip(held.keys, held.items, strict=True) if held and held.is_object else ()
    found = (
        Server(name, scope, path, file.line_of(node.start), node.value)
        for name, node in members
        if isinstance(node.value, dict)
    )
    return tuple(found), ()


def _client_servers(project: str, environ: Mapping[str, str]) -> tuple[list[Server], list[TextFile]]:
    """Servers of user and local scope. The file may have megabytes, and its lines mean nothing to a person."""
    path = client_file(environ)
    file = text_file(path, CLIENT_FILE_BYTES)
    if file is None:
        return [], []
    try:
        if file.problem:
            raise ValueError(file.problem)
        data: object = json.loads(file.text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        return [], [TextFile(path, "", str(error))]
    holders = [("user", data)]
    projects = mapping(mapping(data).get("projects"))
    holders += [("local", projects.get(folder)) for folder in dict.fromkeys((main_checkout(project), project))]
    found = []
    for scope, holder in holders:
        for name, entry in mapping(mapping(holder).get("mcpServers")).items():
            if isinstance(entry, dict):
                found.append(Server(name, scope, path, 0, entry))
    return found, []


def _below(folder: str) -> list[str]:
    """Markdown files in a folder and its folders, sorted."""
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        found += [os.path.join(place, name) for name in sorted(names) if name.endswith(".md")]
        if len(found) > MOST_FILES:
            break
    return found[:MOST_FILES]


def _names(folder: str, suffix: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(suffix) and not name.startswith("."))
    except OSError:
        return []
